"""RO_ACCESS_REPORT → tag observations. Pure.

In: one decoded report, the moment it arrived and what is known of the reader's clock. Out: one `TagObservation` per
TagReportData, in order; one that carries no EPC comes out as `FrameRejected`, so nothing disappears unseen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rfid.epc import Epc
from rfid.llrp import impinj
from rfid.llrp.c1g2_enums import ReadResult
from rfid.llrp.messages import ROAccessReport
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
from rfid.observation import FrameRejected, TagObservation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP_MAX_US = 253_402_300_799_999_999  # the end of year 9999, the last that datetime can hold


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on this machine: monotonic for logic, UTC for comparing with the reader's clock; microseconds."""

    mono_us: int
    utc_us: int


@dataclass(frozen=True, slots=True)
class ReaderClock:
    """The reader's clocks minus ours, measured from its greeting; None where it has no such clock."""

    utc_offset_us: int | None = None
    uptime_offset_us: int | None = None


def observe(
    report: ROAccessReport, reader: str, now: Instant, clock: ReaderClock
) -> Iterator[TagObservation | FrameRejected]:
    """One observation per TagReportData."""
    for tag in report.every(TagReportData):
        epc = _epc(tag)
        if epc is None:
            yield FrameRejected(reader, now.mono_us, "TagReportData without EPC-96 or EPCData")
        else:
            yield _observation(tag, epc, reader, now, clock)


def _observation(tag: TagReportData, epc: Epc, reader: str, now: Instant, clock: ReaderClock) -> TagObservation:
    antenna, count = tag.first(AntennaID), tag.first(TagSeenCount)
    utc_us, uptime_us = _utc_us(tag), _uptime_us(tag)
    return TagObservation(
        epc=epc.hex,
        epc_bits=epc.bits,
        tid=_tid(tag),
        antenna=antenna.antenna_id if antenna else 0,
        rssi_dbm=_rssi_dbm(tag),
        seen_count=count.tag_count if count else 1,
        reader_utc=None if utc_us is None else _EPOCH + timedelta(microseconds=utc_us),
        reader_uptime_us=uptime_us,
        received_mono_us=now.mono_us,
        reader=reader,
        age_us=_age_us(utc_us, uptime_us, now, clock),
    )


def _epc(tag: TagReportData) -> Epc | None:
    """EPC-96 or EPCData, whichever is there; an EPCData of no bits is no EPC."""
    short, long = tag.first(EPC96), tag.first(EPCData)
    if short is not None:
        return Epc.of(short.epc)
    if long is not None and long.epc.bits > 0:
        return Epc.of(long.epc.data, long.epc.bits)
    return None


def _utc_us(tag: TagReportData) -> int | None:
    """The last read in the report, else the first; a stamp beyond year 9999 is none."""
    stamp = tag.first(LastSeenTimestampUTC) or tag.first(FirstSeenTimestampUTC)
    return stamp.microseconds if stamp and stamp.microseconds <= _STAMP_MAX_US else None


def _uptime_us(tag: TagReportData) -> int | None:
    stamp = tag.first(LastSeenTimestampUptime) or tag.first(FirstSeenTimestampUptime)
    return stamp.microseconds if stamp else None


def _age_us(utc_us: int | None, uptime_us: int | None, now: Instant, clock: ReaderClock) -> int | None:
    if utc_us is not None and clock.utc_offset_us is not None:
        return now.utc_us + clock.utc_offset_us - utc_us
    if uptime_us is not None and clock.uptime_offset_us is not None:
        return now.mono_us + clock.uptime_offset_us - uptime_us
    return None


def _rssi_dbm(tag: TagReportData) -> float | None:
    """Impinj's hundredths where the reader sends them, else whole dBm."""
    fine = impinj.extension(tag, impinj.PEAK_RSSI)
    if fine is not None and len(fine) == 2:
        return int.from_bytes(fine, signed=True) / 100
    level = tag.first(PeakRSSI)
    return float(level.peak_rssi) if level else None


def _tid(tag: TagReportData) -> str | None:
    """From our own read of the TID bank, or from Impinj's serialised TID."""
    for result in tag.every(C1G2ReadOpSpecResult):
        if result.op_spec_id == TID_OP_SPEC_ID and result.result == ReadResult.SUCCESS and result.read_data:
            return "".join(f"{word:04X}" for word in result.read_data)
    serialized = impinj.extension(tag, impinj.SERIALIZED_TID)
    if serialized is not None and len(serialized) == 2 + 2 * int.from_bytes(serialized[:2]) > 2:
        return serialized[2:].hex().upper()
    return None
