"""The arm: what is commanded, when, and what the limit switches say about it.

In: acknowledgements, reports, the queue and the sensors. Out: barrier commands with exactly one cause each (I3).
Never: a close while L2 or LC2 is active or `clear` has not elapsed (I1); a state of the arm taken from an
acknowledgement (I5).
"""

from lane_controller.contracts.values import Outcome
from lane_controller.core import passages
from lane_controller.core.effects import CommandBarrier
from lane_controller.core.entering import clear_us
from lane_controller.core.events import BarrierAcked, BarrierReported
from lane_controller.core.evolve import evolve
from lane_controller.core.state import AUTHORISED, BEFORE, ArmCommand, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import AckResult, BarrierAction, BarrierState, Cause, Flag, Mode, Sensor

_CLOSE, _AUTO = BarrierAction.CLOSE, Mode.AUTO

MAX_TRIES = 2
MAX_OPENS = 3
"""An arm that falls shut again under a live authorisation is opened at most this often for one vehicle."""

LATCHING = {Mode.CONVOY: Cause.CONVOY, Mode.EMERGENCY: Cause.EMERGENCY}
INTERLOCK_RETRY_US = 500_000
LOG_AGE_US = 1_000_000
"""An edge that happened this long before the close was sent was not under the arm when it was sent."""


def reported(turn: Turn, event: BarrierReported) -> None:
    """The limit switches: confirm a command, or show what nobody commanded."""
    before = turn.arm
    turn.arm = evolve(
        before, known=True, state=event.state, open_limit=event.open_limit, closed_limit=event.closed_limit
    )
    if event.state is BarrierState.BROKEN and before.state is not BarrierState.BROKEN:
        turn.flag(Flag.BOOM_BROKEN, turn.under_arm())
    elif event.state is BarrierState.FAULT:
        turn.arm = evolve(turn.arm, fault=True)
    elif before.known and before.closed_limit and not event.closed_limit and not before.opening and not before.broken:
        turn.flag(Flag.MANUAL_RAISE)
    _confirm(turn)


def _confirm(turn: Turn) -> None:
    arm = turn.arm
    command = arm.command
    if arm.closed_limit:
        turn.arm = arm = evolve(arm, boot_hold=False, leaving_latch=False)
        if command is not None and command.given_up:
            turn.arm = evolve(arm, command=None)
            return
    if command is None or command.done:
        return
    if (command.action is BarrierAction.CLOSE and arm.closed_limit) or (arm.opening and arm.open_limit):
        turn.arm = evolve(arm, command=evolve(command, done=True))


def acked(turn: Turn, event: BarrierAcked) -> None:
    """An answer to a command: never the state of the arm."""
    if event.result is AckResult.EXPIRED:
        turn.flag(Flag.CMD_EXPIRED)
    command = turn.arm.command
    if command is None or command.done or command.cmd_id != event.cmd_id:
        return
    if event.result is AckResult.INTERLOCK and command.action is BarrierAction.CLOSE:
        # The PLC saw something under the arm that we did not, or still holds the latch of an earlier run: end the
        # latch, and ask again, as a new command, when it is clear.
        turn.arm = evolve(turn.arm, command=None)
        _send(turn, BarrierAction.UNLATCH, Cause.MODE, None)
        turn.set_road(l2_off_us=turn.t + INTERLOCK_RETRY_US - clear_us(turn))
    elif event.result is AckResult.FAULT:
        turn.arm = evolve(turn.arm, fault=True)


def settle_arm(turn: Turn) -> None:
    """Command what the lane now needs of the arm, at most one movement a step."""
    if not turn.desk.plc_online or not turn.arm.known or _at_rest(turn):
        return
    if turn.arm.open_limit:
        _note_open(turn)
    if (turn.sensors.l2.on or turn.sensors.lc2.on) and _reopen(turn):
        return
    _timeouts(turn)
    if _latch(turn) or _open(turn):
        return
    _close(turn)


def _at_rest(turn: Turn) -> bool:
    """Closed, nothing under way, not held open, nobody to open for."""
    arm = turn.arm
    return (
        arm.closed_limit
        and not arm.open_limit
        and not arm.latched
        and (arm.command is None or arm.command.done)
        and turn.desk.mode not in LATCHING
        and _first_live(turn) is None
    )


def _note_open(turn: Turn) -> None:
    """The open limit is the instant from which pass_timeout runs for the first vehicle."""
    if turn.arm.closing:
        return
    track = _first_live(turn)
    if track is not None and track.times.open_confirmed is None:
        turn.put(track, times=evolve(track.times, open_confirmed=turn.now))


def _first_live(turn: Turn) -> Track | None:
    """The first vehicle of the queue, if it may pass."""
    for track in turn.tracks:
        if track.standing is AUTHORISED:
            return track
        if track.vehicle:
            return None
    return None


def _timeouts(turn: Turn) -> None:
    command, at = turn.arm.command, command_deadline(turn)
    if command is None or at is None or at > turn.t or turn.arm.broken:
        return
    opening = turn.arm.opening
    if opening and turn.arm.open_limit:
        turn.arm = evolve(turn.arm, command=evolve(command, done=True))
        return
    turn.flag(Flag.BARRIER_OPEN_TIMEOUT if opening else Flag.BARRIER_CLOSE_TIMEOUT, _first_live(turn))
    wanted = _still_wanted(turn, command)
    if command.tries >= MAX_TRIES or not wanted:
        fault = turn.arm.fault or (opening and wanted)
        turn.arm = evolve(turn.arm, command=evolve(command, done=True, given_up=True), fault=fault)
        return
    turn.arm = evolve(turn.arm, command=evolve(command, tries=command.tries + 1, sent_us=turn.t))
    ttl_ms = turn.cfg.command_ttl_ms
    turn.effects.append(CommandBarrier(command.cmd_id, command.action, command.cause, command.passage_id, ttl_ms))


def _still_wanted(turn: Turn, command: ArmCommand) -> bool:
    """The vehicle that the arm should open for has not gone already."""
    if command.passage_id is None:
        return True
    return any(track.live and track.passage_id == command.passage_id for track in turn.tracks)


def command_deadline(turn: Turn) -> int | None:
    """When the limit switch must have confirmed the command under way; a close not before all is clear again (I1)."""
    command = turn.arm.command
    if command is None or command.done or not turn.desk.plc_online:
        return None
    if command.action is not _CLOSE:
        return command.sent_us + turn.cfg.open_timeout_ms * 1000
    clear = clear_at(turn)
    return None if clear is None else max(command.sent_us + turn.cfg.close_timeout_ms * 1000, clear)


def _entered_since(turn: Turn, command: ArmCommand | None) -> bool:
    """L2 or LC2 is active, and not only because an old edge just came out of the PLC's log."""
    since = command.sent_us - LOG_AGE_US if command is not None else 0
    s = turn.sensors
    return (s.l2.on and s.l2.since_us >= since) or (s.lc2.on and s.lc2.since_us >= since)


def _reopen(turn: Turn) -> bool:
    """I1: closing, and somebody is under the arm."""
    arm = turn.arm
    if not arm.closing or arm.opening or arm.closed_limit or arm.broken or not _entered_since(turn, arm.command):
        return False
    _command(turn, BarrierAction.OPEN, Cause.REOPEN, None)
    return True


def _latch(turn: Turn) -> bool:
    """R8: convoy and emergency hold the arm open; leaving them ends the hold, the close comes when all is clear."""
    arm = turn.arm
    mode = turn.desk.mode
    cause = None if mode is _AUTO else LATCHING.get(mode)
    if cause is None:
        if arm.latched:
            turn.arm = evolve(arm, latched=False, leaving_latch=not arm.closed_limit)
            _send(turn, BarrierAction.UNLATCH, Cause.MODE, None)
        return False
    if not arm.latched and not arm.fault and not arm.broken:
        turn.arm = evolve(arm, latched=True, boot_hold=False)
        _command(turn, BarrierAction.LATCH_OPEN, cause, None)
    return arm.latched


def _open(turn: Turn) -> bool:
    """The first vehicle of the queue may pass: the arm is opened for it, unless it already stands open or opens."""
    arm = turn.arm
    track = _first_live(turn)
    if track is None or track.recovered:
        return False
    if arm.boot_hold and not arm.closed_limit:
        turn.arm = arm = evolve(arm, boot_hold=False)
    if arm.fault or arm.broken or arm.opening or track.stage is not BEFORE:
        return True
    if (arm.open_limit and not arm.closing) or track.opens >= MAX_OPENS:
        return True
    if not _on_l1(turn, track):
        passages.void_at_arm(turn, track, "not on L1 when the arm could open")
        return False
    times = evolve(track.times, open_commanded=track.times.open_commanded or turn.now)
    track = turn.put(track, times=times, opens=track.opens + 1)
    manual = track.finding is not None and track.finding.outcome is Outcome.MANUAL
    _command(turn, BarrierAction.OPEN, Cause.OPERATOR if manual else Cause.PASSAGE, track.passage_id)
    return True


def _on_l1(turn: Turn, track: Track) -> bool:
    """I4 of a tag: the vehicle is on L1, or is leaving it at this very instant."""
    if track.on_l1 or not _by_tag(track):
        return True
    decided = track.times.decided
    leaving_us = turn.cfg.debounce_us(Sensor.L1, False)
    leaving = track.l1_off_us is None or turn.t - track.l1_off_us <= leaving_us
    return leaving and decided is not None and decided.mono_us == turn.t


def _by_tag(track: Track) -> bool:
    """A tag alone opens: not the operator, a card at this lane, or a plate read here, who know where the vehicle is."""
    finding = track.finding
    if finding is None or finding.epc is None or track.card is not None or Flag.PLATE_CHARGE in track.flags:
        return False
    return finding.outcome is not Outcome.MANUAL


def _close(turn: Turn) -> None:
    at = close_at(turn)
    if at is None or at > turn.t:
        return
    cause = Cause.BOOT if turn.arm.boot_hold else Cause.MODE if turn.arm.leaving_latch else Cause.CLEAR
    _command(turn, BarrierAction.CLOSE, cause, None)


def close_at(turn: Turn) -> int | None:
    """When the arm is to be closed as things are; None: not."""
    arm = turn.arm
    if arm.closed_limit or arm.latched or arm.broken or not arm.known or not turn.desk.plc_online:
        return None
    if _closing_sent(turn) or (not arm.boot_hold and _kept_open(turn)):
        return None
    clear = clear_at(turn)
    if clear is None or not arm.boot_hold:
        return clear
    boot_clear = arm.boot_clear_us
    return None if boot_clear is None else max(boot_clear + turn.cfg.boot_clear_ms * 1000, clear)


def _kept_open(turn: Turn) -> bool:
    """Somebody may pass, or a latch has ended and L1 is not clear yet (I12)."""
    first = _first_live(turn)
    if first is not None and not first.recovered:
        return True
    l1 = turn.sensors.l1
    return turn.arm.leaving_latch and (l1.raw or l1.on)


def clear_at(turn: Turn) -> int | None:
    """When `clear` has elapsed, counted from the latest of L2, LC2 and L3 off; None while one is active (I1)."""
    s, road = turn.sensors, turn.road
    if s.l2.on or s.lc2.on or s.l3.on or s.l2.pending or s.lc2.pending or s.l3.pending:
        return None
    wait_us = clear_us(turn)
    latest: int | None = None
    for off in (road.l2_off_us, road.lc2_off_us, road.l3_off_us):
        if off is not None and (latest is None or off > latest):
            latest = off
    return turn.t if latest is None else latest + wait_us


def _closing_sent(turn: Turn) -> bool:
    """A close is under way, or was given up after its retry: it is not repeated until something else moves the arm."""
    command = turn.arm.command
    return command is not None and command.action is _CLOSE and (not command.done or command.given_up)


def note_boot_clear(turn: Turn) -> None:
    """Boot rule: since when all loops have been clear."""
    arm = turn.arm
    if not arm.boot_hold:
        return
    s = turn.sensors
    clear = not (s.l1.raw or s.l2.raw or s.l3.raw or s.l1.on or s.l2.on or s.l3.on)
    if clear and arm.boot_clear_us is None:
        turn.arm = evolve(arm, boot_clear_us=turn.t)
    elif not clear and arm.boot_clear_us is not None:
        turn.arm = evolve(arm, boot_clear_us=None)


def _command(turn: Turn, action: BarrierAction, cause: Cause, passage_id: str | None) -> None:
    """Send a movement and remember it as the command under way."""
    closing = turn.arm.closing
    cmd_id = _send(turn, action, cause, passage_id)
    turn.arm = evolve(turn.arm, command=ArmCommand(cmd_id, action, cause, passage_id, turn.t))
    if not closing:
        # After a close the open limit may be about to go: then only the next report confirms.
        _confirm(turn)


def _send(turn: Turn, action: BarrierAction, cause: Cause, passage_id: str | None) -> str:
    cmd_id = f"{turn.cfg.lane}-{turn.counts.boot_id}-{turn.arm.next_cmd:05d}"
    turn.arm = evolve(turn.arm, next_cmd=turn.arm.next_cmd + 1)
    turn.effects.append(CommandBarrier(cmd_id, action, cause, passage_id, turn.cfg.command_ttl_ms))
    return cmd_id


def well(turn: Turn) -> bool:
    """The limit switches make sense: exactly one of them is active."""
    arm = turn.arm
    return arm.known and not arm.broken and arm.open_limit is not arm.closed_limit
