"""Debian's Chromium, for Playwright's `executable_path`.

In: nothing. Out: its path. PartMissingError: it is not installed; Playwright's own browsers are never fetched.
"""

from __future__ import annotations

from pathlib import Path

from tests.parts.missing import program


def chromium_path() -> Path:
    """Where Chromium is."""
    return program("chromium")
