"""A tag in the field → TagReportData, with what the client has asked to be reported. Pure."""

from dataclasses import dataclass

from rfid.epc import Epc
from rfid.llrp.c1g2_enums import MemoryBank, ReadResult
from rfid.llrp.element import Parameter
from rfid.llrp.fields import BitString
from rfid.llrp.parameters import reporting as r
from rfid.llrp.parameters.accessspec import AccessCommand, AccessSpec
from rfid.llrp.parameters.c1g2_access import C1G2Read, C1G2ReadOpSpecResult


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read of one tag, as physics gives it."""

    epc: Epc
    antenna: int
    rssi_dbm: float
    tid: str | None
    stamp_us: int
    """On the reader's clock: UTC, or since its start."""
    count: int = 1


def tag_report(
    seen: Sighting, content: r.TagReportContentSelector, ro_spec_id: int, access: AccessSpec | None, utc: bool
) -> r.TagReportData:
    """One TagReportData (section 13.2.3), fields in the order of the standard."""
    first = r.FirstSeenTimestampUTC if utc else r.FirstSeenTimestampUptime
    last = r.LastSeenTimestampUTC if utc else r.LastSeenTimestampUptime
    rssi = max(-128, min(127, round(seen.rssi_dbm)))
    chosen: tuple[tuple[bool, Parameter], ...] = (
        (True, _epc(seen.epc)),
        (content.enable_ro_spec_id, r.ROSpecID(ro_spec_id)),
        (content.enable_spec_index, r.SpecIndex(1)),
        (content.enable_inventory_parameter_spec_id, r.InventoryParameterSpecID(1)),
        (content.enable_antenna_id, r.AntennaID(seen.antenna)),
        (content.enable_peak_rssi, r.PeakRSSI(rssi)),
        (content.enable_channel_index, r.ChannelIndex(1)),
        (content.enable_first_seen_timestamp, first(seen.stamp_us)),
        (content.enable_last_seen_timestamp, last(seen.stamp_us)),
        (content.enable_tag_seen_count, r.TagSeenCount(min(seen.count, 0xFFFF))),
    )
    return r.TagReportData((*(parameter for wanted, parameter in chosen if wanted), *_access_results(seen, access)))


def _epc(epc: Epc) -> Parameter:
    """EPC-96 where it fits, as readers do; every other length is EPCData."""
    return r.EPC96(epc.data) if epc.bits == 96 else r.EPCData(BitString(epc.bits, epc.data))


def _access_results(seen: Sighting, access: AccessSpec | None) -> list[Parameter]:
    """What came of each read of the TID bank; other operations are not simulated."""
    command = access.first(AccessCommand) if access else None
    if access is None or command is None:
        return []
    results: list[Parameter] = [r.AccessSpecID(access.access_spec_id)]
    for read in command.every(C1G2Read):
        if read.mb == MemoryBank.TID:
            words = _words(seen.tid, read)
            result = ReadResult.SUCCESS if words else ReadResult.NO_RESPONSE_FROM_TAG
            results.append(C1G2ReadOpSpecResult(result, read.op_spec_id, words))
    return results


def _words(tid: str | None, read: C1G2Read) -> tuple[int, ...]:
    words = tuple(int(tid[i : i + 4], 16) for i in range(0, len(tid), 4)) if tid else ()
    behind = read.word_pointer + read.word_count if read.word_count else len(words)
    return words[read.word_pointer : behind]
