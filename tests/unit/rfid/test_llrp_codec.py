"""The codec's rules: lengths checked, unknown things kept, errors that name the place."""

import pytest

from rfid.llrp import messages as m
from rfid.llrp.codec import DEPTH_MAX, Frame, decode_frame, decode_message, encode_frame, encode_message
from rfid.llrp.element import MESSAGES, TLVS, TVS, OpaqueMessage, OpaqueTlv, OpaqueTv
from rfid.llrp.errors import DecodeError, EncodeError, LlrpError
from rfid.llrp.fields import BitString
from rfid.llrp.parameters.basic import Custom, LLRPStatus, ParameterError
from rfid.llrp.parameters.capabilities import FrequencyHopTable, GeneralDeviceCapabilities
from rfid.llrp.parameters.reporting import EPC96, AntennaID, EPCData, PeakRSSI, TagReportData
from rfid.llrp.parameters.rospec import AISpec

EPC = bytes.fromhex("00000000000000000000BEEF")


def report(*parameters: bytes) -> bytes:
    body = b"".join(parameters)
    return (240).to_bytes(2) + (4 + len(body)).to_bytes(2) + body


def first_tag(payload: bytes) -> TagReportData:
    message = decode_message(61, payload)
    tag = message.first(TagReportData)
    assert tag is not None
    return tag


def test_the_standard_is_covered() -> None:
    # LLRP 1.0.1 section 16: 40 messages, 18 TV and 91 TLV parameters; 1.1 adds to each.
    assert {1, 2, 3, 4, 11, 12, 13, 14, 60, 61, 62, 63, 64, 72, 100, 1023, *range(20, 27)} <= set(MESSAGES)
    assert {*range(30, 37), *range(40, 46), *range(50, 56)} <= set(MESSAGES)
    assert set(range(1, 19)) <= set(TVS)
    assert {128, 129, 137, *range(139, 150), *range(177, 189), *range(207, 212), *range(217, 227)} <= set(TLVS)
    assert {*range(237, 258), 287, 288, 289, *range(327, 340), *range(341, 355), 1023} <= set(TLVS)


def test_unknown_tlv_is_kept_and_what_follows_is_still_read() -> None:
    payload = report(b"\x8d" + EPC, bytes.fromhex("03e70006abcd"), b"\x81\x00\x02")
    tag = first_tag(payload)
    assert tag.parameters == (EPC96(EPC), OpaqueTlv(999, b"\xab\xcd"), AntennaID(2))
    assert encode_message(m.ROAccessReport((tag,))) == payload


def test_unknown_tv_hides_the_rest_of_its_parent_only() -> None:
    odd = report(b"\x8d" + EPC, b"\xfe\x01\x02\x03")
    payload = odd + report(b"\x8d" + EPC, b"\x86\xc8")
    message = decode_message(61, payload)
    tags = list(message.every(TagReportData))
    assert tags[0].parameters == (EPC96(EPC), OpaqueTv(126, b"\x01\x02\x03"))
    assert tags[1].parameters == (EPC96(EPC), PeakRSSI(-56))
    assert encode_message(message) == payload


def test_custom_parameter_is_kept() -> None:
    payload = report(b"\x8d" + EPC, bytes.fromhex("03ff000e0000651a00000039ec78"))
    assert first_tag(payload).first(Custom) == Custom(25882, 57, b"\xec\x78")


def test_unknown_message_is_kept() -> None:
    raw = bytes.fromhex("07e70000000c00000001") + b"\x01\x02"
    frame = decode_frame(raw)
    assert frame == Frame(OpaqueMessage(999, b"\x01\x02"), 1)
    assert encode_frame(frame) == raw


@pytest.mark.parametrize(
    ("bits", "data"), [(1, b"\x80"), (96, bytes(12)), (198, bytes(25)), (496, bytes(62)), (0, b"")]
)
def test_epc_data_of_any_length(bits: int, data: bytes) -> None:
    tag = TagReportData((EPCData(BitString(bits, data)),))
    assert decode_message(61, encode_message(m.ROAccessReport((tag,)))).first(TagReportData) == tag


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (report(b"\x8d" + EPC[:11]), "TagReportData: EPC96: epc: 12 bytes declared, 11 left"),
        (report(bytes.fromhex("00f100ff")), "type 241 declares 255 bytes, 4 left"),
        (report(bytes.fromhex("00f10003")), "type 241 declares 3 bytes"),
        (report(bytes.fromhex("00f1")), "2 bytes left, a parameter header needs 4"),
        (report(bytes.fromhex("00f100080060aabb")), "EPCData: epc: 12 bytes declared, 2 left"),
        (report(bytes.fromhex("00ef000601ff")), "AccessReportSpec: 1 bytes too many"),
        (bytes.fromhex("00f0ffff"), "type 240 declares 65535 bytes, 4 left"),
    ],
)
def test_every_declared_length_is_checked(payload: bytes, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        decode_message(61, payload)


def test_frame_length_must_match_the_frame() -> None:
    with pytest.raises(DecodeError, match="declares 10 bytes, 11 given"):
        decode_frame(bytes.fromhex("043e0000000a0000000700"))


def test_deep_nesting_is_refused_before_it_eats_the_stack() -> None:
    error = ParameterError(1, 2)
    for _ in range(DEPTH_MAX + 1):
        error = ParameterError(1, 2, (error,))
    with pytest.raises(DecodeError, match="nest deeper"):
        decode_message(100, encode_message(m.ErrorMessage((LLRPStatus(0, "", (error,)),))))
    thousands = b""
    for _ in range(5000):
        thousands = (183).to_bytes(2) + (6 + len(thousands)).to_bytes(2) + b"\0\0" + thousands
    with pytest.raises(DecodeError, match="nest deeper"):
        decode_message(20, thousands)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (m.EnableROSpec(-1), "EnableROSpec.ro_spec_id=-1 is outside"),
        (m.EnableROSpec(1 << 32), "outside 0…4294967295"),
        (m.ROAccessReport((PeakRSSI(128),)), "outside -128…127"),
        (m.ROAccessReport((EPC96(b"short"),)), "EPC96.epc: needs 12 bytes, got 5"),
        (m.AddROSpec((AISpec((70000,)),)), "AISpec.antenna_ids: .* does not fit 16 bits"),
        (m.AddROSpec((AISpec((1,) * 65536),)), "65536 elements"),
        (m.AddROSpec((Custom(1, 2, bytes(65535)),)), "65547 bytes long"),
    ],
)
def test_a_value_that_does_not_fit_is_our_mistake(message: m.Message, complaint: str) -> None:
    with pytest.raises(EncodeError, match=complaint):
        encode_message(message)


def test_bit_string_needs_as_many_bytes_as_it_has_bits() -> None:
    with pytest.raises(LlrpError, match="9 bits need 2 bytes, not 1"):
        BitString(9, b"\0")


def test_reserved_bits_are_ignored_when_read_and_zero_when_written() -> None:
    table = decode_message(11, bytes.fromhex("0093000c01ff0001000dfe18")).first(FrequencyHopTable)
    assert table == FrequencyHopTable(1, (917_016,))
    assert encode_message(m.GetReaderCapabilitiesResponse((table,))) == bytes.fromhex("0093000c01000001000dfe18")


def test_fourteen_reserved_bits_lie_behind_the_flags_of_the_device() -> None:
    device = GeneralDeviceCapabilities(4, False, True, 25882, 2001002, "5.14.0.240")
    raw = encode_message(m.GetReaderCapabilitiesResponse((device,)))
    assert raw[4:16] == bytes.fromhex("0004 4000 0000651a 001e886a")


def test_text_that_is_no_utf8_survives() -> None:
    raw = bytes.fromhex("011f000a 0000 0002 ff41")
    message = decode_message(100, raw)
    assert encode_message(message) == raw
