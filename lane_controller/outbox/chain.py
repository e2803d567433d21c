"""The hash chain over journal records and over published passages, and what breaks when somebody touches it.

In: stored records and passages, one after the other. Out: findings that name the record that is missing, altered, added
or out of order. Pure, and bounded: a chain of millions is walked with one hash in hand. The record hash of a passage is
defined in `contracts.hashes`; a message holds `previous_hash`, so published passages can be checked from the stream
alone, by anybody, in any language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic_core import from_json

from lane_controller.contracts.hashes import canonical_json, passage_hash

GENESIS: Final = "0" * 64
"""The hash before the first record of an epoch."""

Kind = Literal["missing", "altered", "added", "disordered", "unreadable", "foreign", "bad seal"]
Table = Literal["record", "passage", "seal", "journal"]


@dataclass(frozen=True, slots=True)
class Link:
    """One stored record: its number, the bytes that are chained, and the hash that was stored with it."""

    number: int
    body: bytes
    stored_hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong; `number` is the record, passage or seal (`table`) that it was seen at."""

    kind: Kind
    number: int
    text: str
    table: Table = "record"


def link_hash(previous: str, body: bytes) -> str:
    """Hash of a journal record after the one whose hash is `previous`, hex."""
    return hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()


@dataclass(slots=True)
class RecordWalk:
    """Walks the records of a journal from `expected` after `head`."""

    head: str = GENESIS
    expected: int = 1

    def see(self, link: Link) -> list[Finding]:
        """The next stored record."""
        found = _number_findings(self.expected, link.number, "record")
        if link.number == self.expected and link_hash(self.head, link.body) != link.stored_hash:
            found.append(Finding("altered", link.number, f"record {link.number} does not match its hash"))
        self.head, self.expected = link.stored_hash, link.number + 1
        return found


@dataclass(slots=True)
class PassageWalk:
    """Walks passage messages from `expected` after `head`; `head` None: the one before could not be read."""

    head: str | None = GENESIS
    expected: int = 1

    def see(self, seq: int, data: bytes, message: Mapping[str, Any] | None) -> list[Finding]:
        """The next stored passage and what its bytes hold; None: no JSON object."""
        found = _number_findings(self.expected, seq, "passage")
        in_order = seq == self.expected
        previous, self.head, self.expected = self.head, None, seq + 1
        if message is None:
            return [*found, Finding("unreadable", seq, f"passage {seq} is no JSON object", "passage")]
        self.head = str(message.get("record_hash"))
        return found + _message_findings(seq, data, message, previous if in_order else None)


def check_chain(links: Iterable[Link], previous: str = GENESIS, first: int = 1) -> list[Finding]:
    """Every gap, alteration and disorder of a run of records that should start at `first` after `previous`."""
    walk = RecordWalk(previous, first)
    return [finding for link in links for finding in walk.see(link)]


def check_passages(messages: Iterable[tuple[int, bytes]], previous: str = GENESIS, first: int = 1) -> list[Finding]:
    """The same for published passages: (seq as stored, JSON bytes)."""
    walk = PassageWalk(previous, first)
    return [finding for seq, data in messages for finding in walk.see(seq, data, json_object(data))]


def json_object(data: bytes) -> dict[str, Any] | None:
    """The object in `data`; None when it is something else."""
    try:
        value = from_json(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _number_findings(expected: int, number: int, table: Table) -> list[Finding]:
    if number < expected:
        return [Finding("disordered", number, f"{table} {number} stands where {expected} should", table)]
    if number == expected + 1:
        return [Finding("missing", expected, f"{table} {expected} is missing", table)]
    if number > expected:
        return [Finding("missing", expected, f"{table}s {expected} to {number - 1} are missing", table)]
    return []


def _message_findings(seq: int, data: bytes, message: Mapping[str, Any], previous: str | None) -> list[Finding]:
    found = []
    if message.get("seq") != seq:
        text = f"passage {seq} holds a message of seq {message.get('seq')!r}"
        found.append(Finding("disordered", seq, text, "passage"))
    if not _matches(data, message):
        text = f"passage {seq} ({message.get('passage_id')}) does not match its hash"
        found.append(Finding("altered", seq, text, "passage"))
    if previous is not None and message.get("previous_hash") != previous:
        found.append(Finding("altered", seq, f"passage {seq} does not follow the passage before it", "passage"))
    return found


def _matches(data: bytes, message: Mapping[str, Any]) -> bool:
    """Whether these very bytes are what the record hash was made of: the canonical spelling without that field."""
    stored = str(message.get("record_hash"))
    bare = data.replace(b'"record_hash":"%s",' % stored.encode(), b"", 1)
    if hashlib.sha256(bare).hexdigest() == stored:
        return True
    try:
        return passage_hash(message) == stored and canonical_json(message) == data
    except (ValueError, RecursionError):  # NaN inside: no lane writes that
        return False
