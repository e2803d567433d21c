"""How well a tag fits a vehicle: the log-likelihood ratio of all that was seen of both, where rules.md leaves room.

In: what was heard of a tag, a vehicle (its time on L1, plate, measured class), what a neighbouring lane hears. Out: the
parts of the score, and their sum, in millinats: ln(chance of this evidence if the tag is on this vehicle / if it is on
some other one), times 1000, an integer, so that an explanation is the same bytes everywhere.
Never: a decision. The hard thresholds of rules.md decide; scores say which of several tags of one account is the
vehicle's, and which of several vehicles an unbound tag belongs to, and they explain.

The model is naive Bayes: the parts are taken as independent given the vehicle. docs/lane-fusion.md is generated here.
"""

from lane_controller.core.config import Geometry, LaneConfig
from lane_controller.core.plates import LOOK_ALIKE, PERMILLE, SIMILAR, normal_plate, plate_ratio, plates_agree
from lane_controller.core.state import HeardTag, Neighbour, Track

__all__ = ["PARAMETERS", "Parts", "markdown", "normal_plate", "parts", "plates_agree", "score"]

Parts = tuple[tuple[str, int], ...]

PARAMETERS: dict[str, tuple[int, str, str]] = {
    "read": (150, "millinats a read", "a tag in the zone is read 20–40 times a second, a stray now and then"),
    "reads_cap": (20, "reads", "reads of one slow pass are not independent: after half a second more say nothing new"),
    "rssi_db": (120, "millinats a dB", "two normal distributions of one deviation of 10 dB, 12 dB apart: 12/10² a dB"),
    "rssi_even_dbm": (-62, "dBm", "midway between tags of the lane (about -56) and strays (-68, rules.md)"),
    "rssi_cap_db": (12, "dB", "beyond it the median says more about the antenna than about the vehicle"),
    "lead_g1_ms": (900, "ms", "first read to L1 on: the zone begins 5 m before L1 (rules.md), 1.2 s at 15 km/h"),
    "lead_g2_ms": (700, "ms", "the same for G2: 8 m at 30 km/h is 0.96 s"),
    "lead_sd_ms": (1_200, "ms", "its deviation: 5 to 15 km/h, tag 1.0 to 1.7 m behind the bumper"),
    "lead_top": (980, "millinats", "ln(8 s / (1.2 s · √(2π))): against a first read at any time within tag_memory"),
    "lead_floor": (-4_500, "millinats", "a first read at a wholly unlikely time"),
    "neighbour_db": (-200, "millinats a dB", "a neighbour with a vehicle hears it better; at most neighbour_cap_db"),
    "neighbour_cap_db": (12, "dB", "twice neighbour_db of rules.md"),
    "class_same": (1_504, "millinats", "ln(0.90 / 0.20): a classifier is right 9 times of 10, chance 1 of 5"),
    "class_one_off": (-1_386, "millinats", "ln(0.08 / 0.32)"),
    "class_far_off": (-3_178, "millinats", "ln(0.02 / 0.48)"),
}  # fmt: skip
"""Name → (value, unit, source). Where a source is an estimate the table says from what; a plaza may fit its own."""


def score(tag: HeardTag, track: Track, neighbour: Neighbour | None, cfg: LaneConfig) -> int:
    """Log-likelihood ratio that this tag is on this vehicle, millinats."""
    return sum(points for _, points in parts(tag, track, neighbour, cfg))


def parts(tag: HeardTag, track: Track, neighbour: Neighbour | None, cfg: LaneConfig) -> Parts:
    """The score by kind of evidence; kinds of which nothing was seen are left out."""
    found = (
        ("reads", _value("read") * min(tag.reads, _value("reads_cap"))),
        ("rssi", _rssi(tag)),
        ("timing", _timing(tag, track, cfg)),
        ("neighbour", _neighbour(tag, neighbour)),
        ("plate", _plate(tag, track)),
        ("class", _class(tag, track)),
    )
    return tuple((name, points) for name, points in found if points is not None)


def _value(name: str) -> int:
    return PARAMETERS[name][0]


def _rssi(tag: HeardTag) -> int:
    cap = _value("rssi_cap_db")
    return _value("rssi_db") * max(-cap, min(cap, tag.median_dbm - _value("rssi_even_dbm")))


def _timing(tag: HeardTag, track: Track, cfg: LaneConfig) -> int | None:
    """Normal distribution of the lead of the first read over L1 on, against an even one over tag_memory."""
    l1_on = track.times.l1_on
    if l1_on is None:
        return None
    usual_ms = _value("lead_g2_ms" if cfg.geometry is Geometry.G2 else "lead_g1_ms")
    off_ms = (l1_on.mono_us - tag.first.mono_us) // 1000 - usual_ms
    bend = 500 * off_ms * off_ms // (_value("lead_sd_ms") * _value("lead_sd_ms"))
    return max(_value("lead_top") - bend, _value("lead_floor"))


def _neighbour(tag: HeardTag, neighbour: Neighbour | None) -> int | None:
    if neighbour is None or not neighbour.vehicle:
        return None
    return _value("neighbour_db") * max(0, min(_value("neighbour_cap_db"), neighbour.rssi_dbm - tag.median_dbm))


def _plate(tag: HeardTag, track: Track) -> int | None:
    plate = track.plate
    if plate is None or plate.text is None or tag.entry is None or tag.entry.plate is None:
        return None
    return plate_ratio(plate.text, plate.confidence, plate.chars, tag.entry.plate)


def _class(tag: HeardTag, track: Track) -> int | None:
    measured = track.measured.vehicle_class if track.measured is not None else None
    if measured is None or tag.entry is None:
        return None
    off = abs(measured - tag.entry.vehicle_class)
    return _value("class_same" if off == 0 else "class_one_off" if off == 1 else "class_far_off")


def markdown() -> str:
    """The page docs/lane-fusion.md."""
    head = (__doc__ or "").split("\n\n")
    return "\n".join(
        [
            "# Fusion: how tags are weighed for vehicles",
            "",
            "Generated from `core/fusion.py` and `core/plates.py` by `python -m lane_controller.app.fusion_page`.",
            "Decision: [ADR 0012](adr/0012-fusion-scores.md).",
            "",
            *_unwrapped(head[1:]),
            "## Score",
            "",
            "| parameter | value | unit | source |",
            "|---|---|---|---|",
            *(f"| {name} | {value:,} | {unit} | {why} |" for name, (value, unit, why) in PARAMETERS.items()),
            "",
            "## Plate",
            "",
            "| parameter | permille | meaning |",
            "|---|---|---|",
            *(f"| {name} | {value} | {why} |" for name, (value, why) in PERMILLE.items()),
            "",
            f"Look-alikes (Genetec, Security Center Administrator Guide 5.12): {', '.join(LOOK_ALIKE)}.",
            f"Similar (literature; Vietnamese typeface): {', '.join(SIMILAR)}.",
            "",
        ]
    )


def _unwrapped(paragraphs: list[str]) -> list[str]:
    return [line for text in paragraphs for line in (" ".join(text.split()), "")]
