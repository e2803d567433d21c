"""Fleet, plates, tag list and arrivals follow the seed and the grammar of Vietnamese plates."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import date
from itertools import islice, pairwise
from random import Random

from simulators.traffic.accounts_csv import COLUMNS, accounts_csv
from simulators.traffic.arrivals import HEADWAY_MIN_MS, arrivals
from simulators.traffic.fleet import Kind, make_fleet
from simulators.traffic.geometry import NON_STOP, ONE_STOP
from simulators.traffic.plates import UNUSED_CODES, Ground, army_plate, civil_plate

CIVIL = re.compile(r"^(\d\d)([A-HK-NPSTUVXYZ])(\d{4,5})$")
ARMY = re.compile(r"^[A-Z]{2}\d{4}$")


def test_plates_follow_the_grammar() -> None:
    random = Random(3)
    for index in range(2_000):
        plate = civil_plate(random, Ground.BLUE if index % 9 == 0 else Ground.WHITE, two_lines=index % 3 == 0)
        found = CIVIL.match(plate.text)
        assert found, plate
        assert int(found[1]) not in UNUSED_CODES
        assert int(found[3]) > 0
        assert len(plate.lines) == (2 if index % 3 == 0 else 1)
        assert plate.ground is not Ground.BLUE or found[2] in "ABCDEFGHKLM"
    assert ARMY.match(army_plate(random, two_lines=True).text)


def test_a_fleet_is_a_function_of_its_seed_and_has_every_kind() -> None:
    fleet = make_fleet(7, 600)
    assert fleet == make_fleet(7, 600)
    assert fleet != make_fleet(8, 600)
    assert set(Counter(vehicle.kind for vehicle in fleet)) == set(Kind)
    share_of_light = sum(vehicle.vehicle_class == 1 for vehicle in fleet) / len(fleet)
    assert 0.7 < share_of_light < 0.9
    assert len({vehicle.plate.text for vehicle in fleet}) == len(fleet)
    assert len({vehicle.tag.epc for vehicle in fleet if vehicle.tag}) == sum(
        vehicle.tag is not None for vehicle in fleet
    )
    for vehicle in fleet:
        assert (vehicle.registered_plate != vehicle.plate.text) is (vehicle.kind is Kind.WRONG_PLATE)
        assert (vehicle.tag is None) is (vehicle.kind is Kind.NO_TAG)
        assert (vehicle.available_vnd < 30_000) is (vehicle.kind is Kind.LOW_BALANCE)


def test_the_tag_list_names_every_tag_once_with_its_status_and_ticket() -> None:
    fleet, today = make_fleet(7, 300), date(2026, 3, 2)
    rows = list(csv.DictReader(io.StringIO(accounts_csv(fleet, today))))
    assert tuple(rows[0]) == COLUMNS
    by_epc = {row["epc"]: row for row in rows}
    tagged = [vehicle for vehicle in fleet if vehicle.tag is not None]
    assert len(rows) == len(by_epc) == len(tagged)
    for vehicle in tagged:
        assert vehicle.tag is not None
        row = by_epc[vehicle.tag.epc]
        assert row["plate"] == vehicle.registered_plate
        assert row["status"] == {Kind.BLOCKED: "blocked", Kind.EXEMPT: "exempt"}.get(vehicle.kind, "active")
        assert bool(row["exempt_reason"]) is (vehicle.kind is Kind.EXEMPT)
        valid = bool(row["ticket_no"]) and row["ticket_from"] <= today.isoformat() <= row["ticket_to"]
        assert valid is (vehicle.kind is Kind.MONTHLY)


def test_arrivals_rise_repeat_by_seed_and_get_denser_with_the_factor() -> None:
    fleet = make_fleet(1, 200)
    ordinary = list(islice(arrivals(5, fleet, 4, 1.0), 400))
    assert ordinary == list(islice(arrivals(5, fleet, 4, 1.0), 400))
    assert all(later.at_ms - earlier.at_ms >= HEADWAY_MIN_MS for earlier, later in pairwise(ordinary))
    assert {arrival.lane for arrival in ordinary} == {0, 1, 2, 3}
    dense = list(islice(arrivals(5, fleet, 4, 4.0), 400))
    assert 3.5 < ordinary[-1].at_ms / dense[-1].at_ms < 4.5


def test_the_same_vehicle_does_not_come_again_at_once() -> None:
    fleet = make_fleet(1, 200)
    last: dict[int, int] = {}
    for arrival in islice(arrivals(2, fleet, 4, 1.0), 2_000):
        assert arrival.number - last.get(arrival.vehicle.number, -1_000) >= 90
        last[arrival.vehicle.number] = arrival.number


def test_sensors_lie_where_the_lane_rules_put_them() -> None:
    for geometry in (ONE_STOP, NON_STOP):
        assert geometry.sensors["lc1"].begin_m == geometry.sensors["l1"].end_m
        assert geometry.sensors["l2"].covered(front_m=-0.9, rear_m=-5.0)
        assert not geometry.sensors["l2"].covered(front_m=-1.1, rear_m=-5.0)
        assert not geometry.sensors["l3"].covered(front_m=9.0, rear_m=3.6)
