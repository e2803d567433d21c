"""The simulated PLC with its arm: commands run at most once, limit switches tell the truth.

In: commands with the instant they were issued, faults, time. Out: acknowledgements and reports as lane events; what
was acted on.
Never: a movement for an expired or known command, or for a close while the loop under the arm is active.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lane_controller.core.effects import CommandBarrier
from lane_controller.core.events import BarrierAcked, BarrierReported
from lane_controller.core.values import AckResult, BarrierAction, BarrierState

KNOWN_IDS = 64
"""Command ids the PLC remembers (hardware.md, Field IO)."""

OPENS = (BarrierAction.OPEN, BarrierAction.LATCH_OPEN)

PUSHES_US = 8_000_000
"""How long the drive pushes an arm open that is stuck, before its protection trips: freed within it, it opens.

An arm that was to close falls shut whenever it is freed.
"""


@dataclass(frozen=True, slots=True)
class Acted:
    """A command that the PLC acted on."""

    at_us: int
    command: str
    cause: str


@dataclass(slots=True)
class Arm:
    """Position 0 (closed) to 1 (open), moving towards `target` at the speed of `opens_us` / `closes_us`.

    `inertia_us`: before a movement begins or turns round; `blind`: the limit switches say nothing.
    """

    opens_us: int
    closes_us: int
    send: Callable[[BarrierReported | BarrierAcked], None]
    position: float = 0.0
    target: float = 0.0
    since_us: int = 0
    stuck: bool = False
    broken: bool = False
    latched: bool = False
    blocked: bool = False
    known: list[str] = field(default_factory=list)
    last: dict[str, tuple[CommandBarrier, int]] = field(default_factory=dict)
    acted: list[Acted] = field(default_factory=list)
    generation: int = 0
    inertia_us: int = 0
    blind: bool = False
    pushed: tuple[float, int] | None = None
    """Where the drive pushes an arm that is stuck, and since when."""

    def deliver(self, command: CommandBarrier, issued_us: int, now_us: int) -> None:
        """One command arrives (perhaps again): acknowledge it, and move if it is to be run."""
        result = self._judge(command, issued_us, now_us)
        if result is AckResult.ACCEPTED:
            self._remember(command.cmd_id)
        self.send(BarrierAcked(command.cmd_id, result))
        if result is AckResult.ACCEPTED:
            self._run(command, now_us)

    def _judge(self, command: CommandBarrier, issued_us: int, now_us: int) -> AckResult:
        if now_us - issued_us > command.ttl_ms * 1000:
            return AckResult.EXPIRED
        if command.cmd_id in self.known:
            return AckResult.DUPLICATE
        if command.action is BarrierAction.CLOSE and (self.latched or self.blocked):
            return AckResult.INTERLOCK
        return AckResult.ACCEPTED

    def _remember(self, cmd_id: str) -> None:
        self.known = [*self.known[-(KNOWN_IDS - 1) :], cmd_id]

    def _run(self, command: CommandBarrier, now_us: int) -> None:
        if command.action is BarrierAction.UNLATCH:
            self.latched = False
            return
        if command.action is BarrierAction.LATCH_OPEN:
            self.latched = True
            if self.target == 1.0 != self.position:
                return  # it opens already, and now stays open
        wanted = 1.0 if command.action in OPENS else 0.0
        standing = self._at(now_us) == self.target == wanted
        if not standing:
            word = "open" if command.action in OPENS else "close"
            self.acted.append(Acted(now_us, word, command.cause.value))
        self._move(wanted, now_us)

    def _at(self, now_us: int) -> float:
        if self.position == self.target:
            return self.position
        since = max(0, now_us - self.since_us)
        moved = since / max(1, self.opens_us if self.target else self.closes_us)
        if self.target > self.position:
            return min(self.target, self.position + moved)
        return max(self.target, self.position - moved)

    def _move(self, target: float, now_us: int) -> None:
        self.position = self._at(now_us)
        if self.stuck or self.broken:
            self.target = self.position
            self.pushed = (target, now_us)
            return
        self.pushed = None
        self.target, self.since_us = target, now_us + self.inertia_us
        self.generation += 1
        self.report(now_us)

    def arrives_us(self) -> int | None:
        """When the movement under way ends, or None."""
        if self.position == self.target:
            return None
        way = abs(self.target - self.position)
        return self.since_us + round(way * (self.opens_us if self.target else self.closes_us))

    def arrive(self, now_us: int) -> None:
        """The movement is over."""
        self.position = self.target
        self.report(now_us)

    def report(self, now_us: int) -> None:
        """Tell the lane what the limit switches say."""
        at = self._at(now_us)
        if self.blind:
            self.send(BarrierReported(BarrierState.STOPPED, open_limit=False, closed_limit=False))
            return
        if self.broken:
            self.send(BarrierReported(BarrierState.BROKEN, open_limit=False, closed_limit=False))
            return
        if at == self.target:
            state = BarrierState.OPEN if at == 1 else BarrierState.CLOSED if at == 0 else BarrierState.STOPPED
        else:
            state = BarrierState.OPENING if self.target > at else BarrierState.CLOSING
        self.send(
            BarrierReported(state, open_limit=at == 1.0, closed_limit=at == 0.0 and state is not BarrierState.OPENING)
        )

    def openness(self, now_us: int) -> float:
        """How far it is open, 0 to 1."""
        return self._at(now_us)

    def turn(self, target: float, now_us: int) -> None:
        """The PLC moves it by itself: open for safety, or closed under its local safe rule."""
        if self.target != target:
            self._move(target, now_us)

    def fault(self, kind: str, now_us: int) -> None:
        """A fault of the machine: stuck where it is, or the boom off its hinge (slow is a longer `opens_us`)."""
        moving, target = self._at(now_us) != self.target, self.target
        self.position = self.target = self._at(now_us)
        self.pushed = (target, now_us) if moving else None
        self.stuck = kind == "stuck"
        self.broken = kind == "broken"
        self.generation += 1
        self.report(now_us)

    def raise_by_hand(self, now_us: int) -> None:
        """Somebody lifts the arm."""
        self.position = self.target = 1.0
        self.pushed = None
        self.generation += 1
        self.report(now_us)

    def lower_by_hand(self, now_us: int) -> None:
        """Somebody who held the arm lets it down."""
        self.stuck = False
        self.pushed = None
        self.position = self.target = 0.0
        self.generation += 1
        self.report(now_us)

    def repair(self, now_us: int) -> None:
        """The arm is well; a boom that was off is hung in closed."""
        if self.broken:
            self.position = self.target = 0.0
            self.pushed = None
        pushed, self.pushed = self.pushed, None
        self.stuck = self.broken = False
        if pushed is not None and (pushed[0] == 0.0 or now_us <= pushed[1] + PUSHES_US):
            self._move(pushed[0], now_us)
        else:
            self.report(now_us)

    def at_end(self) -> str:
        """`open`, `closed`, or `any` for everything between."""
        if self.broken or self.position != self.target:
            return "any"
        return {0.0: "closed", 1.0: "open"}.get(self.position, "any")
