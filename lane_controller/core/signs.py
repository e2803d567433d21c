"""What the driver and the back office see: lane state, signal, display.

In: the lane after everything else of the step. Out: `EnterState`, `SetSignal`, `ShowDisplay`, each only when it
changes.
Never: green without a live authorisation and a confirmed open arm (I6).
"""

from functools import lru_cache

from lane_controller.contracts.values import LaneState, Outcome
from lane_controller.core.effects import EnterState, SetSignal, ShowDisplay
from lane_controller.core.evolve import evolve
from lane_controller.core.state import AUTHORISED, BEFORE, HELD, MOTORCYCLE, VOID, Sensors, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Aspect, DisplayCode, Flag, Mode

MODE_STATE = {mode: LaneState(mode.value) for mode in Mode}

INVALID = (Flag.BLACKLIST, Flag.UNKNOWN_TAG, Flag.TID_MISMATCH)
HOLD_CODES: tuple[tuple[str, DisplayCode], ...] = (
    *((flag.value, DisplayCode.INVALID_TAG) for flag in INVALID),
    (Flag.CLASS_MISMATCH_MAJOR.value, DisplayCode.WRONG_CLASS),
    (Flag.LOW_BALANCE.value, DisplayCode.LOW_BALANCE),
    (Flag.NO_TAG.value, DisplayCode.NO_TAG),
    (Mode.MANUAL.value, DisplayCode.MANUAL),
)
"""First match wins where a vehicle is held for several reasons."""

TEXT: dict[DisplayCode, tuple[str, ...]] = {
    DisplayCode.FARE: ("XIN MỜI QUA",),
    DisplayCode.PRIORITY: ("XE ƯU TIÊN", "XIN MỜI QUA"),
    DisplayCode.NO_TAG: ("KHÔNG ĐỌC ĐƯỢC", "THẺ"),
    DisplayCode.LOW_BALANCE: ("SỐ DƯ", "KHÔNG ĐỦ"),
    DisplayCode.MOTORCYCLE: ("XE MÁY", "ĐI LÀN NGOÀI"),
    DisplayCode.MANUAL: ("NHÂN VIÊN", "XỬ LÝ"),
    DisplayCode.CONVOY: ("ĐOÀN XE", "XIN MỜI QUA"),
    DisplayCode.CLOSED: ("LÀN ĐÓNG",),
    DisplayCode.WRONG_CLASS: ("SAI LOẠI XE", "CHỜ NHÂN VIÊN"),
    DisplayCode.INVALID_TAG: ("THẺ", "KHÔNG HỢP LỆ"),
    DisplayCode.WAIT: ("DỪNG LẠI", "CHỜ NHÂN VIÊN"),
    DisplayCode.IDLE: (),
}


MODE_CODE = {Mode.CLOSED: DisplayCode.CLOSED, Mode.CONVOY: DisplayCode.CONVOY, Mode.EMERGENCY: DisplayCode.IDLE}
"""What a mode shows whoever is there; rules.md has no code for EMERGENCY."""

_DEGRADED, _FAULT = LaneState.DEGRADED, LaneState.FAULT
_AUTO, _MANUAL, _RED, _GREEN = Mode.AUTO, Mode.MANUAL, Aspect.RED, Aspect.GREEN
_MANUALLY, _FARE = DisplayCode.MANUAL, DisplayCode.FARE
_OF_OUTCOME = {Outcome.MANUAL: _MANUALLY, Outcome.EXEMPT: DisplayCode.PRIORITY}
"""What a vehicle that may pass is shown; the others see their fare."""

_TICKET = Outcome.TICKET
_NOBODY = (DisplayCode.IDLE, TEXT[DisplayCode.IDLE])


def settle_signs(turn: Turn) -> None:
    """Show what has changed; nothing before the field IO has been seen, there or gone."""
    if not turn.desk.plc_known or _as_before(turn):
        return
    state, aspect = lane_state(turn), signal(turn)
    code, lines = display(turn)
    shown = turn.shown
    if state is shown.state and aspect is shown.signal and code is shown.display and lines == shown.lines:
        return
    if state is not shown.state:
        turn.effects.append(EnterState(state))
    if aspect is not shown.signal:
        turn.effects.append(SetSignal(aspect))
    if code is not shown.display or lines != shown.lines:
        turn.effects.append(ShowDisplay(code, lines))
    turn.shown = evolve(shown, state=state, signal=aspect, display=code, lines=lines)


def _as_before(turn: Turn) -> bool:
    """Nothing that is shown can have changed in this step."""
    was = turn.was
    return (
        turn.tracks is was.tracks
        and turn.arm is was.arm
        and turn.desk is was.desk
        and (turn.sensors is was.sensors or _stuck(turn.sensors) == _stuck(was.sensors))
        and turn.radio.readers is was.radio.readers
        and turn.shown is was.shown
    )


def _stuck(s: Sensors) -> bool:
    return s.l1.stuck or s.l2.stuck or s.l3.stuck or s.lc1.stuck or s.lc2.stuck


def lane_state(turn: Turn) -> LaneState:
    """FAULT, then a lost PLC, then what the supervisor asked for, then a lost reader or a stuck sensor."""
    desk = turn.desk
    if turn.arm.fault or turn.arm.broken:
        return _FAULT
    if not desk.plc_online:
        return _DEGRADED
    if desk.mode is not _AUTO and desk.mode is not _MANUAL:
        return MODE_STATE[desk.mode]
    if _stuck(turn.sensors):
        return _DEGRADED
    for link in turn.radio.readers.values():
        if link.connected:
            return MODE_STATE[desk.mode]
    return _DEGRADED


def signal(turn: Turn) -> Aspect:
    """Green: the first vehicle may pass, or the arm is latched, and the open limit says open."""
    arm = turn.arm
    if not arm.open_limit or not arm.known or arm.fault or arm.broken or arm.closing or not turn.desk.plc_online:
        return _RED
    first = turn.first()
    return _GREEN if arm.latched or (first is not None and first.live) else _RED


def display(turn: Turn) -> tuple[DisplayCode, tuple[str, ...]]:
    """The code for the first vehicle that has not reached the arm; for a motorcycle as long as it is on L1 (R9)."""
    desk = turn.desk
    if not desk.plc_online:
        return DisplayCode.CLOSED, TEXT[DisplayCode.CLOSED]
    if desk.mode in MODE_CODE:
        code = MODE_CODE[desk.mode]
        return code, TEXT[code]
    track = turn.front()
    if track is not None and track.standing is MOTORCYCLE and not track.on_l1:
        track = next((one for one in turn.queue() if one.stage is BEFORE), None)
    if track is None:
        return _NOBODY if desk.mode is _AUTO else (_MANUALLY, TEXT[_MANUALLY])
    if track.live and (turn.arm.fault or turn.arm.broken):
        return DisplayCode.WAIT, TEXT[DisplayCode.WAIT]
    code = _code(track)
    return code, _fare_lines(track) if code is _FARE else TEXT[code]


def _code(track: Track) -> DisplayCode:
    if track.standing is MOTORCYCLE:
        return DisplayCode.MOTORCYCLE
    if track.standing is AUTHORISED and track.finding is not None:
        return _OF_OUTCOME.get(track.finding.outcome, _FARE)
    if track.standing is HELD:
        return next((code for hold, code in HOLD_CODES if hold in track.holds), DisplayCode.WAIT)
    return DisplayCode.WAIT if track.standing is VOID else DisplayCode.IDLE


def _fare_lines(track: Track) -> tuple[str, ...]:
    finding = track.finding
    assert finding is not None  # noqa: S101 - only an authorised vehicle shows a fare
    fare_vnd = None if finding.outcome is _TICKET else finding.fare_vnd
    return _fare_text(finding.plate_registered or "", finding.class_charged, fare_vnd)


@lru_cache(maxsize=64)
def _fare_text(plate: str, vehicle_class: int | None, fare_vnd: int | None) -> tuple[str, ...]:
    amount = "VÉ THÁNG/QUÝ" if fare_vnd is None else f"{fare_vnd:,}đ".replace(",", ".")
    return (plate, f"LOẠI {vehicle_class}", amount, *TEXT[_FARE])
