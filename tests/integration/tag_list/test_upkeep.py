"""The list kept by its own processes: merged while changes go on, replaced, checked, and killed at any moment."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lane_controller.lists.country.delta import DeltaLog
from lane_controller.lists.country.upkeep import CountryList, open_list
from tests.unit.tag_list.tags import Model, epc_of, tag


def _same(tag_list: CountryList, model: Model, numbers: range) -> None:
    for number in numbers:
        assert tag_list.table.by_epc(epc_of(number)) == model.by_epc(epc_of(number))
    assert tag_list.table.count() == len(model.entries())
    assert tag_list.table.damage is None


async def test_changes_go_on_while_a_process_merges(tmp_path: Path) -> None:
    tag_list, model = open_list(tmp_path, merge_rows=300), Model()
    version = 0
    while tag_list.merges < 3:
        for _ in range(50):
            version += 1
            change = (epc_of(version % 900), version, None if version % 13 == 0 else tag(version % 900, version))
            assert tag_list.table.apply(*change) == model.apply(*change)
        await tag_list.store()
        _same(tag_list, model, range(0, 900, 50))
        await asyncio.sleep(0.01)
    await tag_list.close()
    tag_list = open_list(tmp_path)
    _same(tag_list, model, range(900))
    assert tag_list.table.version == version
    await tag_list.verify()
    _same(tag_list, model, range(900))
    await tag_list.close()
    assert len(list(tmp_path.glob("list-*/base-*.tags"))) == 1


@pytest.mark.parametrize("rows", [50, 20_000])
async def test_a_list_read_anew_takes_the_place_of_the_one_before(tmp_path: Path, rows: int) -> None:
    """Once built in the worker thread, once in a process."""
    tag_list, model = open_list(tmp_path), Model()
    tag_list.table.apply(epc_of(99_999), 7, tag(99_999))
    await tag_list.store()
    draft = await tag_list.draft()
    for number in range(rows):
        draft.add(epc_of(number), number + 1, tag(number))
        model.apply(epc_of(number), number + 1, tag(number))
    opened = await tag_list.build(draft, 5)
    assert tag_list.table.by_epc(epc_of(99_999)) is not None
    opened.table.apply(epc_of(1), rows + 1, tag(1, 1))
    model.apply(epc_of(1), rows + 1, tag(1, 1))
    (await tag_list.replace(opened)).close()
    _same(tag_list, model, range(0, rows, 7))
    assert tag_list.table.by_epc(epc_of(99_999)) is None
    await tag_list.close()
    tag_list = open_list(tmp_path)
    _same(tag_list, model, range(0, rows, 7))
    await tag_list.close()
    assert len(list(tmp_path.glob("list-*"))) == 1


async def test_verify_tells_of_damage_that_nobody_asked_for(tmp_path: Path) -> None:
    tag_list = open_list(tmp_path)
    draft = await tag_list.draft()
    for number in range(100):
        draft.add(epc_of(number), number + 1, tag(number))
    (await tag_list.replace(await tag_list.build(draft, 5))).close()
    path = tag_list.table.base().path
    content = bytearray(path.read_bytes())
    content[5_000] ^= 1
    path.write_bytes(content)
    told: list[str] = []
    tag_list.table.damaged = told.append
    await tag_list.verify()
    await tag_list.verify()
    assert len(told) == 1
    assert "checksum" in told[0]
    await tag_list.close()


async def test_a_merge_that_meets_damage_tells_it_and_the_list_goes_on(tmp_path: Path) -> None:
    tag_list = open_list(tmp_path, merge_rows=10)
    for number in range(20):
        tag_list.table.apply(epc_of(number), number + 1, tag(number))
    path = tag_list.table.base().path
    path.write_bytes(bytes(path.stat().st_size))
    told: list[str] = []
    tag_list.table.damaged = told.append
    await tag_list.store()
    await tag_list.merged()
    assert len(told) == 1
    assert tag_list.merges == 0
    assert all(tag_list.table.by_epc(epc_of(number)) is not None for number in range(20))
    await tag_list.close()


async def test_a_full_disk_stops_nothing_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tag_list, model = open_list(tmp_path), Model()

    def full(fd: int, data: memoryview, at: int) -> int:
        if len(data) > 10:
            return written(fd, data[:10], at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    written = os.pwrite
    for round_ in range(4):
        monkeypatch.setattr(os, "pwrite", full if round_ < 3 else written)
        for number in range(round_ * 10, round_ * 10 + 10):
            tag_list.table.apply(epc_of(number), number + 1, tag(number))
            model.apply(epc_of(number), number + 1, tag(number))
        await tag_list.store()
        _same(tag_list, model, range(40))
    assert tag_list.write_errors == 3
    await tag_list.close()
    tag_list = open_list(tmp_path)
    _same(tag_list, model, range(40))
    await tag_list.close()


# -- kill -9 ----------------------------------------------------------------------------------------------------

ROUNDS = 8
NUMBERS = 400
STEP = 25


def change(version: int) -> tuple[int, int | None]:
    """What version `version` says: a number, and the seed of its entry (None: it left the list)."""
    lots = random.Random(version)
    return lots.randrange(NUMBERS), None if lots.random() < 0.1 else version


def model_at(version: int) -> Model:
    """The list as of a version."""
    model = Model()
    for one in range(1, version + 1):
        number, seed = change(one)
        model.apply(epc_of(number), one, None if seed is None else tag(number, seed))
    return model


async def write_for_ever(folder: Path) -> None:
    """The process that is killed: goes on from the version it finds and says what is durable."""
    tag_list = open_list(folder, merge_rows=150)
    while True:
        for version in range(tag_list.table.version + 1, tag_list.table.version + 1 + STEP):
            number, seed = change(version)
            tag_list.table.apply(epc_of(number), version, None if seed is None else tag(number, seed))
        await tag_list.store()
        sys.stdout.write(f"{tag_list.table.version}\n")
        sys.stdout.flush()


def _killed_after(folder: Path, delay_s: float) -> int:
    """The last version that the process said was durable before it was killed."""
    command = [sys.executable, "-c", "import asyncio, sys; from pathlib import Path;"
               "from tests.integration.tag_list.test_upkeep import write_for_ever;"
               "asyncio.run(write_for_ever(Path(sys.argv[1])))", str(folder)]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    first = child.stdout.readline()
    assert first, "the process said nothing"
    try:
        child.wait(delay_s)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    said = [first, *child.stdout.readlines()]
    child.wait()
    child.stdout.close()
    return int([line for line in said if line.endswith("\n")][-1])


async def test_kill_9_at_any_moment_leaves_the_last_whole_version(tmp_path: Path) -> None:
    lots = random.Random()
    merged = set()
    for _ in range(ROUNDS):
        said = _killed_after(tmp_path, lots.uniform(0.02, 1.2))
        tag_list = open_list(tmp_path)
        version = tag_list.table.version
        assert version >= said
        assert version % STEP == 0
        model = model_at(version)
        _same(tag_list, model, range(NUMBERS))
        for number in range(NUMBERS):
            plate = tag(number).plate
            assert tag_list.table.by_plate(plate) == model.by_plate(plate)
        merged.add(tag_list.table.base().path.name)
        await tag_list.close()
    assert len(merged) > 1, "no round lasted until a merge"


def test_a_log_begun_and_never_named_is_no_log(tmp_path: Path) -> None:
    """What a death between two system calls of `create` leaves behind is removed at the next start."""
    tag_list = open_list(tmp_path)
    folder = tag_list.table.base().path.parent
    asyncio.run(tag_list.close())
    (folder / "delta-00000002.part").write_bytes(b"ETC")
    (folder / "base-00000002.part").write_bytes(b"ETC")
    tag_list = open_list(tmp_path)
    assert sorted(path.suffix for path in folder.iterdir()) == [".log", ".tags"]
    asyncio.run(tag_list.close())
    with pytest.raises(FileNotFoundError):
        DeltaLog(folder / "delta-00000002.log", 0, 0)
