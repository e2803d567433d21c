"""Bytes that change on disk: every look-up afterwards is right or unknown-and-told, never another entry.

Flips are drawn anew in each run over the whole file; hypothesis prints those that fail.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.lists.country.base import DamageError
from lane_controller.lists.country.keeper import Keeper
from lane_controller.lists.country.merge import merge
from lane_controller.lists.country.shelf import Shelf, ShelfBusyError
from lane_controller.lists.country.table import CountryTable
from tests.unit.tag_list.tags import Model, epc_of, tag

COUNT = 300


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list with 300 rows in its base and changes of 90 of them in its log, in nine batches."""
    folder = tmp_path_factory.mktemp("whole") / "list"
    folder.mkdir()
    _fill(folder)
    return folder


def _fill(folder: Path) -> None:
    Keeper.create_empty(folder)
    keeper, table = Keeper.open(folder)
    for number in range(COUNT):
        table.apply(epc_of(number), number + 1, tag(number))
    job = keeper.rotate(table.freeze())
    merge(job.base, job.logs, job.out)
    table.swap(keeper.adopt(job)).close()
    keeper.tidy()
    for at, number in enumerate(range(0, COUNT, 3)):
        if at % 10 == 0:
            keeper.append(table.cut())
        table.apply(epc_of(number), 1_000 + at, None if at % 4 == 0 else tag(number, 5))
    keeper.append(table.cut())
    keeper.close()
    table.base().close()


def _states() -> list[Model]:
    """The list as it was after each change: an answer must be that of one of them."""
    states = [Model()]
    for number in range(COUNT):
        states[0].apply(epc_of(number), number + 1, tag(number))
    for at, number in enumerate(range(0, COUNT, 3)):
        after = Model()
        after.rows = dict(states[-1].rows)
        after.apply(epc_of(number), 1_000 + at, None if at % 4 == 0 else tag(number, 5))
        states.append(after)
    return states


STATES = {state.version(): state for state in _states()}


def _check(table: CountryTable) -> None:
    """Every row as of the version that the table says it has, or None with damage told."""
    model = STATES[table.version]
    for number in range(COUNT + 20):
        epc = epc_of(number)
        found, right = table.by_epc(epc), model.by_epc(epc)
        assert found == right or (found is None and table.damage is not None)
        plate = tag(number).plate
        found, right = table.by_plate(plate), model.by_plate(plate)
        assert found == right or (found is None and table.damage is not None)


def _open_and_check(folder: Path) -> None:
    try:
        keeper, table = Keeper.open(folder)
    except DamageError:
        return
    table.damaged = lambda text: None
    _check(table)
    keeper.close()
    table.base().close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bytes_never_give_a_wrong_entry(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "list"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    _open_and_check(folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_files_never_give_a_wrong_entry(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "list"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = path.read_bytes()
    left = data.draw(st.integers(0, len(content) - 1))
    zeros = data.draw(st.booleans())
    path.write_bytes(content[:left] + (bytes(len(content) - left) if zeros else b""))
    _open_and_check(folder)


def test_damage_under_an_open_table_is_told_and_verify_finds_it(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "list")
    keeper, table = Keeper.open(tmp_path / "list")
    told: list[str] = []
    table.damaged = told.append
    path = table.base().path
    content = bytearray(path.read_bytes())
    for at in range(4096, table.base().header.plates_at, 64):
        content[at] ^= 0x10
    path.write_bytes(content)
    _check(table)
    assert len(told) == 1
    assert path.name in told[0]
    with pytest.raises(DamageError, match="checksum"):
        table.base().verify()
    keeper.close()
    table.base().close()


def test_a_file_cut_under_an_open_table_is_damage_and_no_crash(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "list")
    keeper, table = Keeper.open(tmp_path / "list")
    with table.base().path.open("r+b") as file:
        file.truncate(100)
    _check(table)
    assert table.damage is not None
    keeper.close()
    table.base().close()


def test_a_change_of_a_row_that_cannot_be_read_counts_only_when_it_is_newer_than_the_list(
    whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "list")
    keeper, table = Keeper.open(tmp_path / "list")
    with table.base().path.open("r+b") as file:
        file.truncate(100)
    assert not table.apply(epc_of(1), table.version, tag(1, 9))
    assert table.by_epc(epc_of(1)) is None
    assert table.apply(epc_of(1), table.version + 1, tag(1, 9))
    assert table.by_epc(epc_of(1)) is not None
    keeper.close()
    table.base().close()


def test_a_torn_batch_is_left_out_and_writing_goes_on_behind_the_last_whole_one(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "list")
    (log,) = (tmp_path / "list").glob("delta-*.log")
    log.write_bytes(log.read_bytes()[:-1])
    keeper, table = Keeper.open(tmp_path / "list")
    _check(table)
    before = table.totals()
    assert table.apply(epc_of(1), 5_000, tag(1, 9))
    keeper.append(table.cut())
    after = table.totals()
    keeper.close()
    table.base().close()
    keeper, table = Keeper.open(tmp_path / "list")
    assert before != after == table.totals()
    keeper.close()
    table.base().close()


def test_what_cannot_be_trusted_gives_an_empty_list_and_reading_again(whole: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lists")
    opened = shelf.open()
    assert opened.table.apply(epc_of(1), 1, tag(1))
    opened.keeper.append(opened.table.cut())
    base = opened.table.base().path
    opened.close()
    base.write_bytes(bytes(100))
    opened = shelf.open()
    assert (opened.table.version, opened.table.count(), opened.table.by_epc(epc_of(1))) == (0, 0, None)
    opened.close()
    shelf.close()


def test_a_name_of_no_list_gives_an_empty_list(tmp_path: Path) -> None:
    for name in (b"", b"\xff\xfe", b"list-00000099", b"../..", b"list-00000001\n"):
        shelf = Shelf(tmp_path / "lists")
        (tmp_path / "lists" / "in-force").write_bytes(name)
        opened = shelf.open()
        assert opened.table.count() == 0
        opened.close()
        shelf.close()


def test_two_processes_cannot_hold_one_folder(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lists")
    with pytest.raises(ShelfBusyError, match="data_dir"):
        Shelf(tmp_path / "lists")
    shelf.close()
    Shelf(tmp_path / "lists").close()
