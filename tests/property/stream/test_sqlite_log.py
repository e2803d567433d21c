"""The embedded log against a model: any sequence of appends and compactions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lane_controller.stream.sqlite_log import Keeping, LogFile

KEYS = st.sampled_from(["E1", "E2", "E3", "E4"])
BATCH = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), min_size=1, max_size=6)
SUPERSEDED_MS = 100
TOMBSTONE_MS = 1000


class Log(RuleBasedStateMachine):
    """`newest` is what a full reader must end with; `position` is a reader somewhere in the middle."""

    @initialize()
    def open_file(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._log = LogFile(Path(self._folder.name) / "log", Keeping(SUPERSEDED_MS, TOMBSTONE_MS))
        with self._log.transaction():
            self._log.ensure_topics({"table": True, "other": True, "list": False})
        self._now = 0
        self._newest: dict[str, bytes | None] = {}
        self._appended: list[tuple[int, bytes | None]] = []
        self._reader: dict[str, bytes | None] = {}
        self._position = 0
        self._read_at = 0

    @rule(batch=BATCH)
    def append(self, batch: list[tuple[str, bytes | None]]) -> None:
        with self._log.transaction():
            self._log.append("table", batch, self._now)
            self._log.append("other", [("E1", b"x")], self._now)
        self._newest |= dict(batch)

    @rule(values=st.lists(st.binary(max_size=3), min_size=1, max_size=5))
    def append_to_list(self, values: list[bytes]) -> None:
        with self._log.transaction():
            self._log.append("list", [("k", value) for value in values], self._now)
        self._appended += [(self._now, value) for value in values]

    @rule(later_ms=st.integers(0, 2 * TOMBSTONE_MS))
    def time_passes(self, later_ms: int) -> None:
        self._now += later_ms

    @rule(limit=st.integers(1, 4))
    def compact(self, limit: int) -> None:
        with self._log.transaction():
            assert self._log.compact(self._now, limit) <= limit

    @rule(limit=st.integers(1, 4))
    def read_on(self, limit: int) -> None:
        if self._now - self._read_at >= TOMBSTONE_MS:  # away for too long: begins again, as documented
            self._reader, self._position = {}, 0
        self._read_at = self._now
        for record in self._log.read("table", self._position, limit):
            assert record.offset >= self._position
            self._reader[record.key] = record.value
            self._position = record.offset + 1

    @invariant()
    def a_full_read_ends_with_the_newest(self) -> None:
        if hasattr(self, "_log"):
            table = {record.key: record.value for record in self._log.read("table", 0, 10_000)}
            assert _present(table) == _present(self._newest)
            rest = {record.key: record.value for record in self._log.read("table", self._position, 10_000)}
            if self._now - self._read_at < TOMBSTONE_MS:
                assert _present(self._reader | rest) == _present(self._newest)

    @invariant()
    def a_list_is_all_that_was_appended(self) -> None:
        if hasattr(self, "_log"):
            found = [(record.appended_utc_ms, record.value) for record in self._log.read("list", 0, 10_000)]
            assert self._appended == found

    def teardown(self) -> None:
        if hasattr(self, "_log"):
            self._log.close()
            self._folder.cleanup()


def _present(table: dict[str, bytes | None]) -> dict[str, bytes]:
    return {key: value for key, value in table.items() if value is not None}


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
