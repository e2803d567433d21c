"""Waits for a condition instead of for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(condition: Callable[[], T], within_s: float = 60.0, what: str = "") -> T:
    """The first true value of `condition`; AssertionError with `what` after `within_s`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    while not (value := condition()):
        if loop.time() > until:
            raise AssertionError(f"not within {within_s} s: {what or condition}")
        await asyncio.sleep(0.01)
    return value
