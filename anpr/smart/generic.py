"""The generic JSON of a smart camera, for every maker that can be told what to send.

In: bytes such as {"plate": "30A-123.45", "confidence": 0.97, "track": "7", "stage": "new", "images": ["base64 …"]}.
Out: a `PlateAnnouncement`. AnnouncementError names the field. Only `plate` is required; null says "no plate".
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from anpr.frames import JPEG_START
from anpr.plate import normalise
from anpr.smart.announcement import TEXT_MAX, AnnouncementError, PlateAnnouncement, Stage

IMAGES_MAX = 4
Chance = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

Char = Annotated[str, Field(min_length=1, max_length=1)]


def _jpeg(image: bytes) -> bytes:
    if not image.startswith(JPEG_START):
        raise ValueError("no JPEG, in base64")
    return image


Picture = Annotated[Base64Bytes, AfterValidator(_jpeg)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    plate: Annotated[str, Field(max_length=40)] | None
    confidence: Chance = 0.0
    track: Annotated[str, Field(max_length=64)] = ""
    stage: Stage = Stage.NEW
    chars: Annotated[
        tuple[tuple[Annotated[str, Field(min_length=1, max_length=1)], Chance], ...], Field(max_length=16)
    ] = ()
    at: AwareDatetime | None = None
    images: Annotated[tuple[Picture, ...], Field(max_length=IMAGES_MAX)] = ()


def read_json(document: bytes) -> PlateAnnouncement:
    """The announcement in a JSON document. AnnouncementError: it is none."""
    try:
        body = _Body.model_validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "message"
        raise AnnouncementError("malformed", f"{field}: {first['msg']}") from error
    text = normalise(body.plate or "") or None
    if text is not None and len(text) > TEXT_MAX:
        raise AnnouncementError("malformed", f"plate {text!r} is longer than {TEXT_MAX} characters")
    chars = body.chars if text is not None and "".join(char for char, _ in body.chars) == text else ()
    confidence = body.confidence if text else 0.0
    return PlateAnnouncement(body.track, body.stage, text, confidence, chars, body.at, body.images)
