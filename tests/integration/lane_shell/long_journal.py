"""A journal of any length, made by the real journal, encoder and seals, and the means to tamper with a copy of it.

In: a folder and a number of records. Out: a file as a busy lane leaves it: authorisations, passages, holds, voids and
flags, a seal every few hundred passages, cursors of a relay that has sent it all; and what was published of it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.contracts.v1 import SealV1
from lane_controller.contracts.values import Outcome, Topic
from lane_controller.core.instant import Now
from lane_controller.core.records import (
    Authorised,
    Finding,
    FlagRaised,
    Held,
    Passage,
    PassageClosed,
    Record,
    StageTimes,
    Voided,
)
from lane_controller.core.values import Candidate, Flag, Sensor, TraceEdge
from lane_controller.outbox.chain import GENESIS, link_hash
from lane_controller.outbox.encode import entry_of
from lane_controller.outbox.journal import Batch, Entry, Journal, JournalReader
from lane_controller.outbox.seals import make_seal

PLACE = ("CM", "CM-01", 1)
START_US = 1_781_500_000_000_000
SEAL_EVERY = 250
"""Passages of one seal."""
BATCH = 500


@dataclass(frozen=True, slots=True)
class Made:
    """A journal and the key that seals it."""

    path: Path
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()


def at(seconds: float) -> Now:
    return Now(round(seconds * 1e6), START_US + round(seconds * 1e6))


def records(plate: str = "20A") -> Iterator[Record]:
    """What a lane writes down, for ever."""
    n = 0
    seq = 0
    while True:
        n += 1
        t = 12.0 * n
        passage_id = f"CM-01-e1-{n:06d}"
        finding = _finding(n, plate)
        if n % 13 == 0:
            yield Held(passage_id, n, (Flag.LOW_BALANCE,), at(t + 0.3))
        if n % 29 == 0:
            yield FlagRaised(Flag.LOOP_CHATTER, (), (TraceEdge(Sensor.L1, True, at(t).mono_us),), at(t + 0.35))
        times = StageTimes(at(t - 0.9), at(t - 0.8), at(t), at(t + 0.3), at(t + 0.4), at(t + 0.4))
        yield Authorised(passage_id, n, finding, (), (), times, at(t + 0.4))
        if n % 17 == 0:
            yield Voided(passage_id, "pass_timeout", at(t + 9.0))
            continue
        seq += 1
        times = replace(times, open_confirmed=at(t + 1), l2_on=at(t + 2), l3_on=at(t + 3))
        trace = tuple(TraceEdge(sensor, True, at(t + i).mono_us) for i, sensor in enumerate(Sensor))
        passage = Passage(passage_id, seq, finding, True, (Flag.REPEAT,), (), times, at(t + 3.1), trace)
        yield PassageClosed(n, passage)


def build(path: Path, count: int, key: Ed25519PrivateKey | None = None, plate: str = "20A") -> Made:
    """A journal of at least `count` records that ends with a sealed passage."""
    made = Made(path, key or Ed25519PrivateKey.generate())
    journal = Journal(path, *PLACE, "boot")
    entries: list[Entry] = []
    for record in records(plate):
        entries.append(entry_of(record, *PLACE))
        if len(entries) >= BATCH and isinstance(record, PassageClosed):
            journal.commit(Batch([], entries))
            entries = []
            _seal(journal, made.key, SEAL_EVERY)
            if journal.heads[0] >= count:
                break
    _seal(journal, made.key, 1)
    with closing(JournalReader(path)) as reader:
        journal.set_cursor(Topic.PASSAGES.value, journal.heads[1])
        journal.set_cursor(Topic.SEALS.value, len(reader.seals()))
    journal.checkpoint()
    journal.close()
    return made


def published(made: Made, file: Path) -> Path:
    """What the stream holds of it: one JSON object a line."""
    with closing(JournalReader(made.path)) as reader, file.open("wb") as out:
        for passage in reader.passages():
            out.write(passage.message + b"\n")
        for _, message in reader.seals():
            out.write(message + b"\n")
    return file


@contextmanager
def copy(made: Made, to: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the journal that may be tampered with."""
    shutil.copyfile(made.path, to)
    db = sqlite3.connect(to, isolation_level=None)
    try:
        db.execute("pragma journal_mode=off")
        db.execute("pragma synchronous=off")
        db.execute("begin")
        yield db
        db.execute("commit")
    finally:
        db.close()


def rechain(db: sqlite3.Connection, number: int) -> None:
    """Compute the record chain anew from record `number` on, as one does who knows how it is made."""
    row = db.execute("select hash from record where number = ?", (number - 1,)).fetchone()
    head = row[0] if row else GENESIS
    for n, body in db.execute(
        "select number, body from record where number >= ? order by number", (number,)
    ).fetchall():
        head = link_hash(head, body)
        db.execute("update record set hash = ? where number = ?", (head, n))


def rechain_passages(db: sqlite3.Connection, seq: int) -> None:
    """The same for the passages, and what they say about the record chain."""
    row = db.execute("select hash from passage where seq = ?", (seq - 1,)).fetchone()
    head = row[0] if row else GENESIS
    rows = db.execute("select seq, number, message from passage where seq >= ? order by seq", (seq,)).fetchall()
    for one, number, data in rows:
        message = json.loads(data)
        (journal_hash,) = db.execute("select hash from record where number = ?", (number,)).fetchone()
        message |= {"previous_hash": head, "journal_hash": journal_hash, "journal_number": number}
        message["record_hash"] = head = passage_hash(message)
        row = (canonical_json(message), head, message["fare_vnd"], message["outcome"], one)
        db.execute("update passage set message = ?, hash = ?, fare_vnd = ?, outcome = ? where seq = ?", row)


def reseal(db: sqlite3.Connection, key: Ed25519PrivateKey, path: Path) -> None:
    """Sign all seals anew, over what is there now."""
    db.execute("commit")
    with closing(JournalReader(path)) as reader:
        passages = reader.passages()
        seals = [(number, SealV1.decode(data)) for number, data in reader.seals()]
    db.execute("begin")
    for number, old in seals:
        run = [passage for passage in passages if old.first_seq <= passage.seq <= old.last_seq]
        new = make_seal(key, PLACE, run, old.first_seq, run[-1].hash, old.sealed_at_utc)
        db.execute("update seal set message = ? where id = ?", (new.encode(), number))


def _finding(n: int, plate: str) -> Finding:
    epc = f"3034257BF7194E40{n % 5000:08X}"
    return Finding(
        Outcome.CHARGED if n % 5 else Outcome.TICKET, epc=epc, account=f"acc-{n % 5000}", provider="VETC",
        plate_read=f"{plate}{n % 5000:05d}", plate_confidence=0.97, plate_registered=f"{plate}{n % 5000:05d}",
        class_registered=1, class_charged=1, fare_vnd=35_000 if n % 5 else 0, tariff_version=1, list_version=40,
        entry_version=3, rules=("R1",), candidates=(Candidate(epc, 14, -56, True, 8020, "listed"),),
        would_change=("R13: 1000 VND less available",),
    )  # fmt: skip


def _seal(journal: Journal, key: Ed25519PrivateKey, least: int) -> None:
    with closing(JournalReader(journal.path)) as reader:
        after = reader.last_sealed()
        while run := reader.passages(after, SEAL_EVERY):
            if len(run) < least:
                return
            seal = make_seal(key, PLACE, run, after + 1, run[-1].hash, datetime(2026, 6, 15, tzinfo=UTC))
            journal.add_seal(seal.first_seq, seal.last_seq, seal.encode())
            after = seal.last_seq
