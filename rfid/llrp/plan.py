"""The requests that turn a freshly connected reader into one that reports every tag at once.

In: `ReaderSettings`. Out: the steps of the handshake in order, as messages. Pure. Only what we cannot read without is
`required`; everything else may be refused (readers differ) and the handshake goes on.
"""

from dataclasses import dataclass

from rfid.llrp import impinj
from rfid.llrp import messages as m
from rfid.llrp.c1g2_enums import MemoryBank
from rfid.llrp.element import Message
from rfid.llrp.enums import (
    AccessSpecState,
    AccessSpecStopTriggerType,
    AirProtocol,
    AISpecStopTriggerType,
    CapabilitiesRequest,
    ConfigRequest,
    KeepaliveTriggerType,
    NotificationEventType,
    ROReportTriggerType,
    ROSpecStartTriggerType,
    ROSpecState,
    ROSpecStopTriggerType,
)
from rfid.llrp.fields import BitString
from rfid.llrp.parameters import accessspec, c1g2, c1g2_access, config, events, reporting, rospec
from rfid.llrp.settings import ReaderSettings

RO_SPEC_ID = 5084  # ours; any number but 0 that a forgotten tool is unlikely to use
ACCESS_SPEC_ID = 5084
TID_OP_SPEC_ID = 1
TID_WORDS = 6  # 96 bits: class, vendor, model and the 48-bit serial number of a Gen2 tag

_EVENTS = (
    NotificationEventType.RO_SPEC_EVENT,
    NotificationEventType.REPORT_BUFFER_FILL_WARNING,
    NotificationEventType.READER_EXCEPTION_EVENT,
    NotificationEventType.ANTENNA_EVENT,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One request, the class of its answer, and what its refusal means."""

    request: Message
    answer: type[Message]
    required: bool = False
    instead: tuple["Step", ...] = ()
    """Steps to take in its place if it is refused."""

    @property
    def name(self) -> str:
        """The request's name for people."""
        return type(self.request).__name__


def handshake(settings: ReaderSettings) -> tuple[Step, ...]:
    """All steps from the reader's greeting to the first report."""
    return (
        Step(m.GetReaderCapabilities(CapabilitiesRequest.ALL), m.GetReaderCapabilitiesResponse),
        *_clean_slate(settings),
        Step(
            _configuration(settings),
            m.SetReaderConfigResponse,
            instead=(Step(m.SetReaderConfig(False, (_keepalive(settings),)), m.SetReaderConfigResponse),),
        ),
        *(_tid_steps() if settings.read_tid else ()),
        Step(m.AddROSpec((_ro_spec(settings),)), m.AddROSpecResponse, required=True),
        Step(m.EnableROSpec(RO_SPEC_ID), m.EnableROSpecResponse, required=True),
    )


def vendor_steps(maker: int, settings: ReaderSettings) -> tuple[Step, ...]:
    """What a maker's readers need besides, once the capabilities have told who made it (an IANA enterprise number)."""
    if maker != impinj.IMPINJ:
        return ()
    return (
        Step(impinj.enable_extensions(), m.CustomMessage),
        Step(impinj.monitor_link(settings), m.SetReaderConfigResponse),
    )


def probe() -> Message:
    """A cheap question for a reader that refuses keepalives: any answer proves that it lives."""
    return m.GetReaderConfig(0, ConfigRequest.IDENTIFICATION, 0, 0)


def _clean_slate(settings: ReaderSettings) -> tuple[Step, ...]:
    """Remove what a former client left; where there is nothing, some readers answer with an error."""
    reset = Step(m.SetReaderConfig(True), m.SetReaderConfigResponse)
    return (
        *((reset,) if settings.reset_to_factory_default else ()),
        Step(m.DeleteAccessSpec(0), m.DeleteAccessSpecResponse),
        Step(m.DeleteROSpec(0), m.DeleteROSpecResponse),
    )


def _keepalive(settings: ReaderSettings) -> config.KeepaliveSpec:
    return config.KeepaliveSpec(KeepaliveTriggerType.PERIODIC, settings.keepalive_ms)


def _configuration(settings: ReaderSettings) -> m.SetReaderConfig:
    states = tuple(events.EventNotificationState(event, True) for event in _EVENTS)
    return m.SetReaderConfig(
        reset_to_factory_default=False,
        parameters=(
            events.ReaderEventNotificationSpec(states),
            _report_spec(),
            _keepalive(settings),
            # Old reports after an outage would only delay the fresh ones.
            config.EventsAndReports(hold_events_and_reports_upon_reconnect=False),
        ),
    )


def _report_spec() -> reporting.ROReportSpec:
    """Every read at once (N=1), with what the lane scores: antenna, level, stamps and count."""
    content = reporting.TagReportContentSelector(
        enable_ro_spec_id=False,
        enable_spec_index=False,
        enable_inventory_parameter_spec_id=False,
        enable_antenna_id=True,
        enable_channel_index=False,
        enable_peak_rssi=True,
        enable_first_seen_timestamp=True,
        enable_last_seen_timestamp=True,
        enable_tag_seen_count=True,
        enable_access_spec_id=False,
    )
    return reporting.ROReportSpec(ROReportTriggerType.UPON_N_TAGS_OR_END_OF_RO_SPEC, 1, (content,))


def _ro_spec(settings: ReaderSettings) -> rospec.ROSpec:
    boundary = rospec.ROBoundarySpec(
        (
            rospec.ROSpecStartTrigger(ROSpecStartTriggerType.IMMEDIATE),
            rospec.ROSpecStopTrigger(ROSpecStopTriggerType.NULL, 0),
        )
    )
    singulation = c1g2.C1G2SingulationControl(settings.session, settings.tag_population, tag_transit_time=0)
    antennas = config.AntennaConfiguration(0, (c1g2.C1G2InventoryCommand(False, (singulation,)),))
    inventory = rospec.AISpec(
        settings.antennas,
        (
            rospec.AISpecStopTrigger(AISpecStopTriggerType.NULL, 0),
            rospec.InventoryParameterSpec(1, AirProtocol.EPC_GLOBAL_CLASS1_GEN2, (antennas,)),
        ),
    )
    return rospec.ROSpec(RO_SPEC_ID, 0, ROSpecState.DISABLED, (boundary, inventory, _report_spec()))


def _tid_steps() -> tuple[Step, ...]:
    """Read the TID bank of every tag, for ever; without it the lane still works, so neither step is required."""
    every_tag = c1g2_access.C1G2TargetTag(MemoryBank.EPC, True, 0, BitString(0, b""), BitString(0, b""))
    command = accessspec.AccessCommand(
        (
            c1g2_access.C1G2TagSpec((every_tag,)),
            c1g2_access.C1G2Read(TID_OP_SPEC_ID, 0, MemoryBank.TID, 0, TID_WORDS),
        )
    )
    spec = accessspec.AccessSpec(
        ACCESS_SPEC_ID,
        0,
        AirProtocol.EPC_GLOBAL_CLASS1_GEN2,
        AccessSpecState.DISABLED,
        RO_SPEC_ID,
        (accessspec.AccessSpecStopTrigger(AccessSpecStopTriggerType.NULL, 0), command),
    )
    return (
        Step(m.AddAccessSpec((spec,)), m.AddAccessSpecResponse),
        Step(m.EnableAccessSpec(ACCESS_SPEC_ID), m.EnableAccessSpecResponse),
    )
