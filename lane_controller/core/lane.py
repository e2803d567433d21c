"""One barrier lane as a state machine: `step(lane, event, now) -> (lane, effects)`.

In: events (`events.py`) with the instant they arrived. Out: the next lane and the effects to perform, in order.
Called by the shell's one loop, by `replay` and by tests; the same input gives the same output on any machine.
Never: a clock, randomness, I/O; a barrier command before the record that allows it.

Theory of operation. A step has four parts, always in this order:

1. what became due before the event is settled first (an edge that has lasted long enough happened before a plate that
comes now; but who drives onto a sensor at the instant at which something is due comes before it);
2. the event changes what the lane knows (road, tags, evidence, arm, desk);
3. the lane draws its conclusions, from evidence to movement: boot, edges, departures, vehicles, decisions, arm;
4. signal, display, lane state and timers are brought up to what the lane now is.

Conclusions depend on the pieces of the lane and on its deadlines, on nothing else. So a lane that was settled (its last
conclusions changed nothing) and has no timer due need not draw them again before a piece changes; most events are reads
of a tag, after which only what tags can change is looked at. Where an event can change no conclusion at all (one more
read of a tag that is known well, hearing.py; an edge that has yet to last, waiting.py), none is drawn. Property tests
hold this against drawing all of them.

Timers carry no meaning: `TimerFired` is an event that changes nothing, part 1 finds what is due. The life of a vehicle
is drawn in docs/lane-machine.md, generated from machine.py.
"""

from collections.abc import Callable
from typing import assert_never

from lane_controller.core import (
    arm,
    deciding,
    departures,
    desk,
    evidence,
    hearing,
    hidden,
    recovery,
    sensors,
    signs,
    tags,
    waiting,
    watch,
)
from lane_controller.core.config import LaneConfig
from lane_controller.core.effects import Effect, ReadLevels
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    Booted,
    CardTapped,
    ClassMeasured,
    ClockStepped,
    EdgeLost,
    Event,
    ListEntryChanged,
    ListHeartbeat,
    ModeRequested,
    NeighbourHeard,
    OperatorLoggedIn,
    OperatorLoggedOut,
    PlateRead,
    PlcOffline,
    PlcOnline,
    ReaderConnected,
    ReaderLost,
    ReleaseRequested,
    SensorChanged,
    SensorLevels,
    TagSeen,
    TariffChanged,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.state import Lane
from lane_controller.core.turn import MORE, NOTHING, TAGS, Turn
from lane_controller.core.values import Flag, TraceEdge


def start(config: LaneConfig) -> Lane:
    """A lane that has not booted: feed `Booted` first, then links, levels, the arm and the list."""
    return Lane(config=config)


def step(lane: Lane, event: Event, now: Now) -> tuple[Lane, tuple[Effect, ...]]:
    """Take one event. Effects are performed in order; nothing after a `Record` before it is durable."""
    now_us, due = now.mono_us, False
    for at_us in lane.timers.values():
        if at_us <= now_us:
            due = True
            break
    settled = lane.settled and not due
    if settled and (quick := QUICK.get(type(event))) is not None:
        stepped = quick(lane, event, now)
        if stepped is not None:
            return stepped
    turn = Turn(lane, now)
    if isinstance(event, SensorChanged):
        turn.wire_us = sensors.told_until(event, now_us)
    first = _first(lane, event, now) if due else not lane.settled and sensors.overdue(turn)
    if first and not isinstance(event, Booted):
        settled = _settle(turn)
    before = turn.pieces()
    _take(turn, event)
    change = turn.changed_since(before)
    if change is MORE or not settled:
        settled = _settle(turn)
    elif change is TAGS:
        settled = _settle_tags(turn)
    signs.settle_signs(turn)
    watch.settle_timers(turn, due)
    # Out of a log, what the wire did until now is not told yet.
    return turn.lane(settled and turn.wire_us == turn.t), tuple(turn.effects)


def _first(lane: Lane, event: Event, now: Now) -> bool:
    """Whether what is due comes before this event. Who drives onto a sensor at the very instant at which the arm was to
    close is there already (I1).
    """
    comes = isinstance(event, SensorChanged) and event.on
    return not comes or min(lane.timers.values()) < now.mono_us


QUICK: dict[type, Callable[..., hearing.Stepped | None]] = {
    TagSeen: hearing.heard,
    NeighbourHeard: hearing.neighbour_heard,
    ListHeartbeat: hearing.list_alive,
    SensorChanged: waiting.edge_waits,
}
"""What a settled lane without a timer due tries first: steps that can change no conclusion."""


def _settle(turn: Turn) -> bool:
    """Draw every conclusion, from evidence to movement; whether drawing them again would change nothing more."""
    booting = not turn.road.boot_seen
    recovery.settle_boot(turn)
    sensors.settle_lines(turn)
    # Edges that are now believed need no second look: what follows looks at the lane after them.
    before = turn.pieces()
    if turn.tracks:
        departures.settle_departures(turn)
        evidence.settle_motorcycles(turn)
        _conclude_tags(turn)
    if turn.radio.neighbours:
        tags.arbitrate(turn)
    watch.settle_watch(turn)
    arm.note_boot_clear(turn)
    arm.settle_arm(turn)
    return not booting and turn.changed_since(before) is NOTHING


def _settle_tags(turn: Turn) -> bool:
    """The same where a settled lane has heard of a tag, and nothing else is new: no other conclusion can change."""
    before = turn.pieces()
    if turn.tracks:
        _conclude_tags(turn)
    if turn.radio.neighbours:
        tags.arbitrate(turn)
    if turn.tracks:
        watch.settle_watch(turn)
    change = turn.changed_since(before)
    if change is MORE:
        arm.note_boot_clear(turn)
        arm.settle_arm(turn)
    return change is NOTHING


def _conclude_tags(turn: Turn) -> None:
    evidence.settle_phantoms(turn)
    evidence.settle_separation(turn)
    hidden.settle_hidden(turn)
    recovery.settle_resume(turn)
    deciding.settle_decisions(turn)


def _take(turn: Turn, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one line for each event
    match event:
        case TagSeen():
            tags.seen(turn, event)
        case TimerFired():
            pass
        case SensorChanged():
            _sensor(turn, event)
        case PlateRead():
            evidence.plate(turn, event)
        case ClassMeasured():
            evidence.measured(turn, event)
        case NeighbourHeard():
            tags.neighbour(turn, event)
            deciding.cross_read(turn, event.epc)
        case BarrierReported():
            arm.reported(turn, event)
        case BarrierAcked():
            arm.acked(turn, event)
        case ReaderConnected():
            tags.connected(turn, event)
        case ReaderLost():
            tags.lost(turn, event)
        case SensorLevels():
            recovery.levels(turn, event)
        case EdgeLost():
            turn.set_road(lost_us=turn.t)
            turn.effects.append(ReadLevels())
        case CardTapped():
            desk.card(turn, event)
        case OperatorLoggedIn():
            desk.login(turn, event.operator)
        case OperatorLoggedOut():
            desk.login(turn, None)
        case ReleaseRequested():
            desk.release(turn, event)
        case ModeRequested():
            desk.mode(turn, event)
        case ListHeartbeat():
            desk.heartbeat(turn, event)
        case ListEntryChanged():
            desk.entry_changed(turn, event)
        case TariffChanged():
            desk.tariff(turn, event)
        case PlcOnline():
            desk.plc(turn, online=True)
        case PlcOffline():
            desk.plc(turn, online=False)
        case ClockStepped():
            turn.flag(Flag.CLOCK_STEP)
        case Booted():
            recovery.booted(turn, event)
        case _:
            assert_never(event)


def _sensor(turn: Turn, event: SensorChanged) -> None:
    if event.recovered:
        edge = TraceEdge(event.sensor, event.on, min(event.happened_mono_us, turn.t))
        turn.flag(Flag.RECOVERED_EDGES, turn.under_arm() or turn.front(), edge)
        if turn.road.past:
            sensors.known_since(turn, edge.mono_us)
    sensors.raw_edge(turn, event.sensor, event.on, min(event.happened_mono_us, turn.t))
