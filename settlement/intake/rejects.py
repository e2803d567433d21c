"""Rows that could not be read: one place and one reason each.

In: nothing. Out: `Reject`. A rejected row is counted and named, never silently left out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Reject:
    """`column` is empty where the line as a whole is at fault."""

    file: str
    line: int
    column: str
    reason: str
