"""Which list is in force on disk, and the one that is being read beside it. Blocks: for one worker thread.

In: a folder that one process holds. Out: the list in force, if it can be trusted; a new one takes its place by one
rename, when it is whole and proven. A process that dies at any point finds the old list or the new one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lane_controller.contracts.v1 import TagEntryV1
from lane_controller.lists.country.base import DamageError
from lane_controller.lists.country.build import Spool, sync_folder
from lane_controller.lists.country.keeper import Keeper, first_base
from lane_controller.lists.country.row import pack
from lane_controller.lists.country.table import CountryTable

log = logging.getLogger(__name__)

IN_FORCE: Final = "in-force"
_LIST: Final = "list-*"


class ShelfBusyError(Exception):
    """Another process holds the folder."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One list, in use."""

    keeper: Keeper
    table: CountryTable

    def close(self) -> None:
        """Release its files. Nothing may be asked afterwards."""
        try:
            self.keeper.close()
        finally:
            self.table.base().close()


class Shelf:
    """The folder `root`: `in-force` names one of the folders list-N beside it."""

    def __init__(self, root: Path) -> None:
        """ShelfBusyError: another process has it. OSError: as the disk says."""
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise ShelfBusyError(
                f"{root} is in use by another lane controller: stop it, or use another data_dir"
            ) from error

    def open(self) -> Opened:
        """The list in force; an empty one where there is none, or none that can be trusted."""
        name = self._named()
        if name is not None:
            try:
                opened = Opened(*Keeper.open(self._root / name))
            except (DamageError, FileNotFoundError) as error:
                log.error("the tag list on disk cannot be used and is read again from the stream: %s", error)
            else:
                self._keep_only(name)
                return opened
        return self.take(self.draft().finish_empty())

    def draft(self) -> Draft:
        """A list to be read beside the one in force."""
        taken = [int(path.name.split("-")[1]) for path in self._root.glob(_LIST)]
        return Draft(self._root / f"list-{max(taken, default=0) + 1:08d}")

    def take(self, opened: Opened) -> Opened:
        """From now on this list is in force, also after a restart; the files of the one before go."""
        name = opened.keeper.folder.name
        part = self._root / f"{IN_FORCE}.part"
        with part.open("w", encoding="utf-8") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._root / IN_FORCE)
        sync_folder(self._root)
        self._keep_only(name)
        return opened

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def _named(self) -> str | None:
        try:
            name = (self._root / IN_FORCE).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        known = {path.name for path in self._root.glob(_LIST)}
        return name if name in known else None

    def _keep_only(self, name: str) -> None:
        for path in self._root.glob(_LIST):
            if path.name != name:
                shutil.rmtree(path, ignore_errors=True)


class Draft:
    """Rows on their way into a list of their own: `add` all, `flush`, let the job build, `finish`."""

    def __init__(self, folder: Path) -> None:
        """`folder` must not exist."""
        self.folder = folder
        self._spool_folder = folder / "spool"
        folder.mkdir()
        self._spool = Spool(self._spool_folder)

    def add(self, epc: str, version: int, entry: TagEntryV1 | None) -> None:
        """One change, in any order. RowError: it cannot be a row."""
        self.add_row(pack(epc, version, entry))

    def add_row(self, row: bytes) -> None:
        """As `add`, for a row of `row.pack`."""
        self._spool.add(row)

    def flush(self) -> int:
        """Hand all rows to the operating system; how many bytes they are."""
        self._spool.flush()
        return self._spool.size()

    def job(self, fresh_utc_us: int) -> tuple[str, ...]:
        """Arguments of the job that builds the base file."""
        return "build", str(self._spool_folder), str(first_base(self.folder)), str(fresh_utc_us)

    def finish(self) -> Opened:
        """Open what the job built."""
        self._spool.clear()
        return Opened(*Keeper.open(self.folder))

    def finish_empty(self) -> Opened:
        """A list without a row."""
        self._spool.clear()
        Keeper.create_empty(self.folder)
        return Opened(*Keeper.open(self.folder))

    def abandon(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)
