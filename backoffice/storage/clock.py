"""Instants as the database holds them: UTC microseconds since 1970.

In: aware datetimes. Out: integers, and back. Exact: no float is involved.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """UTC microseconds of an aware datetime."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_us(us: int) -> datetime:
    """The aware datetime of UTC microseconds."""
    return _EPOCH + us * _MICROSECOND
