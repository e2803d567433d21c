"""Whatever is done to a journal, `verify` finds it and names the place: 100,000 records with --long, fewer without."""

from __future__ import annotations

import json
import sqlite3
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from lane_controller.contracts.hashes import canonical_json
from lane_controller.contracts.v1 import SealV1
from lane_controller.contracts.values import Topic
from lane_controller.outbox.journal import JournalReader
from lane_controller.outbox.verify import Report, verify_journal
from lane_controller.outbox.witness import Witness
from tests.integration.lane_shell.long_journal import (
    PLACE,
    Made,
    build,
    copy,
    published,
    rechain,
    rechain_passages,
    reseal,
)

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]
Place = tuple[str, int]
"""(table, number) that a finding must name; one of several is enough."""
RECORDS = 2_500
"""Without --long."""


@dataclass(frozen=True)
class Scene:
    """A copy that is tampered with, and how long it is."""

    db: sqlite3.Connection
    path: Path
    made: Made
    records: int
    passages: int
    seals: int

    def one(self, query: str, *values: object) -> Any:
        return self.db.execute(query, values).fetchone()[0]

    def closing_record(self, near: int) -> int:
        """A record that closes a passage, at `near` or after it."""
        return int(self.one("select min(number) from passage where number >= ?", near))

    def other_record(self, near: int) -> int:
        return int(self.one("select min(number) from record where number >= ? and kind = 'Authorised'", near))

    def edit(self, table: str, column: str, key: str, number: int, old: str, new: str) -> None:
        """Replace text in JSON bytes; it must be there."""
        query = f"select {column} from {table} where {key} = ?"
        data = self.one(query, number)
        assert old.encode() in data, (old, data)
        changed = data.replace(old.encode(), new.encode(), 1)
        self.db.execute(f"update {table} set {column} = ? where {key} = ?", (changed, number))


Tampering = Callable[[Scene], list[Place]]


@pytest.fixture(scope="session")
def journal(long_run: bool, tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("tampering") / "CM-01-e1.journal.sqlite3"
    return build(path, 100_000 if long_run else RECORDS)


@pytest.fixture(scope="session")
def stream_of(journal: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(journal, tmp_path_factory.mktemp("stream") / "published.jsonl")


def lengths(made: Made) -> tuple[int, int, int]:
    with closing(JournalReader(made.path)) as reader:
        return reader.last_number(), reader.last_seq(), len(reader.seals())


def tampered(made: Made, folder: Path, do: Tampering, key: str | None) -> tuple[Report, list[Place]]:
    path = folder / "CM-01-e1.journal.sqlite3"
    with copy(made, path) as db:
        places = do(Scene(db, path, made, *lengths(made)))
    return verify_journal(path, PLACE, key), places


def places_of(report: Report) -> set[Place]:
    return {(one.table, one.number) for one in report.findings}


# ---- what is done ---------------------------------------------------------------------------------------------------


def missing_record(where: str) -> Tampering:
    def do(s: Scene) -> list[Place]:
        number = {"first": 1, "middle": s.records // 2, "last": s.records}[where]
        s.db.execute("delete from record where number = ?", (number,))
        return [("record", number), ("passage", s.passages)] if where == "last" else [("record", number)]

    return do


def missing_passage(where: str) -> Tampering:
    def do(s: Scene) -> list[Place]:
        seq = {"first": 1, "middle": s.passages // 2, "last": s.passages}[where]
        number = s.one("select number from passage where seq = ?", seq)
        s.db.execute("delete from passage where seq = ?", (seq,))
        return [("record", number)]

    return do


def run_of_records_missing(s: Scene) -> list[Place]:
    s.db.execute("delete from record where number between ? and ?", (s.records // 3, s.records // 3 + 20))
    return [("record", s.records // 3)]


def tail_after_a_seal_missing(s: Scene) -> list[Place]:
    """Everything after the last seal but one, and that last seal."""
    last = s.one("select max(last_seq) from seal where id < ?", s.seals)
    _cut(s, last)
    s.db.execute("delete from seal where id = ?", (s.seals,))
    return [("passage", last + 1), ("seal", s.seals)]


def tail_and_cursor_missing(s: Scene) -> list[Place]:
    """The same, and the cursors of what was sent are set back: the ids of the seals still tell."""
    tail_after_a_seal_missing(s)
    s.db.execute("update cursor set position = 1")
    return [("seal", s.seals)]


def tail_missing_its_seal_kept(s: Scene) -> list[Place]:
    _cut(s, s.passages - 3)
    return [("seal", s.seals)]


def all_seals_missing(s: Scene) -> list[Place]:
    s.db.execute("delete from seal")
    return [("seal", 1)]


def one_seal_missing(s: Scene) -> list[Place]:
    s.db.execute("delete from seal where id = 2")
    return [("seal", 2)]


def record_altered(old: str, new: str, closes: bool = True) -> Tampering:
    def do(s: Scene) -> list[Place]:
        number = s.closing_record(s.records // 2) if closes else s.other_record(s.records // 2)
        s.edit("record", "body", "number", number, old, new)
        return [("record", number)]

    return do


def column_altered(table: str, key: str, column: str, value: object) -> Tampering:
    def do(s: Scene) -> list[Place]:
        number = s.closing_record(s.records // 2) if table == "record" else s.passages // 2 if table == "passage" else 2
        s.db.execute(f"update {table} set {column} = ? where {key} = ?", (value, number))
        return [(table, number)]

    return do


def message_altered(old: str, new: str) -> Tampering:
    def do(s: Scene) -> list[Place]:
        seq = s.one("select seq from passage where seq >= ? and outcome = 'charged'", s.passages // 2)
        s.edit("passage", "message", "seq", seq, old, new)
        return [("passage", seq)]

    return do


def record_altered_chain_computed_anew(s: Scene) -> list[Place]:
    """An authorisation is changed and every record hash after it made to fit: the next passage knows better."""
    number = s.other_record(s.records // 2)
    s.edit("record", "body", "number", number, '"n":', '"n":9')
    rechain(s.db, number)
    return [("record", s.closing_record(number))]


def passage_altered_both_chains_computed_anew(s: Scene) -> list[Place]:
    """Record and passage are changed alike, every hash fits: the seal over the passage does not."""
    number = s.closing_record(s.records // 2)
    seq = s.one("select seq from passage where number = ?", number)
    s.edit("record", "body", "number", number, '"plate_read":"20A', '"plate_read":"99A')
    s.edit("passage", "message", "seq", seq, '"plate":"20A', '"plate":"99A')
    rechain(s.db, number)
    rechain_passages(s.db, seq)
    return [("seal", s.one("select id from seal where first_seq <= ? and last_seq >= ?", seq, seq))]


def all_of_it_and_sealed_with_another_key(s: Scene) -> list[Place]:
    passage_altered_both_chains_computed_anew(s)
    reseal(s.db, Ed25519PrivateKey.generate(), s.path)
    return [("seal", 1)]


def one_seal_with_another_key(s: Scene) -> list[Place]:
    seal = SealV1.decode(s.one("select message from seal where id = 2"))
    key = Ed25519PrivateKey.generate()
    forged = seal.model_copy(update={"public_key": key.public_key().public_bytes_raw().hex()})
    forged = forged.model_copy(update={"signature": key.sign(forged.signed_bytes()).hex()})
    s.db.execute("update seal set message = ? where id = 2", (forged.encode(),))
    return [("seal", 2)]


def seal_altered(field: str, value: object) -> Tampering:
    def do(s: Scene) -> list[Place]:
        message = json.loads(s.one("select message from seal where id = 2")) | {field: value}
        s.db.execute("update seal set message = ? where id = 2", (SealV1.model_validate(message).encode(),))
        return [("seal", 2)]

    return do


def record_added(s: Scene) -> list[Place]:
    number = s.records // 2
    _shift(s, number, 1)
    s.db.execute("insert into record select ?, at_utc, kind, null, body, hash from record where number = 1", (number,))
    return [("record", number)]


def passage_added(s: Scene) -> list[Place]:
    """A passage more in the middle of a sealed run, all numbers and hashes made to fit."""
    number = s.closing_record(s.records // 2)
    seq = s.one("select seq from passage where number = ?", number)
    _shift(s, number + 1, 1)
    s.db.execute("update passage set seq = -seq - 1 where seq > ?", (seq,))
    s.db.execute("update passage set seq = -seq where seq < 0")
    for table, key, old in (("record", "number", number), ("passage", "seq", seq)):
        columns = [row[1] for row in s.db.execute(f"pragma table_info({table})")]
        row = dict(zip(columns, s.db.execute(f"select * from {table} where {key} = ?", (old,)).fetchone(), strict=True))
        row |= {"number": number + 1, "passage_id": "CM-01-e1-999999"} | (
            {"seq": seq + 1} if table == "passage" else {}
        )
        marks = ", ".join("?" for _ in row)
        s.db.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", tuple(row.values()))
    rechain(s.db, number + 1)
    rechain_passages(s.db, seq + 1)
    return [("seal", s.one("select id from seal where first_seq <= ? and last_seq >= ?", seq, seq))]


def record_repeated(s: Scene) -> list[Place]:
    number = s.records // 2
    _shift(s, number + 1, 1)
    s.db.execute(
        "insert into record select ?, at_utc, kind, passage_id, body, hash from record where number = ?",
        (number + 1, number),
    )
    return [("record", number + 1)]


def two_records_swapped(s: Scene) -> list[Place]:
    a, b = s.records // 3, s.records // 3 + 7
    _swap(s, "record", "number", a, b)
    return [("record", a), ("record", b)]


def two_passages_swapped(s: Scene) -> list[Place]:
    a, b = s.passages // 3, s.passages // 3 + 1
    _swap(s, "passage", "seq", a, b)
    return [("passage", a), ("passage", b)]


def sequence_renumbered(s: Scene) -> list[Place]:
    """A passage is taken out and those behind it move up, as if it had never been."""
    seq = s.passages // 2
    number = s.one("select number from passage where seq = ?", seq)
    s.db.execute("delete from passage where seq = ?", (seq,))
    s.db.execute("update passage set seq = -(seq - 1) where seq > ?", (seq,))
    s.db.execute("update passage set seq = -seq where seq < 0")
    return [("record", number), ("passage", seq)]


def spliced_with_another_journal(s: Scene) -> list[Place]:
    """From the middle on, the records of another journal of the same lane."""
    other = s.path.with_name("other.sqlite3")
    build(other, 1_000, plate="51G")
    number = 600
    s.db.execute("commit")
    s.db.execute("attach ? as other", (str(other),))
    s.db.execute("begin")
    s.db.execute("delete from record where number between ? and 900", (number,))
    s.db.execute("insert into record select * from other.record where number between ? and 900", (number,))
    s.db.execute("commit")
    s.db.execute("detach other")
    s.db.execute("begin")
    return [("record", number)]


def another_lane(s: Scene) -> list[Place]:
    s.db.execute("update meta set value = 'CM-02' where name = 'lane'")
    return [("journal", 0)]


def epoch_begun_anew(s: Scene) -> list[Place]:
    s.db.execute("update meta set value = '2' where name = 'epoch'")
    return [("journal", 0)]


def _cut(s: Scene, last_seq: int) -> None:
    number = s.one("select number from passage where seq = ?", last_seq)
    s.db.execute("delete from passage where seq > ?", (last_seq,))
    s.db.execute("delete from record where number > ?", (number,))


def _shift(s: Scene, number: int, by: int) -> None:
    for table in ("record", "passage"):
        s.db.execute(f"update {table} set number = -(number + ?) where number >= ?", (by, number))
        s.db.execute(f"update {table} set number = -number where number < 0")


def _swap(s: Scene, table: str, key: str, a: int, b: int) -> None:
    for old, new in ((a, -a), (b, a), (-a, b)):
        s.db.execute(f"update {table} set {key} = ? where {key} = ?", (new, old))


FINDING = '"fare_vnd":35000'
TAMPERINGS: dict[str, Tampering] = {
    **{f"record missing: {where}": missing_record(where) for where in ("first", "middle", "last")},
    **{f"passage missing: {where}": missing_passage(where) for where in ("first", "middle", "last")},
    "a run of records missing": run_of_records_missing,
    "tail after a seal missing": tail_after_a_seal_missing,
    "tail and cursor missing": tail_and_cursor_missing,
    "tail missing, its seal kept": tail_missing_its_seal_kept,
    "all seals missing": all_seals_missing,
    "one seal missing": one_seal_missing,
    "record: fare": record_altered('"class_charged":1', '"class_charged":2'),
    "record: plate": record_altered('"plate_read":"20A', '"plate_read":"20B'),
    "record: time": record_altered('"utc_us":17', '"utc_us":18'),
    "record: authorisation": record_altered('"account":"acc', '"account":"bcc', closes=False),
    "record column at_utc": column_altered("record", "number", "at_utc", "2026-06-15T05:00:00+00:00"),
    "record column kind": column_altered("record", "number", "kind", "Voided"),
    "record column passage_id": column_altered("record", "number", "passage_id", "CM-01-e1-000001"),
    "record column hash": column_altered("record", "number", "hash", "0" * 64),
    "passage column outcome": column_altered("passage", "seq", "outcome", "violation"),
    "passage column fare_vnd": column_altered("passage", "seq", "fare_vnd", 1),
    "passage column hash": column_altered("passage", "seq", "hash", "0" * 64),
    "passage column passage_id": column_altered("passage", "seq", "passage_id", "CM-01-e1-999999"),
    "passage: amount": message_altered('"fare_vnd":35000', '"fare_vnd":0'),
    "passage: time": message_altered('"passed_at_utc":"2026', '"passed_at_utc":"2025'),
    "passage: account": message_altered('"account":"acc', '"account":"bcc'),
    "passage: a space": message_altered('"account":', '"account": '),
    "record altered, chain computed anew": record_altered_chain_computed_anew,
    "record and passage altered, chains computed anew": passage_altered_both_chains_computed_anew,
    "all of it, and sealed with another key": all_of_it_and_sealed_with_another_key,
    "one seal with another key": one_seal_with_another_key,
    "seal: count": seal_altered("count", 7),
    "seal: sum": seal_altered("sum_vnd", 1),
    "seal: head": seal_altered("head_hash", "a" * 64),
    "seal: time": seal_altered("sealed_at_utc", "2026-06-16T00:00:00Z"),
    "seal: lane": seal_altered("lane", "CM-02"),
    "seal: signature": seal_altered("signature", "a" * 128),
    "seal column last_seq": column_altered("seal", "id", "last_seq", 1),
    "record added": record_added,
    "passage added, chains computed anew": passage_added,
    "record repeated": record_repeated,
    "two records swapped": two_records_swapped,
    "two passages swapped": two_passages_swapped,
    "sequence renumbered": sequence_renumbered,
    "two journals spliced": spliced_with_another_journal,
    "another lane": another_lane,
    "epoch begun anew": epoch_begun_anew,
}


FOUND: list[str] = []


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_is_found_and_named(name: str, journal: Made, tmp_path: Path) -> None:
    report, places = tampered(journal, tmp_path, TAMPERINGS[name], journal.public_key)
    for copied in tmp_path.iterdir():
        copied.unlink()  # 285 MB each of the long ones
    assert places_of(report) & set(places), (places, report.findings[:5])
    FOUND.append(name)


def test_every_kind_was_found_and_named(journal: Made) -> None:
    """Behind all of them: the line of the proof."""
    records, passages, seals = lengths(journal)
    kinds = f"{len(FOUND)} of {len(TAMPERINGS)} kinds of tampering found and named"
    print(f"{kinds}, in {records} records, {passages} passages, {seals} seals")  # noqa: T201 - shown by make prove
    assert FOUND in ([], list(TAMPERINGS))  # none: this test alone was asked for


def test_an_untouched_journal_is_whole(journal: Made, long_run: bool) -> None:
    told: list[tuple[int, int]] = []
    report = verify_journal(journal.path, PLACE, journal.public_key, lambda done, total: told.append((done, total)))
    records, passages, seals = lengths(journal)
    assert (report.findings, report.more) == ((), 0)
    assert (report.records, report.passages, report.seals, report.unsealed) == (records, passages, seals, 0)
    assert records >= (100_000 if long_run else RECORDS)
    assert told[-1] == (records + passages, records + passages)
    print(report.summary())  # noqa: T201 - the proof is shown (make prove)


def test_its_memory_does_not_grow_with_the_journal(journal: Made) -> None:
    tracemalloc.start()
    verify_journal(journal.path, PLACE, journal.public_key)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20


# ---- what a file cannot know about itself ---------------------------------------------------------------------------


def forget_everything_after(s: Scene) -> list[Place]:
    """The end is cut off, its seals with it, and every trace of it in the file: it is whole again."""
    last = s.one("select max(last_seq) from seal where id < ?", s.seals)
    _cut(s, last)
    s.db.execute("delete from seal where id = ?", (s.seals,))
    s.db.execute("update cursor set position = ? where name = ?", (last, Topic.PASSAGES.value))
    s.db.execute("update cursor set position = ? where name = ?", (s.seals - 1, Topic.SEALS.value))
    s.db.execute("update sqlite_sequence set seq = ? where name = 'seal'", (s.seals - 1,))
    return [("passage", last + 1)]


def begin_anew_with_the_lane_s_own_key(s: Scene) -> list[Place]:
    """A new history in the place of the old one, by somebody who has even the key."""
    passage_altered_both_chains_computed_anew(s)
    reseal(s.db, s.made.key, s.path)
    return [("passage", s.one("select seq from passage where number = ?", s.closing_record(s.records // 2)))]


@pytest.mark.parametrize(
    "do", [forget_everything_after, begin_anew_with_the_lane_s_own_key], ids=lambda do: do.__name__
)
def test_it_is_found_against_what_was_published(do: Tampering, journal: Made, stream_of: Path, tmp_path: Path) -> None:
    report, places = tampered(journal, tmp_path, do, journal.public_key)
    assert report.findings == (), "the file alone cannot know: if it can, say so in docs/lane/explain-and-prove.md"
    with closing(JournalReader(tmp_path / "CM-01-e1.journal.sqlite3")) as reader:
        witness = Witness(reader, PLACE, journal.public_key)
        with stream_of.open("rb") as lines:
            for line in lines:
                witness.see(line)
    assert set(places) <= {(one.table, one.number) for one in witness.findings.kept}


def test_what_was_published_agrees_with_an_untouched_journal(journal: Made, stream_of: Path) -> None:
    with closing(JournalReader(journal.path)) as reader, stream_of.open("rb") as lines:
        witness = Witness(reader, PLACE, journal.public_key)
        for line in lines:
            witness.see(line)
        assert (witness.findings.kept, witness.others) == ([], 0)
        assert (witness.passages, witness.seals) == lengths(journal)[1:]


# ---- anything at random ---------------------------------------------------------------------------------------------

CELLS = [
    *[("record", "number", column) for column in ("at_utc", "kind", "passage_id", "body", "hash")],
    *[("passage", "seq", c) for c in ("number", "passage_id", "outcome", "fare_vnd", "message", "hash")],
    *[("seal", "id", column) for column in ("first_seq", "last_seq", "message")],
]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return build(tmp_path_factory.mktemp("small") / "CM-01-e1.journal.sqlite3", 400)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(cell=st.sampled_from(CELLS), where=st.floats(0, 1), chance=st.randoms(use_true_random=False))
def test_any_cell_that_is_changed_is_found_and_named(
    small: Made, tmp_path: Path, cell: tuple[str, str, str], where: float, chance: Any
) -> None:
    table, key, column = cell
    path = tmp_path / f"{time.monotonic_ns()}.sqlite3"
    with copy(small, path) as db:
        last = db.execute(f"select max({key}) from {table}").fetchone()[0]
        number = 1 + round(where * (last - 1))
        value = db.execute(f"select {column} from {table} where {key} = ?", (number,)).fetchone()[0]
        try:
            db.execute(f"update {table} set {column} = ? where {key} = ?", (_other(value, chance), number))
        except sqlite3.IntegrityError:
            reject()  # the database itself does not take an id that is there already
    report = verify_journal(path, PLACE, small.public_key)
    path.unlink()
    near = {(table, number), (table, number + 1)}
    assert places_of(report) & near, (cell, number, report.findings[:4])


def _other(value: Any, chance: Any) -> Any:
    """Another value of the same type: one byte of JSON, one digit, one character."""
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 1_000_000])
    if value is None:
        return "CM-01-e1-000001"
    text = bytearray(value if isinstance(value, bytes) else value.encode())
    while True:
        i = chance.randrange(len(text))
        new = ord(chance.choice("0123456789abcdefZ{},:"))
        if new != text[i]:
            break
    text[i] = new
    return bytes(text) if isinstance(value, bytes) else text.decode()


def test_the_canonical_spelling_is_the_only_one(small: Made, tmp_path: Path) -> None:
    path = tmp_path / "CM-01-e1.journal.sqlite3"
    with copy(small, path) as db:
        (data,) = db.execute("select message from seal where id = 1").fetchone()
        db.execute("update seal set message = ? where id = 1", (canonical_json(json.loads(data)),))
    assert ("seal", 1) in places_of(verify_journal(path, PLACE, small.public_key))
