"""The one spelling of a message and the hash over it, for everybody who makes, checks or stores passages.

In: JSON objects. Out: canonical bytes and the record hash of a passage. Pure. Anybody can compute it, in any language:
SHA-256 of the canonical JSON of the whole message without its own `record_hash`; `previous_hash` is part of it.
Never: a second copy of this rule elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a JSON object: sorted keys, no spaces, UTF-8. Errors: ValueError for NaN and infinities."""
    return _CANONICAL.encode(value).encode()


def passage_hash(message: Mapping[str, Any]) -> str:
    """The record hash of a passage message (with its `previous_hash`, without its own), hex. Errors: ValueError."""
    return hashlib.sha256(canonical_json({k: v for k, v in message.items() if k != "record_hash"})).hexdigest()
