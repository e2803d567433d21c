"""High beds: L1 goes off under a long vehicle and on again, and nobody has left or come.

In: believed edges of L1, how long the vehicle is at most, what LC1 and tags tell. Out: whether it is still that one.
Never: one vehicle counted twice by its axles, where anything tells.
"""

from lane_controller.core import arrival, binding, reach
from lane_controller.core.instant import Now
from lane_controller.core.state import Track
from lane_controller.core.turn import Turn

BED_FROM_M = reach.LONGEST_M[2]
"""Shorter vehicles (class 2: light lorries, small buses) have no bed so high that L1 does not see it."""

TRAIN_M = 12.0
"""Longer vehicles may have two beds that L1 does not see."""


def second_axles(turn: Turn, at: Now) -> Track | None:
    """L1 on again behind a long vehicle, while LC1 cannot tell: the rear axles of a high bed, rather than somebody new.

    If it was somebody new after all, that one crosses uncounted; the other way, it would be counted twice, and
    everybody behind it be taken for the one ahead.
    """
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or last.on_l1 or last.times.l1_on is None or last.dropped or not _lc1_lies(turn, at):
        return None
    if reach.past_l1(last, turn.cfg) or _bed_is_past(turn, last, at):
        return None
    if last.l1_off_us is not None and turn.sensors.lc1.since_us > last.l1_off_us and not turn.sensors.lc1.stuck:
        # It had cleared since, so whoever broke it is another one.
        return None
    return last if not arrival.unknown(last) and reach.longest_high(last) > BED_FROM_M else None


def shown_again(turn: Turn, track: Track) -> Track | None:
    """The lorry just ahead whose plate it shows on L1, while LC1 tells nothing: that one stood with its bed over L1,
    however long.
    """
    came, lorry = track.times.l1_on, turn.tracks[-2] if len(turn.tracks) > 1 else None
    if came is None or lorry is None or not track.on_l1 or turn.tracks[-1].id != track.id:
        return None
    if not arrival.same_plate(lorry, track):
        return None
    high = reach.longest_high(lorry) > BED_FROM_M
    return lorry if high and arrival.before_arm(lorry) and _lc1_lies(turn, came) else None


def _bed_is_past(turn: Turn, track: Track, at: Now) -> bool:
    """L1 has been clear for longer than a bed takes at half the speed at which its front went over (5 m)."""
    if track.came_us is None or track.l1_off_us is None:
        return False
    over_us = max(reach.BED_US, int((track.l1_off_us - track.came_us) * 2 * reach.BED_M / 5))
    return at.mono_us - max(track.l1_off_us, _stood_until(turn, track)) > over_us


def _stood_until(turn: Turn, track: Track) -> int:
    """When the arm opened for a lorry: in a one-stop lane it stood before it with its bed over L1, where nobody else
    has room until it drives. What it is charged as tells: the class that was measured, registered, or seen by whoever
    released it.
    """
    opened, charged = track.times.open_confirmed, track.finding.class_charged if track.finding is not None else None
    short = reach.ROOM_M[turn.cfg.geometry] + reach.L1_M < BED_FROM_M
    if not short or opened is None or charged is None or reach.LONGEST_HIGH_M.get(charged, 0) <= BED_FROM_M:
        return 0
    return opened.mono_us


def next_is_heard(turn: Turn, track: Track) -> bool:
    """Its own tag is known, it has no bed that L1 does not see, and another's tag is heard: somebody else comes."""
    return reach.longest_high(track) <= BED_FROM_M and arrival.tagged(track) and binding.another_is_heard(turn, track)


def _lc1_lies(turn: Turn, at: Now) -> bool:
    """LC1 has been broken for longer than anybody is in it who is not on L1."""
    lc1 = turn.sensors.lc1
    return lc1.stuck or lc1.doubted or (lc1.on and at.mono_us - lc1.since_us > reach.FOREIGN_US)


def drops(track: Track) -> int:
    """How often L1 has gone off under it since it came, or came back, onto L1."""
    back_us = track.returned_us
    return sum(back_us is None or off_us > back_us for off_us in track.dropped)


def most_drops(track: Track) -> int:
    """How often L1 may go off under one vehicle."""
    return most_beds(reach.longest_high(track))


def most_beds(longest_m: float) -> int:
    """How many beds that a loop does not see a vehicle of that length may have: a road train has two."""
    return 2 if longest_m > TRAIN_M else 1
