"""The tables themselves: what settlement was promised is there, inserts are synced, applying again changes nothing."""

from __future__ import annotations

import pytest

from backoffice.contracts.tables import PASSAGE_COLUMNS, PASSAGES, POSTING_COLUMNS, POSTINGS, SEAL_COLUMNS, SEALS
from backoffice.storage.database import Database, DatabaseError
from backoffice.storage.dsn import Address, AddressError, parse
from backoffice.storage.migrate import migrate, migrations
from tests.integration.backoffice.server_process import PASSWORD

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("table", "columns"), [(PASSAGES, PASSAGE_COLUMNS), (POSTINGS, POSTING_COLUMNS), (SEALS, SEAL_COLUMNS)]
)
def test_the_published_columns_come_first_and_in_order(database: Database, table: str, columns: dict[str, str]) -> None:
    sql = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = %(t)s ORDER BY position"
    assert database.rows(sql, {"t": table})[: len(columns)] == list(columns.items())


def test_what_the_stream_forgets_is_on_disk_before(database: Database) -> None:
    mine = "database = currentDatabase() AND engine = 'ReplacingMergeTree'"
    tables = dict(database.rows(f"SELECT name, create_table_query FROM system.tables WHERE {mine}"))
    assert {"passages", "postings", "account_postings", "rejected_messages", "tag_changes"} <= tables.keys()
    for name, query in tables.items():
        if name != "lane_status":  # a picture of the moment: the next status brings it again
            assert "fsync_after_insert = 1" in query, name
            assert "fsync_part_directory = 1" in query, name


def test_applying_again_changes_nothing(address: Address, database: Database) -> None:
    database.insert(POSTINGS, {"posting_id": ["a/customer"], "amount_vnd": [1]})
    assert migrate(address) == ()
    assert database.rows("SELECT posting_id, amount_vnd FROM postings FINAL") == [("a/customer", 1)]
    assert [m.number for m in migrations()] == list(range(1, len(migrations()) + 1))


def test_errors_name_the_server_and_never_the_password(address: Address, database: Database) -> None:
    with pytest.raises(DatabaseError) as refused:
        database.rows("SELECT nothing FROM nowhere")
    assert (refused.value.retry, refused.value.code) == (False, 60)
    away = Database(parse(f"clickhouse://etc:{'hidden'}@127.0.0.1:1/etc"))
    with pytest.raises(DatabaseError, match=r"clickhouse://etc@127.0.0.1:1/etc: .*is the database running") as gone:
        away.rows("SELECT 1")
    assert gone.value.retry
    assert "hidden" not in str(gone.value) + repr(away.address)
    assert PASSWORD not in str(refused.value) + repr(address) + str(address)


@pytest.mark.parametrize(
    "text", ["", "clickhouse://", "http://h/d", "clickhouse://u:hidden@h:x/d", "clickhouse://u:hidden@h/d;"]
)
def test_what_is_no_address_is_refused_without_the_password(text: str) -> None:
    with pytest.raises(AddressError) as error:
        parse(text)
    assert "hidden" not in str(error.value)


def test_an_address_is_taken_apart() -> None:
    found = parse("clickhouses://a%40b:p%2Fw@[::1]/toll?replicated=1&insert_quorum=auto")
    assert (found.host, found.port, found.user, found.password) == ("::1", 9440, "a@b", "p/w")
    assert (found.secure, found.replicated, found.options) == (True, True, (("insert_quorum", "auto"),))
