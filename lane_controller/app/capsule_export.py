"""Takes the capsule of one passage out of a lane's journal.

In: a journal, a passage id, the lane's configuration (for journals that do not hold it). Out: a capsule.
How: from the last mark before the vehicle (or the last start of the lane) the real core is run forward to the last
instant at which the lane was empty; there the capsule begins. It ends with the step that ended the passage.
Never: a capsule that was not cut at a state that the core itself came to. Errors: CapsuleError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from lane_controller.app.capsule_file import INPUTS_MAX, Capsule, CapsuleError, Recorded, Step
from lane_controller.app.capsule_run import play
from lane_controller.app.program import core_fingerprint, program_version
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import Booted, ListEntryChanged, PlateRead, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.lane import start
from lane_controller.core.plain import PlainError, event_from_plain, record_from_plain
from lane_controller.core.records import Durable, OwnCharge
from lane_controller.core.remembered import recover
from lane_controller.core.state import Lane
from lane_controller.outbox.chain import GENESIS
from lane_controller.outbox.inputs import InputReader, InputRow
from lane_controller.outbox.journal import JournalError, StoredRecord
from lane_controller.outbox.marks import lane_with, mark_of

BEFORE: Final = timedelta(seconds=10)
"""The capsule begins at least this long before the vehicle's first sign: longer than any tag is remembered."""
ENDINGS: Final = frozenset({"PassageClosed", "Voided", "Abandoned"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InputsGoneError(CapsuleError):
    """The retention has dropped the input events; the records stay."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose journal it is."""

    plaza: str
    lane: str
    epoch: int


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a capsule begins: the lane after record `number` (None: not known yet), before step `first`."""

    lane: Lane
    number: int | None
    first: int


def export(path: Path, place: Place, passage_id: str, config: LaneConfig) -> Capsule:
    """The capsule of a passage. Errors: CapsuleError."""
    try:
        reader = InputReader(path)
    except JournalError as error:
        raise CapsuleError(str(error)) from error
    try:
        return _export(reader, place, passage_id, config)
    except PlainError as error:
        text = f"{passage_id}: the journal holds what this program cannot read ({error}); use the one that wrote it"
        raise CapsuleError(text) from error
    finally:
        reader.close()


def _export(reader: InputReader, place: Place, passage_id: str, config: LaneConfig) -> Capsule:
    records = reader.records_of(passage_id)
    if not records:
        raise CapsuleError(f"no passage {passage_id} in this journal; `lane-controller passages` lists them")
    first_id, last_id = _ids(reader, passage_id, records)
    begin_id = reader.last_id_before(first_id, (_first_sign(records) - BEFORE).isoformat())
    row, rows_after = _base(reader, begin_id, first_id, passage_id)
    steps = tuple(_steps(reader.rows(rows_after, last_id), passage_id))
    ids = [step_id for step_id, _ in steps]
    before = sum(1 for step_id in ids if step_id <= begin_id)
    cut = _cut(_begin(reader, row, steps, config), [step for _, step in steps], before)
    return _capsule(reader, place, passage_id, cut, tuple(step for _, step in steps[cut.first :]), records)


def _ids(reader: InputReader, passage_id: str, records: list[StoredRecord]) -> tuple[int, int]:
    """First input of the step that first named the passage, last input of the step that ended it."""
    found = [reader.step_ids(one.at_utc, _at(one).mono_us) for one in (records[0], records[-1])]
    if found[0] is None or found[1] is None:
        raise InputsGoneError(
            f"{passage_id}: its input events are not in the journal any more (journal.keep_inputs_days); the records"
            " and their seals are: `lane-controller verify` and `explain` still work"
        )
    ended = records[-1].kind in ENDINGS
    return found[0][0], found[1][1] if ended else reader.last_id()


def _base(reader: InputReader, begin_id: int, first_id: int, passage_id: str) -> tuple[InputRow, int]:
    """The mark (or, in a journal without marks, the start of the lane) to run forward from, and the first row then.

    The last one before the capsule should begin; where none is kept, the first one before the passage's own records.
    """
    mark = reader.mark(begin_id) or reader.mark(first_id, first=True)
    boot = reader.boot(begin_id) or reader.boot(first_id, first=True)
    if mark is not None and (boot is None or mark.id > boot.id or mark.id == boot.id - 1):
        return mark, mark.id + 1
    if boot is not None:
        return boot, boot.id
    raise InputsGoneError(f"{passage_id}: neither a mark nor a start of the lane before it is kept in the journal")


def _steps(rows: Iterator[InputRow], passage_id: str) -> Iterator[tuple[int, Step]]:
    config, count = None, 0
    for row in rows:
        if row.is_mark:
            mark = mark_of(row.mono_us, row.body)
            config = mark.lane.config if mark.booting else None
            continue
        found: dict[str, Any] = json.loads(row.body)
        event = event_from_plain(found["event"])
        count += 1
        if count > INPUTS_MAX * 4:
            raise CapsuleError(f"{passage_id}: more than {INPUTS_MAX * 4} input events since the last mark")
        booting = isinstance(event, Booted)
        yield row.id, Step(row.boot, Now(row.mono_us, found["utc_us"]), event, config if booting else None)
        config = None


def _begin(
    reader: InputReader, row: InputRow, steps: tuple[tuple[int, Step], ...], config: LaneConfig
) -> _Cut:  # fmt: skip
    """The lane at the mark, with the own charges of every tag that the capsule can ask about."""
    if not row.is_mark:
        return _Cut(start(config), None, 0)
    mark = mark_of(row.mono_us, row.body)
    if mark.booting:
        return _Cut(mark.lane, mark.number, 0)
    epcs = _epcs(mark.lane, [step for _, step in steps])
    return _Cut(lane_with(mark.lane, _own_charges(reader, row, mark.number, epcs)), mark.number, 0)


def _own_charges(reader: InputReader, row: InputRow, number: int, epcs: set[str]) -> list[OwnCharge]:
    """R13 memory after record `number`: that of the start of this run, and what the records since then add to it."""
    boot, base, after = reader.boot(row.id), Durable(), 0
    if boot is not None and boot.boot == row.boot:
        before = reader.mark(boot.id)
        event = event_from_plain(json.loads(boot.body)["event"])
        if isinstance(event, Booted) and before is not None and before.id == boot.id - 1:
            base, after = event.durable, mark_of(before.mono_us, before.body).number
    wanted = [epc.encode() for epc in epcs]
    bodies = (body for body in reader.charges_between(after, number) if any(epc in body for epc in wanted))
    durable = recover((record_from_plain(json.loads(body)) for body in bodies), start=base)
    return [own for own in durable.own_charges if own.epc in epcs]


def _cut(begin: _Cut, steps: list[Step], last: int) -> _Cut:
    """Run forward and begin at the last instant up to step `last` at which the lane was empty, else at `last`."""
    number, best, empty = begin.number, begin, None
    if last > 0:
        for i, moment in enumerate(play(begin.lane, steps[:last]), start=1):
            number = None if number is None else number + len(moment.records)
            best = _Cut(moment.after, number, i)
            empty = best if not moment.after.tracks else empty
    return empty or best


def _capsule(
    reader: InputReader, place: Place, passage_id: str, cut: _Cut, steps: tuple[Step, ...], records: list[StoredRecord]
) -> Capsule:  # fmt: skip
    after = cut.number if cut.number is not None else _aligned(cut.lane, steps, passage_id, records[0].number)
    ended = records[-1].kind in ENDINGS
    last = reader.last_record_at(records[-1].number, records[-1].at_utc) if ended else reader.last_number()
    before = reader.record(after)
    epcs = _epcs(cut.lane, list(steps))
    stored = tuple(
        Recorded(one.number, one.body, one.hash, reader.message_of(one.number))
        for one in reader.records_between(after, last)
    )
    return Capsule(
        place.plaza, place.lane, place.epoch, passage_id, program_version(), core_fingerprint(),
        _only(cut.lane, epcs), after, before.hash if before else GENESIS,
        tuple(_small(step, epcs) for step in steps), stored, _seal(reader, records),
    )  # fmt: skip


def _aligned(lane: Lane, steps: tuple[Step, ...], passage_id: str, number: int) -> int:
    """In a journal without marks: the passage's first record, as the run makes it, tells the number of the first."""
    made = 0
    for moment in play(lane, steps):
        for record in moment.records:
            inner = getattr(record, "passage", record)
            if getattr(inner, "passage_id", None) == passage_id:
                return number - 1 - made
            made += 1
    raise CapsuleError(
        f"{passage_id} does not come out of the journal's input events with this program and this configuration;"
        " name the configuration that the lane had then"
    )


def _seal(reader: InputReader, records: list[StoredRecord]) -> str | None:
    passage = json.loads(records[-1].body).get("passage")
    seal = reader.seal_over(passage["seq"]) if passage else None
    return None if seal is None else seal.decode()


def _epcs(lane: Lane, steps: list[Step]) -> set[str]:
    """Every tag that the lane can be asked about in these steps."""
    found = set(lane.radio.tags)
    found |= {track.plate.entry.epc for track in lane.tracks if track.plate and track.plate.entry}
    found |= {track.finding.epc for track in lane.tracks if track.finding and track.finding.epc}
    for step in steps:
        match step.event:
            case TagSeen(epc=epc) | ListEntryChanged(epc=epc):
                found.add(epc)
            case PlateRead(entry=entry) if entry is not None:
                found.add(entry.epc)
            case Booted(durable=durable):
                found |= {pending.finding.epc for pending in durable.pending if pending.finding.epc}
            case _:
                pass
    return found


def _only(lane: Lane, epcs: set[str]) -> Lane:
    """The lane without what it remembers of tags that do not come up: a capsule is of one passage."""
    counts = lane.counts
    own = [charge for epc in sorted(epcs) if (charge := counts.own_charges.get(epc)) is not None]
    last = {epc: at for epc, at in counts.last_commits.items() if epc in epcs}
    return lane_with(replace(lane, counts=replace(counts, last_commits=last)), own)


def _small(step: Step, epcs: set[str]) -> Step:
    if not isinstance(step.event, Booted):
        return step
    durable = step.event.durable
    own = tuple(charge for charge in durable.own_charges if charge.epc in epcs)
    last = tuple(commit for commit in durable.last_commits if commit.epc in epcs)
    return replace(step, event=replace(step.event, durable=replace(durable, own_charges=own, last_commits=last)))


def _at(record: StoredRecord) -> Now:
    """The instant of the step that made a record."""
    body = json.loads(record.body)
    at = body["passage"]["closed"] if "passage" in body else body["at"]
    return Now(at["mono_us"], at["utc_us"])


def _first_sign(records: list[StoredRecord]) -> datetime:
    """The earliest wall time that the passage's records name."""
    found = []
    for record in records:
        body = json.loads(record.body)
        times = body.get("passage", body).get("times") or {}
        found += [at["utc_us"] for at in times.values() if at is not None] + [_at(record).utc_us]
    return _EPOCH + timedelta(microseconds=min(found))
