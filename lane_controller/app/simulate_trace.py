"""The trace of one simulated episode: every event that changed something, and what the core made of it.

In: a run with its trace. Out: lines.
Never: timer and signal noise that hides what matters.
"""

from __future__ import annotations

from lane_controller.core.effects import (
    CancelTimer,
    CommandBarrier,
    Effect,
    RaiseFlag,
    Record,
    SetSignal,
    ShareHeard,
    ShowDisplay,
    StartTimer,
)
from lane_controller.core.events import Event, NeighbourHeard, TagSeen, TimerFired
from lane_controller.world.episode import Run

QUIET = (TagSeen, NeighbourHeard, TimerFired)
DULL = (StartTimer, CancelTimer, ShareHeard)


def trace_lines(run: Run) -> list[str]:
    """Events in order with their effects; who crossed when, between them."""
    lines = [(at_us, _event(event, effects)) for at_us, event, effects in run.trace if _matters(event, effects)]
    lines += [
        (one.at_us, f"---- vehicle {one.vehicle.number} crosses ({one.vehicle.right.value}, {one.vehicle.plate}) ----")
        for one in run.evidence.crossings
    ]
    lines += [(one.from_us, f"---- fault {one.kind} ----") for one in run.evidence.troubles]
    return [f"{at_us / 1e6:10.3f} s  {text}" for at_us, text in sorted(lines, key=lambda line: line[0])]


def _matters(event: Event, effects: tuple[Effect, ...]) -> bool:
    return not isinstance(event, QUIET) or any(not isinstance(effect, DULL) for effect in effects)


def _event(event: Event, effects: tuple[Effect, ...]) -> str:
    told = [text for effect in effects if (text := _effect(effect))]
    name = f"{event.epc} {event.rssi_dbm} dBm" if isinstance(event, TagSeen) else repr(event)
    return f"{name} -> {'; '.join(told)}" if told else name


def _effect(effect: Effect) -> str:
    match effect:
        case Record(record):
            finding = getattr(getattr(record, "passage", record), "finding", None)
            paid = f" {finding.outcome} {finding.epc} {finding.fare_vnd}" if finding is not None else ""
            passage_id = getattr(getattr(record, "passage", record), "passage_id", "")
            return f"{type(record).__name__} {passage_id}{paid}"
        case CommandBarrier():
            return f"{effect.action} for {effect.cause} {effect.passage_id or ''}"
        case SetSignal():
            return effect.aspect.value
        case ShowDisplay():
            return f"shows {effect.code}"
        case RaiseFlag():
            return f"{effect.flag} (vehicle {effect.track})"
        case _:
            return "" if isinstance(effect, DULL) else repr(effect)
