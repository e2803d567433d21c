"""The codec against bytes that we did not make: recorded sessions and single messages in two notations."""

import json
from pathlib import Path

import pytest

from rfid.llrp.codec import decode_frame, decode_message, encode_frame, encode_message
from rfid.llrp.element import Element, OpaqueMessage, OpaqueTlv, OpaqueTv
from rfid.llrp.messages import ReaderEventNotification, ROAccessReport
from rfid.llrp.parameters.reporting import TagReportData
from tests.unit.rfid import vectors


def opaque(element: Element) -> list[Element]:
    held = [found for parameter in getattr(element, "parameters", ()) for found in opaque(parameter)]
    return [element, *held] if isinstance(element, OpaqueMessage | OpaqueTlv | OpaqueTv) else held


@pytest.mark.parametrize("path", vectors.ltk_pairs(), ids=lambda path: path.stem)
def test_ltk_frames_decode_to_what_their_xml_says(path: Path) -> None:
    xml = vectors.xml_of(path)
    frames = vectors.frames(path)
    assert xml is not None
    assert len(frames) == len(xml)
    for raw, said in zip(frames, xml, strict=True):
        frame = decode_frame(raw)
        assert vectors.plain(type(frame.message).__name__) == vectors.plain(said.tag)
        assert frame.message_id == int(said.attrib["MessageID"])
        assert opaque(frame.message) == []
        vectors.assert_same_as_xml(said, frame.message)


@pytest.mark.parametrize("path", vectors.ltk_pairs(), ids=lambda path: path.stem)
def test_ltk_frames_encode_to_the_same_bytes(path: Path) -> None:
    for raw in vectors.frames(path):
        assert encode_frame(decode_frame(raw)) == raw


@pytest.mark.parametrize("path", vectors.edgex_pairs(), ids=lambda path: path.stem)
def test_edgex_payloads_decode_to_what_their_json_says(path: Path) -> None:
    number = vectors.NUMBERS[vectors.plain(path.stem.partition("-")[0])]
    message = decode_message(number, path.read_bytes())
    said = list(vectors.json_leaves(json.loads(path.with_suffix(".json").read_text())))
    decoded = list(vectors.element_leaves(message))
    assert opaque(message) == []
    assert [vectors.same_leaf(*pair) for pair in zip(decoded, said, strict=True)] == [True] * len(said)


@pytest.mark.parametrize("path", vectors.edgex_pairs(), ids=lambda path: path.stem)
def test_edgex_payloads_encode_to_the_same_bytes(path: Path) -> None:
    number = vectors.NUMBERS[vectors.plain(path.stem.partition("-")[0])]
    assert encode_message(decode_message(number, path.read_bytes())) == path.read_bytes()


def test_recorded_session_has_the_frames_that_its_description_names() -> None:
    messages = [decode_frame(raw).message for raw in vectors.frames(vectors.SESSION)]
    reports = [message for message in messages if isinstance(message, ROAccessReport)]
    assert len(messages) == 934
    assert sum(isinstance(message, ReaderEventNotification) for message in messages) == 891
    assert [len(list(report.every(TagReportData))) for report in reports] == [64, 1, 65]
