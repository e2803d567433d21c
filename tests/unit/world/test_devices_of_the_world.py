"""What single parameters of the world do: TIDs read, reports held, contacts that bounce."""

from dataclasses import replace

from lane_controller.core.effects import AskPlate
from lane_controller.core.events import (
    Event,
    PlateRead,
    ReaderConnected,
    ReaderLost,
    SensorChanged,
    SensorLevels,
    TagSeen,
)
from lane_controller.core.values import Flag, Sensor
from lane_controller.world.agenda import US
from lane_controller.world.draw import draw
from lane_controller.world.episode import Episode
from lane_controller.world.motion import standing
from lane_controller.world.plan import EpisodePlan, FaultPlan, Right
from lane_controller.world.vehicle import Vehicle
from tests.unit.world.episodes import P, plan


def reads(of: EpisodePlan, share: float) -> list[TagSeen]:
    run = Episode(of, replace(P, tid_read_share=share), trace=True).run()
    return [event for _, event, _ in run.trace if isinstance(event, TagSeen)]


def test_the_reader_asks_for_as_many_tids_as_the_table_says() -> None:
    assert all(read.tid is None for read in reads(plan(), 0.0))
    told = [read for read in reads(plan(), 0.25) if read.tid is not None]
    assert 0.2 < len(told) / len(reads(plan(), 0.25)) < 0.3
    assert all(read.entry is None or read.tid == read.entry.tid for read in told)


def test_a_copied_tag_has_another_chip() -> None:
    cloned = draw(5, 0, replace(P, cloned_share=0.5), [])
    of = replace(cloned, vehicles=cloned.vehicles[:30], passers=())
    copies = {tag.epc for one in of.vehicles if one.right is Right.CLONED for tag in one.tags}
    assert copies
    run = Episode(of, replace(P, tid_read_share=1.0)).run()
    flags = [flag for closed in run.evidence.closed for flag in closed.passage.flags]
    assert Flag.TID_MISMATCH in flags
    assert not any("copied" in one.cause for one in run.verdicts.incidents if one.kind == "wrong_debit")


def test_held_reports_come_old_after_the_reconnect() -> None:
    of = plan()
    silence = FaultPlan(1, of.vehicles[3].at_s, "reader_silence", 20.0, 0.4)
    of = replace(of, faults=(silence,))

    def held(share: float) -> int:
        events = [event for _, event, _ in Episode(of, replace(P, held_reports_share=share), trace=True).run().trace]
        up = [i for i, event in enumerate(events) if isinstance(event, ReaderConnected)]
        down = [i for i, event in enumerate(events) if isinstance(event, ReaderLost)]
        assert not any(isinstance(event, TagSeen) for event in events[down[-1] : up[-1]])
        back = events[up[-1]]
        assert isinstance(back, ReaderConnected)
        stamps = [e.stamp_utc_us for e in events[up[-1] :] if isinstance(e, TagSeen) and e.stamp_utc_us is not None]
        return sum(stamp < (back.clock_utc_us or 0) - 20_000 for stamp in stamps)

    assert held(1.0) > 10
    assert held(0.0) == 0


def edges(share: float) -> list[SensorChanged]:
    run = Episode(plan(vehicles=30), replace(P, chatter_share=share), trace=True).run()
    assert run.verdicts.incidents == []
    assert run.verdicts.passages == 30
    return [event for _, event, _ in run.trace if isinstance(event, SensorChanged)]


def test_contacts_bounce_as_often_as_the_table_says_and_nobody_is_counted_twice() -> None:
    quiet = len(edges(0.0))
    for share in (0.1, 1.0):
        more = (len(edges(share)) - quiet) / 2  # a bounce is two edges more
        assert 0.6 * share < more / quiet < 1.2 * share


def test_a_lane_without_curtains_has_none() -> None:
    of = draw(3, 0, P.scaled(curtains=False), [])
    assert of.config.curtains == frozenset()
    run = Episode(replace(of, vehicles=of.vehicles[:10], passers=()), P, trace=True).run()
    told = {event.sensor for _, event, _ in run.trace if isinstance(event, SensorChanged)}
    levels = [event for _, event, _ in run.trace if isinstance(event, SensorLevels)]
    assert told == {Sensor.L1, Sensor.L2, Sensor.L3}
    assert levels
    assert all(one.lc1 is None and one.lc2 is None for one in levels)


def test_a_camera_shows_who_was_on_l1_at_the_instant_asked_for_while_it_keeps_the_frame() -> None:
    of = plan()
    seen = [one for one in of.vehicles if one.plate_seen.text is not None and one.plate_seen.corrected_to is None][:2]
    episode = Episode(of, P)
    episode.boot(None)
    told: list[Event] = []
    episode.computer.feed = told.append  # type: ignore[method-assign]
    camera, agenda = episode.camera, episode.agenda
    first, second = (Vehicle(one, [], standing(0.0, 0.0), 0.0, 0.0) for one in seen)

    def read(asked_s: int, now_s: int) -> str | None:
        agenda.now_us = now_s * US
        camera.ask(AskPlate(1, asked_s * US + episode.computer.base_us))
        agenda.run((now_s + 3) * US, lambda: False)
        return next(event.text for event in reversed(told) if isinstance(event, PlateRead))

    for at_s, vehicle in ((10, first), (20, second)):
        agenda.now_us = at_s * US
        camera.over_l1 = lambda there=vehicle: there
        camera.measure(vehicle)
    assert read(20, 20) == seen[1].plate_seen.text
    assert read(18, 21) == seen[0].plate_seen.text
    assert read(18, 23) is None


def test_a_log_that_was_being_told_as_power_failed_is_told_again() -> None:
    episode = Episode(plan(), P)
    episode.boot(None)
    plc, agenda, computer = episode.plc, episode.agenda, episode.computer

    def wait(seconds: int) -> None:
        agenda.run(agenda.now_us + seconds * US, lambda: False)

    wait(1)
    plc.lose_link()
    wait(4)
    assert not plc.online
    happened = [(sensor, on) for on in (True, False) for sensor in (Sensor.L2, Sensor.LC2, Sensor.L3)]
    for sensor, on in happened:
        plc.level(sensor, on)
    told: list[Event] = []

    def feed(event: Event) -> None:
        told.append(event)
        if isinstance(event, SensorChanged) and event.sensor is Sensor.L3:
            computer.cut()

    computer.feed = feed  # type: ignore[method-assign]
    plc.find_link()
    wait(1)
    assert isinstance(told[-1], SensorChanged), "nothing is handed to a computer without power"
    assert [edge[1:3] for edge in plc.edges.missed()] == happened
