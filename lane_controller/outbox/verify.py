"""Proves, from the files alone, that a lane's journal is whole.

In: a journal file; who the lane is and whose key must have signed, where that is known. Out: a report with every
record, passage and seal that is missing, altered, added or out of order. It only reads, one record at a time: a journal
in use can be checked, and one of years needs no more memory than one of a day. What a file cannot know about itself
(that its newest end was cut off, with everything that remembers it) is found against what was published: `witness.py`.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from lane_controller.contracts.v1 import MessageError, SealV1
from lane_controller.contracts.values import Topic
from lane_controller.outbox.agreement import message_disagrees, record_disagrees
from lane_controller.outbox.chain import Finding, Kind, Link, PassageWalk, RecordWalk, Table, json_object
from lane_controller.outbox.journal import (
    SCHEMA_VERSION,
    JournalError,
    JournalReader,
    Mark,
    StoredPassage,
    read_mark,
)
from lane_controller.outbox.seals import SealWalk

FINDINGS_KEPT: Final = 1_000
"""More are counted, not kept: a journal of another lane differs in every record."""
TOLD_EVERY: Final = 2_000
"""Records between two calls of `progress`."""
Progress = Callable[[int, int], None]
"""Called with (done, all) records and passages."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and what was found. `unsealed`: passages after the last seal; `more`: findings not kept."""

    records: int = 0
    passages: int = 0
    seals: int = 0
    unsealed: int = 0
    public_keys: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    more: int = 0
    seconds: float = 0.0

    def summary(self) -> str:
        """One line for people."""
        count = len(self.findings) + self.more
        state = "ok (nguyên vẹn)" if not count else f"{count} FINDINGS (phát hiện)"
        speed = f", {self.records / self.seconds:,.0f} records/s" if self.seconds else ""
        return (
            f"{state}; {self.records} records, {self.passages} passages, {self.seals} seals,"
            f" {self.unsealed} passages after the last seal; {self.seconds:.1f} s{speed}"
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        found = [
            {"kind": one.kind, "table": one.table, "number": one.number, "text": one.text} for one in self.findings
        ]
        return {
            "ok": not self.findings, "records": self.records, "passages": self.passages, "seals": self.seals,
            "unsealed": self.unsealed, "public_keys": list(self.public_keys), "seconds": round(self.seconds, 3),
            "findings": found, "more_findings": self.more,
        }  # fmt: skip


@dataclass(slots=True)
class Findings:
    """Keeps the first ones, counts the others."""

    kept: list[Finding] = field(default_factory=list)
    more: int = 0

    def add(self, found: Iterable[Finding]) -> None:
        """Some more."""
        for one in found:
            if len(self.kept) < FINDINGS_KEPT:
                self.kept.append(one)
            else:
                self.more += 1


def verify_journal(
    path: Path, place: tuple[str, str, int] | None = None, trusted_key: str | None = None,
    progress: Progress | None = None,
) -> Report:  # fmt: skip
    """Check records, passages and seals of one journal.

    `place`: plaza, lane and epoch that it must be of (None: what it says itself); `trusted_key`: public key, hex, that
    must have signed its seals (None: the one that signed the first).
    """
    began = time.perf_counter()
    try:
        reader = JournalReader(path)
    except JournalError as error:
        return Report(findings=(Finding("unreadable", 0, str(error), "journal"),))
    mark = _mark_beside(path)  # before the rest is read: a lane that runs may only be further on than this
    try:
        with reader.unmoved():
            report = _Verifier(reader, place, trusted_key, progress or (lambda done, total: None), mark).run()
    except sqlite3.DatabaseError as error:
        return Report(findings=(Finding("unreadable", 0, f"{path}: {error}", "journal"),))
    finally:
        reader.close()
    return replace(report, seconds=time.perf_counter() - began)


def _mark_beside(path: Path) -> Mark | None:
    """How far the lane says that it came, in the lock file beside the journal; None where there is none."""
    try:
        handle = os.open(path.with_suffix(".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return read_mark(handle)
    finally:
        os.close(handle)


_Seal: TypeAlias = tuple[int, tuple[int, int], SealV1]
"""A seal with its id and the first and last seq of its row."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A passage that comes next, number and kind of the record that it belongs to, and its message, read once."""

    passage: StoredPassage
    number: int
    kind: str | None
    message: dict[str, Any] | None


class _Verifier:
    """One run over one journal: each record with the passage that it closes, the seals as their passages go by, then
    what the file remembers of its end.
    """

    def __init__(
        self, reader: JournalReader, place: tuple[str, str, int] | None, trusted_key: str | None, progress: Progress,
        mark: Mark | None,
    ) -> None:  # fmt: skip
        self._reader, self._progress, self._mark = reader, progress, mark
        self._findings = Findings()
        self._place = self._claimed(place)
        self._our_passage = re.compile(rf"{re.escape(self._place[1])}-e0*{self._place[2]}-\d{{6,}}").fullmatch
        self._seals = SealWalk(self._place, trusted_key)
        self._rows = self._reader.passages_with_records()
        self._ahead = self._next_passage()
        self._sealed_rows = self._reader.sealed_rows()
        self._walk = PassageWalk()
        self._records = self._passages = self._sealed = self._sealed_through = 0
        self._total = reader.last_number() + reader.last_seq()

    def run(self) -> Report:
        self._seal = self._next_seal()
        self._walk_records()
        self._walk_passages(None)
        while self._seal is not None:
            self._seal = self._finish(self._seal)
        self._look_past_the_end()
        found, seals = self._findings, self._seals
        unsealed = max(0, self._reader.last_seq() - self._sealed_through)
        keys, kept = tuple(seals.keys), tuple(found.kept)
        return Report(self._records, self._passages, self._sealed, unsealed, keys, kept, found.more)

    def _claimed(self, place: tuple[str, str, int] | None) -> tuple[str, str, int]:
        meta = self._reader.meta
        epoch = meta.get("epoch", "")
        said = (meta.get("plaza", ""), meta.get("lane", ""), int(epoch) if epoch.isdecimal() else 0)
        if meta.get("schema") != SCHEMA_VERSION:
            text = f"the file says schema {meta.get('schema')!r}; this program writes and reads {SCHEMA_VERSION!r}"
            self._findings.add([Finding("altered", 0, text, "journal")])
        if place is not None and said != place:
            text = f"the file says that it is of {said[0]} {said[1]}, epoch {epoch}; it should be of {place[0]}"
            self._findings.add([Finding("foreign", 0, f"{text} {place[1]}, epoch {place[2]}", "journal")])
        return place or said

    def _walk_records(self) -> None:
        walk = RecordWalk()
        for link, at_utc, kind, passage_id in self._reader.links():
            self._records += 1
            self._findings.add(walk.see(link))
            self._findings.add(self._one_record(link, at_utc, kind, passage_id))
            self._tell()
            self._walk_passages(link.number)

    def _one_record(self, link: Link, at_utc: str, kind: str, passage_id: str | None) -> Iterable[Finding]:
        number, body = link.number, json_object(link.body)
        if body is None:
            return [Finding("unreadable", number, f"record {number} is no JSON object")]
        found = []
        if columns := record_disagrees(body, at_utc, kind, passage_id):
            text = f"record {number}: {', '.join(columns)} of the row is not what the record says"
            found.append(Finding("altered", number, text))
        if passage_id is not None and not self._ours(passage_id):
            found.append(Finding("foreign", number, f"record {number} is about {passage_id}, of another journal"))
        if "PassageClosed" in (kind, body.get("type")):
            found += self._closed(link, body)
        return found

    def _ours(self, passage_id: str) -> bool:
        return self._our_passage(passage_id) is not None

    def _closed(self, link: Link, body: dict[str, Any]) -> list[Finding]:
        """A record that closes a passage, and that passage."""
        number = link.number
        there, message = self._message_of(number)
        if not there:
            name = json.dumps((body.get("passage") or {}).get("passage_id"))
            return [Finding("missing", number, f"record {number} closes passage {name}, which is not there")]
        if message is None:
            return []  # told when the passage is looked at
        fields = message_disagrees(body, message)
        if "journal_hash" in message:
            said = (message.get("journal_number"), message["journal_hash"])
            fields += ["journal_hash"] if said != (number, link.stored_hash) else []
        if not fields:
            return []
        text = f"passage {message.get('seq')} is not what record {number} says: {', '.join(fields)}"
        return [Finding("altered", number, text)]

    def _message_of(self, number: int) -> tuple[bool, dict[str, Any] | None]:
        """Whether a passage belongs to that record, and its message (None: no JSON object)."""
        if self._ahead is not None and self._ahead.number == number:
            return True, self._ahead.message
        data = self._reader.message_of(number)
        return (False, None) if data is None else (True, json_object(data))

    def _next_passage(self) -> _Ahead | None:
        for passage, number, kind in self._rows:
            return _Ahead(passage, number, kind, json_object(passage.message))
        return None

    def _walk_passages(self, number: int | None) -> None:
        """The next passages, as far as they belong to records up to `number`; None: all that are left."""
        while (ahead := self._ahead) is not None and (number is None or ahead.number <= number):
            passage = ahead.passage
            while self._seal is not None and passage.seq > self._seal[2].last_seq:
                self._seal = self._finish(self._seal)
            self._passages += 1
            self._findings.add(self._walk.see(passage.seq, passage.message, ahead.message))
            self._findings.add(self._one_passage(passage, ahead.message or {}, ahead.number, ahead.kind))
            self._seals.add(passage)
            self._tell()
            self._ahead = self._next_passage()

    def _one_passage(
        self, passage: StoredPassage, message: dict[str, Any], number: int, kind: str | None
    ) -> Iterable[Finding]:
        def wrong(what: Kind, text: str) -> Finding:
            return Finding(what, passage.seq, f"passage {passage.seq} {text}", "passage")

        if kind is None:
            yield wrong("missing", f"belongs to record {number}, which is not there")
        elif kind != "PassageClosed":
            yield wrong("altered", f"belongs to record {number}, which closes no passage but is {kind}")
        columns = {"passage_id": passage.passage_id, "outcome": passage.outcome, "fare_vnd": passage.fare_vnd}
        columns["record_hash"] = passage.hash
        differ = [name for name, value in columns.items() if message.get(name) != value]
        if message and differ:
            yield wrong("altered", f": {', '.join(differ)} of row and message differ")
        said = tuple(message.get(name) for name in ("plaza", "lane", "epoch"))
        if not self._ours(passage.passage_id) or ("plaza" in message and said != self._place):
            yield wrong("foreign", f"({passage.passage_id}) is of another journal")

    def _next_seal(self) -> _Seal | None:
        for number, first, last, data in self._sealed_rows:
            self._sealed += 1
            try:
                seal = SealV1.decode(data)
            except MessageError as error:
                self._findings.add([Finding("unreadable", number, f"seal {number}: {error}", "seal")])
                continue
            if seal.encode() != data:
                self._findings.add([Finding("altered", number, f"seal {number} is spelled in another way", "seal")])
            return number, (first, last), seal
        return None

    def _finish(self, seal: _Seal) -> _Seal | None:
        self._findings.add(self._seals.finish(*seal))
        self._sealed_through = max(self._sealed_through, seal[2].last_seq)
        return self._next_seal()

    def _look_past_the_end(self) -> None:
        """An end that was cut off is still remembered elsewhere in the file, unless that was cut, too."""
        remembered, reader = self._reader.remembered(), self._reader
        last_seal = self._seals.expected_id - 1
        ends: tuple[tuple[str, int, Table, str], ...] = (
            (f"cursor {Topic.PASSAGES.value}", reader.last_seq(), "passage", "passages were sent up to"),
            (f"cursor {Topic.SEALS.value}", last_seal, "seal", "seals were sent up to"),
            ("seal ids", last_seal, "seal", "seals were made up to"),
            ("snapshot", reader.last_number(), "record", "the snapshot covers records up to"),
            ("mark", reader.last_number(), "record", "the file beside the journal says that the lane wrote record"),
        )
        remembered |= {} if self._mark is None else {"mark": self._mark.number}
        for name, last, table, text in ends:
            if remembered.get(name, 0) > last:
                told = f"{text} {remembered[name]}, the last one here is {last}"
                self._findings.add([Finding("missing", last + 1, told, table)])

    def _tell(self) -> None:
        done = self._records + self._passages
        if done % TOLD_EVERY == 0 or done == self._total:
            self._progress(done, self._total)
