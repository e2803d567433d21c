"""The machine in one place: what a vehicle and a lane can be, and how one becomes the other.

In: nothing. Out: two tables, and the page docs/lane-machine.md drawn from them (`markdown`).
A test replays every scenario and refuses a transition that is not in the table; another keeps the page fresh.
Never: a transition that only a drawing knows.
"""

from dataclasses import dataclass

from lane_controller.contracts.values import LaneState
from lane_controller.core.state import Stage, Standing, Track

NEW, GONE = "new", "gone"


@dataclass(frozen=True, slots=True)
class Transition:
    """From → to, and what does it (module that does it in brackets)."""

    source: str
    target: str
    cause: str


def node(track: Track) -> str:
    """Name of a vehicle's place in the machine."""
    return name(track.standing, track.stage)


def name(standing: Standing, stage: Stage = Stage.BEFORE) -> str:
    """Node of the vehicle machine."""
    return standing.value if stage is Stage.BEFORE else f"{standing.value} under the arm"


W, H, A, V = (name(s) for s in (Standing.WAITING, Standing.HELD, Standing.AUTHORISED, Standing.VOID))
M, P = name(Standing.MOTORCYCLE), name(Standing.PHANTOM)
WU, HU, AU, VU, MU = (
    name(s, Stage.UNDER_ARM)
    for s in (Standing.WAITING, Standing.HELD, Standing.AUTHORISED, Standing.VOID, Standing.MOTORCYCLE)
)

VEHICLE: tuple[Transition, ...] = (
    Transition(NEW, W, "L1 on, or a follower separated from the vehicle ahead (approach)"),
    Transition(NEW, P, "L1 on while a vehicle drives the wrong way (approach)"),
    Transition(NEW, WU, "L2 on without a vehicle that L1 has counted (crossing)"),
    Transition(NEW, A, "boot: a pending authorisation whose vehicle is there (recovery)"),
    Transition(NEW, AU, "boot: the same, under the arm; or own tag of a vehicle that L1 has not counted (R6)"),
    Transition(NEW, HU, "own tag of a vehicle that L1 has not counted is held (R6)"),
    Transition(NEW, M, "the class was measured just before L1 on: motorcycle (R9)"),
    Transition(NEW, H, "MANUAL mode: held at once (deciding)"),
    Transition(P, W, "a plate or a credible tag: a vehicle after all (evidence)"),
    Transition(P, GONE, "L1 off (approach)"),
    Transition(P, M, "measured as a motorcycle (R9)"),
    Transition(W, A, "decision: pass (R1–R13, deciding)"),
    Transition(W, H, "decision: hold (R1–R13, deciding)"),
    Transition(W, V, "decided as it left L1, and gone from L1 when the arm could open: void at once (I4, R1)"),
    Transition(W, M, "measured as a motorcycle (R9)"),
    Transition(W, WU, "L2 on before any decision (crossing)"),
    Transition(W, AU, "L2 on, own tag credible and good (R6)"),
    Transition(W, HU, "L2 on, own tag credible and held (R6)"),
    Transition(W, GONE, "left upstream: abandoned; or L1 is stuck (approach, watch); or crossed with L2 edges lost"),
    Transition(H, A, "late tag vouched by the plate, priority card, release, change of the tag's row (R2, R12, R14)"),
    Transition(H, M, "measured as a motorcycle (R9)"),
    Transition(H, HU, "L2 on (crossing)"),
    Transition(H, GONE, "left upstream: abandoned; or L1 is stuck; or crossed with L2 edges lost: violation or convoy"),
    Transition(A, AU, "L2 on (crossing)"),
    Transition(A, V, "pass_timeout, not on L1 when the arm could open (R1, I4)"),
    Transition(A, M, "void, and measured as a motorcycle as it was decided (R9)"),
    Transition(A, GONE, "left upstream: void and abandoned; or L3 with L2 lost: committed (R1)"),
    Transition(V, A, "decided once more on L1, or released (R1, R14)"),
    Transition(V, H, "decided once more on L1: held (R1)"),
    Transition(V, M, "measured as a motorcycle (R9)"),
    Transition(V, VU, "L2 on (crossing)"),
    Transition(V, AU, "L2 on, own tag credible and good (R6)"),
    Transition(V, HU, "L2 on, own tag credible and held (R6)"),
    Transition(V, GONE, "left upstream: abandoned (approach)"),
    Transition(M, MU, "L2 on (crossing)"),
    Transition(M, GONE, "forgotten pass_timeout after L1 off, or an authorised vehicle overtakes its place (R9)"),
    Transition(MU, M, "L2 off without L3 (crossing)"),
    Transition(MU, GONE, "L3 on: no passage (R9)"),
    Transition(WU, GONE, "L3 on: violation, convoy or emergency (R6, R8); never counted by L1 and reversed: forgotten"),
    Transition(WU, W, "reversed: L2 off without L3 (crossing)"),
    Transition(HU, GONE, "L3 on: violation, convoy or emergency (R6, R8)"),
    Transition(HU, H, "reversed: L2 off without L3 (crossing)"),
    Transition(AU, GONE, "L3 on: committed (R1); or L2 is on by itself, with nobody there: void (crossing)"),
    Transition(AU, A, "it was not the one on L2: somebody uncounted is, or was on foot (crossing)"),
    Transition(AU, V, "reversed: L2 off without L3: void (R1)"),
    Transition(VU, GONE, "L3 on: violation, convoy or emergency (R6, R8)"),
    Transition(VU, V, "reversed: L2 off without L3 (crossing)"),
)

LANE: tuple[Transition, ...] = (
    Transition("mode AUTO", LaneState.AUTO, "reader and PLC there, no stuck sensor, arm well"),
    Transition("mode MANUAL", LaneState.MANUAL, "the same: every vehicle is held for the operator"),
    Transition("mode CONVOY", LaneState.CONVOY, "arm latched open (R8)"),
    Transition("mode EMERGENCY", LaneState.EMERGENCY, "arm latched open (R8)"),
    Transition("mode CLOSED", LaneState.CLOSED, "no new decisions (R8)"),
    Transition("mode AUTO or MANUAL", LaneState.DEGRADED, "reader lost, or a sensor stuck"),
    Transition("any mode", LaneState.DEGRADED, "PLC lost: no commands, display CLOSED"),
    Transition("any mode", LaneState.FAULT, "open not confirmed after the retry (until mode AUTO), or boom broken"),
)
"""The lane's state is a function of mode, links, sensors and arm (signs.lane_state); the later row wins."""

VEHICLE_PAIRS = frozenset((t.source, t.target) for t in VEHICLE)


def markdown() -> str:
    """The page docs/lane-machine.md."""
    lines = [
        "# The lane as a machine",
        "",
        "Generated from `lane_controller/core/machine.py` by `python -m lane_controller.app.machine_page`.",
        "",
        "## A vehicle",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {_id(t.source)} --> {_id(t.target)}" for t in VEHICLE),
        "```",
        "",
        *_table(VEHICLE),
        "",
        "## The lane",
        "",
        "The state follows from mode, links, sensors and arm; a later row wins over an earlier one.",
        "",
        *_table(LANE),
        "",
    ]
    return "\n".join(lines)


def _id(source: str) -> str:
    return "[*]" if source in (NEW, GONE) else source.replace(" ", "_")


def _table(rows: tuple[Transition, ...]) -> list[str]:
    body = [f"| {t.source} | {t.target} | {t.cause} |" for t in rows]
    return ["| from | to | by |", "|---|---|---|", *body]
