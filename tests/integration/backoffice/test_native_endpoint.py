"""The embedded server against clickhouse-driver: what a program may expect of a ClickHouse server."""

from __future__ import annotations

import datetime as dt
import decimal
import ipaddress
import random
import socket
import struct
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from clickhouse_driver import Client, errors

from tests.integration.backoffice.server_process import PASSWORD, USER, ServerProcess

pytestmark = pytest.mark.integration

Connect = Callable[..., Client]


@pytest.fixture
def connect(server: ServerProcess) -> Iterator[Connect]:
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        clients.append(Client("127.0.0.1", **{"port": server.port, "user": USER, "password": PASSWORD} | options))
        return clients[-1]

    yield make
    for client in clients:
        client.disconnect()


@pytest.fixture
def table(connect: Connect) -> str:
    return f"t{uuid.uuid4().hex}"


COLUMNS: list[tuple[str, Any, Any]] = [
    ("UInt8", 0, 255),
    ("Int64", -(2**63), 2**63 - 1),
    ("UInt128", 0, 2**128 - 1),
    ("Int256", -(2**255), 2**255 - 1),
    ("Float64", -1.5, 1e300),
    ("Bool", True, False),
    ("String", "", "Thái Nguyên – Chợ Mới " * 20),
    ("FixedString(3)", "abc", "xyz"),
    ("Nullable(Int32)", None, -7),
    ("Nullable(String)", "đ", None),
    ("Date", dt.date(1970, 1, 1), dt.date(2026, 6, 15)),
    ("DateTime64(6, 'UTC')", dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 6, 15, 3, 0, 1, 234567, dt.UTC)),
    ("Decimal(18, 2)", decimal.Decimal("-1.25"), decimal.Decimal("9999999999999999.99")),
    ("Decimal(38, 5)", decimal.Decimal("0.00001"), decimal.Decimal("1.00000")),
    ("UUID", uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)),
    ("IPv4", ipaddress.IPv4Address("0.0.0.0"), ipaddress.IPv4Address("10.1.2.3")),
    ("IPv6", ipaddress.IPv6Address("::"), ipaddress.IPv6Address("fe80::1")),
    ("Enum8('red' = 1, 'it''s, (green)' = 2)", "red", "it's, (green)"),
    ("Array(String)", [], ["a", "b" * 300]),
    ("Array(Nullable(UInt16))", [None, 1], []),
    ("Array(Array(UInt8))", [[1], []], [[2, 3], [4]]),
    ("LowCardinality(String)", "VETC", "VDTC"),
    ("LowCardinality(Nullable(String))", None, "x"),
    ("Array(LowCardinality(String))", ["", "p"], []),
    ("Map(String, UInt8)", {}, {"a": 1, "b": 2}),
    ("Tuple(kind String, n UInt8)", ("front", 1), ("", 0)),
    ("Array(Tuple(String, Nullable(Int8)))", [("a", None)], []),
]


@pytest.mark.parametrize("compression", [False, "lz4", "zstd"])
@pytest.mark.parametrize(("kind", "first", "second"), COLUMNS, ids=[kind for kind, _, _ in COLUMNS])
def test_a_column_comes_back_as_it_was_sent(
    connect: Connect, table: str, compression: str | bool, kind: str, first: Any, second: Any
) -> None:
    client = connect(compression=compression)
    client.execute(f"CREATE TABLE {table} (n UInt8, v {kind}) ENGINE = Memory")
    assert client.execute(f"INSERT INTO {table} VALUES", [(1, first), (2, second)]) == 2
    assert client.execute(f"SELECT v FROM {table} ORDER BY n") == [(first,), (second,)]
    assert client.execute(f"SELECT v FROM {table} WHERE n = 3", with_column_types=True)[0] == []


@pytest.mark.parametrize("compression", [False, "lz4", "zstd"])
def test_a_million_rows_go_in_and_out(connect: Connect, table: str, compression: str | bool) -> None:
    client = connect(compression=compression, settings={"use_numpy": True})
    client.execute(f"CREATE TABLE {table} (n UInt64, half Float64) ENGINE = MergeTree ORDER BY n")
    numbers = numpy.arange(1_000_000, dtype=numpy.uint64)
    client.execute(f"INSERT INTO {table} VALUES", [numbers, numbers / 2], columnar=True)
    back, halves = client.execute(f"SELECT n, half FROM {table} ORDER BY n", columnar=True)
    assert numpy.array_equal(back, numbers)
    assert numpy.array_equal(halves, numbers / 2)


def test_bytes_that_look_like_the_end_of_a_statement_are_only_bytes(connect: Connect, table: str) -> None:
    client = connect()
    client.execute(f"CREATE TABLE {table} (n UInt64, s String) ENGINE = Memory")
    rows = [(0x0A0A0A0A0A0A0A0A, "\n\n;\nSELECT 1;\r\n\x00"), (0x3B, "';--")]
    client.execute(f"INSERT INTO {table} VALUES", rows)
    assert client.execute(f"SELECT * FROM {table} ORDER BY n DESC") == rows


def test_parameters_settings_and_column_lists(connect: Connect, table: str) -> None:
    client = connect()
    assert client.execute("SELECT %(text)s, %(list)s", {"text": "it's \\ %", "list": [1, 2]}) == [("it's \\ %", [1, 2])]
    assert client.execute("SELECT getSetting('max_block_size')", settings={"max_block_size": 17}) == [(17,)]
    assert client.execute("SELECT getSetting('max_block_size')") != [(17,)]
    client.execute(f"CREATE TABLE {table} (a UInt8, b UInt8 DEFAULT 9, c UInt8 MATERIALIZED a + 1) ENGINE = Memory")
    client.execute(f"INSERT INTO {table} (a) VALUES", [(1,)])
    client.execute(f"INSERT INTO {table} (`b`, a) VALUES", [(5, 2)])
    client.execute(f"INSERT INTO {table} VALUES", [(3, 4)])
    client.execute(f"INSERT INTO {table} SELECT 7, 7")
    assert client.execute(f"SELECT a, b, c FROM {table} ORDER BY a") == [(1, 9, 2), (2, 5, 3), (3, 4, 4), (7, 7, 8)]


def test_a_refused_statement_has_its_code_and_the_connection_goes_on(connect: Connect, table: str) -> None:
    client = connect(compression="lz4")
    client.execute(f"CREATE TABLE {table} (n UInt8, CONSTRAINT small CHECK n < 10) ENGINE = Memory")
    refused = [
        (62, "SELEC 1", None),
        (60, "SELECT * FROM nowhere", None),
        (60, "INSERT INTO nowhere VALUES", [(1,)]),
        (16, f"INSERT INTO {table} (other) VALUES", [(1,)]),
        (469, f"INSERT INTO {table} VALUES", [(1,), (11,)]),
        (395, "SELECT throwIf(number = 90000) FROM numbers(100000)", None),
    ]
    for code, sql, rows in refused:
        with pytest.raises(errors.ServerException) as raised:
            client.execute(sql, rows)
        assert raised.value.code == code, sql
        assert client.execute("SELECT 1") == [(1,)]
    assert client.execute(f"SELECT count() FROM {table}") == [(0,)]


def test_who_may_come_in(connect: Connect) -> None:
    for wrong in ({"password": "guess"}, {"user": "root"}, {"password": ""}):
        with pytest.raises(errors.ServerException) as raised:
            connect(**wrong).execute("SELECT 1")
        assert raised.value.code == 516
        assert PASSWORD not in str(raised.value)
    with pytest.raises(errors.ServerException) as raised:
        connect(database="nowhere").execute("SELECT 1")
    assert raised.value.code == 81


def test_many_clients_at_once_see_their_own_results(connect: Connect, table: str) -> None:
    connect().execute(f"CREATE TABLE {table} (who UInt8, n UInt32) ENGINE = MergeTree ORDER BY (who, n)")
    failures: list[BaseException] = []

    def work(who: int) -> None:
        client = connect(compression=random.Random(who).choice([False, "lz4", "zstd"]))
        try:
            for part in range(5):
                client.execute(f"INSERT INTO {table} VALUES", [(who, part * 1000 + n) for n in range(1000)])
                got = client.execute(f"SELECT count(), uniqExact(n) FROM {table} WHERE who = %(who)s", {"who": who})
                assert got == [((part + 1) * 1000, (part + 1) * 1000)]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(connect: Connect, table: str) -> None:
    steady = connect()
    for _ in range(5):
        leaving = connect()
        rows = leaving.execute_iter("SELECT number FROM numbers(50000000)")
        assert next(rows) == (0,)
        leaving.disconnect()
        cancelling = connect()
        rows = cancelling.execute_iter("SELECT number FROM numbers(50000000)")
        assert next(rows) == (0,)
        cancelling.cancel()
        assert cancelling.execute("SELECT 3") == [(3,)]
        assert steady.execute("SELECT 2") == [(2,)]


def test_garbage_closes_its_connection_and_nothing_else(server: ServerProcess, connect: Connect) -> None:
    steady = connect()
    dice = random.Random(7)
    hello = b"\x00\x06python\x14\x0a\xc6\xa9\x03\x00\x03etc" + bytes([len(PASSWORD.encode())]) + PASSWORD.encode()
    rubbish = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 100,
        b"\xff" * 100,
        b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    ]
    rubbish += [dice.randbytes(dice.randrange(1, 400)) for _ in range(30)]
    rubbish += [hello + dice.randbytes(dice.randrange(1, 400)) for _ in range(30)]
    rubbish += [hello + b"\x01" + b"\x00" + struct.pack("<B", 1) + dice.randbytes(50) for _ in range(5)]
    for data in rubbish:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        assert steady.execute("SELECT 1") == [(1,)]


def test_what_was_inserted_survives_a_kill(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    for life in range(3):
        client = Client("127.0.0.1", port=server.port, user=USER, password=PASSWORD)
        client.execute(
            "CREATE TABLE IF NOT EXISTS money (id UInt64, vnd Int64) ENGINE = ReplacingMergeTree ORDER BY id "
            "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
        )
        for part in range(20):
            first = life * 1000 + part * 10
            client.execute("INSERT INTO money VALUES", [(first + n, 35_000) for n in range(10)])
        client.disconnect()
        server.kill()
        server.restart()
    client = Client("127.0.0.1", port=server.port, user=USER, password=PASSWORD)
    assert client.execute("SELECT count(), sum(vnd) FROM money FINAL") == [(600, 600 * 35_000)]
    client.disconnect()
    assert server.stop() == 0


def test_a_second_owner_of_the_directory_is_refused(server: ServerProcess) -> None:
    program = "from backoffice.app.main import main; main()"
    data = str(server.folder / "data")
    command = [sys.executable, "-c", program, "database", "--data", data, "--listen", "127.0.0.1:0"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert f"in use by process {server.process.pid}" in second.stderr
