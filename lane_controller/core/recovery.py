"""Restart: what the first look at the road makes of what the records left (`remembered.py`).

In: `Booted`, the sensor baseline and the first report of the arm. Out: vehicles that continue under their passage id,
or void records.
Never: an arm opened by a boot, a vehicle committed that is still elsewhere.
"""

from dataclasses import fields, replace

from lane_controller.core import arrival, binding, curtain, passages, reach
from lane_controller.core.charges import own_charges
from lane_controller.core.config import Geometry
from lane_controller.core.effects import Record
from lane_controller.core.events import Booted, SensorLevels
from lane_controller.core.instant import Now
from lane_controller.core.records import Authorised, Held, StageTimes, Voided
from lane_controller.core.remembered import came_before
from lane_controller.core.sensors import baseline, raw_edge, settle_lines
from lane_controller.core.state import Arm, Counts, Desk, Radio, Road, Sensors, Shown, Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Mode, Sensor


def booted(turn: Turn, event: Booted) -> None:
    """A new run. Latched modes end with it: the boot rule closes the arm, so the lane goes on in AUTO (ADR 0010)."""
    durable = event.durable
    mode = Mode.AUTO if durable.mode in (Mode.CONVOY, Mode.EMERGENCY) else durable.mode
    turn.sensors, turn.radio, turn.tracks, turn.trace = Sensors(), Radio(), (), ()
    turn.road = Road(lc1_proven=durable.lc1_works and Sensor.LC1 in turn.cfg.curtains)
    turn.desk = Desk(mode=mode, operator=durable.operator, tariffs=event.tariffs)
    turn.arm = Arm(boot_hold=True)
    turn.shown = Shown()
    turn.timers = {}
    turn.counts = Counts(
        boot_id=event.boot_id,
        epoch=durable.epoch,
        n=durable.n,
        seq=durable.seq,
        own_charges=own_charges(durable.own_charges),
        last_commits={c.epc: turn.t - (turn.now.utc_us - c.utc_us) for c in durable.last_commits},
        pending=durable.pending,
        held=durable.held,
        driven_on=durable.driven_on,
        motorcycle=durable.motorcycle,
    )
    if event.restart:
        turn.flag(Flag.RECOVERED)


def levels(turn: Turn, event: SensorLevels) -> None:
    """All levels: the baseline of a boot, later the proof that an edge was missed."""
    settle_lines(turn)
    found = {Sensor.L1: event.l1, Sensor.L2: event.l2, Sensor.L3: event.l3}
    found |= {s: v for s, v in ((Sensor.LC1, event.lc1), (Sensor.LC2, event.lc2)) if v is not None}
    if turn.road.baseline_due:
        baseline(turn, found)
        still = event.still and turn.cfg.geometry is Geometry.G2
        # What LC1 was before counts only where it is known what has happened since.
        known = event.past or event.still
        proven = turn.road.lc1_proven and known
        turn.counts = replace(turn.counts, motorcycle=turn.counts.motorcycle and event.l1 and known)
        turn.set_road(baseline_due=False, past=event.past, still=still, lc1_proven=proven)
        return
    for sensor, on in found.items():
        if turn.line(sensor).raw is not on:
            turn.set_road(levels_us=turn.t)
            raw_edge(turn, sensor, on, turn.t)
    if turn.road.past:
        _next_on_l1(turn)
        turn.set_road(past=False, told_us=turn.t)
        _void_gone(turn)
        there = turn.occupant()
        if there is not None and turn.sensors.l1.raw:
            arrival.ask_plate(turn, there, turn.t)


def _next_on_l1(turn: Turn) -> None:
    """LC1 has cleared behind whoever came onto L1 in the log: the next is on it, bumper to bumper, heard from now."""
    there = turn.occupant()
    if there is None or there.gap_us is None or there.stage is not Stage.BEFORE or not turn.sensors.l1.raw:
        return
    curtain.split(turn, there, turn.now.back(there.gap_us))
    behind = turn.occupant()
    if behind is not None:
        turn.put(behind, times=StageTimes(l1_on=turn.now))


def _void_gone(turn: Turn) -> None:
    """What happened while nobody watched is known: who has not crossed and is seen by no sensor has lost his turn.

    In a non-stop lane he still stands between L1 and L2; elsewhere there is no room for him to be unseen.
    """
    busy = any(line.on or line.raw for line in (turn.line(sensor) for sensor in Sensor))
    if busy or not turn.arm.closed_limit:
        return
    for track in turn.tracks:
        if track.recovered and track.live and not track.on_l1 and track.times.l2_on is None:
            passages.void_and_free(turn, track, "vehicle gone at restart")
            if not track.forward or turn.cfg.geometry is not Geometry.G2:
                turn.drop(track)
                turn.set_road(uncounted=True)


def settle_boot(turn: Turn) -> None:
    """Once road and arm are known: who is there, and does a pending authorisation belong to them?"""
    if turn.road.boot_seen or turn.road.baseline_due or not turn.arm.known:
        return
    turn.set_road(boot_seen=True)
    pending, held, driven_on = turn.counts.pending, turn.counts.held, turn.counts.driven_on
    newcomer = Standing.MOTORCYCLE if turn.counts.motorcycle else Standing.WAITING
    s = turn.sensors
    # Before recovered edges the arm tells nothing: it closed behind a vehicle that may have crossed meanwhile.
    gone = not (s.l1.on or s.l2.on or not turn.arm.closed_limit or turn.road.past)
    if gone and not turn.road.still:
        for old in pending:
            turn.effects.append(Record(Voided(old.passage_id, "vehicle gone at restart", turn.now)))
        pending = ()
    queue, anew = _queue(turn, pending, held, driven_on)
    _place(turn, [_restore(turn, old) for old in queue], anew or newcomer is Standing.MOTORCYCLE, newcomer)
    # Not before they stand in their places: `_bed_ahead` asks who had driven on.
    turn.counts = replace(turn.counts, pending=(), held=(), driven_on=(), motorcycle=False)
    if gone and turn.road.still:
        _void_gone(turn)


def _queue(
    turn: Turn, pending: tuple[Authorised, ...], held: tuple[Held, ...], driven_on: tuple[str, ...]
) -> tuple[list[Authorised | Held], bool]:
    """Who may still be there, in order. Held vehicles only if nothing that happened since is unknown (`past`).

    Whoever is found on L1 is decided anew (True) behind one that had driven on; one that is held and had not, is he.
    """
    if not (turn.road.past or turn.road.still):
        return _in_order([*pending]), False
    queue = _in_order([*pending, *held])
    if not queue:
        return queue, False
    on_l1, last = turn.sensors.l1.on, queue[-1]
    behind = last.passage_id in driven_on
    if isinstance(last, Held) and not behind and (on_l1 or turn.cfg.geometry is Geometry.G1):
        queue.pop()
    return queue, on_l1 and (behind or isinstance(last, Held))


def _in_order(known: list[Authorised | Held]) -> list[Authorised | Held]:
    """By number, but who was void and has a later one (R1) keeps his place before whoever came onto L1 after him."""
    queue: list[Authorised | Held] = []
    for old in sorted(known, key=_number):
        place = next((i for i, other in enumerate(queue) if came_before(_came(old), _came(other))), len(queue))
        queue.insert(place, old)
    return queue


def _came(old: Authorised | Held) -> Now | None:
    return old.came if isinstance(old, Held) else old.times.l1_on


def _number(old: Authorised | Held) -> int:
    return old.n


def _restore(turn: Turn, old: Authorised | Held) -> Track:
    track = arrival.begin(turn, None)
    if isinstance(old, Held):
        return turn.put(
            track,
            standing=Standing.HELD,
            times=StageTimes(l1_on=turn.now if old.came is None else _past(turn, old.came)),
            forward=True,
            flags=old.flags,
            passage_id=old.passage_id,
            n=old.n,
            l1_off_us=turn.t,
        )
    until = turn.t + turn.cfg.pass_timeout_ms * 1000
    return turn.put(
        track,
        standing=Standing.AUTHORISED,
        times=_by_this_clock(turn, old.times),
        on_l1=False,
        recovered=True,
        recovered_until_us=until,
        forward=_known_between(turn),
        frames=old.frames,
        flags=old.flags,
        finding=old.finding,
        passage_id=old.passage_id,
        n=old.n,
        decisions=1,
        l1_off_us=turn.t,
    )


def _by_this_clock(turn: Turn, times: StageTimes) -> StageTimes:
    """What it reached before the restart; of a computer that has been off the clock began anew, and an instant of that
    time may lie far ahead on it. The open limit is seen again.
    """
    reached = {field.name: getattr(times, field.name) for field in fields(times)}
    past = {name: _past(turn, at) for name, at in reached.items() if at is not None}
    return replace(times, **{**past, "open_confirmed": None})


def _past(turn: Turn, at: Now) -> Now:
    """No later than either clock tells; the wall clock may have been set meanwhile, and then it tells less."""
    ago_us = max(0, turn.now.utc_us - at.utc_us)
    return Now(min(at.mono_us, turn.t - ago_us), at.utc_us)


def _known_between(turn: Turn) -> bool:
    """Who is not on L1 has driven on: leaving upstream would be on record, and nothing since is unknown."""
    long = turn.cfg.geometry is Geometry.G2 and Sensor.LC1 in turn.cfg.curtains
    return long and (turn.road.past or turn.road.still)


def _place(turn: Turn, tracks: list[Track], anew: bool, newcomer: Standing) -> None:
    """Put recovered vehicles where the sensors are on; whoever is left over is new, on L1 also if decided `anew`: there
    it is a vehicle, or the motorcycle that it was before (`newcomer`).

    L3 on at boot proves nothing: whoever is on it was committed as it came onto it, unless power failed at that very
    instant. So it is the tail of the vehicle before, where the first of those that may pass has room elsewhere: on L1,
    or unseen between L1 and L2 (G2). If nobody else is seen to come, it was the first after all: committed when no
    edge contradicts it within pass_timeout. Taken at once, the tail would commit it, and it be charged again (I8).
    """
    s = turn.sensors
    waiting = list(tracks)
    room = turn.cfg.geometry is Geometry.G2 or (s.l1.on and len(waiting) == 1 and not anew)
    tail = (s.l3.on and (room or not waiting)) or (not anew and _bed_ahead(turn, waiting))
    if s.l2.on:
        turn.set_road(lc2_split=s.l3.on and not s.lc2.on)
    if turn.road.past and s.l3.on and s.lc2.on and not s.l2.on:
        # The high bed of a lorry that was committed as it came onto L3.
        turn.set_line(Sensor.L2, dropout=True)
        turn.set_road(l2_off_us=turn.t, lc2_split=False)
    elif s.l2.on and not tail:
        first = waiting.pop(0) if waiting else arrival.begin(turn, None)
        passages.enter_l2(turn, first, turn.now)
    elif s.l3.on and waiting and not s.l1.on:
        turn.put(waiting[0], boot_l3=turn.now)
    if not s.l1.on:
        if turn.road.past and s.lc1.on and waiting:
            _in_lc1(turn, waiting[-1])
        return
    if waiting and not anew:
        last = turn.put(waiting[-1], on_l1=True, lc1_broken=s.lc1.on, l1_off_us=None)
        turn.set_road(occupant=last.id)
        arrival.ask_plate(turn, last, turn.t)
    else:
        turn.put(arrival.begin(turn, turn.now, newcomer), lc1_broken=s.lc1.on, past_zone=s.lc1.on)


def _bed_ahead(turn: Turn, waiting: list[Track]) -> bool:
    """L2 and LC2 show a lorry that was committed, whose bed L3 does not see: the first that may pass is on L1, as LC1,
    which works, would have told that it left it, and is too short for both.
    """
    s = turn.sensors
    if not (turn.road.lc1_proven and waiting and s.l1.on and s.l2.on and s.lc2.on):
        return False
    short = reach.longest(waiting[0]) < reach.l1_to_lc2_m(turn.cfg) - reach.MARGIN_M
    return short and waiting[0].passage_id not in turn.counts.driven_on


def _in_lc1(turn: Turn, last: Track) -> None:
    """L1 was off as the lane died, and LC1 broken: its rear leaves, or a bed that L1 does not see; the log tells."""
    turn.put(last, on_l1=True, lc1_broken=True, l1_off_us=None)
    turn.set_line(Sensor.L1, dropout=True)
    turn.set_road(occupant=last.id)


def settle_resume(turn: Turn) -> None:
    """The tag of a recovered vehicle is heard again: it is that vehicle's, as before the restart, and nobody else's.

    On L1 before a closed arm the vehicle may then be opened for (ADR 0010).
    """
    for track in turn.tracks:
        if not track.recovered or not track.live or track.finding is None:
            continue
        tag = turn.radio.tags.get(track.finding.epc or "")
        if tag is None or tag.credible is None:
            continue
        if tag.owner is None:
            binding.bind(turn, (tag.epc,), track)
        if track.on_l1 and turn.arm.closed_limit:
            turn.put(track, recovered=False, recovered_until_us=None)
