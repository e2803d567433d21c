"""Tariffs: a dated file in, a version in the database, a message for the lanes.

In: TOML with plaza, name, valid_from, demonstration, decision_no and a table [fares_vnd] of the classes 1 to 5. Out: a
new version for the plaza; the same content again is no new version. A published tariff is never changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from backoffice.rating.tariff import Tariff, Tariffs
from backoffice.storage.clock import to_us
from backoffice.storage.database import Database
from lane_controller.contracts.v1 import TariffV1
from lane_controller.contracts.values import VEHICLE_CLASSES

_KEYS: Final = frozenset({"plaza", "name", "valid_from", "demonstration", "decision_no", "fares_vnd"})


class TariffFileError(ValueError):
    """The file is no tariff; the text names field and remedy."""


def parse(text: str, version: int = 1) -> TariffV1:
    """The tariff in a TOML text, with the version that it is to get."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TariffFileError(f"not TOML: {error}") from error
    if unknown := sorted(set(content) - _KEYS):
        raise TariffFileError(f"unknown field {unknown[0]}; known: {', '.join(sorted(_KEYS))}")
    valid_from = content.get("valid_from")
    if not isinstance(valid_from, datetime) or valid_from.tzinfo is None:
        raise TariffFileError("valid_from: write date, time and offset such as 2026-01-01T00:00:00+07:00")
    fares = _fares(content.get("fares_vnd"))
    fields = {k: content[k] for k in ("plaza", "name", "demonstration", "decision_no") if k in content}
    try:
        return TariffV1.model_validate(fields | {"version": version, "valid_from_utc": valid_from, "fares_vnd": fares})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise TariffFileError(f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}") from error


def _fares(table: Any) -> dict[int, int]:
    expected = [str(number) for number in VEHICLE_CLASSES]
    if not isinstance(table, dict) or sorted(table) != expected:
        raise TariffFileError(f"[fares_vnd]: one whole amount of VND for each class {', '.join(expected)}")
    for name, amount in table.items():
        if not isinstance(amount, int) or isinstance(amount, bool):
            raise TariffFileError(f"[fares_vnd] {name}: {amount!r} is no whole amount of VND")
    return {int(name): amount for name, amount in table.items()}


class TariffStore:
    """Tariffs in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[tuple[str, int]] = set()

    def messages(self) -> list[TariffV1]:
        """All tariffs, by plaza and version."""
        rows = self._database.rows("SELECT message FROM tariffs FINAL ORDER BY plaza, version")
        return [TariffV1.decode(text.encode()) for (text,) in rows]

    def publish(self, text: str) -> tuple[TariffV1, bool]:
        """Write the tariff of a file as the next version of its plaza; False when it is the newest already."""
        draft = parse(text)
        known = [message for message in self.messages() if message.plaza == draft.plaza]
        newest = max(known, key=lambda message: message.version, default=None)
        if newest is not None and newest.model_copy(update={"version": 1}) == draft:
            return newest, False
        message = draft.model_copy(update={"version": (newest.version if newest else 0) + 1})
        self._database.insert(
            "tariffs",
            {
                "plaza": [message.plaza], "version": [message.version], "valid_from": [to_us(message.valid_from_utc)],
                "message": [message.encode().decode()], "published_at": [to_us(datetime.now(UTC))],
            },
        )  # fmt: skip
        return message, True

    def values(self) -> Tariffs:
        """All tariffs as rating needs them."""
        return Tariffs(Tariff(m.plaza, m.version, to_us(m.valid_from_utc), dict(m.fares_vnd)) for m in self.messages())

    def all(self) -> Sequence[tuple[str, bytes]]:
        """Every tariff as (key, message) for the stream."""
        self._told.clear()
        return self.fresh()

    def fresh(self) -> Sequence[tuple[str, bytes]]:
        """Tariffs that were not given out before."""
        new = [m for m in self.messages() if (m.plaza, m.version) not in self._told]
        self._told.update((m.plaza, m.version) for m in new)
        return [(f"{m.plaza}/{m.version}", m.encode()) for m in new]
