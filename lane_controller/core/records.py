"""Durable facts of the lane, in the order they happened, and what a restart needs of them.

In: made by the core as `effects.Record`. Out: written to the journal through `plain.py`; `remembered.recover` folds
them into `Durable` for `events.Booted`.
Never: a record that is changed later. A correction is a new record.
"""

from dataclasses import dataclass
from typing import TypeAlias

from lane_controller.contracts.values import Outcome
from lane_controller.core.evolve import quick
from lane_controller.core.instant import Now
from lane_controller.core.values import Candidate, Flag, Mode, TraceEdge


@quick
@dataclass(frozen=True, slots=True)
class StageTimes:
    """When each stage of a passage was reached, both clocks; None: never reached (or lost with a power failure)."""

    first_read: Now | None = None
    credible: Now | None = None
    l1_on: Now | None = None
    plate: Now | None = None
    decided: Now | None = None
    open_commanded: Now | None = None
    open_confirmed: Now | None = None
    l2_on: Now | None = None
    l3_on: Now | None = None


@quick
@dataclass(frozen=True, slots=True)
class Finding:
    """What a decision rests on and what it says: everything of a passage that is known before the vehicle moves.

    `epc`: tag bound to the vehicle, or whose plate pays; for manual and violation it is evidence and is not charged.
    `class_*` 1–5 or None. `rules`: ids that decided. `would_change`: what would have changed the outcome.
    """

    outcome: Outcome
    epc: str | None = None
    tid: str | None = None
    account: str | None = None
    provider: str | None = None
    plate_read: str | None = None
    plate_confidence: float | None = None
    plate_registered: str | None = None
    class_registered: int | None = None
    class_measured: int | None = None
    class_charged: int | None = None
    fare_vnd: int = 0
    ticket_no: str | None = None
    tariff_version: int | None = None
    list_version: int | None = None
    entry_version: int | None = None
    offline: bool = False
    rules: tuple[str, ...] = ()
    reason: str | None = None
    operator: str | None = None
    candidates: tuple[Candidate, ...] = ()
    would_change: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle that crossed L2 → L3. Key: (lane, epoch, seq); idempotency key: `passage_id`.

    `committed` is True when money moves at a tag's account (outcome charged). `flags` in the order they were raised.
    """

    passage_id: str
    seq: int
    finding: Finding
    committed: bool
    flags: tuple[Flag, ...]
    frames: tuple[str, ...]
    times: StageTimes
    closed: Now
    trace: tuple[TraceEdge, ...]

    @property
    def outcome(self) -> Outcome:
        """How the passage ended."""
        return self.finding.outcome


@quick
@dataclass(frozen=True, slots=True)
class Authorised:
    """A vehicle may pass; durable before its open command (rules.md, Restart)."""

    passage_id: str
    n: int
    finding: Finding
    flags: tuple[Flag, ...]
    frames: tuple[str, ...]
    times: StageTimes
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class Held:
    """A vehicle is held under this passage id; it may still be authorised, released, or leave.

    `past_l1`: it had left L1 towards the arm by then. `came`: when it came onto L1.
    """

    passage_id: str
    n: int
    flags: tuple[Flag, ...]
    at: Now
    past_l1: bool = False
    came: Now | None = None


@quick
@dataclass(frozen=True, slots=True)
class DrivenOn:
    """A vehicle that is authorised or held left L1 towards the arm (`past_l1`), or came back onto it."""

    passage_id: str
    past_l1: bool
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class Motorcycle:
    """It is not tolled (R9), and stands on L1, or has left it. `passage_id`: it was held under it before."""

    passage_id: str | None
    on_l1: bool
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class PassageClosed:
    """A vehicle crossed: the passage is final, its charge (if any) committed."""

    n: int
    passage: Passage


@quick
@dataclass(frozen=True, slots=True)
class Voided:
    """An authorisation came to nothing: nobody pays under this id."""

    passage_id: str
    reason: str
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class Abandoned:
    """A vehicle left upstream: no passage."""

    passage_id: str | None
    flags: tuple[Flag, ...]
    frames: tuple[str, ...]
    epc: str | None
    plate_read: str | None
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class ModeChanged:
    mode: Mode
    by: str
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class OperatorSession:
    """Login (operator named) or logout (None)."""

    operator: str | None
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class ListChanged:
    """The list row of a tag with own committed charges changed: they no longer count against it (R13)."""

    epc: str
    entry_version: int
    at: Now


@quick
@dataclass(frozen=True, slots=True)
class FlagRaised:
    """A finding of the lane that belongs to no vehicle (those of a vehicle travel with its passage)."""

    flag: Flag
    frames: tuple[str, ...]
    trace: tuple[TraceEdge, ...]
    at: Now


Record: TypeAlias = (
    Authorised
    | Held
    | DrivenOn
    | Motorcycle
    | PassageClosed
    | Voided
    | Abandoned
    | ModeChanged
    | OperatorSession
    | ListChanged
    | FlagRaised
)


@quick
@dataclass(frozen=True, slots=True)
class OwnCharge:
    """Committed by this lane since the tag's row last changed (R13)."""

    epc: str
    entry_version: int
    sum_vnd: int


@quick
@dataclass(frozen=True, slots=True)
class LastCommit:
    """When a tag was last committed here (R15); `utc_us`, because the monotonic clock does not survive a reboot."""

    epc: str
    utc_us: int


@quick
@dataclass(frozen=True, slots=True)
class Durable:
    """What survives a restart: `epoch` of the storage, counters, pending authorisations, R13 and R15 memory, mode.

    `held`: vehicles that were held and, as far as the records tell, are still before the arm.
    `driven_on`: passage ids of those, pending or held, that have left L1 towards the arm.
    `lc1_works`: it broke and cleared as the last vehicle passed. `motorcycle`: one is on L1.
    """

    epoch: int = 1
    n: int = 0
    seq: int = 0
    pending: tuple[Authorised, ...] = ()
    own_charges: tuple[OwnCharge, ...] = ()
    last_commits: tuple[LastCommit, ...] = ()
    mode: Mode = Mode.AUTO
    operator: str | None = None
    held: tuple[Held, ...] = ()
    driven_on: tuple[str, ...] = ()
    lc1_works: bool = False
    motorcycle: bool = False
