"""The key file of our card application.

In: a TOML file (aid, key_number, master_key, system; hexadecimal). Out: `CardApplication`. CardKeyError names file,
field and remedy, and never the key. A file that others may read is refused: whoever has this key can make cards.
"""

import tomllib
from pathlib import Path
from typing import Any, Final

from rfid.pcsc.desfire import CardApplication

_FIELDS: Final = {"aid", "master_key", "key_number", "system"}


class CardKeyError(Exception):
    """The key file cannot be used; the text says where and what to do."""


def read_application(path: Path) -> CardApplication:
    """The application in `path`. CardKeyError: unreadable, open to others, or a field is wrong."""
    try:
        if path.stat().st_mode & 0o077:
            raise CardKeyError(f"{path}: others may read this key file; chmod 600 {path}")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardKeyError(f"{path}: {error.strerror}; name an existing key file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardKeyError(f"{path}: not TOML; correct that file") from error
    if odd := sorted(set(raw) - _FIELDS):
        raise CardKeyError(f"{path}: no such field: {', '.join(odd)}; known: {', '.join(sorted(_FIELDS))}")
    number = raw.get("key_number", 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 13:
        raise CardKeyError(f"{path}: field key_number: write a number from 0 to 13")
    system = _hex(path, raw, "system", None) if "system" in raw else b""
    return CardApplication(_hex(path, raw, "aid", 3), number, _hex(path, raw, "master_key", 16), system)


def _hex(path: Path, raw: dict[str, Any], field: str, length: int | None) -> bytes:
    try:
        value = bytes.fromhex(raw[field])
    except (KeyError, TypeError, ValueError):
        value = None
    if value is None or (length is not None and len(value) != length):
        wanted = "bytes" if length is None else f"{length} bytes"
        raise CardKeyError(f"{path}: field {field}: write {wanted} in hexadecimal")
    return value
