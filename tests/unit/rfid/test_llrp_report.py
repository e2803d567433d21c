"""Reports → observations: both kinds of EPC, both kinds of clock, missing fields, odd values."""

from datetime import UTC, datetime

import pytest

from rfid.llrp import messages as m
from rfid.llrp.codec import decode_message
from rfid.llrp.element import Parameter
from rfid.llrp.fields import BitString
from rfid.llrp.parameters.basic import Custom
from rfid.llrp.parameters.c1g2_access import C1G2ReadOpSpecResult
from rfid.llrp.parameters.reporting import (
    EPC96,
    AntennaID,
    EPCData,
    FirstSeenTimestampUptime,
    FirstSeenTimestampUTC,
    LastSeenTimestampUptime,
    LastSeenTimestampUTC,
    PeakRSSI,
    TagReportData,
    TagSeenCount,
)
from rfid.llrp.plan import TID_OP_SPEC_ID
from rfid.llrp.report import Instant, ReaderClock, observe
from rfid.observation import FrameRejected, TagObservation
from tests.unit.rfid import vectors

NOW = Instant(mono_us=5_000_000, utc_us=1_600_000_000_000_000)
EPC = EPC96(bytes.fromhex("00000000000000000000BEEF"))


def seen(*parameters: Parameter, clock: ReaderClock | None = None) -> TagObservation:
    (only,) = observe(m.ROAccessReport((TagReportData(parameters),)), "r", NOW, clock or ReaderClock())
    assert isinstance(only, TagObservation)
    return only


def test_a_bare_epc_is_enough() -> None:
    assert seen(EPC) == TagObservation(
        epc="00000000000000000000BEEF",
        epc_bits=96,
        tid=None,
        antenna=0,
        rssi_dbm=None,
        seen_count=1,
        reader_utc=None,
        reader_uptime_us=None,
        received_mono_us=5_000_000,
        reader="r",
        age_us=None,
    )


def test_impinj_report_has_antenna_level_and_stamp() -> None:
    report = decode_message(61, (vectors.DATA / "edgex" / "ROAccessReport-001.bytes").read_bytes())
    assert isinstance(report, m.ROAccessReport)
    (tag,) = observe(report, "r420", NOW, ReaderClock())
    assert isinstance(tag, TagObservation)
    assert (tag.epc, tag.antenna, tag.rssi_dbm) == ("3000ABCDEF00000000000003", 1, -48.0)
    assert tag.reader_utc == datetime(2020, 7, 8, 2, 20, 5, 140192, tzinfo=UTC)


def test_epc_data_keeps_its_bit_count() -> None:
    tag = seen(EPCData(BitString(198, bytes(24) + b"\xc0")))
    assert (tag.epc, tag.epc_bits) == ("00" * 24 + "C0", 198)


@pytest.mark.parametrize("parameters", [(), (AntennaID(1),), (EPCData(BitString(0, b"")),)])
def test_a_tag_without_epc_is_rejected_and_the_next_one_still_seen(parameters: tuple[Parameter, ...]) -> None:
    report = m.ROAccessReport((TagReportData(parameters), TagReportData((EPC,))))
    rejected, tag = observe(report, "r", NOW, ReaderClock())
    assert isinstance(rejected, FrameRejected)
    assert isinstance(tag, TagObservation)


def test_last_seen_counts_more_than_first_seen() -> None:
    # A reader with a running total leaves FirstSeen as it was: only LastSeen tells when this read happened.
    tag = seen(EPC, FirstSeenTimestampUTC(1_000_000), LastSeenTimestampUTC(2_000_000), TagSeenCount(7))
    assert tag.reader_utc == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert tag.seen_count == 7


def test_uptime_is_not_taken_for_utc() -> None:
    clock = ReaderClock(uptime_offset_us=10_000_000)
    tag = seen(EPC, FirstSeenTimestampUptime(14_000_000), LastSeenTimestampUptime(14_999_000), clock=clock)
    assert (tag.reader_utc, tag.reader_uptime_us, tag.age_us) == (None, 14_999_000, 1000)


def test_age_allows_for_a_wrong_reader_clock() -> None:
    ahead = 3_600_000_000
    clock = ReaderClock(utc_offset_us=ahead)
    tag = seen(EPC, LastSeenTimestampUTC(NOW.utc_us + ahead - 9_000_000), clock=clock)
    assert tag.age_us == 9_000_000


def test_a_stamp_beyond_the_calendar_is_none() -> None:
    tag = seen(EPC, LastSeenTimestampUTC(0xFFFF_FFFF_FFFF_FFFF), clock=ReaderClock(utc_offset_us=0))
    assert (tag.reader_utc, tag.age_us) == (None, None)


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        (Custom(25882, 57, (-5630).to_bytes(2, signed=True)), -56.3),
        (Custom(25882, 57, b"\x01"), -56.0),  # malformed: the whole dBm stays
        (Custom(161, 57, b"\xea\x02"), -56.0),  # another maker's parameter of the same number
    ],
)
def test_impinj_level_in_hundredths(custom: Custom, expected: float) -> None:
    assert seen(EPC, PeakRSSI(-56), custom).rssi_dbm == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parameter", "tid"),
    [
        (C1G2ReadOpSpecResult(0, TID_OP_SPEC_ID, (0xE280, 0x1105, 0x0001)), "E28011050001"),
        (C1G2ReadOpSpecResult(2, TID_OP_SPEC_ID, ()), None),
        (C1G2ReadOpSpecResult(0, TID_OP_SPEC_ID + 1, (0xE280,)), None),
        (Custom(25882, 55, bytes.fromhex("0002 e2801105")), "E2801105"),
        (Custom(25882, 55, bytes.fromhex("0003 e2801105")), None),
        (Custom(25882, 55, bytes.fromhex("0000")), None),
    ],
)
def test_tid_from_our_read_or_from_impinj(parameter: Parameter, tid: str | None) -> None:
    assert seen(EPC, parameter).tid == tid
