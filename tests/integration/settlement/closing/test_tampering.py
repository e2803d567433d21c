"""Editing the database under a closed day: `settlement verify` names the row, whatever was edited."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from settlement.app.main import app
from settlement.books import closings
from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import ClosedItem, item_tree, minutes_from
from settlement.clearing.closing import register_of
from settlement.clearing.signing import public_key, sign
from settlement.clearing.stored import ClosingRow
from tests.integration.settlement.back_office_tables import BackOffice
from tests.integration.settlement.closing.closed_plaza import FIRST, Plaza

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DAYS = [FIRST + timedelta(days=n) for n in range(3)]
SYNC = "SETTINGS mutations_sync = 2"
TABLES = ("settlement_items", "settlement_closings", "settlement_receipts", "settlement_corrections")


@pytest.fixture(scope="module")
def closed(back_office: BackOffice, tmp_path_factory: pytest.TempPathFactory) -> Plaza:
    """Three closed days; the module's tests edit and repair the same tables."""
    back_office.fresh()
    plaza = Plaza(back_office, tmp_path_factory.mktemp("plaza"))
    for number, day in enumerate(DAYS):
        plaza.make_day(day, passages=25, seed=number)
        result = CliRunner().invoke(app, plaza.close_line(day))
        assert result.exit_code == 0, result.output
    return plaza


class Vandal:
    """Edits tables behind everybody's back."""

    def __init__(self, plaza: Plaza) -> None:
        self.plaza = plaza
        self.books = BookDatabase(plaza.back_office.address)
        self.touched: set[str] = set()
        self.day = DAYS[1]
        row = closings.closing_of(self.books, "VETC", self.day)
        assert row is not None
        self.row = row
        self.items = [stored.item for stored in closings.stored_items(self.books, row.digest)]

    def sql(self, text: str) -> None:
        self.touched |= {table for table in TABLES if table in text}
        self.books.command(text)

    def put_back(self) -> None:
        for table in sorted(self.touched):
            self.books.command(f"TRUNCATE TABLE {table}")
            self.books.command(f"INSERT INTO {table} SELECT * FROM saved_{table} SETTINGS insert_deduplicate = 0")
        self.touched.clear()

    def set_item(self, item: ClosedItem, what: str) -> None:
        self.sql(
            f"ALTER TABLE settlement_items UPDATE {what} WHERE run = '{self.row.digest}' AND key = '{item.key}' {SYNC}"
        )

    def set_closing(self, what: str) -> None:
        self.sql(f"ALTER TABLE settlement_closings UPDATE {what} WHERE day = '{self.day}' {SYNC}")

    def delete_item(self, item: ClosedItem) -> None:
        self.sql(f"ALTER TABLE settlement_items DELETE WHERE run = '{self.row.digest}' AND key = '{item.key}' {SYNC}")

    def copy_item(self, item: ClosedItem, **changes: str) -> None:
        replaced = ", ".join(f"{text} AS `{name}`" for name, text in changes.items())
        columns = f"* REPLACE ({replaced})" if replaced else "*"
        self.sql(
            f"INSERT INTO settlement_items SELECT {columns} FROM (SELECT * FROM settlement_items"
            f" WHERE run = '{self.row.digest}' AND key = '{item.key}') SETTINGS insert_deduplicate = 0"
        )

    def delete_closing(self) -> None:
        self.sql(f"ALTER TABLE settlement_closings DELETE WHERE day = '{self.day}' {SYNC}")

    def replace_closing(self, key: Ed25519PrivateKey) -> None:
        """The day anew with less money in it, everything consistent, signed by `key` for both."""
        richest = max(self.items, key=lambda item: item.agreed_vnd)
        self.set_item(richest, "note = 'x'")
        items = [replace(item, note="x") if item.key == richest.key else item for item in self.items]
        public = public_key(key)
        minutes = replace(
            minutes_from(self.row.minutes), item_root=item_tree(items).root, operator_key=public, provider_key=public
        )
        self.sql(f"ALTER TABLE settlement_items DELETE WHERE run = '{self.row.digest}' {SYNC}")
        closings.write_items(self.books, minutes.digest, items)
        self.delete_closing()
        row = replace(
            self.row, digest=minutes.digest, minutes=minutes.signed_bytes.decode(), register=register_of(items),
            operator_key=public, provider_key=public, operator_signature=sign(minutes, "operator", key),
            provider_signature=sign(minutes, "provider", key),
        )  # fmt: skip
        self.add_closing(row)

    def add_closing(self, row: ClosingRow) -> None:
        self.touched.add("settlement_closings")
        self.books.insert("settlement_closings", {name: [getattr(row, name)] for name in row.__dataclass_fields__})


@pytest.fixture(scope="module")
def saved(closed: Plaza) -> None:
    """Copies of the tables."""
    books = BookDatabase(closed.back_office.address)
    for table in TABLES:
        books.command(f"CREATE TABLE saved_{table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {table}")
    books.close()


@pytest.fixture
def vandal(closed: Plaza, saved: None) -> Iterator[Vandal]:
    """What a test edits is put back after it."""
    someone = Vandal(closed)
    yield someone
    someone.put_back()
    someone.books.close()


def verify(plaza: Plaza, *more: str) -> list[dict[str, str]]:
    result = CliRunner().invoke(
        app,
        ["verify", "--config", str(plaza.config), "--database", plaza.back_office.address, "--json", *more],
        catch_exceptions=False,
    )
    assert result.exit_code in (0, 1), result.output
    found: list[dict[str, str]] = json.loads(result.stdout)
    assert result.exit_code == (1 if found else 0)
    return found


def test_what_nobody_edited_has_no_findings(closed: Plaza) -> None:
    assert verify(closed) == []
    assert verify(closed, "--day", str(DAYS[0]), "--minutes", str(closed.folder / "minutes")) == []


def an_item(vandal: Vandal) -> ClosedItem:
    return max(vandal.items, key=lambda item: (item.agreed_vnd, item.key))


def test_an_altered_item_is_named(vandal: Vandal) -> None:
    item = an_item(vandal)
    vandal.set_item(item, "agreed_vnd = agreed_vnd - 1000")
    found = verify(vandal.plaza)
    assert [one["day"] for one in found] == [str(vandal.day)]
    assert f"key={item.key} " in found[0]["row"]
    assert "was altered" in found[0]["what"]


def test_an_item_altered_together_with_its_leaf_hash_is_named(vandal: Vandal) -> None:
    item = an_item(vandal)
    forged = replace(item, agreed_vnd=1)
    vandal.set_item(item, f"agreed_vnd = 1, leaf = '{forged.leaf}'")
    (found,) = verify(vandal.plaza)
    assert f"key={item.key} " in found["row"]
    assert "was made to fit" in found["what"]


def test_an_item_altered_with_leaf_and_register_names_the_closing(vandal: Vandal) -> None:
    item = an_item(vandal)
    forged = replace(item, agreed_vnd=1)
    vandal.set_item(item, f"agreed_vnd = 1, leaf = '{forged.leaf}'")
    vandal.set_closing(f"register = replaceOne(register, '{item.leaf}', '{forged.leaf}')")
    found = verify(vandal.plaza)
    assert found
    assert all(one["day"] == str(vandal.day) for one in found)
    assert any("settlement_closings" in one["row"] and "register" in one["what"] for one in found)
    (named,) = [
        one for one in verify(vandal.plaza, "--minutes", str(vandal.plaza.folder / "minutes"))
        if "settlement_items" in one["row"]
    ]  # fmt: skip
    assert f"key={item.key} " in named["row"], "the minutes that a party kept still name the item"


def test_an_item_that_is_missing_added_or_doubled_is_named(vandal: Vandal) -> None:
    item, other, third = vandal.items[5], vandal.items[6], vandal.items[7]
    vandal.delete_item(item)
    vandal.copy_item(other, key="'p:CM/ghost'")
    vandal.copy_item(third)
    found = {(one["row"].split("key=")[1].split(" ")[0], one["what"].split(":")[0]) for one in verify(vandal.plaza)}
    assert found == {(item.key, "is missing"), ("p:CM/ghost", "was added"), (third.key, "stands 2 times")}


def test_reordered_items_are_named(vandal: Vandal) -> None:
    one, other = vandal.items[3], vandal.items[7]
    vandal.set_item(one, "number = 8")
    vandal.set_item(other, "number = 4")
    found = verify(vandal.plaza)
    assert len(found) == 2
    assert all("was reordered" in each["what"] for each in found)
    assert {one.key, other.key} == {each["row"].split("key=")[1].split(" ")[0] for each in found}


EDITS = [
    "minutes = replaceOne(minutes, '\"net_vnd\":', '\"net_vnd\":1')",
    "provider_signature = repeat('0', 128)",
    "register = ''",
    "register = replaceOne(register, '0', '1')",
]


@pytest.mark.proof
def test_an_altered_closing_is_named(vandal: Vandal, long_run: bool) -> None:
    for change in EDITS if long_run else EDITS[:1]:
        vandal.set_closing(change)
        found = verify(vandal.plaza)
        assert any("settlement_closings" in one["row"] and str(vandal.day) in one["row"] for one in found)
        vandal.put_back()


@pytest.mark.proof
def test_a_deleted_closing_is_named(vandal: Vandal, long_run: bool) -> None:
    for day in DAYS if long_run else DAYS[2:]:
        vandal.day = day
        vandal.delete_closing()
        assert any(one["row"] == f"settlement_closings day={day}" for one in verify(vandal.plaza))
        vandal.put_back()


def test_a_day_deleted_with_every_trace_is_named_by_the_minutes_that_a_party_kept(vandal: Vandal) -> None:
    vandal.day = DAYS[2]
    vandal.delete_closing()
    vandal.sql(f"ALTER TABLE settlement_receipts DELETE WHERE day = '{vandal.day}' {SYNC}")
    assert verify(vandal.plaza) == [], "nothing in the database tells of the last day any more"
    found = verify(vandal.plaza, "--minutes", str(vandal.plaza.folder / "minutes"))
    assert [one["row"] for one in found] == [f"settlement_closings day={DAYS[2]}"]


def test_a_closing_replaced_by_one_that_another_key_signed_is_named(vandal: Vandal) -> None:
    vandal.replace_closing(Ed25519PrivateKey.generate())
    found = verify(vandal.plaza)
    about = [one["what"] for one in found if "settlement_closings" in one["row"]]
    assert any("operator with a key that is not registered" in what for what in about)
    assert any("provider with a key that is not registered" in what for what in about)
    assert any("one was replaced" in what for what in about), "the next day still names the first one"
    assert any("was closed as" in what for what in about), "its receipt too"


def test_a_second_closing_of_a_day_is_named_and_the_first_holds(vandal: Vandal) -> None:
    later = replace(minutes_from(vandal.row.minutes), made_us=minutes_from(vandal.row.minutes).made_us + 1)
    row = replace(vandal.row, digest=later.digest, minutes=later.signed_bytes.decode())
    vandal.add_closing(row)
    held = closings.closing_of(vandal.books, "VETC", vandal.day)
    assert held == vandal.row
    (found,) = verify(vandal.plaza)
    assert later.digest[:16] in found["row"]
    assert found["what"] == "a second closing of the day was added"


def test_minutes_of_nobody_in_the_folder_change_nothing(closed: Plaza, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(closed.folder / "minutes", kept)
    content = json.loads((kept / closed.minutes(DAYS[0]).name).read_text(encoding="utf-8"))
    content["signatures"]["provider"] = ""
    (kept / "minutes-unsigned.json").write_text(json.dumps(content), encoding="utf-8")
    assert verify(closed, "--minutes", str(kept)) == []
