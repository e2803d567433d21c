"""Base files: everything that went in is found, nothing else is, whatever their size and order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lane_controller.contracts.v1 import entry_digest
from lane_controller.lists.country import build as build_module
from lane_controller.lists.country import merge
from lane_controller.lists.country.base import BaseFile, DamageError, Totals, bucket_of, spread
from lane_controller.lists.country.build import RUN_SHIFT, RUNS, Spool, build
from lane_controller.lists.country.delta import Batch, DeltaLog
from lane_controller.lists.country.row import entry_of, key_of_epc, pack
from tests.unit.tag_list.tags import epc_of, expected, tag


def _build(folder: Path, numbers: list[int]) -> BaseFile:
    spool = Spool(folder / "spool")
    for number in numbers:
        spool.add(pack(epc_of(number), number + 1, tag(number)))
    spool.flush()
    build(folder / "base.tags", spool.runs(), len(numbers), 77)
    return BaseFile(folder / "base.tags")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 17, 64, 65, 250, 257, 1_000, 5_003])
def test_every_row_is_found_and_no_other(tmp_path: Path, count: int) -> None:
    numbers = list(range(count))
    random.Random(count).shuffle(numbers)
    opened = _build(tmp_path, numbers)
    xor = 0
    for number in numbers:
        row = opened.find(key_of_epc(epc_of(number)))
        assert row is not None
        assert entry_of(row) == expected(tag(number), number + 1)
        assert [row] == opened.with_plate(tag(number).plate.encode())
        xor ^= entry_digest(tag(number))
    for number in range(count, count + 500):
        assert opened.find(key_of_epc(epc_of(number))) is None
        assert opened.with_plate(f"none{number}".encode()) == []
    assert opened.header.totals == Totals(count, count, xor)
    assert (opened.header.rows, opened.header.fresh_utc_us) == (count, 77)
    opened.verify()
    opened.close()


def test_the_newest_version_of_a_tag_wins_in_any_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for version in (3, 9, 5):
        spool.add(pack(epc_of(1), version, tag(1, version)))
    spool.add(pack(epc_of(2), 8, None))
    spool.add(pack(epc_of(2), 4, tag(2)))
    spool.flush()
    header = build(tmp_path / "base.tags", spool.runs(), 5, 0)
    opened = BaseFile(tmp_path / "base.tags")
    found = opened.find(key_of_epc(epc_of(1)))
    assert found is not None
    assert entry_of(found) == expected(tag(1, 9), 9)
    assert header.totals == Totals(9, 1, entry_digest(tag(1, 9)))
    assert header.rows == 2
    opened.close()


def test_tags_of_one_bucket_and_parts_of_each_other_are_told_apart(tmp_path: Path) -> None:
    """All rows in one bucket, every EPC a part of the next: the whole EPC decides."""
    epcs = ["AB" * size for size in range(1, 41)]
    rows = {key_of_epc(epc): pack(epc, 1, tag(7).model_copy(update={"epc": epc, "account": epc})) for epc in epcs[::2]}
    runs = [{key: row for key, row in rows.items() if spread(key) >> RUN_SHIFT == run} for run in range(RUNS)]
    build(tmp_path / "base.tags", runs, 1, 0)
    opened = BaseFile(tmp_path / "base.tags")
    for epc in epcs:
        assert opened.find(key_of_epc(epc)) == rows.get(key_of_epc(epc))
    assert sorted(opened.with_plate(tag(7).plate.encode())) == sorted(rows.values())
    opened.close()


def _log(folder: Path, start: Totals, rows: list[bytes], totals: Totals) -> Path:
    log = DeltaLog.create(folder / "delta.log", start)
    log.append(Batch(b"".join(rows), totals, 99))
    log.close()
    return folder / "delta.log"


@pytest.mark.parametrize(("before", "after"), [(0, 900), (1, 70), (900, 900), (900, 950), (300, 3_000)])
def test_a_merge_gives_what_building_anew_gives(tmp_path: Path, before: int, after: int) -> None:
    """New rows, changed rows, other plates, removed rows: with buckets kept and with buckets dealt anew."""
    opened = _build(tmp_path, list(range(before)))
    rows = {epc_of(number): pack(epc_of(number), number + 1, tag(number)) for number in range(before)}
    changed = {epc_of(number): pack(epc_of(number), 10_000, tag(number, 1, f"99B{number % 400}"))
               for number in range(before // 2, after)}  # fmt: skip
    changed |= {epc_of(number): pack(epc_of(number), 10_001, None) for number in range(0, after, 9)}
    rows |= changed
    newest = [tag(number, 0 if number < before // 2 else 1, None if number < before // 2 else f"99B{number % 400}")
              for number in range(after) if number % 9]  # fmt: skip
    xor = 0
    for entry in newest:
        xor ^= entry_digest(entry)
    totals = Totals(10_001, len(newest), xor)
    log = _log(tmp_path, opened.header.totals, list(changed.values()), totals)
    header = merge.merge(opened.path, [log], tmp_path / "next.tags")
    merged = BaseFile(tmp_path / "next.tags")
    merged.verify()
    assert (header.totals, header.rows, header.fresh_utc_us) == (totals, len(rows), 99)
    for epc, row in rows.items():
        assert merged.find(key_of_epc(epc)) == row
    for entry in newest:
        alike = [pack(one.epc, 10_000, one) for one in newest if one.plate == entry.plate]
        if entry.plate.startswith("99B"):
            assert sorted(merged.with_plate(entry.plate.encode())) == sorted(alike)
    merged.close()
    opened.close()


def test_a_merge_whose_sums_do_not_come_out_writes_nothing(tmp_path: Path) -> None:
    opened = _build(tmp_path, list(range(10)))
    log = _log(tmp_path, opened.header.totals, [pack(epc_of(3), 50, None)], Totals(50, 9, 12345))
    with pytest.raises(DamageError, match="add up"):
        merge.merge(opened.path, [log], tmp_path / "next.tags")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.tags", "delta.log", "spool"]
    opened.close()


def test_a_log_of_another_list_is_refused(tmp_path: Path) -> None:
    opened = _build(tmp_path, list(range(10)))
    log = _log(tmp_path, Totals(9, 9, 9), [], Totals(9, 9, 9))
    with pytest.raises(DamageError, match="go on"):
        merge.merge(opened.path, [log], tmp_path / "next.tags")
    opened.close()


def test_serial_numbers_in_a_row_spread_evenly() -> None:
    """Providers give out runs of serial numbers: no bucket may get a crowd of them."""
    buckets = 25_000
    filled = [0] * buckets
    for number in range(100_000):
        filled[bucket_of(spread(key_of_epc(f"3414257BF7194E40{number:08X}")), buckets)] += 1
    assert max(filled) <= 20


@pytest.mark.parametrize("at_once", [1, 7, 64, 1_000])
def test_plates_are_written_in_parts_and_none_is_lost_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(build_module, "_PLATES_AT_ONCE", at_once)
    opened = _build(tmp_path, list(range(900)))
    opened.verify()
    for number in range(900):
        (row,) = opened.with_plate(tag(number).plate.encode())
        assert entry_of(row) == expected(tag(number), number + 1)
    opened.close()
