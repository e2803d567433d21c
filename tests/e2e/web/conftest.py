"""Chromium and the page's server for the tests of the live page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.web.memory_live_view import MemoryLiveView, lane
from tests.e2e.web.page_server import PageServer

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: install the package chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def live() -> MemoryLiveView:
    """Four idle lanes."""
    view = MemoryLiveView()
    for number in range(1, 5):
        view.put_lane(lane(f"CM-0{number}"))
    return view


@pytest.fixture
def server(live: MemoryLiveView) -> Iterator[PageServer]:
    """The page over those lanes."""
    running = PageServer(live)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, server: PageServer) -> Iterator[Page]:
    """The live page, connected; an error in a script of the page fails the test."""
    context = browser.new_context(locale="vi-VN", timezone_id="America/New_York")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    opened.goto(server.address)
    opened.wait_for_selector("body[data-connection=live] .tile")
    yield opened
    context.close()
    assert not errors
