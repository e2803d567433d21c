"""Live updates for one browser as server-sent events.

In: a `LiveView`. Out: text/event-stream. The first event is a whole picture, so that a browser that connects again has
everything; then changes; and a tick at least every TICK_S, by which the page knows that what it shows is fresh. A
browser that fell behind gets a whole picture again. One slow browser never holds up another.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from backoffice.storage.live_view import LiveView
from backoffice.web.views import alarm_json, completeness_json, lane_json, passage_json, totals_json

TICK_S: Final = 2.0
RECENT: Final = 40
"""Passages in a whole picture."""

RETRY_MS: Final = 1_000
"""How long a browser waits before it connects again."""


async def snapshot(live: LiveView) -> dict[str, Any]:
    """The whole picture of this moment."""
    recent = await live.recent_passages(RECENT)
    return {
        "now_utc": _now(),
        "lanes": [lane_json(lane) for lane in live.lanes()],
        "alarms": [alarm_json(alarm) for alarm in live.alarms()],
        "completeness": completeness_json(live.completeness()),
        "totals": totals_json(await live.totals_today()),
        "recent": [passage_json(passage) for passage in recent],
    }


async def event_stream(live: LiveView, tick_s: float = TICK_S) -> AsyncIterator[str]:
    """Events for one browser until it goes away (the caller closes the iterator)."""
    changes = aiter(live.subscribe())
    yield f"retry: {RETRY_MS}\n\n"
    upcoming: asyncio.Future[dict[str, Any]] = asyncio.ensure_future(anext(changes))
    try:
        yield _event("snapshot", await snapshot(live))
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=tick_s)
            if not done:
                yield _event("tick", {"now_utc": _now(), "lanes": [lane_json(lane) for lane in live.lanes()]})
                continue
            change = upcoming.result()
            upcoming = asyncio.ensure_future(anext(changes))
            yield await _told(live, change)
    except StopAsyncIteration:
        return
    finally:
        upcoming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()  # else its queue would fill until the collector finds it


async def _told(live: LiveView, change: dict[str, Any]) -> str:
    """A change as an event. What the change is about is read from the live view, so that it is the newest."""
    match change["kind"]:
        case "lane":
            lanes = [lane_json(lane) for lane in live.lanes() if lane.status.lane == change["lane"]]
            return _event("lanes", {"now_utc": _now(), "lanes": lanes})
        case "alarms":
            return _event("alarms", {"now_utc": _now(), "alarms": [alarm_json(alarm) for alarm in live.alarms()]})
        case "passage":
            return await _passage_told(live, str(change["data"]["passage_id"]))
        case "totals":
            return _event("totals", {"now_utc": _now(), "totals": totals_json(await live.totals_today())})
        case _:
            return _event("snapshot", await snapshot(live))


async def _passage_told(live: LiveView, passage_id: str) -> str:
    """The passage as the live view has it, from memory if it is a lane's last one; a whole picture if it is neither."""
    latest = (lane.last_passage for lane in live.lanes())
    found = next((one for one in latest if one and one.passage_id == passage_id), None) or await live.passage(
        passage_id
    )
    if found is None:
        return _event("snapshot", await snapshot(live))
    return _event("passage", {"now_utc": _now(), "passage": passage_json(found)})


def _event(kind: str, body: dict[str, Any]) -> str:
    """One event; JSON without line breaks, so that no text can begin another event."""
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
