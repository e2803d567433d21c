"""The page's HTTP interface: headers, refusals, commands, and what a browser is told over the live connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backoffice.web.events import event_stream
from backoffice.web.pages import SECURITY_HEADERS, make_router, static_files
from lane_controller.contracts.v1 import LaneCommandV1
from lane_controller.stream.port import StreamError
from tests.e2e.web.memory_live_view import MemoryLiveView, lane, passage

RELEASE = {"kind": "release", "operator": "Lan", "reason": "Đã thu tiền mặt", "passage_id": "CM-01-e1-000001"}


@pytest.fixture
def live() -> MemoryLiveView:
    """One lane with one passage."""
    view = MemoryLiveView()
    view.put_lane(lane("CM-01"))
    view.put_passage(passage("CM-01", 1))
    return view


@pytest.fixture
async def client(live: MemoryLiveView) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a window."""
    app = FastAPI()
    app.include_router(make_router(live))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plaza.test") as opened:
        yield opened


@pytest.mark.parametrize(
    "path", ["/", "/static/app.js", "/static/page.css", "/static/catalogue.json", "/live/snapshot"]
)
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize("path", ["/static/..%2Fpages.py", "/static/pages.py", "/static/%2Fetc%2Fpasswd", "/static/"])
async def test_only_files_of_the_page_are_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


def test_the_page_needs_no_file_that_is_missing() -> None:
    files = static_files()
    named = {word.partition('"')[0] for data in files.values() for word in data.decode().split('"/static/')[1:]}
    assert named
    assert named <= set(files)


async def test_a_release_becomes_a_command_with_an_id_and_a_short_life(
    client: httpx.AsyncClient, live: MemoryLiveView
) -> None:
    answer = await client.post("/lanes/CM-01/commands", json=RELEASE)
    assert answer.status_code == 202
    (command,) = live.commands
    assert command.command_id == answer.json()["command_id"]
    assert (command.kind, command.plaza, command.lane) == ("release", "CM", "CM-01")
    assert command.ttl_ms <= 10_000
    told = (await client.get(f"/commands/{command.command_id}")).json()
    assert told["result"] == "done"
    assert (await client.get("/commands/unknown")).json()["result"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"reason": None},
        {"reason": "  "},
        {"reason": "x" * 301},
        {"operator": " "},
        {"passage_id": None},
        {"passage_id": "<script>"},
        {"kind": "mode"},
        {"kind": "mode", "mode": "FREE"},
        {"kind": "resend"},
        {"extra": 1},
    ],
)
async def test_an_incomplete_command_is_refused_and_never_sent(
    client: httpx.AsyncClient, live: MemoryLiveView, change: dict[str, Any]
) -> None:
    answer = await client.post("/lanes/CM-01/commands", json=RELEASE | change)
    assert answer.status_code == 422
    assert live.commands == []


async def test_another_site_cannot_make_a_browser_open_the_barrier(
    client: httpx.AsyncClient, live: MemoryLiveView
) -> None:
    body = json.dumps(RELEASE)
    json_type = {"content-type": "application/json"}
    foreign = await client.post(
        "/lanes/CM-01/commands", content=body, headers=json_type | {"origin": "http://evil.test"}
    )
    plain = await client.post("/lanes/CM-01/commands", content=body, headers={"content-type": "text/plain"})
    assert (foreign.status_code, plain.status_code) == (403, 415)
    assert live.commands == []
    own = await client.post("/lanes/CM-01/commands", content=body, headers=json_type | {"origin": "http://plaza.test"})
    assert own.status_code == 202


async def test_an_unknown_lane_and_a_stream_that_is_away_are_said(
    client: httpx.AsyncClient, live: MemoryLiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = await client.post("/lanes/CM-09/commands", json=RELEASE)
    assert unknown.status_code == 404
    assert "CM-01" in unknown.json()["detail"]

    async def away(command: LaneCommandV1) -> None:
        raise StreamError(f"{command.lane}: the stream is away")

    monkeypatch.setattr(live, "send_command", away)
    refused = await client.post("/lanes/CM-01/commands", json=RELEASE)
    assert refused.status_code == 503
    assert "try again" in refused.json()["detail"]


async def told(stream: AsyncIterator[str]) -> tuple[str, dict[str, Any]]:
    """The next event."""
    while True:
        lines = (await asyncio.wait_for(anext(stream), 10)).splitlines()
        if lines[0].startswith("event: "):
            assert len([line for line in lines if line]) == 2, "a text may not begin another event"
            return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


async def test_the_live_connection_begins_whole_and_goes_on_with_changes(live: MemoryLiveView) -> None:
    stream = event_stream(live, tick_s=60)
    kind, body = await told(stream)
    assert kind == "snapshot"
    assert [one["lane"] for one in body["lanes"]] == ["CM-01"]
    assert [one["seq"] for one in body["recent"]] == [1]
    live.put_lane(lane("CM-01", display_lines=("a\n\nevent: forged\ndata: {}",)))
    kind, body = await told(stream)
    assert (kind, body["lanes"][0]["status"]["display_lines"]) == ("lanes", ["a\n\nevent: forged\ndata: {}"])
    live.put_passage(passage("CM-01", 2))
    assert (await told(stream))[1]["passage"]["seq"] == 2
    assert (await told(stream))[1]["totals"]["charged_vnd"] == 70_000
    await stream.aclose()  # type: ignore[attr-defined]
    assert live.readers == [], "a browser that went away is forgotten"


async def test_a_browser_that_fell_behind_gets_everything_again(live: MemoryLiveView) -> None:
    stream = event_stream(live, tick_s=60)
    await told(stream)
    live.readers[0].put_nowait({"kind": "missed", "lane": "", "data": {}})
    assert (await told(stream))[0] == "snapshot"
    await stream.aclose()  # type: ignore[attr-defined]


async def test_silence_is_filled_with_ticks_so_that_loss_can_be_told_from_quiet(live: MemoryLiveView) -> None:
    stream = event_stream(live, tick_s=0.05)
    await told(stream)
    kind, body = await told(stream)
    assert kind == "tick"
    assert body["now_utc"].endswith("Z")
    await stream.aclose()  # type: ignore[attr-defined]
