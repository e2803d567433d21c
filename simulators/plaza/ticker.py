"""Passages as lines in the terminal, read from the live page's own events.

In: server-sent events of the back office. Out: one line per passage, in Vietnamese with the English outcome. A back
office that goes away is followed again when it is back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
RETRY_S: Final = 1.0
SILENCE_S: Final = 15.0
OUTCOMES: Final = {
    "charged": "đã trừ tiền / charged",
    "ticket": "vé tháng / ticket",
    "exempt": "miễn phí / exempt",
    "manual": "mở thủ công / manual",
    "convoy": "đoàn xe / convoy",
    "emergency": "khẩn cấp / emergency",
    "violation": "VI PHẠM / VIOLATION",
}


async def tick(page: str, say: Callable[[str], None]) -> None:
    """Tell every passage, for ever."""
    async with httpx.AsyncClient(base_url=page, timeout=httpx.Timeout(SILENCE_S)) as client:
        while True:
            try:
                async for passage in passages(client):
                    say(line(passage))
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(RETRY_S)


async def passages(client: httpx.AsyncClient) -> AsyncIterator[Mapping[str, Any]]:
    """Passages from now on, as the page is told of them."""
    async with client.stream("GET", "/live/events") as answer:
        answer.raise_for_status()
        kind = ""
        async for text in answer.aiter_lines():
            field, _, value = text.partition(": ")
            if field == "event":
                kind = value
            elif field == "data" and kind == "passage":
                yield json.loads(value)["passage"]


def line(passage: Mapping[str, Any]) -> str:
    """One passage on one line; a plate in brackets is the registered one, because the camera read none."""
    at = datetime.fromisoformat(passage["passed_at_utc"]).astimezone(ZONE)
    plate = passage["plate"] or (f"({passage['registered_plate']})" if passage["registered_plate"] else "—")
    fare = f"{passage['fare_vnd']:,} đ".replace(",", ".") if passage["fare_vnd"] else "—"
    flags = " ".join(passage["flags"])
    vehicle_class = passage["vehicle_class"] or "?"
    outcome = OUTCOMES.get(passage["outcome"], passage["outcome"])
    vehicle = f"{at:%H:%M:%S} {passage['lane']} {plate:<11} loại {vehicle_class} {fare:>10}"
    return f"{vehicle}  {outcome:<24} {passage['provider']:<5} {flags}".rstrip()
