"""A simulated operator: looks at the live page's data and lets held vehicles go, as a person at the plaza would.

In: the address of the back office. Out: HTTP requests to its real interface: log in at the lane, release with a reason.
It never touches a lane otherwise, and its name says that it is simulated.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

log = logging.getLogger(__name__)

NAME: Final = "Nhân viên mô phỏng"
LOOK_EVERY_S: Final = 1.0
THINKS_S: Final = (3.0, 7.0)
"""From seeing a held vehicle to acting: the shortest and the longest time."""

ASK_AGAIN_S: Final = 6.0
"""A request that changed nothing is made again after this."""

FAULT_CLEARED_S: Final = 20.0
"""A lane in FAULT is put back to AUTO after this; the lane itself checks that the arm is well."""

REASONS: Final = {
    "NO_TAG": "Không đọc được thẻ, thu tiền mặt (mô phỏng)",
    "LOW_BALANCE": "Không đủ tiền, thu tiền mặt (mô phỏng)",
    "BLACKLIST": "Thẻ bị khóa, thu tiền mặt (mô phỏng)",
    "PLATE_MISMATCH": "Đã kiểm tra giấy tờ xe (mô phỏng)",
}
OTHER_REASON: Final = "Đã kiểm tra xe, cho qua (mô phỏng)"


@dataclass(slots=True)
class Seen:
    """What the operator remembers of a lane."""

    held: str | None = None
    act_at: float = 0.0
    fault_since: float | None = None


@dataclass
class Operator:
    """One person for all lanes. `run` until cancelled."""

    page: httpx.AsyncClient
    random: Random
    class_seen: Callable[[str], int | None] = lambda _lane: None
    """Class of the vehicle that stands at a lane, as a person sees it; None: nothing there."""
    lanes: dict[str, Seen] = field(default_factory=dict)

    async def run(self) -> None:
        """Look and act for ever; a back office that does not answer is looked at again later."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                picture = (await self.page.get("/live/snapshot")).raise_for_status().json()
                for lane in picture["lanes"]:
                    await self._attend(lane, time.monotonic())
            except (httpx.HTTPError, ValueError) as error:
                log.info("the back office does not answer: %s", error)

    async def _attend(self, lane: Mapping[str, Any], now: float) -> None:
        status = lane["status"]
        seen = self.lanes.setdefault(status["lane"], Seen())
        await self._attend_fault(status, seen, now)
        held = status.get("held_passage_id")
        if held != seen.held:
            seen.held, seen.act_at = held, now + self.random.uniform(*THINKS_S)
        if held is None or lane["stale"] or now < seen.act_at:
            return
        seen.act_at = now + (LOOK_EVERY_S if status.get("operator") != NAME else ASK_AGAIN_S)
        if status.get("operator") != NAME:
            await self._ask(status["lane"], kind="login")
        else:
            seen_class = self.class_seen(status["lane"])
            told = {} if seen_class is None else {"vehicle_class": seen_class}
            await self._ask(status["lane"], kind="release", passage_id=held, reason=_reason(status), **told)

    async def _attend_fault(self, status: Mapping[str, Any], seen: Seen, now: float) -> None:
        if status["state"] != "FAULT":
            seen.fault_since = None
            return
        if seen.fault_since is None:
            seen.fault_since = now
        if now - seen.fault_since > FAULT_CLEARED_S:
            seen.fault_since = now
            await self._ask(status["lane"], kind="mode", mode="AUTO", reason="Barrier đã kiểm tra (mô phỏng)")

    async def _ask(self, lane: str, **body: str | int) -> None:
        answer = await self.page.post(f"/lanes/{lane}/commands", json={"operator": NAME, **body})
        if answer.is_error:
            log.warning("%s: %s refused: %s", lane, body["kind"], answer.text[:300])
        else:
            log.info("%s: %s", lane, body)


def _reason(status: Mapping[str, Any]) -> str:
    held = status.get("held_reason") or ""
    return next((reason for flag, reason in REASONS.items() if flag in held), OTHER_REASON)
