"""One barrier lane as a state machine: `step(lane, event, now) -> (lane, effects)`.

In: events (`events.py`) with the instant they arrived. Out: the next lane and the effects to perform, in order.
Called by the shell's one loop, by `replay` and by tests; the same input gives the same output on any machine.
Never: a clock, randomness, I/O; a barrier command before the record that allows it.
"""

from lane_controller.core.config import LaneConfig
from lane_controller.core.effects import Effect
from lane_controller.core.events import Event
from lane_controller.core.instant import Now
from lane_controller.core.state import Lane


def start(config: LaneConfig) -> Lane:
    """A lane that has not booted: feed `Booted` first, then links, levels, the arm and the list."""
    return Lane(config=config)


def step(lane: Lane, event: Event, now: Now) -> tuple[Lane, tuple[Effect, ...]]:
    """Take one event. Effects are performed in order; nothing after a `Record` before it is durable."""
    raise AssertionError((lane, event, now))
