"""What readers report of tags, and how much of it (LLRP 1.0.1 sections 13.2.1 to 13.2.4)."""

from rfid.llrp.element import Parameter, Parameters, tlv, tv
from rfid.llrp.enums import AccessReportTriggerType, ROReportTriggerType
from rfid.llrp.fields import S8, U8, U16, U32, U64, U96, BitArray, Flag


@tlv(237, ro_report_trigger=ROReportTriggerType)
class ROReportSpec(Parameter):
    """When to report; N tags, 0 means no limit (section 13.2.1)."""

    ro_report_trigger: U8
    n: U16
    parameters: Parameters = ()


@tlv(238)
class TagReportContentSelector(Parameter):
    """Which fields a report carries (section 13.2.1.1)."""

    enable_ro_spec_id: Flag
    enable_spec_index: Flag
    enable_inventory_parameter_spec_id: Flag
    enable_antenna_id: Flag
    enable_channel_index: Flag
    enable_peak_rssi: Flag
    enable_first_seen_timestamp: Flag
    enable_last_seen_timestamp: Flag
    enable_tag_seen_count: Flag
    enable_access_spec_id: Flag
    parameters: Parameters = ()


@tlv(239, access_report_trigger=AccessReportTriggerType)
class AccessReportSpec(Parameter):
    """Section 13.2.2."""

    access_report_trigger: U8


@tlv(240)
class TagReportData(Parameter):
    """One tag, seen since the last report: EPC-96 or EPCData, then what was enabled (section 13.2.3)."""

    parameters: Parameters = ()


@tlv(241)
class EPCData(Parameter):
    """An EPC of any length (section 13.2.3.1)."""

    epc: BitArray


@tlv(242)
class RFSurveyReportData(Parameter):
    """Section 13.2.4."""

    parameters: Parameters = ()


@tlv(243)
class FrequencyRSSILevelEntry(Parameter):
    """Frequencies in kHz, levels in dBm (section 13.2.4.1)."""

    frequency: U32
    bandwidth: U32
    average_rssi: S8
    peak_rssi: S8
    parameters: Parameters = ()


@tlv(348)
class C1G2EPCMemorySelector(Parameter):
    """Report CRC, PC and (LLRP 1.1) XPC (section 15.2.1.5.1)."""

    enable_crc: Flag
    enable_pc_bits: Flag
    enable_xpc_bits: Flag = False


@tv(1)
class AntennaID(Parameter):
    """Antenna, counted from 1 (section 13.2.3.6)."""

    antenna_id: U16


@tv(2)
class FirstSeenTimestampUTC(Parameter):
    """Microseconds since 1970-01-01 UTC (section 13.2.3.9)."""

    microseconds: U64


@tv(3)
class FirstSeenTimestampUptime(Parameter):
    """Microseconds since the reader started (section 13.2.3.10)."""

    microseconds: U64


@tv(4)
class LastSeenTimestampUTC(Parameter):
    """Microseconds since 1970-01-01 UTC (section 13.2.3.11)."""

    microseconds: U64


@tv(5)
class LastSeenTimestampUptime(Parameter):
    """Microseconds since the reader started (section 13.2.3.12)."""

    microseconds: U64


@tv(6)
class PeakRSSI(Parameter):
    """The strongest read of this report in dBm (section 13.2.3.7)."""

    peak_rssi: S8


@tv(7)
class ChannelIndex(Parameter):
    """Section 13.2.3.8."""

    channel_index: U16


@tv(8)
class TagSeenCount(Parameter):
    """Reads in this report; some readers send a running total (section 13.2.3.13)."""

    tag_count: U16


@tv(9)
class ROSpecID(Parameter):
    """Section 13.2.3.3."""

    ro_spec_id: U32


@tv(10)
class InventoryParameterSpecID(Parameter):
    """Section 13.2.3.5."""

    inventory_parameter_spec_id: U16


@tv(11)
class C1G2CRC(Parameter):
    """Section 15.2.1.5.3."""

    crc: U16


@tv(12)
class C1G2PC(Parameter):
    """Protocol control word (section 15.2.1.5.2)."""

    pc_bits: U16


@tv(13)
class EPC96(Parameter):
    """An EPC of exactly 96 bits (section 13.2.3.2)."""

    epc: U96


@tv(14)
class SpecIndex(Parameter):
    """Section 13.2.3.4."""

    spec_index: U16


@tv(15)
class ClientRequestOpSpecResult(Parameter):
    """Section 13.2.3.15."""

    op_spec_id: U16


@tv(16)
class AccessSpecID(Parameter):
    """Section 13.2.3.14."""

    access_spec_id: U32


@tv(17)
class OpSpecID(Parameter):
    """Section 13.2.6.7."""

    op_spec_id: U16


@tv(18)
class C1G2SingulationDetails(Parameter):
    """Section 15.2.1.5.4."""

    num_collision_slots: U16
    num_empty_slots: U16


@tv(19)
class C1G2XPCW1(Parameter):
    """Extended protocol control word 1 (LLRP 1.1)."""

    xpc_w1: U16


@tv(20)
class C1G2XPCW2(Parameter):
    """Extended protocol control word 2 (LLRP 1.1)."""

    xpc_w2: U16
