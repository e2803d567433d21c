"""Which program this is: its version, and the fingerprint of the lane core that decides.

In: the installed package. Out: two short texts. Two programs with the same core fingerprint decide the same.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files


def program_version() -> str:
    """Version of the distribution; `unknown` when it runs from a folder that was never installed."""
    try:
        return version("etc-plaza")
    except PackageNotFoundError:
        return "unknown"


@cache
def core_fingerprint() -> str:
    """SHA-256, hex, over name and bytes of every module of the core, in order of their names."""
    digest = hashlib.sha256()
    for module in sorted(files("lane_controller.core").iterdir(), key=lambda entry: entry.name):
        if module.name.endswith(".py"):
            digest.update(f"{module.name}\n".encode() + module.read_bytes())
    return digest.hexdigest()
