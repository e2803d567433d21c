"""What records of the list topics say, in the lane's own values. Pure.

In: keys and values of toll.tag-list.v1, tariffs. Out: changes and tariffs. A record whose key is not its EPC is none.
A change as our back office spells it is read by one expression, ten times as fast as by the message's model; whatever
that does not match is read by the model. Both give the same row (tests/property/tag_list).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from lane_controller.contracts.v1 import TagListChangeV1, TariffV1
from lane_controller.contracts.v1.base import MessageError
from lane_controller.contracts.v1.lists import digest_of
from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import Tariff
from lane_controller.lists.country.row import compose, pack, state_of

Change = tuple[str, int, bytes]
"""EPC, version, row (see country/row.py)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION: Final = re.compile(rb'\{"kind":"change","version":(\d{1,19}),')
_TEXT: Final = rb"[ !#-\[\]-~]{0,200}"
_CANONICAL: Final = re.compile(
    rb'\{"kind":"change","version":(0|[1-9]\d{0,17}),"epc":"((?:[0-9A-F]{2}){1,64})","entry":'
    rb'(\{"epc":"\2",(?:"tid":"((?:[0-9A-F]{2}){1,64})",)?"account":"(' + _TEXT + rb')","provider":"(' + _TEXT + rb')",'
    rb'"plate":"(' + _TEXT + rb')","vehicle_class":([1-5]),"status":"(active|blocked|suspect|exempt)",'
    rb'"available_vnd":(0|-?[1-9]\d{0,11})\}),'
    rb'"changed_at_utc":"20\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z"\}'
)
"""A change without ticket or exemption, in plain characters, as `TagListChangeV1.encode` spells it. Days from the 29th
on are left to the model, which knows the calendar."""
_STATES: Final = {
    (status.value.encode(), b"%d" % vehicle_class): state_of(status, vehicle_class)
    for status in TagStatus
    for vehicle_class in range(1, 6)
}


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
    """The change in a record. MessageError: it is none. RowError: it is too long for a row."""
    found = _CANONICAL.fullmatch(value)
    if found is None:
        return change_by_model(key, value)
    version, epc, entry, tid, account, provider, plate, vehicle_class, status, available_vnd = found.groups()
    if epc.decode() != key:
        raise MessageError(f"not a TagListChangeV1: epc {epc.decode()} under the key {key}")
    parts = (bytes.fromhex(key), bytes.fromhex(tid.decode()) if tid else b"", account, provider, plate, b"")
    number = int(version)
    state = _STATES[status, vehicle_class]
    return key, number, compose(state, number, digest_of(entry), int(available_vnd), parts)


def change_by_model(key: str, value: bytes) -> Change:
    """As `change_of`, for any spelling."""
    change = TagListChangeV1.decode(value)
    if change.epc != key or (change.entry is not None and change.entry.epc != key):
        raise MessageError(f"not a TagListChangeV1: epc {change.epc} under the key {key}")
    return change.epc, change.version, pack(change.epc, change.version, change.entry)
