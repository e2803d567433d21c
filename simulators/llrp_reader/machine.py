"""The simulated reader's mind: requests in → answers out, sightings in → reports out. Pure: no I/O, no clock.

It outlives connections, as a reader does: specs and configuration stay until deleted or reset. It follows LLRP 1.0.1
closely enough to tell a client off, and shares only the codec with our client, which recorded bytes of real readers
check from the other side.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rfid.llrp import messages as m
from rfid.llrp.element import Message, Parameter
from rfid.llrp.enums import (
    ConfigRequest,
    IdentificationType,
    KeepaliveTriggerType,
    NotificationEventType,
    ROReportTriggerType,
    StatusCode,
)
from rfid.llrp.parameters import config, events, reporting
from rfid.llrp.parameters.accessspec import AccessSpec
from rfid.llrp.parameters.rospec import ROSpec
from simulators.llrp_reader.profile import ReaderProfile
from simulators.llrp_reader.sighting import Sighting, tag_report
from simulators.llrp_reader.specs import SUCCESS, AccessSpecs, ROSpecs, refusal

HELD_MAX = 10_000  # reports kept while nobody may have them; a real reader has a buffer of this order

_NOTHING = reporting.TagReportContentSelector(*(False,) * 10)
_FACTORY = (
    config.KeepaliveSpec(KeepaliveTriggerType.NULL, 0),
    config.EventsAndReports(False),
    reporting.ROReportSpec(ROReportTriggerType.NONE, 0, (_NOTHING,)),
    events.ReaderEventNotificationSpec(()),
)


class ReaderMachine:
    """State of one reader."""

    def __init__(self, profile: ReaderProfile) -> None:
        self.profile = profile
        self.ro_specs = ROSpecs()
        self.access_specs = AccessSpecs()
        self._config: dict[type[Parameter], Parameter] = {type(part): part for part in _FACTORY}
        self._antennas = dict.fromkeys(range(1, profile.antennas + 1), True)
        self._totals: dict[str, int] = {}
        self._gathered: deque[reporting.TagReportData] = deque(maxlen=HELD_MAX)
        self._holding = False

    # -- connections ---------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """A client was taken; with hold configured it gets reports only after ENABLE_EVENTS_AND_REPORTS."""
        hold = self._config[config.EventsAndReports]
        self._holding = isinstance(hold, config.EventsAndReports) and hold.hold_events_and_reports_upon_reconnect

    @property
    def keepalive_ms(self) -> int:
        """The keepalive period asked for; 0 for none."""
        spec = self._config[config.KeepaliveSpec]
        periodic = isinstance(spec, config.KeepaliveSpec) and spec.keepalive_trigger_type
        return spec.periodic_trigger_value if periodic and isinstance(spec, config.KeepaliveSpec) else 0

    # -- requests ------------------------------------------------------------------------------------------------

    def answer(self, request: Message) -> list[Message]:
        """The answers to one request, in order; nothing for KEEPALIVE_ACK."""
        if type(request) not in _ANSWERS or request.number in self.profile.refuses:
            name = type(request).__name__
            return [m.ErrorMessage((refusal(f"{name} is not supported", StatusCode.M_UNSUPPORTED_MESSAGE),))]
        return _ANSWERS[type(request)](self, request)

    def _configure(self, request: m.SetReaderConfig) -> list[Message]:
        if request.reset_to_factory_default:
            self._config = {type(part): part for part in _FACTORY}
            self.ro_specs.held.clear()
            self.access_specs.held.clear()
        for part in request.parameters:
            if type(part) in self._config:
                self._config[type(part)] = part
        return [m.SetReaderConfigResponse((SUCCESS,))]

    def _configuration(self, request: m.GetReaderConfig) -> list[Message]:
        antennas = tuple(config.AntennaProperties(on, number, 0) for number, on in self._antennas.items())
        known: dict[int, tuple[Parameter, ...]] = {
            ConfigRequest.IDENTIFICATION: (
                config.Identification(IdentificationType.MAC_ADDRESS, self.profile.reader_id),
            ),
            ConfigRequest.ANTENNA_PROPERTIES: tuple(a for a in antennas if request.antenna_id in (0, a.antenna_id)),
            ConfigRequest.RO_REPORT_SPEC: (self._config[reporting.ROReportSpec],),
            ConfigRequest.READER_EVENT_NOTIFICATION_SPEC: (self._config[events.ReaderEventNotificationSpec],),
            ConfigRequest.LLRP_CONFIGURATION_STATE_VALUE: (config.LLRPConfigurationStateValue(0),),
            ConfigRequest.KEEPALIVE_SPEC: (self._config[config.KeepaliveSpec],),
            ConfigRequest.EVENTS_AND_REPORTS: (self._config[config.EventsAndReports],),
        }
        if request.requested_data == ConfigRequest.ALL:
            return [m.GetReaderConfigResponse((SUCCESS, *(part for parts in known.values() for part in parts)))]
        return [m.GetReaderConfigResponse((SUCCESS, *known.get(request.requested_data, ())))]

    def _flush(self) -> list[Message]:
        """All gathered reports as one message."""
        if not self._gathered:
            return []
        report = m.ROAccessReport(tuple(self._gathered))
        self._gathered.clear()
        return [report]

    def _release(self) -> list[Message]:
        self._holding = False
        return self._flush()

    # -- the field -----------------------------------------------------------------------------------------------

    def sight(self, seen: Sighting) -> list[Message]:
        """A tag is in the field: the report that goes out now, if a ROSpec inventories that antenna."""
        spec = self.ro_specs.active_on(seen.antenna)
        if spec is None or not self._antennas.get(seen.antenna, False):
            return []
        wanted = spec.first(reporting.ROReportSpec) or self._config[reporting.ROReportSpec]
        if not isinstance(wanted, reporting.ROReportSpec):
            return []
        content = wanted.first(reporting.TagReportContentSelector) or _NOTHING
        access, utc = self.access_specs.active(), self.profile.has_utc_clock
        self._gathered.append(tag_report(self._counted(seen), content, spec.ro_spec_id, access, utc))
        due = wanted.ro_report_trigger != ROReportTriggerType.NONE and 0 < wanted.n <= len(self._gathered)
        return self._flush() if due and not self._holding else []

    def antenna(self, number: int, connected: bool) -> list[events.AntennaEvent]:
        """An antenna comes off or on; the event is there only if the client wants it."""
        self._antennas[number] = connected
        return (
            [events.AntennaEvent(int(connected), number)] if self._notifies(NotificationEventType.ANTENNA_EVENT) else []
        )

    def _counted(self, seen: Sighting) -> Sighting:
        self._totals[seen.epc.hex] = self._totals.get(seen.epc.hex, 0) + seen.count
        return replace(seen, count=self._totals[seen.epc.hex]) if self.profile.running_total else seen

    def _notifies(self, event: NotificationEventType) -> bool:
        spec = self._config[events.ReaderEventNotificationSpec]
        states = spec.every(events.EventNotificationState)
        return any(state.event_type == event and state.notification_state for state in states)


_Answer = Callable[[ReaderMachine, Any], list[Message]]

_ANSWERS: dict[type[Message], _Answer] = {
    m.KeepaliveAck: lambda reader, request: [],
    m.GetReaderCapabilities: lambda reader, request: [
        m.GetReaderCapabilitiesResponse((SUCCESS, *reader.profile.capabilities()))
    ],
    m.GetReaderConfig: ReaderMachine._configuration,
    m.SetReaderConfig: ReaderMachine._configure,
    m.CloseConnection: lambda reader, request: [m.CloseConnectionResponse((SUCCESS,))],
    m.AddROSpec: lambda reader, request: [m.AddROSpecResponse((reader.ro_specs.add(request.first(ROSpec)),))],
    m.DeleteROSpec: lambda reader, request: [
        m.DeleteROSpecResponse(
            (reader.ro_specs.delete(request.ro_spec_id, reader.profile.refuses_delete_of_nothing),),
        )
    ],
    m.StartROSpec: lambda reader, request: [m.StartROSpecResponse((reader.ro_specs.start(request.ro_spec_id),))],
    m.StopROSpec: lambda reader, request: [m.StopROSpecResponse((reader.ro_specs.stop(request.ro_spec_id),))],
    m.EnableROSpec: lambda reader, request: [m.EnableROSpecResponse((reader.ro_specs.enable(request.ro_spec_id),))],
    m.DisableROSpec: lambda reader, request: [m.DisableROSpecResponse((reader.ro_specs.disable(request.ro_spec_id),))],
    m.GetROSpecs: lambda reader, request: [m.GetROSpecsResponse((SUCCESS, *reader.ro_specs.held.values()))],
    m.AddAccessSpec: lambda reader, request: [
        m.AddAccessSpecResponse((reader.access_specs.add(request.first(AccessSpec)),))
    ],
    m.DeleteAccessSpec: lambda reader, request: [
        m.DeleteAccessSpecResponse((reader.access_specs.delete(request.access_spec_id),))
    ],
    m.EnableAccessSpec: lambda reader, request: [
        m.EnableAccessSpecResponse((reader.access_specs.switch(request.access_spec_id, True),))
    ],
    m.DisableAccessSpec: lambda reader, request: [
        m.DisableAccessSpecResponse((reader.access_specs.switch(request.access_spec_id, False),))
    ],
    m.GetAccessSpecs: lambda reader, request: [m.GetAccessSpecsResponse((SUCCESS, *reader.access_specs.held.values()))],
    m.GetReport: lambda reader, request: reader._flush() or [m.ROAccessReport()],
    m.EnableEventsAndReports: lambda reader, request: reader._release(),
}
