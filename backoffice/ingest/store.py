"""One batch of passages into the database: what is new, what was here, what contradicts, what is missing.

In: decoded passages and rejections of one batch. Out: rows written in an order that makes a crash anywhere harmless
(postings, then passages: a passage that is here has its postings), and a BatchReport. Blocking; runs in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from backoffice.contracts.tables import PASSAGES, POSTINGS
from backoffice.ingest import rows
from backoffice.ingest.decode import Rejection
from backoffice.ingest.sequence import LaneSequence
from backoffice.ledger.postings import Posting, charge
from backoffice.rating.charge import Contract, Discrepancy, rate
from backoffice.rating.tariff import Tariffs
from backoffice.storage.clock import to_us
from backoffice.storage.database import Database
from backoffice.storage.postings import posting_columns
from lane_controller.contracts.v1 import PassageV1
from lane_controller.stream.port import Record

LaneKey = tuple[str, str, int]
"""(plaza, lane, epoch)."""

_HEAD_SQL: Final = """
SELECT max(seq), count(), argMax(record_hash, seq) FROM passages FINAL
WHERE plaza = %(plaza)s AND lane = %(lane)s AND epoch = %(epoch)s
"""
_HOLES_SQL: Final = """
SELECT before + 1, seq - 1 FROM (
    SELECT seq, lagInFrame(seq, 1, 0) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
    FROM (SELECT DISTINCT seq FROM passages WHERE plaza = %(plaza)s AND lane = %(lane)s AND epoch = %(epoch)s)
) WHERE seq > before + 1 ORDER BY seq
"""
_HASHES_SQL: Final = """
SELECT seq, record_hash FROM passages FINAL
WHERE plaza = %(plaza)s AND lane = %(lane)s AND epoch = %(epoch)s AND seq IN %(seqs)s
"""


@dataclass(slots=True)
class BatchReport:
    """What became of a batch."""

    stored: list[PassageV1] = field(default_factory=list)
    duplicates: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    discrepancies: list[tuple[PassageV1, Discrepancy]] = field(default_factory=list)
    broken_chains: list[PassageV1] = field(default_factory=list)
    touched: set[LaneKey] = field(default_factory=set)


class PassageStore:
    """Knows the newest number of every lane, and writes batches."""

    def __init__(self, database: Database, contract: Callable[[str], Contract], now_us: Callable[[], int]) -> None:
        self._database = database
        self._contract = contract
        self._now_us = now_us
        self._lanes: dict[LaneKey, LaneSequence] = {}
        self.tariffs = Tariffs()

    def sequences(self) -> dict[LaneKey, LaneSequence]:
        """What is known of each lane, newest first seen last."""
        return dict(self._lanes)

    def load_known_lanes(self) -> None:
        """Learn the state of every lane that the database has passages of."""
        for plaza, lane, epoch in self._database.rows("SELECT DISTINCT plaza, lane, epoch FROM passages"):
            self._load((plaza, lane, epoch))

    def forget(self) -> None:
        """After a failure: learn the lanes anew from the database, because a batch may be there in part."""
        self._lanes.clear()

    def write(self, decoded: Sequence[tuple[Record, PassageV1 | Rejection]]) -> BatchReport:
        """Write one batch. DatabaseError: nothing is lost, call `forget` and write it again."""
        report = BatchReport()
        fresh = self._sort_out(decoded, report)
        report.stored = [passage for _, passage in fresh]
        self._write_money(report)
        self._database.insert(PASSAGES, rows.passage_columns(report.stored, self._now_us()))
        self._database.insert("rejected_messages", rows.rejection_columns(report.rejections, self._now_us()))
        self._note(report)
        return report

    def _sort_out(
        self, decoded: Iterable[tuple[Record, PassageV1 | Rejection]], report: BatchReport
    ) -> list[tuple[Record, PassageV1]]:
        """Split a batch into new passages (returned) and, in the report, rejections and duplicates."""
        first: dict[tuple[LaneKey, int], PassageV1] = {}
        fresh: list[tuple[Record, PassageV1]] = []
        seen_before: dict[LaneKey, list[tuple[Record, PassageV1]]] = {}
        ids: dict[str, int] = {}
        for record, item in decoded:
            if isinstance(item, Rejection):
                report.rejections.append(item)
                continue
            lane = (item.plaza, item.lane, item.epoch)
            twin = first.setdefault((lane, item.seq), item)
            if twin is not item:
                self._judge_twin(record, item, twin.record_hash, report)
            elif ids.setdefault(item.passage_id, item.seq) != item.seq:
                text = f"{item.passage_id} is the id of seq {ids[item.passage_id]} and of seq {item.seq}"
                report.rejections.append(Rejection(record, "conflict", text))
            elif self._sequence(lane, item.seq).holds(item.seq):
                seen_before.setdefault(lane, []).append((record, item))
            else:
                fresh.append((record, item))
        for lane, candidates in seen_before.items():
            fresh += self._judge_known(lane, candidates, report)
        return fresh

    def _judge_twin(self, record: Record, item: PassageV1, known_hash: str, report: BatchReport) -> None:
        if item.record_hash == known_hash:
            report.duplicates += 1
            return
        text = (
            f"{item.lane} epoch {item.epoch} seq {item.seq} came with another content than is stored; the first stays"
        )
        report.rejections.append(Rejection(record, "conflict", text))

    def _judge_known(
        self, lane: LaneKey, candidates: Sequence[tuple[Record, PassageV1]], report: BatchReport
    ) -> list[tuple[Record, PassageV1]]:
        """Compare with what is stored; what the table lacks after all (somebody emptied it) is new again."""
        seqs = tuple(item.seq for _, item in candidates)
        stored: dict[int, str] = dict(self._database.rows(_HASHES_SQL, _named(lane) | {"seqs": seqs}))
        for record, item in candidates:
            if item.seq in stored:
                self._judge_twin(record, item, stored[item.seq], report)
        return [(record, item) for record, item in candidates if item.seq not in stored]

    def _sequence(self, lane: LaneKey, seq: int) -> LaneSequence:
        known = self._lanes.get(lane)
        return known if known is not None else self._load(lane)

    def _load(self, lane: LaneKey) -> LaneSequence:
        high_water, count, head = self._database.rows(_HEAD_SQL, _named(lane))[0]
        holes = self._database.rows(_HOLES_SQL, _named(lane)) if count != high_water else []
        self._lanes[lane] = LaneSequence(high_water, [(first, last) for first, last in holes], head)
        return self._lanes[lane]

    def _write_money(self, report: BatchReport) -> None:
        postings: list[Posting] = []
        for passage in report.stored:
            charged = rate(rows.facts(passage), self.tariffs, self._contract(passage.plaza))
            if charged is not None:
                postings.extend(charge(charged, to_us(passage.passed_at_utc)).legs)
                report.discrepancies.extend((passage, found) for found in charged.discrepancies)
        self._database.insert("discrepancies", rows.discrepancy_columns(report.discrepancies))
        self._database.insert(POSTINGS, posting_columns(postings, self._now_us()))

    def _note(self, report: BatchReport) -> None:
        """Advance the lanes, look at the hash chain, write the marks."""
        for passage in sorted(report.stored, key=lambda p: (_lane_of(p), p.seq)):
            lane = _lane_of(passage)
            if self._lanes[lane].leaps(passage.seq):  # another process may have taken the numbers between: ask first
                self._load(lane)
            sequence = self._lanes[lane]
            follows = passage.seq == sequence.high_water + 1
            if follows and sequence.head_hash not in ("", passage.previous_hash):
                report.broken_chains.append(passage)
            if passage.seq > sequence.high_water:
                sequence.head_hash = passage.record_hash
            sequence.add(passage.seq)
            report.touched.add(lane)
        self._write_marks(report.touched)

    def _write_marks(self, lanes: Iterable[LaneKey]) -> None:
        now = self._now_us()
        marks: list[tuple[Any, ...]] = []
        for plaza, lane, epoch in sorted(lanes):
            sequence = self._lanes[plaza, lane, epoch]
            missing = list(sequence.missing[:1000])
            marks.append((plaza, lane, epoch, sequence.high_water, sequence.head_hash, missing, now))
        names = ("plaza", "lane", "epoch", "high_water_seq", "head_hash", "missing", "updated_at")
        if marks:
            self._database.insert("ingest_marks", dict(zip(names, zip(*marks, strict=True), strict=True)))


def _lane_of(passage: PassageV1) -> LaneKey:
    return passage.plaza, passage.lane, passage.epoch


def _named(lane: LaneKey) -> dict[str, Any]:
    return {"plaza": lane[0], "lane": lane[1], "epoch": lane[2]}
