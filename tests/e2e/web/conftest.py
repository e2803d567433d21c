"""Chromium and the page's server for the tests of the live page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.web.memory_live_view import MemoryLiveView, lane
from tests.e2e.web.page_server import PageServer
from tests.parts.chromium import chromium_path
from tests.parts.missing import PartMissingError, skip_or_fail

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Not for the session: playwright keeps a loop running in this thread, in which no other asynchronous test starts.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    try:
        path = chromium_path()
    except PartMissingError as missing:
        skip_or_fail(missing)
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
