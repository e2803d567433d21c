"""Whatever happens to the list, in whatever order, it answers like a dictionary of the changes it was given."""

from __future__ import annotations

import shutil
import tempfile
from functools import reduce
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lane_controller.contracts.v1 import checksum_text, entry_digest
from lane_controller.lists.country import jobs
from lane_controller.lists.country.keeper import MergeJob
from lane_controller.lists.country.shelf import Opened, Shelf
from tests.unit.tag_list.tags import Model, epc_of, tag

NUMBERS = st.integers(0, 60)
SEEDS = st.integers(0, 50)
PLATES = st.sampled_from(["20A00001", "20A00002", "99Đ1", "", "NG"])


class CountryListMachine(RuleBasedStateMachine):
    """Changes old and new, writes, merges that succeed or fail, restarts, and whole lists read anew."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tag-list-"))
        self.model = Model()
        self.written = Model()
        self.version = 0
        self.shelf = Shelf(self.folder)
        self.opened = self.shelf.open()
        self.job: MergeJob | None = None

    def teardown(self) -> None:
        self.opened.close()
        self.shelf.close()
        shutil.rmtree(self.folder)

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=20), seed=SEEDS, plate=st.none() | PLATES)
    def change(self, numbers: list[int], seed: int, plate: str | None) -> None:
        for number in numbers:
            self.version += 1
            self._apply(number, self.version, seed, plate)

    @rule(number=NUMBERS, seed=SEEDS, back=st.integers(0, 40))
    def change_from_before(self, number: int, seed: int, back: int) -> None:
        self._apply(number, max(1, self.version - back), seed, None)

    def _apply(self, number: int, version: int, seed: int, plate: str | None) -> None:
        entry = None if seed % 5 == 0 else tag(number, seed, plate)
        assert self.opened.table.apply(epc_of(number), version, entry) == self.model.apply(
            epc_of(number), version, entry
        )

    @rule()
    def write(self) -> None:
        self.opened.keeper.append(self.opened.table.cut())
        self._all_is_written()

    def _all_is_written(self) -> None:
        self.written.rows = dict(self.model.rows)

    @rule()
    def begin_merge(self) -> None:
        self.job = self.opened.keeper.rotate(self.opened.table.freeze())
        self._all_is_written()

    @rule()
    def finish_merge(self) -> None:
        if self.job is None:
            return
        job, self.job = self.job, None
        jobs.do(["merge", str(job.base), str(job.out), *map(str, job.logs)])
        self.opened.table.swap(self.opened.keeper.adopt(job)).close()
        self.opened.keeper.tidy()
        self.opened.table.base().verify()

    @rule()
    def lose_merge(self) -> None:
        self.job = None

    @rule(finished=st.booleans())
    def die_and_start_again(self, finished: bool) -> None:
        """Nothing is written that was not written before; a merge may have ended just then."""
        if self.job is not None and finished:
            jobs.do(["merge", str(self.job.base), str(self.job.out), *map(str, self.job.logs)])
        self.job = None
        self.opened.keeper.writer.close()
        self.opened.table.base().close()
        self.shelf.close()
        self.shelf = Shelf(self.folder)
        self.opened = self.shelf.open()
        self.model.rows = dict(self.written.rows)

    @rule(numbers=st.lists(NUMBERS, max_size=40), proven=st.booleans())
    def read_anew(self, numbers: list[int], proven: bool) -> None:
        draft, model = self.shelf.draft(), Model()
        for number in numbers:
            self.version += 1
            entry = None if number % 9 == 0 else tag(number, self.version)
            draft.add(epc_of(number), self.version, entry)
            model.apply(epc_of(number), self.version, entry)
        draft.flush()
        jobs.do(draft.job(0))
        opened = draft.finish()
        if not proven:
            opened.close()
            return draft.abandon()
        self.shelf.take(opened)
        self.job = None
        before, self.opened = self.opened, opened
        Opened(before.keeper, before.table).close()
        self.model = model
        return self._all_is_written()

    @invariant()
    def answers_like_the_dictionary(self) -> None:
        table = self.opened.table
        for number in range(61):
            assert table.by_epc(epc_of(number)) == self.model.by_epc(epc_of(number))
            assert table.by_plate(tag(number).plate) == self.model.by_plate(tag(number).plate)
        for plate in ("20A00001", "20A00002", "99Đ1", "", "NG", "nobody"):
            assert table.by_plate(plate) == self.model.by_plate(plate)
        for epc in ("", "3", "xyz", epc_of(1).lower(), epc_of(1) + " ", epc_of(1)[:-2], epc_of(1) + "AB"):
            assert table.by_epc(epc) == self.model.by_epc(epc)
        assert table.damage is None

    @invariant()
    def adds_up_like_the_dictionary(self) -> None:
        entries = self.model.entries()
        xor = reduce(lambda sum_, entry: sum_ ^ entry_digest(entry), entries, 0)
        table = self.opened.table
        assert (table.version, table.count(), table.checksum()) == (
            self.model.version(), len(entries), checksum_text(xor),
        )  # fmt: skip


TestCountryList = CountryListMachine.TestCase
TestCountryList.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
