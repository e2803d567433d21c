"""Late rows and decisions about closed days: the next open day takes each in once; the closed day stays as it was."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from backoffice.storage.checks import CHECKS
from backoffice.storage.database import Database
from backoffice.storage.dsn import parse
from settlement.app.main import app
from settlement.books import closings, disputes
from settlement.books.corrections import corrections_of
from settlement.intake.columns import PROVIDER, STATION
from simulators.provider.faults import charged_twice, ghost, lost, wrong_amount
from tests.integration.settlement.back_office_tables import BackOffice
from tests.integration.settlement.closing.closed_plaza import FIRST, PROGRAM, Plaza, read_rows, write_rows

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
NEXT = FIRST + timedelta(days=1)
CHECKED = {"unbalanced_passages", "postings_without_passage", "unbalanced_corrections", "balances_by_account"}


class Office:
    """A closed day with disputes, and three people with tokens."""

    def __init__(self, plaza: Plaza) -> None:
        self.plaza = plaza
        self.users = plaza.folder / "users.json"
        self.tokens: dict[str, Path] = {}
        for name, role in (("Lan", "clerk"), ("Minh", "approver"), ("Hoa", "approver"), ("Xem", "viewer")):
            result = run("users", "new", name, "--role", role, "--users", str(self.users))
            path = plaza.folder / f"{name}.token"
            path.write_text(result.stdout.splitlines()[0], encoding="utf-8")
            self.tokens[name] = path
        plaza.make_day(FIRST, passages=80, faults=0.5, kinds=(lost, ghost, wrong_amount, charged_twice))
        assert run(*plaza.close_line(FIRST)).exit_code == 0

    def list(self, state: str = "pending") -> list[dict[str, Any]]:
        result = run("dispute", "list", "--database", self.plaza.back_office.address, "--state", state, "--json")
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found

    def act(self, name: str, who: str, kind: str, *more: str) -> Result:
        line = ["dispute", kind, name, "--database", self.plaza.back_office.address, "--users", str(self.users)]
        return run(*line, "--token-file", str(self.tokens[who]), *more)

    def decide(self, name: str, decision: str, *more: str) -> None:
        for who, kind, options in (
            ("Lan", "assign", ["--to", "Lan"]),
            ("Lan", "propose", ["--decision", decision, "--reason", "xem ảnh", *more]),
            ("Minh", "approve", []),
        ):
            result = self.act(name, who, kind, *options)
            assert result.exit_code == 0, result.output

    def first(self, code: str) -> str:
        return str(next(one["dispute_id"] for one in self.list() if one["code"] == code))


def run(*line: str) -> Result:
    return CliRunner().invoke(app, line)


@pytest.fixture(scope="module")
def office(back_office: BackOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One closed day with many disputes: each test takes some of them, the last one closes the days after it."""
    back_office.fresh()
    plaza = Plaza(back_office, tmp_path_factory.mktemp("office"))
    yield Office(plaza)
    assert ledger_findings(plaza) == [], "backoffice verify: complete and balanced"
    result = run("verify", "--config", str(plaza.config), "--database", plaza.back_office.address)
    assert result.exit_code == 0, result.output


def ledger_findings(plaza: Plaza) -> list[str]:
    database = Database(parse(plaza.back_office.address))
    found = [str(one) for check in CHECKS if check.__name__ in CHECKED for one in check(database)]
    database.close()
    return found


def frozen(plaza: Plaza) -> object:
    books = plaza.books()
    found = closings.closed_day(books, "VETC", FIRST)
    books.close()
    return found


def test_every_disputed_item_is_a_dispute_with_age_and_deadline(office: Office) -> None:
    books = office.plaza.books()
    day = closings.closed_day(books, "VETC", FIRST)
    books.close()
    assert day is not None
    expected = {item.key for item in day.items if item.disputed_vnd}
    listed = office.list()
    assert {one["key"] for one in listed} == expected
    assert sum(one["disputed_vnd"] for one in listed) == day.minutes.disputed_vnd
    assert {(one["state"], one["age_days"], one["overdue"]) for one in listed} == {("open", 0, False)}


def test_a_decision_needs_two_people_and_the_right(office: Office) -> None:
    name = office.first("AMOUNT")
    propose = ("propose", "--decision", "refund", "--reason", "giá đúng là của trạm")
    assert office.act(name, "Xem", "assign", "--to", "Xem").exit_code == 1
    assert office.act(name, "Lan", *propose).exit_code == 1, "nobody is responsible yet"
    assert office.act(name, "Lan", "assign", "--to", "Minh").exit_code == 0
    assert office.act(name, "Minh", *propose).exit_code == 0
    alone = office.act(name, "Minh", "approve")
    assert alone.exit_code == 1
    assert "four eyes" in alone.output
    assert office.act(name, "Lan", "approve").exit_code == 1, "a clerk approves nothing"
    assert office.act(name, "Hoa", "reject", "--reason", "thiếu ảnh").exit_code == 0
    assert office.act(name, "Lan", "evidence", "--link", "sha256:" + "ab" * 32).exit_code == 0
    assert office.act(name, "Lan", *propose).exit_code == 0
    assert office.act(name, "Hoa", "approve").exit_code == 0
    again = office.act(name, "Hoa", "approve")
    assert again.exit_code == 1
    shown = json.loads(run("dispute", "show", name, "--database", office.plaza.back_office.address).stdout)
    assert shown["state"] == "decided"
    assert [one["kind"] for one in shown["events"]] == [
        "assign", "propose", "reject", "evidence", "propose", "approve",
    ]  # fmt: skip
    assert shown["evidence"] == ["sha256:" + "ab" * 32]


def test_late_rows_become_corrections_once_and_settle_disputes(office: Office) -> None:
    plaza = office.plaza
    before = frozen(plaza)
    station, charges = plaza.folder / f"station-{FIRST}.csv", plaza.folder / f"provider-{FIRST}.csv"
    lost_one = next(one["item"] for one in office.list() if one["code"] == "FE_ONLY")
    passage = next(row for row in read_rows(station) if row["passage_id"] == lost_one["passage_id"])
    rows = read_rows(charges)
    like = dict(rows[0])
    late = like | {
        "charge_id": "LATE1", "passage_id": passage["passage_id"], "charged_at": passage["passed_at"],
        "lane": passage["lane"], "epc": passage["epc"], "plate": passage["plate"], "class": passage["class"],
        "amount_vnd": passage["fare_vnd"], "kind": "debit", "status": "posted", "related_charge_id": "", "reason": "",
    }  # fmt: skip
    ghost_row = late | {"charge_id": "LATE2", "passage_id": "", "epc": "F" * 24, "plate": "99Z99999", "lane": "CM-09"}
    write_rows(charges, PROVIDER, [*rows, late, ghost_row])
    line = ["late", str(FIRST), *plaza.usual(), "--station", str(station), "--charges", str(charges), "--by", "Lan"]
    now = ["--now", (datetime.now(UTC)).isoformat()]
    shown = run(*line, *now)
    assert shown.exit_code == 0, shown.output
    assert "2 thay đổi" in shown.stdout
    booked = run(*line, *now, "--book")
    assert booked.exit_code == 0, booked.output
    assert "đã ghi 2" in booked.stdout
    again = run(*line, *now, "--book")
    assert "đã ghi 0" in again.stdout, "each is booked exactly once"
    assert frozen(plaza) == before
    books = plaza.books()
    corrections = corrections_of(books, "VETC", FIRST)
    books.close()
    by_late = {one.late: one for one in corrections}
    matched = by_late["c:LATE1",]
    assert matched.originals == (lost_one["key"],)
    assert (matched.agreed_vnd, matched.disputed_vnd) == (int(passage["fare_vnd"]), -int(passage["fare_vnd"]))
    assert by_late["c:LATE2",].disputed_vnd == int(passage["fare_vnd"])
    states = {one["key"]: one["state"] for one in office.list("all")}
    assert states[lost_one["key"]] == "settled"
    assert states["c:LATE2"] == "open"
    office.decide(next(one["dispute_id"] for one in office.list() if one["key"] == "c:LATE2"), "refund")


def test_a_row_that_vanished_or_changed_is_refused(office: Office) -> None:
    plaza = office.plaza
    station, charges = plaza.folder / f"station-{FIRST}.csv", plaza.folder / f"provider-{FIRST}.csv"
    rows = read_rows(station)
    fewer = plaza.folder / "fewer.csv"
    write_rows(fewer, STATION, rows[1:])
    line = ["late", str(FIRST), *plaza.usual(), "--charges", str(charges), "--by", "Lan", "--book"]
    said = run(*line, "--station", str(fewer))
    assert said.exit_code == 1
    assert rows[0]["passage_id"] in said.output
    rows[1]["fare_vnd"] = "1000"
    write_rows(fewer, STATION, rows)
    said = run(*line, "--station", str(fewer))
    assert said.exit_code == 1
    assert "is told otherwise now: station_vnd" in said.output


def test_late_rows_of_an_open_day_are_refused(office: Office) -> None:
    plaza = office.plaza
    charges = str(plaza.folder / f"provider-{FIRST}.csv")
    said = run("late", str(NEXT), *plaza.usual(), "--charges", charges, "--by", "Lan")
    assert said.exit_code == 1
    assert "the day is open" in said.output


def test_an_approval_that_was_killed_is_finished_by_the_next_command(office: Office) -> None:
    """The approval is written, its consequence is not: as after kill -9 between the two."""
    name = office.first("AMOUNT")
    assert office.act(name, "Lan", "assign", "--to", "Lan").exit_code == 0
    assert office.act(name, "Lan", "propose", "--decision", "refund", "--reason", "x").exit_code == 0
    books = office.plaza.books()
    real, disputes.finish = disputes.finish, lambda *_: None
    try:
        assert office.act(name, "Minh", "approve").exit_code == 0
    finally:
        disputes.finish = real
    said = run("verify", "--config", str(office.plaza.config), "--database", office.plaza.back_office.address)
    assert said.exit_code == 1
    assert "settlement dispute resume" in said.output
    assert run("dispute", "resume", "--database", office.plaza.back_office.address).exit_code == 0
    assert run("dispute", "resume", "--database", office.plaza.back_office.address).exit_code == 0
    assert sum(one.dispute_id == name for one in corrections_of(books, "VETC", FIRST)) == 1
    books.close()


def test_two_approvals_at_once_book_once(office: Office) -> None:
    name = office.first("AMOUNT")
    assert office.act(name, "Lan", "assign", "--to", "Lan").exit_code == 0
    assert office.act(name, "Lan", "propose", "--decision", "refund", "--reason", "x").exit_code == 0
    line = ["dispute", "approve", name, "--database", office.plaza.back_office.address, "--users", str(office.users)]
    both = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, *line, "--token-file", str(office.tokens[who])],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for who in ("Minh", "Hoa")
    ]  # fmt: skip
    statuses = sorted((process.communicate(timeout=120), process.returncode)[1] for process in both)
    assert statuses == [0, 1]
    books = office.plaza.books()
    assert sum(one.dispute_id == name for one in corrections_of(books, "VETC", FIRST)) == 1
    books.close()


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_kill_9_while_a_decision_is_approved(office: Office, long_run: bool) -> None:
    chance = random.Random(7)
    waiting = [one["dispute_id"] for one in office.list() if one["code"] in ("AMOUNT", "FE_ONLY")]
    for name in waiting[: len(waiting) if long_run else 1]:
        decision = "acceptance"
        assert office.act(name, "Lan", "assign", "--to", "Lan").exit_code == 0
        assert office.act(name, "Lan", "propose", "--decision", decision, "--reason", "x").exit_code == 0
        line = ["dispute", "approve", name, "--database", office.plaza.back_office.address]
        line += ["--users", str(office.users), "--token-file", str(office.tokens["Minh"])]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(chance.uniform(0.3, 2.5))
        os.kill(process.pid, 9)
        process.communicate(timeout=60)
        office.act(name, "Minh", "approve")
        assert run("dispute", "resume", "--database", office.plaza.back_office.address).exit_code == 0
        books = office.plaza.books()
        assert sum(one.dispute_id == name for one in corrections_of(books, "VETC", FIRST)) == 1
        books.close()
    assert ledger_findings(office.plaza) == []


def test_events_postings_and_corrections_that_somebody_edited_are_named(office: Office) -> None:
    plaza = office.plaza
    name = office.first("AMOUNT")
    office.decide(name, "refund")
    sync = "SETTINGS mutations_sync = 2"
    of_it = f"AND dispute_id = '{name}' {sync}"

    def findings() -> str:
        result = run("verify", "--config", str(plaza.config), "--database", plaza.back_office.address)
        assert result.exit_code == 1
        return result.output

    books = plaza.books()
    table = "settlement_dispute_events"
    books.command(f"CREATE TABLE saved ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {table}")
    for edit, said in (
        (f"ALTER TABLE {table} UPDATE content = replace(content, 'Minh', 'Lan') WHERE number = 3 {of_it}", "number=3"),
        (f"ALTER TABLE {table} DELETE WHERE number = 2 {of_it}", "number=3"),
        (f"ALTER TABLE {table} DELETE WHERE number = 3 {of_it}", "nobody approved it"),
        (f"INSERT INTO {table} SELECT * REPLACE ('20260615-000000000000' AS dispute_id) FROM saved WHERE number = 1",
         "there is no such dispute"),
    ):  # fmt: skip
        books.command(edit)
        assert said in findings()
        books.command(f"TRUNCATE TABLE {table}")
        books.command(f"INSERT INTO {table} SELECT * FROM saved SETTINGS insert_deduplicate = 0")
    books.command("CREATE TABLE saved2 ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM settlement_corrections")
    more = "replaceOne(content, '\"agreed_vnd\":', '\"agreed_vnd\":1')"
    books.command(f"ALTER TABLE settlement_corrections UPDATE content = {more} WHERE number = 1 {sync}")
    assert f"settlement_corrections {FIRST}/VETC/k1" in findings()
    books.command(f"ALTER TABLE settlement_corrections DELETE WHERE 1 {sync}")
    assert name in findings()
    books.command("INSERT INTO settlement_corrections SELECT * FROM saved2 SETTINGS insert_deduplicate = 0")
    books.command("DROP TABLE saved SYNC")
    books.command("DROP TABLE saved2 SYNC")
    books.close()


def test_decisions_become_corrections_of_the_next_open_day_once(office: Office) -> None:
    before = frozen(office.plaza)
    office.decide(office.first("FE_ONLY"), "recovery")
    office.decide(office.first("AMOUNT"), "refund")
    taken = [one["dispute_id"] for one in office.list() if one["code"] == "REFUND_MISSING"]
    office.decide(taken[0], "refund")
    office.decide(taken[1], "acceptance")
    assert frozen(office.plaza) == before, "the closed day never changes"
    decided = office.list("decided")
    books = office.plaza.books()
    corrections = corrections_of(books, "VETC", FIRST)
    assert len(decided) >= 4
    by_decision = [one.dispute_id for one in corrections if one.cause == "decision"]
    assert sorted(by_decision) == sorted(one["dispute_id"] for one in decided)
    assert all(one.originals or one.late for one in corrections)
    office.plaza.make_day(NEXT, passages=10, faults=0, seed=2)
    assert run(*office.plaza.close_line(NEXT)).exit_code == 0
    day = closings.closed_day(books, "VETC", NEXT)
    assert day is not None
    assert [one.correction_id for one in day.minutes.corrections] == [one.correction_id for one in corrections]
    assert day.minutes.corrections_vnd == sum(one.net_vnd for one in corrections) > 0
    assert day.net_vnd == day.minutes.agreed_vnd - day.minutes.fee_vnd + day.minutes.corrections_vnd
    third = NEXT + timedelta(days=1)
    office.plaza.make_day(third, passages=10, faults=0, seed=3)
    assert run(*office.plaza.close_line(third)).exit_code == 0
    last = closings.closed_day(books, "VETC", third)
    books.close()
    assert last is not None
    assert last.minutes.corrections == ()
