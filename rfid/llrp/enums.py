"""Enumerations of LLRP 1.0.1, named as the standard names them.

They give meaning to numeric fields; a value that is not listed (a later version, a vendor's own) stays a plain number.
"""

from enum import IntEnum


class StatusCode(IntEnum):
    """Result of a request (section 14.1): M_ message, P_ parameter, A_ air protocol, R_ reader."""

    M_SUCCESS = 0
    M_PARAMETER_ERROR = 100
    M_FIELD_ERROR = 101
    M_UNEXPECTED_PARAMETER = 102
    M_MISSING_PARAMETER = 103
    M_DUPLICATE_PARAMETER = 104
    M_OVERFLOW_PARAMETER = 105
    M_OVERFLOW_FIELD = 106
    M_UNKNOWN_PARAMETER = 107
    M_UNKNOWN_FIELD = 108
    M_UNSUPPORTED_MESSAGE = 109
    M_UNSUPPORTED_VERSION = 110
    M_UNSUPPORTED_PARAMETER = 111
    P_PARAMETER_ERROR = 200
    P_FIELD_ERROR = 201
    P_UNEXPECTED_PARAMETER = 202
    P_MISSING_PARAMETER = 203
    P_DUPLICATE_PARAMETER = 204
    P_OVERFLOW_PARAMETER = 205
    P_OVERFLOW_FIELD = 206
    P_UNKNOWN_PARAMETER = 207
    P_UNKNOWN_FIELD = 208
    P_UNSUPPORTED_PARAMETER = 209
    A_INVALID = 300
    A_OUT_OF_RANGE = 301
    R_DEVICE_ERROR = 401


class AirProtocol(IntEnum):
    """Section 7.1.4."""

    UNSPECIFIED = 0
    EPC_GLOBAL_CLASS1_GEN2 = 1


class CapabilitiesRequest(IntEnum):
    """Section 9.1.1."""

    ALL = 0
    GENERAL_DEVICE_CAPABILITIES = 1
    LLRP_CAPABILITIES = 2
    REGULATORY_CAPABILITIES = 3
    LLRP_AIR_PROTOCOL_CAPABILITIES = 4


class ConfigRequest(IntEnum):
    """Section 12.1.1."""

    ALL = 0
    IDENTIFICATION = 1
    ANTENNA_PROPERTIES = 2
    ANTENNA_CONFIGURATION = 3
    RO_REPORT_SPEC = 4
    READER_EVENT_NOTIFICATION_SPEC = 5
    ACCESS_REPORT_SPEC = 6
    LLRP_CONFIGURATION_STATE_VALUE = 7
    KEEPALIVE_SPEC = 8
    GPI_PORT_CURRENT_STATE = 9
    GPO_WRITE_DATA = 10
    EVENTS_AND_REPORTS = 11


class CommunicationsStandard(IntEnum):
    """Section 9.2.4."""

    UNSPECIFIED = 0
    US_FCC_PART_15 = 1
    ETSI_302_208 = 2
    ETSI_300_220 = 3
    AUSTRALIA_LIPD_1W = 4
    AUSTRALIA_LIPD_4W = 5
    JAPAN_ARIB_STD_T89 = 6
    HONG_KONG_OFTA_1049 = 7
    TAIWAN_DGT_LP0002 = 8
    KOREA_MIC_ARTICLE_5_2 = 9


class ROSpecState(IntEnum):
    """Section 10.2.1."""

    DISABLED = 0
    INACTIVE = 1
    ACTIVE = 2


class ROSpecStartTriggerType(IntEnum):
    """Section 10.2.1.1.1."""

    NULL = 0
    IMMEDIATE = 1
    PERIODIC = 2
    GPI = 3


class ROSpecStopTriggerType(IntEnum):
    """Section 10.2.1.1.2."""

    NULL = 0
    DURATION = 1
    GPI_WITH_TIMEOUT = 2


class AISpecStopTriggerType(IntEnum):
    """Section 10.2.2.1."""

    NULL = 0
    DURATION = 1
    GPI_WITH_TIMEOUT = 2
    TAG_OBSERVATION = 3


class TagObservationTriggerType(IntEnum):
    """Section 10.2.2.1.1."""

    UPON_SEEING_N_TAGS_OR_TIMEOUT = 0
    UPON_SEEING_NO_MORE_NEW_TAGS_FOR_TMS_OR_TIMEOUT = 1
    N_ATTEMPTS_TO_SEE_ALL_TAGS_IN_FOV_OR_TIMEOUT = 2


class RFSurveySpecStopTriggerType(IntEnum):
    """Section 10.2.3.1."""

    NULL = 0
    DURATION = 1
    N_ITERATIONS_THROUGH_FREQUENCY_RANGE = 2


class AccessSpecState(IntEnum):
    """Section 11.2.1."""

    DISABLED = 0
    ACTIVE = 1


class AccessSpecStopTriggerType(IntEnum):
    """Section 11.2.1.1."""

    NULL = 0
    OPERATION_COUNT = 1


class IdentificationType(IntEnum):
    """Section 12.2.2."""

    MAC_ADDRESS = 0
    EPC = 1


class KeepaliveTriggerType(IntEnum):
    """Section 12.2.4."""

    NULL = 0
    PERIODIC = 1


class GPIPortState(IntEnum):
    """Section 12.2.6.3."""

    LOW = 0
    HIGH = 1
    UNKNOWN = 2


class ROReportTriggerType(IntEnum):
    """Section 13.2.1."""

    NONE = 0
    UPON_N_TAGS_OR_END_OF_AI_SPEC = 1
    UPON_N_TAGS_OR_END_OF_RO_SPEC = 2


class AccessReportTriggerType(IntEnum):
    """Section 13.2.2."""

    WHENEVER_RO_REPORT_IS_GENERATED = 0
    END_OF_ACCESS_SPEC = 1


class NotificationEventType(IntEnum):
    """Section 13.2.5.1."""

    UPON_HOPPING_TO_NEXT_CHANNEL = 0
    GPI_EVENT = 1
    RO_SPEC_EVENT = 2
    REPORT_BUFFER_FILL_WARNING = 3
    READER_EXCEPTION_EVENT = 4
    RF_SURVEY_EVENT = 5
    AI_SPEC_EVENT = 6
    AI_SPEC_EVENT_WITH_DETAILS = 7
    ANTENNA_EVENT = 8


class ROSpecEventType(IntEnum):
    """Section 13.2.6.4."""

    START_OF_RO_SPEC = 0
    END_OF_RO_SPEC = 1
    PREEMPTION_OF_RO_SPEC = 2


class RFSurveyEventType(IntEnum):
    """Section 13.2.6.8."""

    START_OF_RF_SURVEY = 0
    END_OF_RF_SURVEY = 1


class AISpecEventType(IntEnum):
    """Section 13.2.6.9."""

    END_OF_AI_SPEC = 0


class AntennaEventType(IntEnum):
    """Section 13.2.6.10."""

    ANTENNA_DISCONNECTED = 0
    ANTENNA_CONNECTED = 1


class ConnectionAttemptStatus(IntEnum):
    """Section 13.2.6.11."""

    SUCCESS = 0
    FAILED_A_READER_INITIATED_CONNECTION_ALREADY_EXISTS = 1
    FAILED_A_CLIENT_INITIATED_CONNECTION_ALREADY_EXISTS = 2
    FAILED_REASON_OTHER_THAN_A_CONNECTION_ALREADY_EXISTS = 3
    ANOTHER_CONNECTION_ATTEMPTED = 4
