"""Signing keys in files, and the public keys that the configuration registers.

In: paths. Out: Ed25519 keys. A key file is made with mode 0600, never overwritten, and refused where others may read
it. Its public half is registered in the configuration:
`"keys": {"operator": "<64 hex digits>", "providers": {"VETC": "<64 hex digits>"}}`; a list holds earlier keys too.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from settlement.clearing.signing import fingerprint, public_key
from settlement.intake.problems import UnusableInputError

_KEY: Final = re.compile(r"[0-9a-f]{64}")
EXAMPLE: Final = '"keys": {"operator": "<64 hex digits>", "providers": {"VETC": "<64 hex digits>"}}'


@dataclass(frozen=True, slots=True)
class RegisteredKeys:
    """Public keys that may sign, by party; the first of each is the one in use."""

    operator: tuple[str, ...]
    providers: dict[str, tuple[str, ...]]

    def of(self, role: str, provider: str) -> tuple[str, ...]:
        """Keys of the operator, or of one provider (any letter case)."""
        if role == "operator":
            return self.operator
        return next((keys for code, keys in self.providers.items() if code.lower() == provider.lower()), ())


def make_key(path: Path) -> str:
    """Write a new key; its public half. UnusableInputError where the file exists: a key is never overwritten."""
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UnusableInputError(f"{path}: exists; a key is never overwritten, choose another name") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return public_key(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key of a file."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInputError(
            f"{path}: no key can be read there ({error}); make one: settlement keys new"
        ) from error
    if mode & 0o077:
        raise UnusableInputError(f"{path}: others may read this key; chmod 600 {path}, and think of making a new one")
    if not _KEY.fullmatch(text):
        raise UnusableInputError(f"{path}: no Ed25519 key (64 hex digits); make one: settlement keys new")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def registered_keys(config: Path | None) -> RegisteredKeys:
    """Keys of the configuration; none where there is no file or no entry `keys`."""
    if config is None:
        return RegisteredKeys((), {})
    try:
        content = json.loads(config.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UnusableInputError(f"{config}: {error}") from error
    keys = content.get("keys", {}) if isinstance(content, dict) else {}
    if not isinstance(keys, dict) or not isinstance(keys.get("providers", {}), dict):
        raise UnusableInputError(f"{config}: `keys` must look like {EXAMPLE}")
    providers = {code: _keys(config, f"keys.providers.{code}", one) for code, one in keys.get("providers", {}).items()}
    return RegisteredKeys(_keys(config, "keys.operator", keys.get("operator", [])), providers)


def _keys(config: Path, name: str, value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and _KEY.fullmatch(one) for one in listed):
        raise UnusableInputError(f"{config}: `{name}` must be 64 hex digits in small letters, or a list of such")
    return tuple(listed)


def must_be_registered(registered: RegisteredKeys, role: str, provider: str, public: str) -> None:
    """UnusableInputError with the remedy where the configuration does not know a key."""
    known = registered.of(role, provider)
    if public in known:
        return
    entry = f'"operator": "{public}"' if role == "operator" else f'"providers": {{"{provider}": "{public}"}}'
    listed = ", ".join(fingerprint(one) for one in known) or "none"
    raise UnusableInputError(
        f"the key {fingerprint(public)} is not registered for the {role} (registered: {listed}). Compare the"
        f' fingerprint with its owner, then add it to the configuration: "keys": {{{entry}}}'
    )
