"""The files of one list in one folder: a base file and the logs behind it. Blocks: for one worker thread.

In: batches that the table cut, and bases that a merge made. Out: the list as of the last whole batch at the next start.
At every moment, also between two system calls, what is in the folder is one complete version of the list.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from lane_controller.lists.country.base import BaseFile, DamageError, Totals
from lane_controller.lists.country.build import build, split_rows
from lane_controller.lists.country.delta import Batch, DeltaLog, Reading, read, reopen
from lane_controller.lists.country.row import key_of
from lane_controller.lists.country.table import CountryTable, Overlay

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Keeper:
    """base-N.tags and the logs delta-N.log, delta-N+1.log … behind it; only the last log is written."""

    folder: Path
    generation: int
    logs: list[Path]
    writer: DeltaLog

    @classmethod
    def create_empty(cls, folder: Path) -> None:
        """Make a list without a row, to be opened."""
        build(first_base(folder), (), 0, 0)

    @classmethod
    def open(cls, folder: Path) -> tuple[Keeper, CountryTable]:
        """What was kept, as of the last whole batch. DamageError: read the list again. OSError: as the disk says."""
        generation, base = _newest_base(folder)
        try:
            overlay, readings, totals, fresh = _replay(base, _logs_from(folder, generation))
            table = CountryTable(base, overlay, totals, fresh)
            keeper = cls._continue(folder, generation, readings, totals)
            keeper.tidy()
        except BaseException:
            base.close()
            raise
        return keeper, table

    @classmethod
    def _continue(cls, folder: Path, generation: int, readings: list[Reading], totals: Totals) -> Keeper:
        if readings:
            return cls(folder, generation, [one.path for one in readings], reopen(readings[-1]))
        path = _log_path(folder, generation)
        return cls(folder, generation, [path], DeltaLog.create(path, totals))

    def append(self, batch: Batch) -> None:
        """Durable when this returns. OSError: kept for the next call."""
        self.writer.append(batch)

    def rotate(self, last: Batch) -> MergeJob:
        """End the log and begin the next. OSError: nothing changed; freeze and rotate again later."""
        self.writer.append(last)
        number = _number(self.logs[-1]) + 1
        path = _log_path(self.folder, number)
        following = DeltaLog.create(path, last.totals)
        self.writer.close()
        job = MergeJob(_base_path(self.folder, self.generation), tuple(self.logs), _base_path(self.folder, number))
        self.writer = following
        self.logs.append(path)
        return job

    def adopt(self, job: MergeJob) -> BaseFile:
        """Open what the merge made. DamageError, OSError: it is no good; what there was stays in force."""
        base = BaseFile(job.out)
        behind = [path for path in self.logs if path not in job.logs]
        if base.header.totals != read(behind[0]).start:
            base.close()
            raise DamageError(f"{job.out.name} is not the list that {behind[0].name} goes on from")
        self.generation, self.logs = _number(job.out), behind
        return base

    def tidy(self) -> None:
        """Remove files that the list no longer needs."""
        needed = {_base_path(self.folder, self.generation), *self.logs}
        for path in self.folder.iterdir():
            if path.suffix in (".tags", ".log", ".part") and path not in needed:
                path.unlink()

    def close(self) -> None:
        """Release the log; what could not be written before is tried once more."""
        try:
            self.writer.flush()
        finally:
            self.writer.close()


@dataclass(frozen=True, slots=True)
class MergeJob:
    """Work for `merge.merge`."""

    base: Path
    logs: tuple[Path, ...]
    out: Path


def first_base(folder: Path) -> Path:
    """Where the first base file of a list must stand."""
    return _base_path(folder, 1)


def _base_path(folder: Path, generation: int) -> Path:
    return folder / f"base-{generation:08d}.tags"


def _log_path(folder: Path, generation: int) -> Path:
    return folder / f"delta-{generation:08d}.log"


def _number(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _newest_base(folder: Path) -> tuple[int, BaseFile]:
    """The newest base that opens: the one before it is there until its successor has been taken into use."""
    problem = f"{folder.name} holds no base file"
    for path in sorted(folder.glob("base-*.tags"), reverse=True):
        try:
            return _number(path), BaseFile(path)
        except DamageError as error:
            problem = str(error)
            log.error("%s: %s", folder.name, problem)
    raise DamageError(problem)


def _logs_from(folder: Path, generation: int) -> list[Path]:
    return sorted(path for path in folder.glob("delta-*.log") if _number(path) >= generation)


def _replay(base: BaseFile, paths: list[Path]) -> tuple[Overlay, list[Reading], Totals, int]:
    """Every log that goes on where the one before ended; from the first that does not, nothing counts."""
    overlay, readings = Overlay(), list[Reading]()
    totals, fresh = base.header.totals, base.header.fresh_utc_us
    for path in paths:
        reading = _readable(path)
        if reading is None or reading.start != totals:
            log.error("%s does not go on where the list before it ends: left out, the stream brings it again", path)
            break
        for batch in reading.batches():
            for row in split_rows(batch.rows):
                overlay.put(key_of(row), row)
            totals, fresh = batch.totals, batch.fresh_utc_us
        readings.append(reading)
    return overlay, readings, totals, fresh


def _readable(path: Path) -> Reading | None:
    try:
        return read(path)
    except DamageError as error:
        log.error("%s", error)
        return None
