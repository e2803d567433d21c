"""Access operations: what to do with each tag that is seen (LLRP 1.0.1 section 11.2)."""

from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import AccessSpecState, AccessSpecStopTriggerType, AirProtocol
from rfid.llrp.fields import U1, U8, U16, U32


@tlv(207, protocol_id=AirProtocol, current_state=AccessSpecState)
class AccessSpec(Parameter):
    """Antenna and ROSpec 0 mean any (section 11.2.1)."""

    access_spec_id: U32
    antenna_id: U16
    protocol_id: U8
    current_state: U1
    ro_spec_id: U32
    parameters: Parameters = ()


@tlv(208, access_spec_stop_trigger=AccessSpecStopTriggerType)
class AccessSpecStopTrigger(Parameter):
    """Section 11.2.1.1."""

    access_spec_stop_trigger: U8
    operation_count_value: U16


@tlv(209)
class AccessCommand(Parameter):
    """A tag pattern and the operations on tags that match (section 11.2.1.2)."""

    parameters: Parameters = ()


@tlv(210)
class ClientRequestOpSpec(Parameter):
    """Ask the client what to do (section 11.2.1.2.1)."""

    op_spec_id: U16


@tlv(211)
class ClientRequestResponse(Parameter):
    """What the client answers (section 11.2.2)."""

    access_spec_id: U32
    parameters: Parameters = ()
