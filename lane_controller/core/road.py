"""The road: every believed edge to the part of the lane that it concerns.

In: `edge` from sensors.py, and pulses too short to count. Out: calls to approach, curtain, crossing and leaving.
Never: an edge with the time at which it was believed instead of the time at which it happened.
"""

from lane_controller.core import approach, crossing, curtain, leaving
from lane_controller.core.turn import Turn
from lane_controller.core.values import L1, L2, L3, LC1, LC2, Sensor


def edge(turn: Turn, sensor: Sensor, on: bool, at_us: int) -> None:
    """One believed edge."""
    at = turn.now.back(at_us)
    if sensor is L1:
        approach.l1_on(turn, at) if on else approach.l1_off(turn, at)
    elif sensor is LC1:
        curtain.lc1_on(turn, at) if on else curtain.lc1_off(turn, at)
    elif sensor is L2:
        crossing.l2_on(turn, at) if on else crossing.l2_off(turn, at)
    elif sensor is LC2:
        crossing.lc2_on(turn, at) if on else crossing.lc2_off(turn, at)
    else:
        leaving.l3_on(turn, at) if on else leaving.l3_off(turn, at)


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
