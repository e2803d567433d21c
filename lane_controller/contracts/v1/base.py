"""Common ground of every version-1 message: strict, frozen, no unknown types, aware UTC times, whole VND.

In: JSON bytes. Out: frozen pydantic models; `decode` raises MessageError that names message, field and remedy.
Unknown fields are kept out silently: a newer producer may have added optional ones. Money is never a float.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lane_controller.contracts.values import EPC_PATTERN, LANE_PATTERN, PASSAGE_ID_PATTERN

VND_MAX = 10**12
"""Largest amount that a message may carry; a larger one is a defect, not a fare."""


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


UtcTime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
Vnd = Annotated[int, Field(strict=True, ge=0, le=VND_MAX)]
SignedVnd = Annotated[int, Field(strict=True, ge=-VND_MAX, le=VND_MAX)]
VehicleClass = Annotated[int, Field(strict=True, ge=1, le=5)]
Count = Annotated[int, Field(strict=True, ge=0)]
Version = Annotated[int, Field(strict=True, ge=0)]
PlazaId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+$", max_length=16)]
LaneId = Annotated[str, StringConstraints(pattern=LANE_PATTERN, max_length=32)]
PassageId = Annotated[str, StringConstraints(pattern=PASSAGE_ID_PATTERN, max_length=64)]
Epc = Annotated[str, StringConstraints(pattern=EPC_PATTERN, max_length=128)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ShortText = Annotated[str, StringConstraints(max_length=500)]


class MessageError(ValueError):
    """The bytes are not a message of the expected kind. The text names kind, field, value and what was expected."""


class Message(BaseModel):
    """Base of all version-1 messages."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    def encode(self) -> bytes:
        """Compact UTF-8 JSON; the same message always gives the same bytes."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message in `data`; MessageError says which fields are wrong and how."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise MessageError(_explain(cls.__name__, error)) from error


def _explain(kind: str, error: ValidationError) -> str:
    problems = (
        f"{'.'.join(str(part) for part in problem['loc']) or 'message'}: {problem['msg']}"
        f" (got {str(problem['input'])[:80]!r})"
        for problem in error.errors(include_url=False)[:8]
    )
    return f"not a {kind}: " + "; ".join(problems)
