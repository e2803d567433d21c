"""Reader configuration: identity, antennas, inputs, outputs, keepalive (LLRP 1.0.1 section 12.2)."""

from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import GPIPortState, IdentificationType, KeepaliveTriggerType
from rfid.llrp.fields import S16, U8, U16, U32, Flag, U8s


@tlv(217)
class LLRPConfigurationStateValue(Parameter):
    """Changes when the configuration changes (section 12.2.1)."""

    llrp_configuration_state_value: U32


@tlv(218, id_type=IdentificationType)
class Identification(Parameter):
    """MAC address or EPC of the reader (section 12.2.2)."""

    id_type: U8
    reader_id: U8s


@tlv(219)
class GPOWriteData(Parameter):
    """Level of an output (section 12.2.3)."""

    gpo_port_number: U16
    gpo_data: Flag


@tlv(220, keepalive_trigger_type=KeepaliveTriggerType)
class KeepaliveSpec(Parameter):
    """Keepalive period in ms (section 12.2.4)."""

    keepalive_trigger_type: U8
    periodic_trigger_value: U32


@tlv(221)
class AntennaProperties(Parameter):
    """Gain in 1/100 dBi (section 12.2.5)."""

    antenna_connected: Flag
    antenna_id: U16
    antenna_gain: S16


@tlv(222)
class AntennaConfiguration(Parameter):
    """Antenna 0 means all (section 12.2.6)."""

    antenna_id: U16
    parameters: Parameters = ()


@tlv(223)
class RFReceiver(Parameter):
    """Index into the sensitivity table (section 12.2.6.1)."""

    receiver_sensitivity: U16


@tlv(224)
class RFTransmitter(Parameter):
    """Power is an index into the power table (section 12.2.6.2)."""

    hop_table_id: U16
    channel_index: U16
    transmit_power: U16


@tlv(225, state=GPIPortState)
class GPIPortCurrentState(Parameter):
    """An input: enabled, and its level (section 12.2.6.3)."""

    gpi_port_num: U16
    config: Flag
    state: U8


@tlv(226)
class EventsAndReports(Parameter):
    """With hold, a reconnect delivers old reports once enabled (section 12.2.6.4)."""

    hold_events_and_reports_upon_reconnect: Flag
