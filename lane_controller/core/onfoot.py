"""Somebody on foot in LC1 while L1 is on for another reason: for a moment it looked like the next vehicle.

In: a vehicle of which LC1 alone has told, and that LC1 has cleared. Out: it is gone again, PEDESTRIAN.
Never: a vehicle taken for somebody on foot that the camera, the class sensor or the antenna has shown; where the lane
measures no class, the camera and the antenna are not enough.
"""

from lane_controller.core import arrival, passages, reach
from lane_controller.core.state import BEFORE, Track
from lane_controller.core.tags import owned_by_neighbour
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor


def walked_through(turn: Turn, track: Track) -> bool:
    """It has left LC1 again, and nothing but LC1 has told of it: nobody drove there, and L1 is on by itself.

    Should somebody stand on L1 after all, LC1 tells as he drives on.
    """
    if not turn.cfg.measures_class or not _lc1_alone_told(turn, track) or _may_have_a_tag(turn, track):
        return False
    turn.flag(Flag.PEDESTRIAN)
    if turn.sensors.l1.on:
        turn.set_line(Sensor.L1, doubted=True)
    if turn.occupant() is not None and track.on_l1:
        turn.set_road(occupant=None)
    end = passages.give_up if track.passage_id is None else passages.abandon
    end(turn, track, "somebody on foot in LC1")
    return True


def _lc1_alone_told(turn: Turn, track: Track) -> bool:
    """L1 was on before it came, the camera was asked, and the class sensor has had its time."""
    front_us, waited_us = track.lc1_on_us, turn.cfg.evidence_wait_ms * 1000
    if front_us is None or turn.t - front_us < waited_us or turn.road.past or not turn.desk.plc_online:
        return False
    return perhaps(track) and not track.live and track.vehicle and track.stage is BEFORE


def perhaps(track: Track) -> bool:
    """Neither L1 nor the camera, which was asked, nor the antenna or the class sensor has told of it."""
    unwatched = track.lc1_on_us is None or track.recovered or track.plate is None
    if unwatched or track.came_us is not None or track.returned_us is not None:
        return False
    return track.card is None and arrival.unknown(track)


def _may_have_a_tag(turn: Turn, track: Track) -> bool:
    """Some tag was heard as it came that is nobody else's."""
    front_us = track.lc1_on_us or 0
    return any(
        tag.first.mono_us <= front_us <= tag.last_us + reach.FOREIGN_US
        for tag in turn.radio.tags.values()
        if tag.owner is None and not tag.spent and not owned_by_neighbour(turn, tag)
    )
