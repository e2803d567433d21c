"""What smart cameras say: the alerts of one maker, the generic JSON, and whatever else comes."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anpr.smart.announcement import AnnouncementError, Stage
from anpr.smart.generic import read_json
from anpr.smart.isapi import read_alert

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>192.0.2.64</ipAddress><channelID>1</channelID><dateTime>2026-11-23T08:15:02+07:00</dateTime>
<activePostCount>1</activePostCount><eventType>ANPR</eventType><eventState>active</eventState>
<ANPR><licensePlate>30E-123.45</licensePlate><line>1</line><confidenceLevel>97</confidenceLevel>
<plateColor>white</plateColor></ANPR>
<UUID>6c1f8a20-0000-1000-0001-c056e3000001</UUID>
</EventNotificationAlert>"""


def test_an_alert_is_an_announcement() -> None:
    said = read_alert(ALERT.encode(), (b"jpeg",))
    assert said is not None
    assert (said.text, said.confidence, said.stage) == ("30E12345", 0.97, Stage.NEW)
    assert said.track == "6c1f8a20-0000-1000-0001-c056e3000001"
    assert said.at is not None
    assert said.at.isoformat() == "2026-11-23T08:15:02+07:00"
    assert said.images == (b"jpeg",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<eventType>ANPR</eventType>", "<eventType>videoloss</eventType>"),
        ("<eventState>active</eventState>", "<eventState>inactive</eventState>"),
    ],
)
def test_heartbeats_and_alarms_are_no_plate(old: str, new: str) -> None:
    assert read_alert(ALERT.replace(old, new).encode()) is None


@pytest.mark.parametrize("word", ["unknown", "", "noPlate"])
def test_a_vehicle_without_a_readable_plate_says_so(word: str) -> None:
    said = read_alert(ALERT.replace("30E-123.45", word).encode())
    assert said is not None
    assert (said.text, said.confidence) == (None, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("<confidenceLevel>97", "<confidenceLevel>high", "confidenceLevel 'high'"),
        ("<confidenceLevel>97", "<confidenceLevel>197", "confidenceLevel '197'"),
        ("<licensePlate>30E-123.45</licensePlate>", "", "licensePlate is missing"),
        ("30E-123.45", "30E" * 9, "longer than 16"),
        ("</EventNotificationAlert>", "", "no XML"),
        ('encoding="UTF-8"?>', 'encoding="UTF-8"?><!DOCTYPE a [<!ENTITY b "c">]>', "DOCTYPE"),
    ],
)
def test_a_damaged_alert_names_the_field(old: str, new: str, named: str) -> None:
    with pytest.raises(AnnouncementError, match=named):
        read_alert(ALERT.replace(old, new).encode())


def test_the_generic_json_has_everything() -> None:
    body = {
        "plate": "20A-678.90",
        "confidence": 0.91,
        "track": "17",
        "stage": "update",
        "chars": [[char, 0.9] for char in "20A67890"],
        "images": [base64.b64encode(b"\xff\xd8\xff1").decode()],
    }
    said = read_json(json.dumps(body).encode())
    assert (said.text, said.confidence, said.track, said.stage) == ("20A67890", 0.91, "17", Stage.UPDATE)
    assert "".join(char for char, _ in said.chars) == "20A67890"
    assert said.images == (b"\xff\xd8\xff1",)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{}", "plate"),
        ('{"plate":1}', "plate"),
        ('{"plate":"20A12345","confidence":2}', "confidence"),
        ('{"plate":"20A12345","confidence":NaN}', "confidence"),
        ('{"plate":"20A12345","stage":"gone"}', "stage"),
        ('{"plate":"20A12345","images":["*"]}', "images"),
        ('{"plate":"20A12345","images":["","","","",""]}', "images"),
        ("[]", "message"),
    ],
)
def test_a_damaged_json_names_the_field(body: str, named: str) -> None:
    with pytest.raises(AnnouncementError, match=named):
        read_json(body.encode())


def test_characters_that_do_not_spell_the_plate_are_left_out() -> None:
    assert read_json(b'{"plate":"20A12345","confidence":0.9,"chars":[["2",0.9]]}').chars == ()


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode), st.integers(0, len(ALERT)))
def test_whatever_comes_nothing_but_announcement_errors(noise: bytes, at: int) -> None:
    alert = ALERT.encode()
    for document in (noise, alert[:at] + noise + alert[at:]):
        for read in (read_json, read_alert):
            with suppress(AnnouncementError):
                read(document)
