"""Records of the passages topic → messages, or rejections that keep the bytes and say why.

In: stream records. Out: PassageV1 or Rejection for each, in order. Checked here: all that would make a row
impossible or a lie (types, ranges, the id against the lane, the record's own hash). Nothing in a record can raise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic_core import from_json

from lane_controller.contracts.hashes import passage_hash
from lane_controller.contracts.v1 import MessageError, PassageV1
from lane_controller.contracts.values import parse_passage_id
from lane_controller.stream.port import Record

_UINT32_MAX: Final = 2**32 - 1
_INT64_MAX: Final = 2**63 - 1
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that cannot be used. `reason` is one word for the counter, `text` names field, value and remedy."""

    record: Record
    reason: str
    text: str


def decode_passage(record: Record, *, check_hash: bool = True) -> PassageV1 | Rejection:
    """The passage in `record`."""
    if record.value is None:
        return Rejection(record, "empty", "a record without value where a passage is expected")
    try:
        passage = PassageV1.decode(record.value)
    except MessageError as error:
        return Rejection(record, "malformed", str(error))
    problem = _impossible(passage)
    if problem:
        return Rejection(record, "impossible", problem)
    if check_hash and not _hash_matches(record.value, passage.record_hash):
        return Rejection(record, "altered", f"{passage.passage_id}: record_hash is not the hash of the message")
    return passage


def _hash_matches(data: bytes, expected: str) -> bool:
    # Lanes publish the canonical spelling itself: cutting the field out leaves the hashed bytes, at a third
    # of the cost.
    if hashlib.sha256(data.replace(b'"record_hash":"%s",' % expected.encode(), b"", 1)).hexdigest() == expected:
        return True
    try:
        return passage_hash(from_json(data)) == expected
    except (ValueError, RecursionError):  # NaN or the like inside the explanation: no lane writes that
        return False


def _impossible(passage: PassageV1) -> str:
    lane, epoch, _ = parse_passage_id(passage.passage_id)
    if (lane, epoch) != (passage.lane, passage.epoch):
        return f"passage_id {passage.passage_id} is not of lane {passage.lane}, epoch {passage.epoch}"
    if max(passage.epoch, passage.tariff_version) > _UINT32_MAX:
        return f"epoch {passage.epoch} or tariff_version {passage.tariff_version} is above {_UINT32_MAX}"
    if max(passage.seq, passage.list_version, passage.time_to_open_ms or 0) > _INT64_MAX:
        return f"seq {passage.seq}, list_version {passage.list_version} or time_to_open_ms is above {_INT64_MAX}"
    for moment in (passage.detected_at_utc, passage.decided_at_utc or _EARLIEST, passage.passed_at_utc):
        if not _EARLIEST <= moment < _LATEST:
            return f"the time {moment.isoformat()} is outside 2000 to 2100: the clock of the lane is wrong"
    return ""
