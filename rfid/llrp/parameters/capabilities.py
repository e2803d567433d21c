"""What a reader can do: parameters of GET_READER_CAPABILITIES_RESPONSE (LLRP 1.0.1 section 9.2)."""

from typing import Annotated

from rfid.llrp.c1g2_enums import DivideRatio, ForwardLinkModulation, Modulation, SpectralMask
from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import CommunicationsStandard
from rfid.llrp.fields import S16, U1, U8, U16, U32, Bits, Flag, U8Gap, U8s, U32s, Utf8


@tlv(137)
class GeneralDeviceCapabilities(Parameter):
    """Antennas, clock, maker (an IANA enterprise number) and firmware (section 9.2.1)."""

    max_number_of_antenna_supported: U16
    can_set_antenna_properties: Flag
    has_utc_clock_capability: Annotated[bool, Bits(1, reserved_after=14)]
    device_manufacturer_name: U32
    model_name: U32
    reader_firmware_version: Utf8
    parameters: Parameters = ()


@tlv(139)
class ReceiveSensitivityTableEntry(Parameter):
    """One sensitivity, in dB relative to the best (section 9.2.1.1)."""

    index: U16
    receive_sensitivity_value: S16


@tlv(140)
class PerAntennaAirProtocol(Parameter):
    """Air protocols of one antenna, one byte each (section 9.2.1.3)."""

    antenna_id: U16
    protocol_id: U8s


@tlv(141)
class GPIOCapabilities(Parameter):
    """General purpose inputs and outputs (section 9.2.1.4)."""

    num_gpis: U16
    num_gpos: U16


@tlv(142)
class LLRPCapabilities(Parameter):
    """Optional commands and table sizes (section 9.2.2)."""

    can_do_rf_survey: Flag
    can_report_buffer_fill_warning: Flag
    supports_client_request_op_spec: Flag
    can_do_tag_inventory_state_aware_singulation: Flag
    supports_event_and_report_holding: Flag
    max_num_priority_levels_supported: U8
    client_request_op_spec_timeout: U16
    max_num_ro_specs: U32
    max_num_specs_per_ro_spec: U32
    max_num_inventory_parameter_specs_per_ai_spec: U32
    max_num_access_specs: U32
    max_num_op_specs_per_access_spec: U32


@tlv(143, communications_standard=CommunicationsStandard)
class RegulatoryCapabilities(Parameter):
    """The radio rules in force (section 9.2.4)."""

    country_code: U16
    communications_standard: U16
    parameters: Parameters = ()


@tlv(144)
class UHFBandCapabilities(Parameter):
    """Powers, frequencies and modes of the UHF band (section 9.2.4.1)."""

    parameters: Parameters = ()


@tlv(145)
class TransmitPowerLevelTableEntry(Parameter):
    """One transmit power, in 1/100 dBm at the connector (section 9.2.4.1.1)."""

    index: U16
    transmit_power_value: S16


@tlv(146)
class FrequencyInformation(Parameter):
    """Hop tables or a fixed table (section 9.2.4.1.2)."""

    hopping: Flag
    parameters: Parameters = ()


@tlv(147)
class FrequencyHopTable(Parameter):
    """Frequencies in kHz in hop order (section 9.2.4.1.2.1)."""

    hop_table_id: U8Gap
    frequency: U32s


@tlv(148)
class FixedFrequencyTable(Parameter):
    """Frequencies in kHz; the channel index counts from 1 (section 9.2.4.1.2.2)."""

    frequency: U32s


@tlv(149)
class PerAntennaReceiveSensitivityRange(Parameter):
    """Usable part of the sensitivity table (section 9.2.1.2)."""

    antenna_id: U16
    receive_sensitivity_index_min: U16
    receive_sensitivity_index_max: U16


@tlv(327)
class C1G2LLRPCapabilities(Parameter):
    """Gen2 commands; flags 3 to 6 are LLRP 1.1 (section 15.2.1.1.1)."""

    can_support_block_erase: Flag
    can_support_block_write: Flag
    can_support_block_permalock: Flag
    can_support_tag_recommissioning: Flag
    can_support_umi_method2: Flag
    can_support_xpc: Flag
    max_num_select_filters_per_query: U16


@tlv(328)
class C1G2UHFRFModeTable(Parameter):
    """The radio modes of the reader (section 15.2.1.1.2)."""

    parameters: Parameters = ()


@tlv(
    329,
    dr_value=DivideRatio,
    m_value=Modulation,
    forward_link_modulation=ForwardLinkModulation,
    spectral_mask_indicator=SpectralMask,
)
class C1G2UHFRFModeTableEntry(Parameter):
    """One radio mode; rates in bit/s, Tari in ns, PIE times 1000 (section 15.2.1.1.2.1)."""

    mode_identifier: U32
    dr_value: U1
    epc_hag_tc_conformance: Flag
    m_value: U8
    forward_link_modulation: U8
    spectral_mask_indicator: U8
    bdr_value: U32
    pie_value: U32
    min_tari_value: U32
    max_tari_value: U32
    step_tari_value: U32


@tlv(363)
class MaximumReceiveSensitivity(Parameter):
    """Best sensitivity in dBm (LLRP 1.1)."""

    maximum_sensitivity_value: S16


@tlv(365)
class RFSurveyFrequencyCapabilities(Parameter):
    """Survey range in kHz (LLRP 1.1)."""

    minimum_frequency: U32
    maximum_frequency: U32
