"""The lanes' process is killed (SIGKILL) again and again while cars pass: nothing is lost, nothing is done twice.

Four lanes in one real process at a real mosquitto; 5 rounds in CI, 200 with `--long`. Most kills fall within
milliseconds of a tag read, a sensor edge or an executed command, so into commits and between a commit and its command.
The judge knows only which cars crossed which lane, in which order. ETC_KILL_SEED gives other instants.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lane_controller.outbox.journal import JournalReader, journal_path
from lane_controller.outbox.verify import verify_journal
from tests.e2e.lane_shell.site import LaneProcess, Post, Site, site
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import epc
from tests.parts.mosquitto import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

SEED = int(os.environ.get("ETC_KILL_SEED", "7"))
LANES = 4
KINDS = ("read", "read", "edge", "edge", "command", "command", "any")
AFTER_S = {"read": 0.012, "edge": 0.060, "command": 0.008, "any": 2.0}
"""A kill falls within this time after a moment of its kind; an edge is debounced for 20 to 150 ms first."""


async def kill_rounds(s: Site, lanes: LaneProcess, rounds: int, chance: random.Random) -> Counter[str]:
    """Each life of the lanes ends after they have found their PLCs; how many kills of each kind."""
    kinds: Counter[str] = Counter()
    for _ in range(rounds):
        starts = [post.plc.plc.pc_starts for post in s.posts]
        kind = chance.choice(KINDS)
        if kind != "any":
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            await s.moment(kind)
        await asyncio.sleep(chance.uniform(0.0, AFTER_S[kind] + (0.1 if kind == "edge" else 0.0)))
        await lanes.kill()
        kinds[kind] += 1
        await asyncio.sleep(chance.choice([0.0, 0.0, 0.3]))
        await lanes.start()
        await eventually(
            lambda: all(p.plc.plc.pc_starts > before for p, before in zip(s.posts, starts, strict=True)),  # noqa: B023
            120, "the lanes at their PLCs again",
        )  # fmt: skip
    return kinds


async def pass_and_kill(s: Site, lanes: LaneProcess, rounds: int) -> Counter[str]:
    """Cars on all lanes until the last kill; then everything comes to rest."""
    driving = [asyncio.create_task(s.drive(post)) for post in s.posts]
    killing = asyncio.create_task(kill_rounds(s, lanes, rounds, random.Random(SEED)))
    try:
        await asyncio.wait([killing, *driving], return_when=asyncio.FIRST_COMPLETED)
        for task in (killing, *driving):
            if task.done():
                task.result()
        s.stopping = True
        await asyncio.gather(*driving)
    finally:
        for task in (killing, *driving):
            task.cancel()
        await asyncio.gather(killing, *driving, return_exceptions=True)
    await lanes.start_if_dead()
    await asyncio.sleep(6.0)  # a seal over the last ones
    s.waiting.clear()
    await eventually(lambda: [s.waiting.get(post.lane) for post in s.posts] == [0] * LANES, 60, "empty outboxes")
    return killing.result()


def judge(s: Site, post: Post) -> Counter[str]:
    """One lane's journal and stream against the cars that crossed it; what was found."""
    path = journal_path(s.data, post.lane, 1)
    assert verify_journal(path).findings == ()
    reader = JournalReader(path)
    passages: list[dict[str, Any]] = [json.loads(one.message) for one in reader.passages()]
    records = [json.loads(record.body) for record in reader.records()]
    reader.close()
    story = [(one["seq"], one["passage_id"], one["outcome"], one.get("epc", "")[-4:], one["flags"]) for one in passages]
    assert [one.get("epc") for one in passages] == [epc(number) for number in post.crossed], (post.lane, story)
    assert {one["outcome"] for one in passages} == {"charged"}, (post.lane, story)
    assert [one["seq"] for one in passages] == list(range(1, len(passages) + 1))
    assert len({one["passage_id"] for one in passages}) == len(passages)
    found = _ends_of_authorisations(records)
    published = [one for one in s.passages if one.lane == post.lane]
    assert {one.seq: one.passage_id for one in published} == {one["seq"]: one["passage_id"] for one in passages}
    by_seq = {one.seq: one.encode() for one in published}
    assert all(by_seq[one.seq] == one.encode() for one in published), "the same passage, told in two ways"
    return found + Counter(passages=len(passages), sent_again=len(published) - len(passages))


def _ends_of_authorisations(records: list[dict[str, Any]]) -> Counter[str]:
    """Each authorisation ended exactly once: with its passage, or void."""
    given = Counter(one["passage_id"] for one in records if one["type"] == "Authorised")
    passed = Counter(one["passage"]["passage_id"] for one in records if one["type"] == "PassageClosed")
    void = Counter(one["passage_id"] for one in records if one["type"] == "Voided")
    assert set(given.values()) <= {1}, given
    assert {name: passed[name] + void[name] for name in given} == dict.fromkeys(given, 1)
    assert set(passed) <= set(given)
    return Counter(authorised=len(given), void=len(void))


@pytest.mark.timeout(2400)
async def test_kill_9_while_cars_pass(
    tmp_path: Path, mosquitto_server: MosquittoServer, long_run: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = 200 if long_run else 5
    async with site(tmp_path, mosquitto_server, LANES, 3_000 if long_run else 200) as s:
        lanes = LaneProcess(s.config, tmp_path / "lane.log")
        await lanes.start()
        try:
            await eventually(lambda: all(post.plc.plc.pc_alive and post.reader.reading for post in s.posts))
            kinds = await pass_and_kill(s, lanes, rounds)
        finally:
            status = await lanes.stop()
        await asyncio.sleep(0.5)
        found = sum((judge(s, post) for post in s.posts), Counter[str]())
        assert s.seals
        assert (status, lanes.kills) == (0, rounds)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{lanes.kills} kills {dict(kinds)}: {dict(found)}, {len(s.seals)} seals, nothing lost\n"
            )
