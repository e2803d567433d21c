"""Real journals, damaged as disks and people damage files: the lane starts on what it can prove, or says why not.

A process writes and is killed, so that the newest records stand in the WAL alone. Then bytes are altered, cut or
removed. A journal that opens must have lost nothing at its end; one that does not must be saved as far as it can be
proved, with the numbers of the rest.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from lane_controller.outbox.journal import Journal, JournalError, JournalReader
from lane_controller.outbox.salvage import Salvage, salvage
from lane_controller.outbox.verify import verify_journal
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, Rig, rig
from tests.integration.lane_shell.test_journal_kill import WRITER
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.integration

NAME = "CM-01-e1.journal.sqlite3"
PLACE = ("CM", "CM-01", 1)
WRITTEN = 430
"""Passages; every 50th is followed by a checkpoint, so 30 of them and their records are in the WAL alone."""
PAGE = 4_096


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a killed writer left behind; never opened."""
    folder = tmp_path_factory.mktemp("killed")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER.replace("while True", f"while journal.heads[1] < {WRITTEN}") + "sys.stdin.read()",
         str(folder / NAME)],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        while writer.stdout.readline() != f"{WRITTEN}\n":
            pass
        writer.kill()
    assert (folder / f"{NAME}-wal").stat().st_size > PAGE
    return folder


@pytest.fixture
def path(killed: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    shutil.copytree(killed, tmp_path / "lane")
    return tmp_path / "lane" / NAME


def beside(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)


def heads(path: Path) -> tuple[int, int]:
    """(records, passages) that a lane would go on from."""
    journal = Journal(path, *PLACE)
    found = journal.heads[:2]
    journal.close()
    return found


def garble(file: Path, at: int, length: int, seed: int) -> None:
    data = bytearray(file.read_bytes())
    data[at : at + length] = random.Random(seed).randbytes(len(data[at : at + length]))
    file.write_bytes(data)


def check_saved(path: Path, saved: Salvage) -> None:
    """What is there is true, what is not is named, and the damaged files stand aside."""
    reader = JournalReader(path)
    seqs = [one.seq for one in reader.passages()]
    numbers = [record.number for record in reader.records()]
    assert all(json.loads(one.message)["seq"] == one.seq for one in reader.passages())
    reader.close()
    assert (len(numbers), len(seqs)) == (saved.records, saved.passages)
    for there, missing, last in (
        (numbers, saved.missing_records, 2 * WRITTEN),
        (seqs, saved.missing_passages, WRITTEN),
    ):
        named = [number for first, end in missing for number in range(first, end + 1)]
        assert sorted([*there, *named]) == list(range(1, last + 1))
    assert {finding.kind for finding in verify_journal(path).findings} <= {"missing"} or not saved.whole
    assert any(saved.kept_in.iterdir())


def refusal(path: Path) -> str | None:
    """Why a lane does not start on it; None: it does, and has lost nothing at the end."""
    try:
        found = heads(path)
    except JournalError as refused:
        return str(refused)
    assert found == (2 * WRITTEN, WRITTEN)
    return None


def check_damaged(path: Path) -> Salvage | None:
    """The lane loses nothing or refuses; then the rest is saved. None: it lost nothing."""
    text = refusal(path)
    if text is None:
        return None
    assert path.name in text
    assert "lane-controller repair" in text
    saved = salvage(path, PLACE, "now")
    check_saved(path, saved)
    again = refusal(path)
    assert again is None or not saved.whole
    assert again is not None or saved.missing_records[-1:] != ((2 * WRITTEN, 2 * WRITTEN),)
    Journal(path, *PLACE, ended=True).close()
    return saved


def test_undamaged_it_has_everything(path: Path) -> None:
    assert heads(path) == (2 * WRITTEN, WRITTEN)


def test_a_garbled_last_page_is_refused_and_the_rest_saved(path: Path) -> None:
    size = path.stat().st_size
    assert size % PAGE == 0
    garble(path, size - PAGE, PAGE, 1)
    check_damaged(path)


@pytest.mark.parametrize("seed", range(12))
def test_any_garbled_pages(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(chance.choice([1, 1, 3])):
        garble(path, chance.randrange(path.stat().st_size // PAGE) * PAGE, chance.choice([8, 100, PAGE]), seed)
    check_damaged(path)


@pytest.mark.parametrize("seed", range(8))
def test_a_torn_wal_never_gives_numbers_again(path: Path, seed: int) -> None:
    wal = beside(path, "-wal")
    wal.write_bytes(wal.read_bytes()[: random.Random(seed).randrange(wal.stat().st_size)])
    saved = check_damaged(path)
    if saved is not None:
        assert saved.missing_passages[-1][1] == WRITTEN


def test_an_emptied_wal_is_noticed(path: Path) -> None:
    beside(path, "-wal").write_bytes(b"")
    saved = check_damaged(path)
    assert saved is not None
    assert saved.missing_passages == ((401, WRITTEN),)


@pytest.mark.parametrize("damage", [lambda wal: wal.unlink(), lambda wal: garble(wal, 0, 32, 3)])
def test_a_wal_that_is_gone_or_has_no_header_is_noticed(path: Path, damage: Callable[[Path], None]) -> None:
    damage(beside(path, "-wal"))
    saved = check_damaged(path)
    assert saved is not None
    assert saved.missing_passages == ((401, WRITTEN),)


@pytest.mark.parametrize("size", [0, 10, PAGE * 8])
def test_a_damaged_shm_is_made_anew(path: Path, size: int) -> None:
    beside(path, "-shm").write_bytes(random.Random(size).randbytes(size))
    assert heads(path) == (2 * WRITTEN, WRITTEN)


@pytest.mark.parametrize("keep", [0, 50, PAGE, PAGE * 7, PAGE * 20 + 17])
def test_a_truncated_file_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    assert check_damaged(path) is not None


def test_a_file_that_is_gone_is_not_begun_again(path: Path) -> None:
    for part in ("", "-wal", "-shm"):
        beside(path, part).unlink()
    saved = check_damaged(path)
    assert saved is not None
    assert (saved.records, saved.missing_passages) == (0, ((1, WRITTEN),))


def test_a_journal_in_use_is_not_repaired(path: Path) -> None:
    journal = Journal(path, *PLACE)
    with pytest.raises(JournalError, match="in use"):
        salvage(path, PLACE, "now")
    journal.close()


async def repair(r: Rig) -> tuple[int, str]:
    """The command, as a technician runs it; (status, what it printed)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lane_controller.app.main", "repair", "--config", str(r.config), "--lane", LANE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.timeout(180)
async def test_after_a_repair_the_lane_goes_on_in_a_new_epoch_and_sends_the_rest(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        path = r.settings.data_dir / f"{LANE}-e1.journal.sqlite3"
        async with r.lane():
            for number in (1, 2, 3):
                await r.arrive(number)
                await r.opened()
                await r.cross()
                await r.closed()
            await r.passages(3)
        wanted = {one.seq: one.passage_id for one in r.office.passages}
        forget_what_was_sent(path)
        with path.open("r+b") as file:  # as if power had failed under a disk that lies
            file.seek(-PAGE, 2)
            file.write(random.Random(5).randbytes(PAGE))
        status, said = await repair(r)
        assert (status, "damaged" in said) in {(0, True), (1, True)}, said
        r.config.write_text(r.config.read_text().replace(f'id = "{LANE}"\n', f'id = "{LANE}"\nepoch = 2\n'))
        r.office.passages.clear()
        async with r.lane():
            await r.arrive(4)
            await r.opened()
            await r.cross()
            saved = {one.seq for one in JournalReader(path).passages()}
            await eventually(
                lambda: {one.seq for one in r.office.passages if one.epoch == 1} == saved, what="the old epoch sent"
            )
            await eventually(lambda: [one.seq for one in r.office.passages if one.epoch == 2] == [1])
        assert all(wanted[one.seq] == one.passage_id for one in r.office.passages if one.epoch == 1)


def forget_what_was_sent(path: Path) -> None:
    """As if the stream had been away all the time."""
    journal = Journal(path, *PLACE)
    with suppress(JournalError):
        journal.set_cursor("toll.passages.v1", 0)
    journal.close()
