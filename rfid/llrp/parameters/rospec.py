"""Reader operations: what to inventory, when, on which antennas (LLRP 1.0.1 section 10.2)."""

from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import (
    AirProtocol,
    AISpecStopTriggerType,
    RFSurveySpecStopTriggerType,
    ROSpecStartTriggerType,
    ROSpecState,
    ROSpecStopTriggerType,
    TagObservationTriggerType,
)
from rfid.llrp.fields import U8, U16, U32, Flag, U8Gap, U16s


@tlv(177, current_state=ROSpecState)
class ROSpec(Parameter):
    """A reader operation (section 10.2.1)."""

    ro_spec_id: U32
    priority: U8
    current_state: U8
    parameters: Parameters = ()


@tlv(178)
class ROBoundarySpec(Parameter):
    """When a ROSpec starts and stops (section 10.2.1.1)."""

    parameters: Parameters = ()


@tlv(179, ro_spec_start_trigger_type=ROSpecStartTriggerType)
class ROSpecStartTrigger(Parameter):
    """Section 10.2.1.1.1."""

    ro_spec_start_trigger_type: U8
    parameters: Parameters = ()


@tlv(180)
class PeriodicTriggerValue(Parameter):
    """Offset and period in ms (section 10.2.1.1.1.1)."""

    offset: U32
    period: U32
    parameters: Parameters = ()


@tlv(181)
class GPITriggerValue(Parameter):
    """An input level that triggers; time-out in ms (section 10.2.1.1.1.2)."""

    gpi_port_num: U16
    gpi_event: Flag
    timeout: U32


@tlv(182, ro_spec_stop_trigger_type=ROSpecStopTriggerType)
class ROSpecStopTrigger(Parameter):
    """Duration in ms (section 10.2.1.1.2)."""

    ro_spec_stop_trigger_type: U8
    duration_trigger_value: U32
    parameters: Parameters = ()


@tlv(183)
class AISpec(Parameter):
    """Antenna inventory; antenna 0 means all (section 10.2.2)."""

    antenna_ids: U16s
    parameters: Parameters = ()


@tlv(184, ai_spec_stop_trigger_type=AISpecStopTriggerType)
class AISpecStopTrigger(Parameter):
    """Duration in ms (section 10.2.2.1)."""

    ai_spec_stop_trigger_type: U8
    duration_trigger: U32
    parameters: Parameters = ()


@tlv(185, trigger_type=TagObservationTriggerType)
class TagObservationTrigger(Parameter):
    """T and time-out in ms (section 10.2.2.1.1)."""

    trigger_type: U8Gap
    number_of_tags: U16
    number_of_attempts: U16
    t: U16
    timeout: U32


@tlv(186, protocol_id=AirProtocol)
class InventoryParameterSpec(Parameter):
    """How to inventory (section 10.2.2.2)."""

    inventory_parameter_spec_id: U16
    protocol_id: U8
    parameters: Parameters = ()


@tlv(187)
class RFSurveySpec(Parameter):
    """Frequencies in kHz (section 10.2.3)."""

    antenna_id: U16
    start_frequency: U32
    end_frequency: U32
    parameters: Parameters = ()


@tlv(188, stop_trigger_type=RFSurveySpecStopTriggerType)
class RFSurveySpecStopTrigger(Parameter):
    """Duration in ms (section 10.2.3.1)."""

    stop_trigger_type: U8
    duration_period: U32
    n: U32


@tlv(355)
class LoopSpec(Parameter):
    """Repeat the specs; 0 means for ever (LLRP 1.1)."""

    loop_count: U32
