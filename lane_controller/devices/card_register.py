"""Which cards mean something at this plaza: the register file.

In: a TOML file with a [[card]] table for each card. Out: the entry of a UID on a date. RegisterError names file, card,
field and remedy. Never: a priority card that is accepted by its number alone, which anybody can copy (hardware.md).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lane_controller.core.values import CardRole


class RegisterError(Exception):
    """The register cannot be used; the text says where and what to do."""


class RegisteredCard(BaseModel):
    """[[card]]: one card. `first_day` and `last_day` are local dates, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uid: Annotated[str, Field(pattern=r"^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$")]
    role: CardRole
    holder: Annotated[str, Field(min_length=1, max_length=80)]
    proof: Literal["key", "uid"] = "key"
    first_day: date | None = None
    last_day: date | None = None

    @model_validator(mode="after")
    def _priority_needs_a_key(self) -> Self:
        if self.role is CardRole.PRIORITY and self.proof != "key":
            raise ValueError('a priority card opens the barrier: field proof must be "key"')
        return self

    def valid_on(self, day: date) -> bool:
        """Whether the card serves on this local date."""
        return (self.first_day or day) <= day <= (self.last_day or day)


@dataclass(frozen=True, slots=True)
class CardRegister:
    """All cards by UID."""

    cards: dict[str, RegisteredCard]

    def find(self, uid: str) -> RegisteredCard | None:
        """The card of a UID in upper-case hexadecimal."""
        return self.cards.get(uid)


def read_register(path: Path) -> CardRegister:
    """The register in `path`. RegisterError: unreadable, a field is wrong, or a UID stands twice."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegisterError(f"{path}: {error.strerror}; name an existing register") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegisterError(f"{path}: not TOML: {error}; correct that line") from error
    tables = raw.get("card")
    if not isinstance(tables, list) or set(raw) != {"card"}:
        raise RegisterError(f"{path}: write one [[card]] table for each card and nothing else")
    cards: dict[str, RegisteredCard] = {}
    for number, table in enumerate(tables, 1):
        card = _card(path, number, table)
        if card.uid in cards:
            raise RegisterError(f"{path}: [[card]] number {number}: uid {card.uid} stands twice; remove one")
        cards[card.uid] = card
    return CardRegister(cards)


def _card(path: Path, number: int, table: Any) -> RegisteredCard:
    try:
        return RegisteredCard.model_validate(table)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"]) or "proof"
        reason = str(problem["msg"]).removeprefix("Value error, ")
        raise RegisterError(f"{path}: [[card]] number {number}, field {field}: {reason}") from error
