"""The program of the PLC: sensors in, safety, command memory, watchdog; publications out.

In: sensor changes, commands and the PLC's own time. Out: `take()` gives what to publish, in order. Pure: no clock, no
network. It owns physical safety: the arm never closes on a vehicle, whatever the lane computer asks; a command id moves
the arm at most once; nothing is moved by a command that is older than its time to live.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime
from typing import Final

from simulators.field_io.arm import Arm
from simulators.field_io.wire import BarrierCommand, Publication, WireError, parse_barrier_command, parse_object

SENSORS: Final = ("l1", "l2", "l3", "lc1", "lc2")
REMEMBERED_COMMANDS: Final = 64
EVERYTHING: Final = object()
HEARTBEAT_MS: Final = 1_000
"""The status is repeated this often: the lane notices a dead PLC long before the broker does."""
PC_SILENT_MS: Final = 3_000
OVERDUE_MS: Final = 500
"""An edge this old that the lane's heartbeat does not name as heard is sent again: a broker that died after it had
taken the edge never delivered it. A lane that has it drops it by its number."""
SAFE_CLOSE_MS: Final = 2_000
"""Under the local safe rule an arm that is not held closes when every loop has been clear this long."""


class Plc:
    """One lane's PLC. Every method takes `now_ms`, its monotonic time since boot."""

    def __init__(self, boot: str, sensors: tuple[str, ...] = SENSORS, arm: Arm | None = None) -> None:
        """A freshly booted PLC; `sensors` are the installed ones."""
        self.boot = boot
        self.arm = arm or Arm()
        self.levels = dict.fromkeys(sensors, False)
        self.latched = False
        self.signal = "red"
        self.display: dict[str, object] = {"code": "IDLE", "lines": []}
        self.rejected = 0
        self.reopened = 0
        self.commands_executed: list[tuple[str, str]] = []
        self.lose_next_edges = 0
        self.pc_alive = False
        self._sequence = 0
        self._changed_at: dict[str, tuple[int, int]] = dict.fromkeys(sensors, (0, 0))
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._last_cmd_id: str | None = None
        self._pc_heard_ms: float | None = None
        self._pc_beat = 0
        self.pc_starts = 0
        self._status_sent_ms = 0.0
        self._clear_since_ms: float | None = 0.0
        self._unheard: deque[Publication] = deque(maxlen=1_000)
        self._out: deque[Publication] = deque()
        self._reported: tuple[object, ...] = ()

    def take(self) -> list[Publication]:
        """Everything to publish now, oldest first; the caller owns it from here."""
        out = list(self._out)
        self._out.clear()
        return out

    def greeting(self, now_ms: float) -> list[Publication]:
        """Sent after each connect, retained: online, all levels, the arm. A late reader has its baseline."""
        return [self._status(now_ms), *(self._level(name) for name in self.levels), self._barrier_state(now_ms)]

    def set_sensor(self, name: str, on: bool, now_ms: float) -> None:
        """A loop or curtain changes; an unknown name is the caller's mistake."""
        if self.levels[name] == on:
            return
        self.tick(now_ms)
        self.levels[name] = on
        self._sequence += 1
        self._changed_at[name] = (self._sequence, int(now_ms))
        self._publish_edge(name, on, now_ms)
        self._clear_since_ms = None if self._occupied() else now_ms
        self._keep_safe(now_ms)

    def classify(self, vehicle_class: int | None, motorcycle: bool, length_m: float) -> None:
        """The classifier on the same cabinet has measured the vehicle on L1."""
        kind = "motorcycle" if motorcycle else "four_wheel"
        body = {"kind": kind, "length_m": round(length_m, 2)}
        if vehicle_class is not None:
            body["class"] = vehicle_class
        self._out.append(Publication("avc/class", body))

    def tick(self, now_ms: float) -> None:
        """Let time pass: the arm travels, the watchdog runs, changes are reported."""
        self.arm.advance(now_ms)
        self._keep_safe(now_ms)
        self._watch_pc(now_ms)
        self._report_barrier(now_ms)
        if now_ms - self._status_sent_ms >= HEARTBEAT_MS:
            self._status_sent_ms = now_ms
            self._out.append(self._status(now_ms))

    def receive(self, topic: str, payload: bytes, now_ms: float, now_utc: datetime) -> None:
        """A message of the lane on `topic` (below the lane's root); nonsense is counted and moves nothing."""
        self.tick(now_ms)
        try:
            self._dispatch(topic, payload, now_ms, now_utc)
        except WireError:
            self.rejected += 1
        self.tick(now_ms)

    def _dispatch(self, topic: str, payload: bytes, now_ms: float, now_utc: datetime) -> None:
        match topic:
            case "barrier/cmd":
                self._command(parse_barrier_command(payload), now_ms, now_utc)
            case "signal/cmd":
                self._set_signal(parse_object(payload))
            case "display/cmd":
                self.display = parse_object(payload)
            case "pc/heartbeat":
                self._hear_pc(parse_object(payload), now_ms)
            case _:
                raise WireError(f"unknown topic {topic}")

    def _set_signal(self, body: dict[str, object]) -> None:
        if body.get("aspect") not in ("red", "green"):
            raise WireError(f"signal/cmd: aspect {body.get('aspect')!r}")
        self.signal = str(body["aspect"])

    def _command(self, command: BarrierCommand, now_ms: float, now_utc: datetime) -> None:
        result = self._judge(command, now_utc)
        if result == "accepted":
            self._remember(command.cmd_id)
            self.commands_executed.append((command.cmd_id, command.action))
            self._last_cmd_id = command.cmd_id
            self._move(command.action, now_ms)
        self._out.append(Publication("barrier/ack", {"cmd_id": command.cmd_id, "result": result}))

    def _judge(self, command: BarrierCommand, now_utc: datetime) -> str:
        if command.age_ms(now_utc) > command.ttl_ms:
            return "expired"
        if command.cmd_id in self._seen:
            return "duplicate"
        if self.arm.broken:
            return "fault"
        if command.action == "close" and (self.latched or self._under_arm()):
            return "interlock"
        return "accepted"

    def _move(self, action: str, now_ms: float) -> None:
        if action in ("open", "latch_open"):
            self.arm.open(now_ms)
        if action == "latch_open":
            self.latched = True
        if action == "unlatch":
            self.latched = False
        if action == "close":
            self.arm.close(now_ms)

    def _remember(self, cmd_id: str) -> None:
        self._seen[cmd_id] = None
        while len(self._seen) > REMEMBERED_COMMANDS:
            self._seen.popitem(last=False)

    def _under_arm(self) -> bool:
        return self.levels.get("l2", False) or self.levels.get("lc2", False)

    def _occupied(self) -> bool:
        return any(self.levels.values())

    def _keep_safe(self, now_ms: float) -> None:
        if self.arm.state == "closing" and self._under_arm():
            self.reopened += 1
            self.arm.open(now_ms)
            self._report_barrier(now_ms)

    def _hear_pc(self, body: dict[str, object], now_ms: float) -> None:
        beat = body.get("seq")
        if not isinstance(beat, int):
            raise WireError(f"pc/heartbeat: seq {beat!r}")
        first = self._pc_heard_ms is None
        restarted = not self.pc_alive or beat <= self._pc_beat
        self._pc_heard_ms, self._pc_beat, self.pc_alive = now_ms, beat, True
        self.pc_starts += restarted
        if restarted and not first:
            self._out.append(self._status(now_ms))
            self._out.extend(self._unheard)
        self._forget(body.get("heard", EVERYTHING))
        if not restarted and self._unheard and now_ms - self._unheard[0].body["ts_ms"] >= OVERDUE_MS:
            self._out.extend(self._unheard)

    def _forget(self, heard: object) -> None:
        """Drop what the lane has on disk from the log; a lane that does not say has everything."""
        if heard is EVERYTHING:
            self._unheard.clear()
        elif not isinstance(heard, dict):
            return
        elif heard.get("boot") == self.boot and isinstance(heard.get("seq"), int):
            while self._unheard and self._unheard[0].body["seq"] <= heard["seq"]:
                self._unheard.popleft()

    def _watch_pc(self, now_ms: float) -> None:
        heard_ms = self._pc_heard_ms
        if self.pc_alive and heard_ms is not None and now_ms - heard_ms > PC_SILENT_MS:
            self.pc_alive = False
        if self.pc_alive or heard_ms is None:
            return
        self.signal = "red"
        clear_ms = self._clear_since_ms
        moving_down = self.arm.state in ("closing", "closed", "broken")
        if not self.latched and not moving_down and clear_ms is not None and now_ms - clear_ms >= SAFE_CLOSE_MS:
            self.arm.close(now_ms)

    def _publish_edge(self, name: str, on: bool, now_ms: float) -> None:
        body = {"sensor": name, "v": on, "seq": self._sequence, "ts_ms": int(now_ms), "boot": self.boot}
        if self.lose_next_edges > 0:
            self.lose_next_edges -= 1
        else:
            self._out.append(Publication("io/events", {**body, "recovered": False}))
            # Logged until the lane has it on its disk: a lane that was away when it happened is told afterwards.
            self._unheard.append(Publication("io/events", {**body, "recovered": True}))
        self._out.append(self._level(name))

    def _status(self, now_ms: float) -> Publication:
        return Publication("status", {"online": True, "boot": self.boot, "ts_ms": int(now_ms)}, retain=True)

    def _level(self, name: str) -> Publication:
        sequence, ts_ms = self._changed_at[name]
        body = {"v": self.levels[name], "seq": sequence, "ts_ms": ts_ms, "boot": self.boot}
        return Publication(f"io/{name}/state", body, retain=True)

    def _barrier_state(self, now_ms: float) -> Publication:
        body = {
            "state": self.arm.state,
            "open_limit": self.arm.open_limit,
            "closed_limit": self.arm.closed_limit,
            "last_cmd_id": self._last_cmd_id,
            "ts_ms": int(now_ms),
            "boot": self.boot,
        }
        return Publication("barrier/state", body, retain=True)

    def _report_barrier(self, now_ms: float) -> None:
        shown = (self.arm.state, self.arm.open_limit, self.arm.closed_limit)
        if shown != self._reported:
            self._reported = shown
            self._out.append(self._barrier_state(now_ms))
