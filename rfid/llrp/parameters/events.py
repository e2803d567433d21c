"""What readers notify: connections, antennas, exceptions (LLRP 1.0.1 sections 13.2.5 and 13.2.6)."""

from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.enums import (
    AISpecEventType,
    AntennaEventType,
    ConnectionAttemptStatus,
    NotificationEventType,
    RFSurveyEventType,
    ROSpecEventType,
)
from rfid.llrp.fields import U8, U16, U32, Flag, Utf8


@tlv(244)
class ReaderEventNotificationSpec(Parameter):
    """Which events to notify (section 13.2.5)."""

    parameters: Parameters = ()


@tlv(245, event_type=NotificationEventType)
class EventNotificationState(Parameter):
    """Section 13.2.5.1."""

    event_type: U16
    notification_state: Flag


@tlv(246)
class ReaderEventNotificationData(Parameter):
    """A time stamp and one or more events (section 13.2.6)."""

    parameters: Parameters = ()


@tlv(247)
class HoppingEvent(Parameter):
    """Section 13.2.6.2."""

    hop_table_id: U16
    next_channel_index: U16


@tlv(248)
class GPIEvent(Parameter):
    """Section 13.2.6.3."""

    gpi_port_number: U16
    gpi_event: Flag


@tlv(249, event_type=ROSpecEventType)
class ROSpecEvent(Parameter):
    """Section 13.2.6.4."""

    event_type: U8
    ro_spec_id: U32
    preempting_ro_spec_id: U32


@tlv(250)
class ReportBufferLevelWarningEvent(Parameter):
    """Section 13.2.6.5."""

    report_buffer_percentage_full: U8


@tlv(251)
class ReportBufferOverflowErrorEvent(Parameter):
    """Reports were lost in the reader (section 13.2.6.6)."""


@tlv(252)
class ReaderExceptionEvent(Parameter):
    """Something went wrong inside the reader (section 13.2.6.7)."""

    message: Utf8
    parameters: Parameters = ()


@tlv(253, event_type=RFSurveyEventType)
class RFSurveyEvent(Parameter):
    """Section 13.2.6.8."""

    event_type: U8
    ro_spec_id: U32
    spec_index: U16


@tlv(254, event_type=AISpecEventType)
class AISpecEvent(Parameter):
    """Section 13.2.6.9."""

    event_type: U8
    ro_spec_id: U32
    spec_index: U16
    parameters: Parameters = ()


@tlv(255, event_type=AntennaEventType)
class AntennaEvent(Parameter):
    """Section 13.2.6.10."""

    event_type: U8
    antenna_id: U16


@tlv(256, status=ConnectionAttemptStatus)
class ConnectionAttemptEvent(Parameter):
    """The reader's answer to a TCP connection (section 13.2.6.11)."""

    status: U16


@tlv(257)
class ConnectionCloseEvent(Parameter):
    """The reader closes the connection; nothing more follows (section 13.2.6.12)."""


@tlv(356)
class SpecLoopEvent(Parameter):
    """LLRP 1.1."""

    ro_spec_id: U32
    loop_count: U32
