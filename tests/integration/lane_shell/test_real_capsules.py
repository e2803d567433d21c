"""A real lane (mosquitto, LLRP, PLC, fsync) leaves a journal whose passages run again to the same bytes elsewhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lane_controller.app import main as command
from lane_controller.app.capsule_export import Place, export
from lane_controller.app.capsule_file import decode, encode
from lane_controller.app.capsule_run import compare
from lane_controller.app.explain_report import explain
from lane_controller.core.config import configure
from lane_controller.outbox.journal import journal_path
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, Rig, rig
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.integration
PLACE = Place("CM", LANE, 1)


def whole(r: Rig, *arguments: str) -> dict[str, object]:
    texts = ["verify", "--config", str(r.config), "--json", *arguments]
    command._mount(texts)
    result = CliRunner().invoke(command.app, texts)
    found: dict[str, object] = json.loads(result.output)
    assert (result.exit_code, found["findings"]) == (0, [])
    return found


async def test_passages_before_and_after_a_restart_run_to_the_same_bytes(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    async with rig(tmp_path, mosquitto_server, extra="journal = {seal_every_s = 1}") as r:
        async with r.lane():
            await r.arrive(1)
            await r.opened()
            await r.cross(2)
            await r.passages(1)
            await r.opened()
        # The lane restarts while the second car, already authorised, still stands on L1.
        async with r.lane():
            await r.cross()
            (first, second) = await r.passages(2)
            await r.arrive(None)
            await eventually(lambda: r.office.statuses[-1].display_code == "NO_TAG", what="NO_TAG on the display")
            await r.back_out()
            await r.closed()
            await asyncio.sleep(1.5)  # a seal over both, and the events on disk
        path = journal_path(r.settings.data_dir, LANE, 1)
        for passage_id in (first.passage_id, second.passage_id, f"{LANE}-e1-000003"):
            data = encode(export(path, PLACE, passage_id, configure()))
            comparison = compare(decode(data))
            assert (passage_id, comparison.difference) == (passage_id, None)
        report = explain(export(path, PLACE, second.passage_id, configure()))
        assert report["proof"]["record_hash"] == second.record_hash
        assert report["proof"]["seal"]["first_seq"] <= second.seq
        assert [rule["id"] for rule in report["rules"]] == list(dict.fromkeys(second.explanation["rules"]))
        assert "tag_blocked" in {one["change"] for one in report["changes"]}
        against = await asyncio.to_thread(whole, r, "--against", "stream")
        assert against["against"] == {"passages": len(r.office.passages), "seals": len(r.office.seals)}
