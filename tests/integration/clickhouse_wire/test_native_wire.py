"""The native protocol of a ClickHouse server that is not ours, through the driver that the system uses.

What is shown: login, both compressions, blocks of every type that we store, and errors that come back as errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_driver import Client, errors

from tests.parts.clickhouse_server import PASSWORD, USER, ClickhouseServer

pytestmark = pytest.mark.integration

AUTHENTICATION_FAILED = (192, 193, 516)
"""Unknown user, wrong password (18.16), and the one code of newer servers for both."""


@pytest.fixture(params=[False, "lz4", "zstd"], ids=["plain", "lz4", "zstd"])
def client(request: pytest.FixtureRequest, clickhouse_server: ClickhouseServer) -> Iterator[Client]:
    found = Client(
        clickhouse_server.host, clickhouse_server.port, user=USER, password=PASSWORD, compression=request.param
    )
    yield found
    found.disconnect()


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    client.execute(
        """CREATE TABLE wire (
            lane String, seq UInt64, amount_vnd Int64, at_utc DateTime('UTC'), plate Nullable(String),
            epcs Array(String), scores Array(Float64), class Nullable(UInt8), sha FixedString(4),
            paid Enum8('no' = 0, 'yes' = 1)
        ) ENGINE = MergeTree() PARTITION BY toYYYYMM(at_utc) ORDER BY (lane, seq)"""
    )
    yield "wire"
    client.execute("DROP TABLE wire")


def test_a_wrong_password_is_refused_with_a_reason(clickhouse_server: ClickhouseServer) -> None:
    client = Client(clickhouse_server.host, clickhouse_server.port, user=USER, password="sai")
    with pytest.raises(errors.ServerException) as refused:
        client.execute("SELECT 1")
    assert refused.value.code in AUTHENTICATION_FAILED
    assert USER in str(refused.value)
    client.disconnect()


def test_an_unknown_user_is_refused(clickhouse_server: ClickhouseServer) -> None:
    client = Client(clickhouse_server.host, clickhouse_server.port, user="nobody", password=PASSWORD)
    with pytest.raises(errors.ServerException) as refused:
        client.execute("SELECT 1")
    assert refused.value.code in AUTHENTICATION_FAILED
    client.disconnect()


def test_rows_come_back_as_they_went(client: Client, table: str) -> None:
    rows: list[tuple[Any, ...]] = [
        ("CM-01", 1, 35_000, _utc(8), "20A-123.45", ["E2801160", "3034"], [-1.5, 0.0], 1, b"\x00\xff\x01\x02", "yes"),
        ("CM-01", 2**64 - 1, -(2**63), _utc(9), None, [], [], None, b"abcd", "no"),
        ("Thái Nguyên – Chợ Mới", 3, 0, _utc(10), "", [""], [1e308], 255, b"\x00" * 4, "no"),
    ]
    client.execute(f"INSERT INTO {table} VALUES", rows)
    found = client.execute(f"SELECT * FROM {table} ORDER BY at_utc", settings={"strings_as_bytes": False})
    expected = [(*row[:8], row[8].rstrip(b"\x00").decode("latin-1"), row[9]) for row in rows]
    assert [row[:8] + row[9:] for row in found] == [row[:8] + row[9:] for row in expected]


def test_a_hundred_thousand_rows_sum_up(client: Client, table: str) -> None:
    count = 100_000
    rows = [
        ("CM-02", n, n * 7, _utc(n % 24), None, ["A" * (n % 5)], [], n % 5 + 1, b"wxyz", "yes") for n in range(count)
    ]
    client.execute(f"INSERT INTO {table} VALUES", rows)
    found = client.execute(f"SELECT count(), sum(amount_vnd), uniqExact(seq), sum(length(epcs)) FROM {table}")
    assert found == [(count, 7 * count * (count - 1) // 2, count, count)]


def test_columns_as_arrays(client: Client, table: str) -> None:
    columns = [["CM-03"] * 3, [1, 2, 3], [10, 20, 30], [_utc(1)] * 3, [None, "x", None], [["E"]] * 3, [[0.5]] * 3]
    columns += [[1, None, 5], [b"1234"] * 3, ["no"] * 3]
    client.execute(f"INSERT INTO {table} VALUES", columns, columnar=True)
    assert client.execute(f"SELECT seq, plate, class FROM {table} ORDER BY seq", columnar=True) == [
        (1, 2, 3),
        (None, "x", None),
        (1, None, 5),
    ]


def test_parameters_are_escaped(client: Client) -> None:
    awkward = "O'Hara \\ 20A;--\n\t"
    assert client.execute("SELECT %(text)s", {"text": awkward}) == [(awkward,)]


def test_an_error_leaves_the_connection_usable(client: Client) -> None:
    with pytest.raises(errors.ServerException, match="missing_table"):
        client.execute("SELECT * FROM missing_table")
    assert client.execute("SELECT 1") == [(1,)]


def test_a_wrong_row_is_refused_before_it_is_sent(client: Client, table: str) -> None:
    rows = [("CM-01", "not a number", 0, _utc(1), None, [], [], 1, b"abcd", "no")]
    with pytest.raises((errors.TypeMismatchError, ValueError)):
        client.execute(f"INSERT INTO {table} VALUES", rows, types_check=True)
    client.disconnect()
    assert client.execute(f"SELECT count() FROM {table}") == [(0,)]


def test_progress_of_a_long_query(client: Client) -> None:
    progress = client.execute_with_progress("SELECT sum(number) FROM numbers(3000000)")
    read = [rows for rows, _ in progress]
    assert progress.get_result() == [(2999999 * 3000000 // 2,)]
    assert read == sorted(read)
    assert read[-1] >= 3_000_000  # the old server counts whole blocks


def _utc(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, 0, 0, tzinfo=UTC)
