"""The journal: gapless, chained, one writer, honest about damage."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lane_controller.core.events import Booted
from lane_controller.core.instant import Now
from lane_controller.core.plain import to_plain
from lane_controller.core.records import Durable, ModeChanged, Motorcycle
from lane_controller.core.values import Mode
from lane_controller.outbox import journal_file
from lane_controller.outbox.encode import entry_of
from lane_controller.outbox.journal import Batch, Entry, Input, Journal, JournalError, JournalReader
from lane_controller.outbox.memory import recall
from lane_controller.outbox.seals import load_key, make_seal
from lane_controller.outbox.verify import Report, verify_journal

AT = "2026-06-15T05:00:00+00:00"


def crossing(seq: int, fare_vnd: int = 35_000) -> Entry:
    passage_id = f"CM-01-e1-{seq:06d}"
    body: dict[str, Any] = {"type": "PassageClosed", "passage": {"passage_id": passage_id, "seq": seq}}
    message = {"seq": seq, "passage_id": passage_id, "outcome": "charged", "fare_vnd": fare_vnd, "flags": []}
    return Entry(AT, "PassageClosed", body, passage_id, message)


def other(text: str = "x") -> Entry:
    return Entry(AT, "FlagRaised", {"type": "FlagRaised", "text": text})


def open_journal(path: Path, epoch: int = 1) -> Journal:
    return Journal(path, "CM", "CM-01", epoch)


def seal(journal: Journal, key: Ed25519PrivateKey) -> None:
    reader = JournalReader(journal.path)
    after = reader.last_sealed()
    run = reader.passages(after)
    sealed = make_seal(key, ("CM", "CM-01", 1), run, after + 1, journal.heads[2], datetime(2026, 6, 15, tzinfo=UTC))
    reader.close()
    journal.add_seal(sealed.first_seq, sealed.last_seq, sealed.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "CM-01-e1.journal.sqlite3"


@pytest.fixture
def sealed(path: Path, tmp_path: Path) -> Path:
    """A journal with five passages, other records between, and two seals."""
    journal, key = open_journal(path), load_key(tmp_path / "CM-01.key")
    for seq in range(1, 6):
        journal.commit(Batch([], [other(str(seq)), crossing(seq)]))
        if seq in (2, 5):
            seal(journal, key)
    journal.checkpoint()
    journal.close()
    return path


def tamper(path: Path, *statements: str) -> Report:
    db = sqlite3.connect(path)
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()
    return verify_journal(path)


def test_numbers_go_on_after_a_restart(path: Path) -> None:
    journal = open_journal(path)
    assert journal.commit(Batch([], [other(), crossing(1)])) == [1, 2]
    journal.close()
    journal = open_journal(path)
    assert journal.commit(Batch([], [crossing(2)])) == [3]
    assert journal.heads[:2] == (3, 2)
    journal.close()


def test_a_batch_that_fails_leaves_nothing_behind(path: Path) -> None:
    journal = open_journal(path)
    journal.commit(Batch([], [crossing(1)]))
    with pytest.raises(JournalError, match="the next number is 2"):
        journal.commit(Batch([Input(AT, 1, b"{}")], [other(), crossing(3)]))
    assert journal.commit(Batch([], [crossing(2)])) == [2]
    journal.close()
    reader = JournalReader(path)
    assert [record.number for record in reader.records()] == [1, 2]
    assert list(reader.inputs("", "9")) == []
    reader.close()


def _edge(seq: int) -> Input:
    return Input(AT, seq, b'{"event":{}}', ("boot", seq))


@pytest.mark.parametrize("entries", [[], [other()]], ids=["nothing more", "a record"])
def test_what_is_kept_counts_as_durable_with_the_next_commit(path: Path, entries: list[Entry]) -> None:
    journal = open_journal(path)
    journal.commit(Batch([_edge(1)], [other()]))
    journal.keep([_edge(2), _edge(3)])
    assert journal.position == ("boot", 1)
    written = path.with_name(path.name + "-wal").stat().st_size
    journal.commit(Batch([], entries))
    assert journal.position == ("boot", 3)
    assert path.with_name(path.name + "-wal").stat().st_size > written  # otherwise there was nothing to take to disk
    reader = JournalReader(path)
    assert [mono_ns for mono_ns, _ in reader.inputs(AT, AT)] == [1, 2, 3]
    reader.close()
    journal.close()


@pytest.mark.parametrize("cut", [False, True], ids=["killed", "power cut"])
def test_what_is_kept_survives_a_kill_and_a_power_cut_takes_no_more_than_that(
    path: Path, tmp_path: Path, cut: bool
) -> None:
    journal = open_journal(path)
    journal.commit(Batch([_edge(1)], [other()]))
    wal = path.with_name(path.name + "-wal")
    on_disk = wal.stat().st_size
    journal.keep([_edge(2)])
    left = tmp_path / "left.sqlite3"
    left.write_bytes(path.read_bytes())
    left.with_name(left.name + "-wal").write_bytes(wal.read_bytes()[: on_disk if cut else None])
    journal.close()
    again = open_journal(left)
    assert again.position == ("boot", 1 if cut else 2)
    assert again.heads[0] == 1
    again.close()


@pytest.mark.parametrize("room", [True, False])
def test_the_wal_has_its_length_beforehand_where_there_is_room(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    if not room:
        monkeypatch.setattr(journal_file, "ROOM_BYTES", 1 << 62)
    journal = open_journal(path)
    journal.commit(Batch([], [other("before")]))
    journal.checkpoint()
    wal = path.with_name(path.name + "-wal")
    length = wal.stat().st_size
    assert (length >= journal_file.WAL_BYTES) is room
    for number in range(20):
        journal.commit(Batch([_edge(number)], [other(str(number))]))
    assert (wal.stat().st_size == length) is room
    left = tmp_path / "left.sqlite3"  # as a kill leaves it, zeros and all
    left.write_bytes(path.read_bytes())
    left.with_name(left.name + "-wal").write_bytes(wal.read_bytes())
    journal.close()
    again = open_journal(left)
    assert (again.heads[0], again.position) == (21, ("boot", 19))
    again.commit(Batch([], [other("after")]))
    again.close()
    assert verify_journal(left).findings == ()


def test_the_plc_position_is_as_durable_as_the_records(path: Path) -> None:
    journal = open_journal(path)
    assert journal.position is None
    journal.commit(Batch([Input(AT, 1, b"{}", ("boot", 7)), Input(AT, 2, b"{}")], [other()]))
    journal.close()
    journal = open_journal(path)
    assert journal.position == ("boot", 7)
    journal.close()


def test_one_lane_has_one_writer(path: Path) -> None:
    journal = open_journal(path)
    with pytest.raises(JournalError, match="in use by another lane controller"):
        open_journal(path)
    journal.close()
    open_journal(path).close()


def test_a_journal_of_another_epoch_is_refused(path: Path) -> None:
    open_journal(path).close()
    with pytest.raises(JournalError, match="epoch '1', not '2'"):
        open_journal(path, 2)


def test_a_file_that_is_no_journal_is_refused_with_a_remedy(path: Path) -> None:
    path.write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(JournalError, match="lane-controller repair"):
        open_journal(path)


def test_a_command_id_is_claimed_once_across_restarts(path: Path) -> None:
    journal = open_journal(path)
    assert journal.claim_command("c1", "2026-06-22")
    journal.close()
    journal = open_journal(path)
    assert not journal.claim_command("c1", "2026-06-22")
    journal.forget("0", "2026-06-23")
    assert journal.claim_command("c1", "2026-06-30")
    journal.close()


def test_inputs_have_a_retention_and_records_have_not(path: Path) -> None:
    journal = open_journal(path)
    journal.commit(Batch([Input(f"2026-06-{day:02d}", day, b"{}") for day in range(1, 11)], [crossing(1)]))
    assert journal.forget("2026-06-06", "0") == 5
    assert journal.forget("2026-06-06", "0") == 0
    journal.close()
    reader = JournalReader(path)
    assert [mono_ns for mono_ns, _ in reader.inputs("", "9")] == [6, 7, 8, 9, 10]
    assert len(reader.passages()) == 1
    reader.close()


def test_an_untouched_journal_verifies(sealed: Path) -> None:
    report = verify_journal(sealed)
    assert report.findings == ()
    assert (report.records, report.passages, report.seals) == (10, 5, 2)


@pytest.mark.parametrize(
    ("statement", "kind", "number"),
    [
        ("delete from record where number = 3", "missing", 3),
        ("update record set body = cast(replace(body, '4', '5') as blob) where number = 7", "altered", 7),
        ("delete from passage where seq = 3", "missing", 3),
        ("update passage set fare_vnd = 0 where seq = 2", "altered", 2),
        ("update passage set message = cast(replace(message, '35000', '50000') as blob) where seq = 4", "altered", 4),
        ("delete from passage where seq = 5", "missing", 10),
        ("delete from seal where id = 1", "missing", 1),
        ("update seal set message = cast(replace(message, '70000', '35000') as blob) where id = 1", "bad seal", 1),
    ],
)
def test_what_was_done_to_it_is_named(sealed: Path, statement: str, kind: str, number: int) -> None:
    findings = tamper(sealed, statement).findings
    assert (kind, number) in [(finding.kind, finding.number) for finding in findings]


def test_passages_that_changed_places_are_named(sealed: Path) -> None:
    swap = ("update passage set seq = -seq where seq in (2, 3)", "update passage set seq = 5 + seq where seq < 0")
    kinds = {(finding.kind, finding.number) for finding in tamper(sealed, *swap).findings}
    assert {("disordered", 2), ("disordered", 3)} <= kinds


def test_a_truncated_end_is_found_through_the_seal(sealed: Path) -> None:
    report = tamper(sealed, "delete from passage where seq = 5", "delete from record where number >= 9")
    assert [(one.table, one.number, one.kind) for one in report.findings] == [
        ("seal", 2, "missing"), ("seal", 2, "altered"), ("seal", 2, "altered"), ("record", 9, "missing"),
    ]  # fmt: skip


def test_the_lane_does_not_start_on_an_altered_tail(sealed: Path) -> None:
    tamper(sealed, "update record set body = cast('{}' as blob) where number = 10")
    with pytest.raises(JournalError, match="record 10 does not match"):
        open_journal(sealed)


def test_a_passage_can_be_checked_from_its_message_alone(sealed: Path) -> None:
    reader = JournalReader(sealed)
    messages = [json.loads(passage.message) for passage in reader.passages()]
    reader.close()
    assert [one["previous_hash"] for one in messages[1:]] == [one["record_hash"] for one in messages[:-1]]


def test_a_motorcycle_on_l1_is_remembered_and_verified(path: Path) -> None:
    now = Now(1, 1_781_500_000_000_000)
    journal = open_journal(path)
    for on_l1 in (True, False):
        journal.commit(Batch([], [entry_of(Motorcycle(None, on_l1, now), "CM", "CM-01", 1)]))
        assert recall(journal).motorcycle is on_l1
    journal.checkpoint()
    journal.close()
    assert verify_journal(path).findings == ()


def test_a_snapshot_from_before_motorcycles_were_recorded_is_read(path: Path) -> None:
    journal = open_journal(path)
    journal.commit(
        Batch([], [entry_of(ModeChanged(Mode.AUTO, "op-1", Now(1, 1_781_500_000_000_000)), "CM", "CM-01", 1)])
    )
    plain = to_plain(Booted("snapshot", True, Durable(n=7), ()))
    del plain["durable"]["motorcycle"]
    journal.set_snapshot(1, json.dumps(plain))
    assert recall(journal) == Durable(n=7)
    journal.close()
