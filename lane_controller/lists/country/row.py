"""One row of the tag list as bytes, the same in base file, log and memory. Pure.

In: a change (EPC, version, entry or None). Out: bytes, and the core's TagEntry from bytes. A row of a tag that left the
list stays, with its version, so that an older change cannot bring the tag back. Layout, little-endian:

    size u16, EPC length u16, state u8, version u64, digest u64, available i64,
    lengths u16 of TID, account, provider, plate, rest; EPC, TID, account, provider, plate, rest

state: bit 0 on the list, bits 1–3 status, bits 4–6 class. The rest is JSON of what few rows have (ticket, exemption).
Off the list, everything behind the version is zero or empty, save the EPC.
"""

from __future__ import annotations

import json
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Final

from lane_controller.contracts.v1 import TagEntryV1, entry_digest
from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import TagEntry, Ticket

HEAD: Final = Struct("<HHBQQqHHHHH")
SIZE_MAX: Final = 0xFFFF
_ON_LIST: Final = 1
_STATUSES: Final = (TagStatus.ACTIVE, TagStatus.BLOCKED, TagStatus.SUSPECT, TagStatus.EXEMPT)
"""By code on disk: only ever append."""
_CODES: Final = {status.value: code for code, status in enumerate(_STATUSES)}
_HEAD_SIZE: Final = HEAD.size
_unpack: Final = HEAD.unpack_from


class RowError(ValueError):
    """This cannot be a row of the list; the text names the tag and the field."""


def key_of_epc(epc: str) -> bytes:
    """The EPC's bytes. RowError: not upper-case hex digits in pairs."""
    try:
        key = bytes.fromhex(epc)
    except ValueError as error:
        raise RowError(f"EPC {epc!r} is not hexadecimal: {error}") from error
    if not key or key.hex().upper() != epc:
        raise RowError(f"EPC {epc!r} is not written in pairs of upper-case hex digits")
    return key


def pack(epc: str, version: int, entry: TagEntryV1 | None) -> bytes:
    """The row that this change makes. RowError: the EPC is none, or the row is longer than 65,535 bytes."""
    return pack_key(key_of_epc(epc), version, entry)


def pack_key(key: bytes, version: int, entry: TagEntryV1 | None) -> bytes:
    """As `pack`, for an EPC's bytes."""
    if entry is None:
        return compose(0, version, 0, 0, (key, b"", b"", b"", b"", b""))
    state = state_of(entry.status, entry.vehicle_class)
    tid = b"" if entry.tid is None else key_of_epc(entry.tid)
    parts = (key, tid, entry.account.encode(), entry.provider.encode(), entry.plate.encode(), _rest(entry))
    return compose(state, version, entry_digest(entry), entry.available_vnd, parts)


def state_of(status: TagStatus, vehicle_class: int) -> int:
    """The state byte of a row on the list."""
    return _ON_LIST | _CODES[status] << 1 | vehicle_class << 4


def compose(state: int, version: int, digest: int, available_vnd: int, parts: tuple[bytes, ...]) -> bytes:
    """A row of its fields; `parts`: EPC, TID, account, provider, plate, rest."""
    body = b"".join(parts)
    size = _HEAD_SIZE + len(body)
    if size > SIZE_MAX:
        raise RowError(f"the row of EPC {parts[0].hex().upper()[:64]} has {size} bytes, {SIZE_MAX} are the limit")
    key, tid, account, provider, plate, rest = map(len, parts)
    try:
        head = HEAD.pack(size, key, state, version, digest, available_vnd, tid, account, provider, plate, rest)
    except StructError as error:
        raise RowError(
            f"the row of EPC {parts[0].hex().upper()}: version {version} is out of range: {error}"
        ) from error
    return head + body


def _rest(entry: TagEntryV1) -> bytes:
    ticket = entry.ticket
    if ticket is None and entry.exempt_reason is None:
        return b""
    fields = None
    if ticket is not None:
        dates = ticket.valid_from.isoformat(), ticket.valid_to.isoformat()
        fields = [ticket.plaza, ticket.ticket_no, *dates, ticket.kind]
    return json.dumps([fields, entry.exempt_reason], ensure_ascii=False).encode()


def entry_of(row: bytes, plaza: str | None = None) -> TagEntry | None:
    """The row in the core's own values; None: the tag left the list. A ticket of another plaza is no ticket here."""
    _, key, state, version, _, available_vnd, tid, account, provider, plate, rest = _unpack(row)
    if not state & _ON_LIST:
        return None
    tid_at = _HEAD_SIZE + key
    account_at = tid_at + tid
    provider_at = account_at + account
    plate_at = provider_at + provider
    rest_at = plate_at + plate
    ticket, exempt_reason = _read_rest(row[rest_at : rest_at + rest], plaza) if rest else (None, None)
    return TagEntry(
        row[_HEAD_SIZE:tid_at].hex().upper(), row[tid_at:account_at].hex().upper() if tid else None,
        row[account_at:provider_at].decode(), row[provider_at:plate_at].decode(), row[plate_at:rest_at].decode(),
        state >> 4, _STATUSES[state >> 1 & 7], available_vnd, ticket, version, exempt_reason,
    )  # fmt: skip


def _read_rest(rest: bytes, plaza: str | None) -> tuple[Ticket | None, str | None]:
    fields, exempt_reason = json.loads(rest)
    if fields is None or plaza not in (None, fields[0]):
        return None, exempt_reason
    return Ticket(*fields[1:]), exempt_reason


def key_of(row: bytes) -> bytes:
    """The EPC's bytes."""
    return row[_HEAD_SIZE : _HEAD_SIZE + _unpack(row)[1]]


def version_of(row: bytes) -> int:
    """The version that last changed this row."""
    version: int = _unpack(row)[3]
    return version


def standing_of(row: bytes | None) -> tuple[int, int, int]:
    """(version, rows, digest): what this row adds to count and checksum, nothing when it is not on the list."""
    if row is None:
        return 0, 0, 0
    _, _, state, version, digest, *_ = _unpack(row)
    return version, state & _ON_LIST, digest


def plate_of(row: bytes | None) -> bytes | None:
    """Registered plate, UTF-8; None: not on the list."""
    if row is None:
        return None
    _, key, state, _, _, _, tid, account, provider, plate, _ = _unpack(row)
    if not state & _ON_LIST:
        return None
    at: int = _HEAD_SIZE + key + tid + account + provider
    return row[at : at + plate]
