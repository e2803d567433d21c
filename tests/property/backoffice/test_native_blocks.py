"""Blocks and frames of the native protocol: cut anywhere, end where they end; garbage is refused, never believed."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.storage.embedded import blocks, frames, packets
from backoffice.storage.embedded.statement import classify
from backoffice.storage.embedded.wire import ByteReader, PeerGone, ProtocolError, text, varint


def reader_of(data: bytes, step: int) -> ByteReader:
    parts = iter([data[at : at + step] for at in range(0, len(data), step)])
    return ByteReader(lambda: next(parts, b""))


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.text()), st.integers(1, 9))
def test_primitives_come_back_however_they_are_cut(numbers: list[int], texts: list[str], step: int) -> None:
    data = b"".join(map(varint, numbers)) + b"".join(map(text, texts))
    reader = reader_of(data, step)
    assert [reader.varint() for _ in numbers] == numbers
    assert [reader.text() for _ in texts] == texts
    with pytest.raises(PeerGone):
        reader.uint8()


@settings(deadline=None)
@given(st.binary(max_size=5000), st.sampled_from([frames.LZ4, frames.ZSTD, frames.NONE]), st.integers(1, 700))
def test_frames_come_back_and_a_changed_byte_is_seen(plain: bytes, method: int, step: int) -> None:
    framed = frames.compress(plain, method)
    reader = ByteReader(frames.FrameReader(reader_of(framed, step)))
    assert reader.take(len(plain)) == plain
    if framed:
        for at in (0, len(framed) // 2, len(framed) - 1):
            broken = bytearray(framed)
            broken[at] ^= 1
            with pytest.raises((ProtocolError, PeerGone)):
                frames.FrameReader(reader_of(bytes(broken), step))()


@settings(deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=20), max_size=4), min_size=1, max_size=6),
    st.integers(1, 50),
    st.binary(max_size=9),
)
def test_a_block_ends_where_it_ends(rows: list[list[str]], step: int, behind: bytes) -> None:
    offsets, total = b"", 0
    for row in rows:
        total += len(row)
        offsets += struct.pack("<Q", total)
    cells = offsets + b"".join(text(cell) for row in rows for cell in row)
    head = varint(2) + varint(len(rows))
    block = (
        head
        + text("a")
        + text("Array(String)")
        + cells
        + text("n")
        + text("Nullable(Decimal(9, 2))")
        + bytes(5 * len(rows))
    )
    reader = reader_of(block + behind, step)
    reader.mark()
    assert blocks.skip_block(reader) == (2, len(rows))
    assert reader.since_mark() == block
    assert list(blocks.split(block * 3)) == [block] * 3


def read_on(read: Callable[[ByteReader], object], reader: ByteReader) -> NoReturn:
    while True:
        read(reader)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_garbage_never_raises_anything_else(data: bytes, step: int) -> None:
    for read in (packets.read_hello, packets.read_query, blocks.skip_block, blocks.skip_info):
        reader = reader_of(data, step)
        with pytest.raises((ProtocolError, PeerGone)):
            read_on(read, reader)


@pytest.mark.parametrize(
    "kind", ["JSON", "Dynamic", "Variant(String, UInt8)", "AggregateFunction(sum, UInt8)", "No(", ""]
)
def test_a_type_that_is_not_known_is_named(kind: str) -> None:
    with pytest.raises(ProtocolError):
        blocks.shape(kind)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select 1", "select"),
        ("-- note\n/* x */ ( SELECT 1)", "select"),
        ("WITH 1 AS a SELECT a FORMAT CSV", "select"),
        ("INSERT INTO t VALUES", "insert"),
        ("insert into db.`odd name` (a, `b c`) values ", "insert"),
        ("INSERT INTO t (a) SETTINGS max_threads = 1 VALUES;", "insert"),
        ("INSERT INTO t FORMAT Native", "insert"),
        ("INSERT INTO t VALUES (1)", "other"),
        ("INSERT INTO t SELECT 1", "other"),
        ("CREATE TABLE values (a UInt8) ENGINE = Memory", "other"),
        ("", "other"),
    ],
)
def test_kinds_of_statements(sql: str, kind: str) -> None:
    assert classify(sql).kind == kind


def test_a_format_in_quotes_is_no_format() -> None:
    assert classify("SELECT 'a FORMAT CSV'").sql == "SELECT 'a FORMAT CSV'"
    assert classify("SELECT 1 FORMAT CSV;").sql == "SELECT 1"
