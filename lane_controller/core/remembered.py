"""What the journal's records leave for the next run: counters, memories, who is in the lane as far as they tell.

In: records in order (`recover`), one by one (`fold`). Out: `Durable`, for `events.Booted`.
Never: a committed charge lost or doubled (I8), or a memory that grows with traffic.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from lane_controller.contracts.values import Outcome
from lane_controller.core import passages
from lane_controller.core.instant import Now
from lane_controller.core.records import (
    Abandoned,
    Authorised,
    DrivenOn,
    Durable,
    FlagRaised,
    Held,
    LastCommit,
    ListChanged,
    ModeChanged,
    Motorcycle,
    OperatorSession,
    OwnCharge,
    PassageClosed,
    Record,
    Voided,
)
from lane_controller.core.values import Sensor

REPEAT_KEPT_US = 600_000_000
"""`recover` keeps commits this long before the newest record; the lane's own repeat_ms decides."""


def recover(records: Iterable[Record], epoch: int = 1, start: Durable | None = None) -> Durable:
    """Fold journalled records, oldest first, into what `Booted` needs; `start` continues from a snapshot."""
    durable = start if start is not None else Durable(epoch=epoch)
    for record in records:
        durable = fold(durable, record)
    return durable


def fold(durable: Durable, record: Record) -> Durable:
    """One more record. A snapshot of `Durable` with the records after it gives the same as all records."""
    match record:
        case Authorised():
            pending = (*_without(durable, record.passage_id), record)
            held = tuple(one for one in durable.held if one.n != record.n)
            durable = replace(_numbered(durable, record.n), pending=pending, held=held)
        case Held():
            held = (*(one for one in durable.held if one.n != record.n), record)
            durable = _moved(replace(_numbered(durable, record.n), held=held), record.passage_id, record.past_l1)
        case DrivenOn() | Motorcycle():
            durable = _left_l1(durable, record)
        case PassageClosed():
            durable = _closed(durable, record)
        case Voided() | Abandoned():
            durable = _gone(durable, record.passage_id)
        case ModeChanged():
            durable = replace(durable, mode=record.mode)
        case OperatorSession():
            durable = replace(durable, operator=record.operator)
        case ListChanged():
            durable = replace(durable, own_charges=tuple(o for o in durable.own_charges if o.epc != record.epc))
        case FlagRaised():
            pass
        case _:
            assert_never(record)
    return durable


def came_before(came: Now | None, other: Now | None) -> bool:
    """Onto L1, and both clocks say so: one of them may have begun anew, or been set."""
    return came is not None and other is not None and came.mono_us < other.mono_us and came.utc_us < other.utc_us


def _numbered(durable: Durable, n: int) -> Durable:
    """A new number is given to somebody new on L1, whatever was there before."""
    return replace(durable, n=n, motorcycle=False) if n > durable.n else durable


def _left_l1(durable: Durable, record: DrivenOn | Motorcycle) -> Durable:
    """Or it is on it. A motorcycle is held no more."""
    if isinstance(record, DrivenOn):
        return _moved(durable, record.passage_id, record.past_l1)
    return replace(_gone(durable, record.passage_id), motorcycle=record.on_l1)


def _gone(durable: Durable, passage_id: str | None) -> Durable:
    held = tuple(one for one in durable.held if one.passage_id != passage_id)
    return _moved(replace(durable, pending=_without(durable, passage_id), held=held), passage_id, past_l1=False)


def _without(durable: Durable, passage_id: str | None) -> tuple[Authorised, ...]:
    return tuple(pending for pending in durable.pending if pending.passage_id != passage_id)


def _moved(durable: Durable, passage_id: str | None, past_l1: bool) -> Durable:
    """It is past L1 now, or on it, or gone."""
    others = tuple(one for one in durable.driven_on if one != passage_id)
    return replace(durable, driven_on=(*others, passage_id) if past_l1 and passage_id is not None else others)


def _closed(durable: Durable, record: PassageClosed) -> Durable:
    passage = record.passage
    finding = passage.finding
    pending = _without(durable, passage.passage_id)
    # Whoever was before it has gone too.
    held = tuple(one for one in durable.held if one.n > record.n or came_before(passage.times.l1_on, one.came))
    there = {one.passage_id for one in pending} | {one.passage_id for one in held}
    durable = replace(
        durable,
        n=max(durable.n, record.n),
        seq=max(durable.seq, passage.seq),
        pending=pending,
        held=held,
        driven_on=tuple(one for one in durable.driven_on if one in there),
        lc1_works={edge.on for edge in passage.trace if edge.sensor is Sensor.LC1} == {True, False},
    )
    if finding.epc is None or finding.outcome not in passages.BY_TAG:
        return durable
    utc_us = passage.times.l3_on.utc_us if passage.times.l3_on else passage.closed.utc_us
    kept = tuple(c for c in durable.last_commits if c.epc != finding.epc and c.utc_us >= utc_us - REPEAT_KEPT_US)
    durable = replace(durable, last_commits=(*kept, LastCommit(finding.epc, utc_us)))
    if finding.outcome is not Outcome.CHARGED:
        return durable
    version = finding.entry_version or 0
    before = sum(o.sum_vnd for o in durable.own_charges if o.epc == finding.epc and o.entry_version == version)
    others = tuple(o for o in durable.own_charges if o.epc != finding.epc)
    return replace(durable, own_charges=(*others, OwnCharge(finding.epc, version, before + finding.fare_vnd)))
