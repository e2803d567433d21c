"""The messages of LLRP 1.0.1 as data; those of 1.1 that readers may send are named so."""

from rfid.llrp.element import Message, Parameters, message
from rfid.llrp.enums import CapabilitiesRequest, ConfigRequest
from rfid.llrp.fields import U8, U16, U32, Flag, Rest


@message(1, requested_data=CapabilitiesRequest)
class GetReaderCapabilities(Message):
    """What can the reader do? (section 9.1.1)"""

    requested_data: U8
    parameters: Parameters = ()


@message(11)
class GetReaderCapabilitiesResponse(Message):
    """Section 9.1.2."""

    parameters: Parameters = ()


@message(2, requested_data=ConfigRequest)
class GetReaderConfig(Message):
    """0 means all antennas or ports (section 12.1.1)."""

    antenna_id: U16
    requested_data: U8
    gpi_port_num: U16
    gpo_port_num: U16
    parameters: Parameters = ()


@message(12)
class GetReaderConfigResponse(Message):
    """Section 12.1.2."""

    parameters: Parameters = ()


@message(3)
class SetReaderConfig(Message):
    """Section 12.1.3."""

    reset_to_factory_default: Flag
    parameters: Parameters = ()


@message(13)
class SetReaderConfigResponse(Message):
    """Section 12.1.4."""

    parameters: Parameters = ()


@message(14)
class CloseConnection(Message):
    """The client says goodbye (section 12.1.5)."""


@message(4)
class CloseConnectionResponse(Message):
    """Section 12.1.6."""

    parameters: Parameters = ()


@message(20)
class AddROSpec(Message):
    """Section 10.1.1."""

    parameters: Parameters = ()


@message(30)
class AddROSpecResponse(Message):
    """Section 10.1.2."""

    parameters: Parameters = ()


@message(21)
class DeleteROSpec(Message):
    """0 means all (section 10.1.3)."""

    ro_spec_id: U32


@message(31)
class DeleteROSpecResponse(Message):
    """Section 10.1.4."""

    parameters: Parameters = ()


@message(22)
class StartROSpec(Message):
    """Section 10.1.5."""

    ro_spec_id: U32


@message(32)
class StartROSpecResponse(Message):
    """Section 10.1.6."""

    parameters: Parameters = ()


@message(23)
class StopROSpec(Message):
    """Section 10.1.7."""

    ro_spec_id: U32


@message(33)
class StopROSpecResponse(Message):
    """Section 10.1.8."""

    parameters: Parameters = ()


@message(24)
class EnableROSpec(Message):
    """Section 10.1.9."""

    ro_spec_id: U32


@message(34)
class EnableROSpecResponse(Message):
    """Section 10.1.10."""

    parameters: Parameters = ()


@message(25)
class DisableROSpec(Message):
    """Section 10.1.11."""

    ro_spec_id: U32


@message(35)
class DisableROSpecResponse(Message):
    """Section 10.1.12."""

    parameters: Parameters = ()


@message(26)
class GetROSpecs(Message):
    """Section 10.1.13."""


@message(36)
class GetROSpecsResponse(Message):
    """Section 10.1.14."""

    parameters: Parameters = ()


@message(40)
class AddAccessSpec(Message):
    """Section 11.1.1."""

    parameters: Parameters = ()


@message(50)
class AddAccessSpecResponse(Message):
    """Section 11.1.2."""

    parameters: Parameters = ()


@message(41)
class DeleteAccessSpec(Message):
    """0 means all (section 11.1.3)."""

    access_spec_id: U32


@message(51)
class DeleteAccessSpecResponse(Message):
    """Section 11.1.4."""

    parameters: Parameters = ()


@message(42)
class EnableAccessSpec(Message):
    """Section 11.1.5."""

    access_spec_id: U32


@message(52)
class EnableAccessSpecResponse(Message):
    """Section 11.1.6."""

    parameters: Parameters = ()


@message(43)
class DisableAccessSpec(Message):
    """Section 11.1.7."""

    access_spec_id: U32


@message(53)
class DisableAccessSpecResponse(Message):
    """Section 11.1.8."""

    parameters: Parameters = ()


@message(44)
class GetAccessSpecs(Message):
    """Section 11.1.9."""


@message(54)
class GetAccessSpecsResponse(Message):
    """Section 11.1.10."""

    parameters: Parameters = ()


@message(45)
class ClientRequestOp(Message):
    """The reader asks what to do with a tag (section 11.1.11)."""

    parameters: Parameters = ()


@message(55)
class ClientRequestOpResponse(Message):
    """Section 11.1.12."""

    parameters: Parameters = ()


@message(46)
class GetSupportedVersion(Message):
    """LLRP 1.1."""


@message(56)
class GetSupportedVersionResponse(Message):
    """LLRP 1.1."""

    current_version: U8
    supported_version: U8
    parameters: Parameters = ()


@message(47)
class SetProtocolVersion(Message):
    """LLRP 1.1."""

    protocol_version: U8


@message(57)
class SetProtocolVersionResponse(Message):
    """LLRP 1.1."""

    parameters: Parameters = ()


@message(60)
class GetReport(Message):
    """Section 13.1.1."""


@message(61)
class ROAccessReport(Message):
    """Tags that were seen (section 13.1.2)."""

    parameters: Parameters = ()


@message(62)
class Keepalive(Message):
    """The reader lives (section 13.1.3)."""


@message(72)
class KeepaliveAck(Message):
    """So do we (section 13.1.4)."""


@message(63)
class ReaderEventNotification(Message):
    """Section 13.1.5."""

    parameters: Parameters = ()


@message(64)
class EnableEventsAndReports(Message):
    """Needed only after a reconnect with hold (section 13.1.6)."""


@message(100)
class ErrorMessage(Message):
    """A message that the reader could not serve (section 14.1.1)."""

    parameters: Parameters = ()


@message(1023)
class CustomMessage(Message):
    """A vendor's own message (section 8.1)."""

    vendor_identifier: U32
    message_subtype: U8
    data: Rest
