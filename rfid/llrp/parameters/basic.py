"""Parameters that many messages share: time stamps, status, custom data (LLRP 1.0.1 sections 7, 8.2 and 14)."""

from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import StatusCode
from rfid.llrp.fields import U16, U32, U64, Rest, Utf8


@tlv(128)
class UTCTimestamp(Parameter):
    """Microseconds since 1970-01-01 UTC (section 7.1.3.1.1.1)."""

    microseconds: U64


@tlv(129)
class Uptime(Parameter):
    """Microseconds since the reader started (section 7.1.3.1.1.2)."""

    microseconds: U64


@tlv(287, status_code=StatusCode)
class LLRPStatus(Parameter):
    """How a request went (section 14.2.2)."""

    status_code: U16
    error_description: Utf8
    parameters: Parameters = ()


@tlv(288, error_code=StatusCode)
class FieldError(Parameter):
    """Which field of the message was wrong, counted from 0 (section 14.2.2.1)."""

    field_num: U16
    error_code: U16


@tlv(289, error_code=StatusCode)
class ParameterError(Parameter):
    """Which parameter was wrong (section 14.2.2.2)."""

    parameter_type: U16
    error_code: U16
    parameters: Parameters = ()


@tlv(1023)
class Custom(Parameter):
    """A vendor's own parameter (section 8.2), opaque to the codec; vendor is an IANA enterprise number."""

    vendor_identifier: U32
    parameter_subtype: U32
    data: Rest
