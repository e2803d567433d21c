"""The simulated reader keeps LLRP's rules, so that a client that breaks them is found out."""

import pytest

from rfid.epc import Epc
from rfid.llrp import messages as m
from rfid.llrp.codec import decode_message, encode_message
from rfid.llrp.element import Message
from rfid.llrp.enums import ConfigRequest, ROReportTriggerType, ROSpecState
from rfid.llrp.parameters.basic import LLRPStatus
from rfid.llrp.parameters.config import AntennaProperties, EventsAndReports, Identification
from rfid.llrp.parameters.reporting import (
    EPC96,
    EPCData,
    ROReportSpec,
    TagReportContentSelector,
    TagReportData,
    TagSeenCount,
)
from rfid.llrp.parameters.rospec import (
    AISpec,
    AISpecStopTrigger,
    InventoryParameterSpec,
    ROBoundarySpec,
    ROSpec,
    ROSpecStartTrigger,
    ROSpecStopTrigger,
)
from simulators.llrp_reader.machine import ReaderMachine
from simulators.llrp_reader.profile import ReaderProfile
from simulators.llrp_reader.replay import reader_frames
from simulators.llrp_reader.sighting import Sighting
from tests.unit.rfid import vectors

EVERYTHING = TagReportContentSelector(*(True,) * 10)


def ro_spec(number: int = 1, *, immediate: bool = True, n: int = 1, antennas: tuple[int, ...] = (0,)) -> ROSpec:
    boundary = ROBoundarySpec((ROSpecStartTrigger(int(immediate)), ROSpecStopTrigger(0, 0)))
    inventory = AISpec(antennas, (AISpecStopTrigger(0, 0), InventoryParameterSpec(1, 1)))
    report = ROReportSpec(ROReportTriggerType.UPON_N_TAGS_OR_END_OF_RO_SPEC, n, (EVERYTHING,))
    return ROSpec(number, 0, ROSpecState.DISABLED, (boundary, inventory, report))


def sighting(epc: str = "00" * 12, antenna: int = 1) -> Sighting:
    return Sighting(Epc.parse(epc), antenna, -50.4, None, 1_000_000)


def ask(machine: ReaderMachine, request: Message) -> int:
    """The status code of the only answer, which has the number of the request plus 10."""
    (answer,) = machine.answer(request)
    status = answer.first(LLRPStatus)
    assert status is not None
    return status.status_code


def running(spec: ROSpec, profile: ReaderProfile | None = None) -> ReaderMachine:
    machine = ReaderMachine(profile or ReaderProfile())
    assert ask(machine, m.AddROSpec((spec,))) == 0
    assert ask(machine, m.EnableROSpec(spec.ro_spec_id)) == 0
    return machine


def test_specs_follow_their_life_cycle() -> None:
    machine = ReaderMachine(ReaderProfile())
    steps: list[tuple[Message, int]] = [
        (m.AddROSpec((ro_spec(0),)), 101),
        (m.AddROSpec((ro_spec(1, immediate=False),)), 0),
        (m.AddROSpec((ro_spec(1),)), 101),
        (m.AddROSpec(), 103),
        (m.StartROSpec(1), 101),
        (m.EnableROSpec(1), 0),
        (m.StopROSpec(1), 101),
        (m.StartROSpec(1), 0),
        (m.StopROSpec(1), 0),
        (m.DisableROSpec(1), 0),
        (m.EnableROSpec(2), 101),
        (m.DeleteROSpec(2), 101),
        (m.DeleteROSpec(1), 0),
        (m.DeleteROSpec(0), 0),
        (m.ClientRequestOp(), 109),
    ]
    assert [ask(machine, request) for request, _ in steps] == [code for _, code in steps]


def test_only_an_active_spec_on_that_antenna_reports() -> None:
    machine = running(ro_spec(antennas=(2,)))
    assert machine.sight(sighting(antenna=1)) == []
    assert len(machine.sight(sighting(antenna=2))) == 1
    ask(machine, m.DisableROSpec(1))
    assert machine.sight(sighting(antenna=2)) == []


@pytest.mark.parametrize(("epc", "kind"), [("00" * 12, EPC96), ("00" * 13, EPCData), ("00" * 4, EPCData)])
def test_only_96_bits_are_sent_as_epc_96(epc: str, kind: type[EPC96 | EPCData]) -> None:
    (report,) = running(ro_spec()).sight(sighting(epc))
    tag = report.first(TagReportData)
    assert tag is not None
    assert isinstance(tag.parameters[0], kind)
    assert decode_message(61, encode_message(report)) == report


def test_reports_gather_until_n_or_until_asked_for() -> None:
    machine = running(ro_spec(n=3))
    assert machine.sight(sighting()) + machine.sight(sighting()) == []
    (report,) = machine.sight(sighting())
    assert len(list(report.every(TagReportData))) == 3
    machine.sight(sighting())
    (asked,) = machine.answer(m.GetReport())
    assert len(list(asked.every(TagReportData))) == 1
    assert machine.answer(m.GetReport()) == [m.ROAccessReport()]


def test_held_reports_come_after_enable_events_and_reports() -> None:
    machine = running(ro_spec())
    ask(machine, m.SetReaderConfig(False, (EventsAndReports(True),)))
    machine.connected()
    assert machine.sight(sighting()) == []
    (report,) = machine.answer(m.EnableEventsAndReports())
    assert len(list(report.every(TagReportData))) == 1
    assert len(machine.sight(sighting())) == 1


@pytest.mark.parametrize(("running_total", "counts"), [(False, [1, 1, 1]), (True, [1, 2, 3])])
def test_tag_seen_count_by_habit(running_total: bool, counts: list[int]) -> None:
    machine = running(ro_spec(), ReaderProfile(running_total=running_total))
    found = []
    for _ in range(3):
        (report,) = machine.sight(sighting())
        tag = report.first(TagReportData)
        count = tag.first(TagSeenCount) if tag else None
        found.append(count.tag_count if count else None)
    assert found == counts


def test_configuration_is_told_in_whole_and_in_part() -> None:
    machine = ReaderMachine(ReaderProfile(antennas=2))
    (everything,) = machine.answer(m.GetReaderConfig(0, ConfigRequest.ALL, 0, 0))
    (part,) = machine.answer(m.GetReaderConfig(2, ConfigRequest.ANTENNA_PROPERTIES, 0, 0))
    assert everything.first(Identification) is not None
    assert list(part.every(AntennaProperties)) == [AntennaProperties(True, 2, 0)]


def test_capabilities_are_llrp() -> None:
    (answer,) = ReaderMachine(ReaderProfile()).answer(m.GetReaderCapabilities(0))
    assert decode_message(11, encode_message(answer)) == answer


def test_factory_reset_forgets_everything() -> None:
    machine = running(ro_spec())
    ask(machine, m.SetReaderConfig(True))
    assert machine.sight(sighting()) == []
    assert machine.keepalive_ms == 0


def test_a_recording_is_played_without_the_clients_half() -> None:
    played = reader_frames(vectors.SESSION.read_bytes())
    assert len(played) == 914
    with pytest.raises(ValueError, match="ends inside frame 935"):
        reader_frames(vectors.SESSION.read_bytes() + b"\x04\x3e")
