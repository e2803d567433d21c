"""Hikvision ISAPI: an EventNotificationAlert of type ANPR, as `httpHosts` push sends it.

In: the XML and the pictures that came with it. Out: a `PlateAnnouncement`, or None for an event that is no plate (the
camera's heartbeats and alarms). AnnouncementError otherwise. Never: a document with a DOCTYPE is opened: entities
could blow it up.
Source: hardware.md section 3; element names by local name, because makers' namespaces differ by firmware.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree as Xml

from anpr.plate import normalise
from anpr.smart.announcement import TEXT_MAX, AnnouncementError, PlateAnnouncement, Stage

XML_BYTES_MAX = 256 * 1024
NO_PLATE = frozenset({"", "UNKNOWN", "NOPLATE", "NONE"})


def read_alert(document: bytes, images: tuple[bytes, ...] = ()) -> PlateAnnouncement | None:
    """The announcement in an alert; None: an event of another kind, or one that is over."""
    fields = dict(_leaves(_parsed(document)))
    if fields.get("eventType", "").upper() != "ANPR" or fields.get("eventState", "active").lower() != "active":
        return None
    if "licensePlate" not in fields:
        raise AnnouncementError("malformed", "EventNotificationAlert: licensePlate is missing")
    text = normalise(fields["licensePlate"])
    if len(text) > TEXT_MAX:
        raise AnnouncementError("malformed", f"licensePlate {text[:40]!r} is longer than {TEXT_MAX} characters")
    known = None if text in NO_PLATE else text
    return PlateAnnouncement(
        track=fields.get("UUID", "")[:64],
        stage=Stage.NEW if fields.get("activePostCount", "1") in ("0", "1") else Stage.UPDATE,
        text=known,
        confidence=_percent(fields.get("confidenceLevel", "")) if known else 0.0,
        at=_moment(fields.get("dateTime")),
        images=images,
    )


def _parsed(document: bytes) -> Xml.Element:
    if len(document) > XML_BYTES_MAX:
        raise AnnouncementError("size", f"an alert of {len(document)} bytes; {XML_BYTES_MAX} are the limit")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise AnnouncementError("malformed", "an alert with a DOCTYPE is not read")
    try:
        return Xml.fromstring(document)  # noqa: S314 - no DOCTYPE, so no entities
    except Xml.ParseError as error:
        raise AnnouncementError("malformed", f"EventNotificationAlert is no XML: {error}") from error


def _leaves(root: Xml.Element) -> Iterator[tuple[str, str]]:
    """Local name and text of every element without children; of names that repeat the last one counts."""
    for element in root.iter():
        if len(element) == 0:
            yield element.tag.rpartition("}")[2], (element.text or "").strip()


def _percent(text: str) -> float:
    """ISAPI gives 0 to 100."""
    try:
        value = float(text)
    except ValueError as error:
        raise AnnouncementError("malformed", f"confidenceLevel {text!r} is no number") from error
    if not 0 <= value <= 100:
        raise AnnouncementError("malformed", f"confidenceLevel {text!r} is not within 0 to 100")
    return value / 100


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None  # evidence only: a camera with an odd clock still reads plates
