"""What happens when a real part is not on the machine: an error where it must be there, a skip elsewhere.

In: what is missing and the remedy. Out: pytest's failure or skip. CI must never pass by skipping its real parts.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ALL_PARTS = "run deploy/test-parts.sh as root (Debian)"


class PartMissingError(Exception):
    """A real part cannot be started here; the text says what is missing and the remedy."""


class PartFailedError(Exception):
    """A real part was started but did not come up; the text holds the end of its log."""


def program(name: str, remedy: str = ALL_PARTS) -> Path:
    """Where a program is. PartMissingError: it is not installed."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise PartMissingError(f"{name} is not installed: {remedy}")
    return Path(found)


def parts_are_required() -> bool:
    """True in CI, or where somebody asks for it with ETC_REQUIRE_PARTS=1."""
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in ("CI", "ETC_REQUIRE_PARTS"))


def skip_or_fail(missing: PartMissingError) -> NoReturn:
    """Skip the test with the remedy, or fail it where parts are required."""
    if parts_are_required():
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
