"""Scenarios made at random: every device says anything at any time."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from lane_controller.app.scenario_file import Scenario
from lane_controller.app.scenario_timeline import Entry
from lane_controller.contracts.values import TagStatus
from lane_controller.core.config import Geometry, PlateFallback, configure
from lane_controller.core.values import CardRole, Mode, Sensor, TagEntry, Ticket, VehicleKind

TAGS = {
    "A": TagEntry("E2A1", "AA01", "acc-1", "p1", "20A12345", 1, TagStatus.ACTIVE, 200_000, None, 1),
    "B": TagEntry("E2B2", None, "acc-2", "p2", "29C54321", 3, TagStatus.ACTIVE, 90_000, None, 1),
    "C": TagEntry("E2C3", None, "acc-1", "p1", "20A12345", 1, TagStatus.BLOCKED, 90_000, None, 1),
    "D": TagEntry("E2D4", None, "acc-4", "p1", "80A00001", 2, TagStatus.EXEMPT, 0, None, 1),
    "E": TagEntry(
        "E2E5",
        None,
        "acc-5",
        "p1",
        "30K99999",
        1,
        TagStatus.ACTIVE,
        0,
        Ticket("T", "2026-06-01", "2026-06-30", "monthly"),
        1,
    ),
}
PLATES = (*(tag.plate for tag in TAGS.values()), "51G00000", None)


def _values(device: str, **values: Any) -> Any:
    return st.fixed_dictionaries(
        {k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in values.items()}
    ).map(lambda found: (device, found))


def _sensor() -> Any:
    return _values("sensor", sensor=st.sampled_from(list(Sensor)), on=st.booleans(), recovered=False, happened_us=0)


def _recovered() -> Any:
    """An edge that comes late out of the PLC's log; `timed` puts its instant before its arrival."""
    return _values(
        "sensor",
        sensor=st.sampled_from(list(Sensor)),
        on=st.booleans(),
        recovered=True,
        happened_us=st.integers(-5_000_000, 0),
    )


def noise() -> Any:
    """One entry of any kind."""
    return st.one_of(
        _sensor(),
        _sensor(),
        _recovered(),
        _values(
            "tag",
            epc=st.sampled_from([tag.epc for tag in TAGS.values()] + ["FF"]),
            reads=st.integers(1, 8),
            over_us=st.integers(0, 1_500_000),
            rssi=st.integers(-75, -50),
            antenna=1,
            stamp_offset_us=st.sampled_from([0, 0, 0, -20_000_000]),
            tid=st.sampled_from([None, None, "AA01", "BB"]),
        ),
        _values(
            "plate", text=st.sampled_from(PLATES), confidence=st.sampled_from([0.7, 0.92, 0.97]), corrects=st.booleans()
        ),
        _values("avc", **{"class": st.integers(1, 5), "kind": st.sampled_from(list(VehicleKind)), "length": None}),
        _values(
            "neighbour",
            lane="2",
            epc=st.sampled_from(["E2A1", "E2B2"]),
            reads=9,
            rssi=st.integers(-70, -45),
            vehicle=st.booleans(),
        ),
        _values("card", role=st.sampled_from(list(CardRole)), uid="U", holder=None),
        _values(
            "operator",
            login=st.sampled_from([None, "op"]),
            logout=st.booleans(),
            release=st.booleans(),
            reason="r",
            **{"class": st.sampled_from([None, 1, 4])},
        ),
        _values("mode", mode=st.sampled_from(list(Mode))),
        _values(
            "list",
            set=st.sampled_from(list(TAGS)),
            changes=st.fixed_dictionaries({"available_vnd": st.integers(0, 100_000)}),
        ),
        _values("list", age_us=st.integers(0, 1_200_000_000)),
        _values("list", remove=st.sampled_from(list(TAGS)), changes=st.just({})),
        _values("reader", lost=st.booleans()),
        _values("plc", online=st.booleans(), replays=st.booleans()),
        _values(
            "arm",
            fault=st.sampled_from([None, "stuck", "broken"]),
            opens_us=st.sampled_from([None, 900_000, 3_500_000]),
            closes_us=st.sampled_from([None, 1_200_000, 6_000_000]),
            by_hand=st.booleans(),
            ok=st.booleans(),
        ),
        _values("redeliver", last=st.sampled_from(["open", "close"])),
        _values("clock_step", step_us=st.integers(-3_600_000_000, 3_600_000_000)),
        _values("power", on=st.booleans()),
    )


def vehicle() -> Any:
    """A vehicle that drives through as the geometry says, with or without a tag."""
    return st.tuples(st.sampled_from([*TAGS, None]), st.sampled_from(PLATES), st.floats(0.6, 3.0), st.booleans())


def timed() -> Any:
    """An entry at a time, or a whole vehicle from a time on."""
    at = st.integers(0, 60_000_000)
    return st.one_of(st.tuples(at, noise()), st.tuples(at, vehicle()), st.tuples(at, vehicle()))


def drive(at_us: int, what: tuple[str | None, str | None, float, bool]) -> list[Entry]:
    """The entries of one vehicle."""
    tag, plate, pace, curtains = what

    def at(seconds: float) -> int:
        return at_us + round(seconds * pace * 1_000_000)

    edges = [
        (0.0, "L1", True),
        (1.95, "L1", False),
        (2.4, "L2", True),
        (3.3, "L3", True),
        (4.35, "L2", False),
        (5.1, "L3", False),
    ]
    if curtains:
        edges += [(0.6, "LC1", True), (1.95, "LC1", False), (2.7, "LC2", True), (4.05, "LC2", False)]
    found = [
        Entry(at(s), "sensor", {"sensor": Sensor(name), "on": on, "recovered": False, "happened_us": at(s)})
        for s, name, on in edges
    ]
    found.append(Entry(at(0.3), "plate", {"text": plate, "confidence": 0.95, "corrects": False}))
    if tag is not None:
        heard = {
            "epc": TAGS[tag].epc,
            "reads": 12,
            "over_us": 1_500_000,
            "rssi": -56,
            "antenna": 1,
            "stamp_offset_us": 0,
            "tid": None,
        }
        found.append(Entry(at(-0.9), "tag", heard))
    return found


def scenario_of(
    items: list[Any],
    fallback: PlateFallback = PlateFallback.DENY,
    until_us: int = 120_000_000,
    geometry: Geometry = Geometry.G1,
) -> Scenario:
    """A scenario of drawn entries."""
    timeline: list[Entry] = []
    for at_us, what in items:
        if isinstance(what[1], dict):
            values = what[1]
            if values.get("recovered"):
                values = {**values, "happened_us": at_us + values["happened_us"]}
            timeline.append(Entry(at_us, what[0], values))
        else:
            timeline += drive(at_us, what)
    timeline.sort(key=lambda entry: entry.at_us)
    used = {entry.values["sensor"] for entry in timeline if entry.kind == "sensor"}
    config = configure(geometry, curtains=frozenset(used & {Sensor.LC1, Sensor.LC2}), plate_fallback=fallback)
    return Scenario("R", config, TAGS, 0, "op-1", date(2026, 6, 15), 900_000, 1_200_000, timeline, until_us)
