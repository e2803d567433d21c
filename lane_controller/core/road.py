"""The road: every believed edge to the part of the lane that it concerns.

In: `edge` from sensors.py, and pulses too short to count. Out: calls to approach, curtain, crossing and leaving.
Never: an edge with the time at which it was believed instead of the time at which it happened.
"""

from collections.abc import Callable
from typing import Final

from lane_controller.core import approach, crossing, curtain, leaving
from lane_controller.core.instant import Now
from lane_controller.core.turn import Turn
from lane_controller.core.values import L1, L2, L3, LC1, LC2, Sensor

_MOVES: Final[dict[tuple[Sensor, bool], Callable[[Turn, Now], None]]] = {
    (L1, True): approach.l1_on,
    (L1, False): approach.l1_off,
    (LC1, True): curtain.lc1_on,
    (LC1, False): curtain.lc1_off,
    (L2, True): crossing.l2_on,
    (L2, False): crossing.l2_off,
    (LC2, True): crossing.lc2_on,
    (LC2, False): crossing.lc2_off,
    (L3, True): leaving.l3_on,
    (L3, False): leaving.l3_off,
}


def edge(turn: Turn, sensor: Sensor, on: bool, at_us: int) -> None:
    """One believed edge."""
    _MOVES[sensor, on](turn, turn.now.back(at_us))


def touched(turn: Turn, sensor: Sensor, off_us: int) -> None:
    """A pulse too short to count: it moves no vehicle, but the arm waits for `clear` after it all the same."""
    if sensor is L2:
        turn.set_road(l2_off_us=off_us)
    elif sensor is LC2:
        turn.set_road(lc2_off_us=off_us)
    elif sensor is L3:
        turn.set_road(l3_off_us=off_us)


def stays_on(turn: Turn, sensor: Sensor) -> None:
    """It was off too shortly to count: whoever came meanwhile has found it on."""
    if sensor is LC1:
        curtain.stays_broken(turn)
