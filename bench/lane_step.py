"""How long one step of the lane core takes, over all events and for the slowest kind.

In: nothing (an ordinary passage, repeated, with 15 tag reads each). Out: one report; the baseline is one
`dataclasses.replace` of the lane's own state in the same run, the least that a pure step can cost.
Run: python -m bench.lane_step [passages]
"""

import sys
from collections import defaultdict
from dataclasses import replace
from time import perf_counter_ns

from bench.report import Report, Row, percentile
from lane_controller.contracts.values import TagStatus
from lane_controller.core.config import configure
from lane_controller.core.events import (
    BarrierReported,
    Booted,
    Event,
    ListHeartbeat,
    PlateRead,
    PlcOnline,
    ReaderConnected,
    SensorChanged,
    SensorLevels,
    TagSeen,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.records import Durable
from lane_controller.core.values import BarrierState, Sensor, TagEntry, Tariff

TARIFF = Tariff(1, 0, ((1, 35_000),))
PERIOD_US = 30_000_000
UTC_US = 1_781_500_000_000_000


def passage(i: int) -> list[tuple[int, Event]]:
    """What the devices report of the i-th car, microseconds from its L1 on (the arm answers as the field IO would)."""
    epc = f"E28011606000{i % 4096:012X}"
    entry = TagEntry(epc, None, f"acc-{i}", "p", "20A12345", 1, TagStatus.ACTIVE, 10_000_000, None, 1)
    seen = [(-970_000 + 116_000 * k, TagSeen(epc, None, 1, -56, None, "r", entry)) for k in range(15)]
    edges = [
        (0, Sensor.L1, True),
        (1_950_000, Sensor.L1, False),
        (2_400_000, Sensor.L2, True),
        (3_300_000, Sensor.L3, True),
        (4_350_000, Sensor.L2, False),
        (5_100_000, Sensor.L3, False),
    ]
    happened = i * PERIOD_US
    moves = [(at, SensorChanged(sensor, on, False, happened + at)) for at, sensor, on in edges]
    arm = [
        (320_000, BarrierReported(BarrierState.OPENING, False, False)),
        (1_200_000, BarrierReported(BarrierState.OPEN, True, False)),
        (5_620_000, BarrierReported(BarrierState.CLOSING, False, False)),
        (6_820_000, BarrierReported(BarrierState.CLOSED, False, True)),
    ]
    due = (35_000, 2_100_000, 2_435_000, 3_335_000, 4_500_000, 5_250_000, 5_601_000)
    ticks = [(at, TimerFired("tick")) for at in due]
    beat = [(-2_000_000, ListHeartbeat(1, 0))]
    plate = [(300_000, PlateRead("20A12345", 0.97))]
    return sorted([*beat, *seen, *moves, *arm, *ticks, *plate], key=lambda item: item[0])


def measure(passages: int) -> tuple[dict[str, list[int]], list[int]]:
    """Nanoseconds of each step by kind of event, and of the baseline.

    Every car must end as one charged passage, or the numbers mean nothing.
    """
    lane = start(configure())
    boot: list[Event] = [
        Booted("b1", False, Durable(), (TARIFF,)),
        ReaderConnected("r", None),
        PlcOnline(),
        SensorLevels(False, False, False, False, False),
        BarrierReported(BarrierState.CLOSED, False, True),
    ]
    for event in boot:
        lane, _ = step(lane, event, Now(0, UTC_US))
    took: dict[str, list[int]] = defaultdict(list)
    bare: list[int] = []
    for i in range(1, passages + 1):
        for at, event in passage(i):
            mono_us = i * PERIOD_US + at
            now = Now(mono_us, UTC_US + mono_us)
            began = perf_counter_ns()
            lane, _ = step(lane, event, now)
            took[type(event).__name__].append(perf_counter_ns() - began)
            began = perf_counter_ns()
            replace(lane, counts=lane.counts)
            bare.append(perf_counter_ns() - began)
    if lane.counts.seq != passages:
        raise RuntimeError(f"{passages} cars, {lane.counts.seq} passages")
    return took, bare


def rows(took: dict[str, list[int]], bare: list[int]) -> list[Row]:
    """p50 and p99 over all steps, and p50 of the slowest kind of event."""
    every = [ns for kind in took.values() for ns in kind]
    slowest = max(took, key=lambda kind: percentile(took[kind], 50))
    name = "one dataclasses.replace of the lane"
    found = [("every step, p50", every, 50, "≤ 50 µs"), ("every step, p99", every, 99, "≤ 500 µs")]
    found.append((f"{slowest}, p50", took[slowest], 50, ""))
    return [
        Row(what, percentile(ns, at) / 1000, "µs", len(ns), percentile(bare, at) / 1000, name, hold)
        for what, ns, at, hold in found
    ]


def main() -> None:
    """Print the report."""
    passages = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    how = f"{passages:,} ordinary passages of {len(passage(1))} events each through `step()`, one after the other."
    Report("Lane core: one step", rows(*measure(passages)), how=how).print()


if __name__ == "__main__":
    main()
