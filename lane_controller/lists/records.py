"""What records of the list topics say, in the lane's own values. Pure.

In: keys and values of toll.tag-list.v1, tariffs. Out: changes and tariffs. A record whose key is not its EPC is none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from lane_controller.contracts.v1 import TagEntryV1, TagListChangeV1, TariffV1
from lane_controller.contracts.v1.base import MessageError
from lane_controller.core.values import Tariff

Change = tuple[str, int, TagEntryV1 | None]
"""EPC, version, entry (None: the tag left the list)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION: Final = re.compile(rb'\{"kind":"change","version":(\d{1,19}),')


def utc_us(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def core_tariff(tariff: TariffV1) -> Tariff:
    """A tariff in the core's own values."""
    return Tariff(tariff.version, utc_us(tariff.valid_from_utc), tuple(sorted(tariff.fares_vnd.items())))


def version_in(value: bytes) -> int | None:
    """The version of a change, without decoding it; None: it must be decoded to know."""
    found = _VERSION.match(value)
    return None if found is None else int(found[1])


def change_of(key: str, value: bytes) -> Change:
    """The change in a record. MessageError: it is none."""
    change = TagListChangeV1.decode(value)
    if change.epc != key or (change.entry is not None and change.entry.epc != key):
        raise MessageError(f"not a TagListChangeV1: epc {change.epc} under the key {key}")
    return change.epc, change.version, change.entry
