"""The hash chain over journal records and over published passages, and what breaks when somebody touches it.

In: JSON objects. Out: canonical bytes, link hashes, and findings that name the record that is missing, altered or out
of order. Pure. A passage's `record_hash` is the SHA-256 of the canonical JSON of the whole message without that field;
the message holds `previous_hash`, so the chain can be checked from the stream alone, by anybody, in any language.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

GENESIS: Final = "0" * 64
"""The hash before the first record of an epoch."""


@dataclass(frozen=True, slots=True)
class Link:
    """One stored record: its number, the bytes that are chained, and the hash that was stored with it."""

    number: int
    body: bytes
    stored_hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a chain; `number` is the record that it was seen at."""

    kind: Literal["missing", "altered", "disordered", "unreadable", "bad seal"]
    number: int
    text: str


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a JSON object: sorted keys, no spaces, UTF-8, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def link_hash(previous: str, body: bytes) -> str:
    """Hash of a journal record after the one whose hash is `previous`, hex."""
    return hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()


def passage_hash(message: Mapping[str, Any]) -> str:
    """The record hash of a passage message (with its `previous_hash`, without its own), hex."""
    return hashlib.sha256(canonical_json({k: v for k, v in message.items() if k != "record_hash"})).hexdigest()


def check_chain(links: Iterable[Link], previous: str = GENESIS, first: int = 1) -> list[Finding]:
    """Every gap, alteration and disorder of a run of records that should start at `first` after `previous`."""
    findings: list[Finding] = []
    expected = first
    for link in links:
        findings.extend(_number_findings(expected, link.number))
        unbroken = link.number == expected
        if unbroken and link_hash(previous, link.body) != link.stored_hash:
            findings.append(Finding("altered", link.number, f"record {link.number} does not match its hash"))
        previous, expected = link.stored_hash, link.number + 1
    return findings


def check_passages(messages: Iterable[tuple[int, bytes]], previous: str = GENESIS, first: int = 1) -> list[Finding]:
    """The same for published passages: (seq as stored, JSON bytes)."""
    findings: list[Finding] = []
    expected = first
    for seq, data in messages:
        findings.extend(_number_findings(expected, seq))
        message = _object(data)
        if message is None:
            findings.append(Finding("unreadable", seq, f"passage {seq} is no JSON object"))
            previous, expected = "", seq + 1
            continue
        findings.extend(_message_findings(seq, message, previous if seq == expected else None))
        previous, expected = str(message.get("record_hash")), seq + 1
    return findings


def _number_findings(expected: int, number: int) -> list[Finding]:
    if number < expected:
        return [Finding("disordered", number, f"record {number} stands where {expected} should")]
    if number == expected + 1:
        return [Finding("missing", expected, f"record {expected} is missing")]
    if number > expected:
        return [Finding("missing", expected, f"records {expected} to {number - 1} are missing")]
    return []


def _message_findings(seq: int, message: Mapping[str, Any], previous: str | None) -> list[Finding]:
    found = []
    if message.get("seq") != seq:
        found.append(Finding("disordered", seq, f"passage {seq} holds a message of seq {message.get('seq')!r}"))
    if message.get("record_hash") != passage_hash(message):
        found.append(Finding("altered", seq, f"passage {seq} ({message.get('passage_id')}) does not match its hash"))
    if previous is not None and message.get("previous_hash") != previous:
        found.append(Finding("altered", seq, f"passage {seq} does not follow the passage before it"))
    return found


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
