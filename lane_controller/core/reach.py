"""Whether a vehicle that L1 has counted can be the one that is on L2 now: how far it can have come since it was on L1.

In: when its front and its rear passed L1 and LC1, its length, how fast whoever is under the arm goes. Out: yes or no.
Called where L2 goes on, and again where L3 does, when the speed under the arm is known.
Never: no for a vehicle that could have come by any way of driving known of cars; what is not known counts for yes.

The front of a vehicle is nowhere further than: at the beginning of L1 when L1 goes on, and at the end of L1 when it
breaks LC1; its length behind the end of L1 as long as L1 or LC1 shows it, and when they cease to. From there it can
only speed up and brake so much. A vehicle that cannot have come is still where it was, and somebody stands between L1
and L2 whom nobody has counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from lane_controller.core.config import Geometry, LaneConfig
from lane_controller.core.plates import plates_agree
from lane_controller.core.records import Finding
from lane_controller.core.state import Road, Sensors, Stage, Track

ROOM_M = {Geometry.G1: 6.0, Geometry.G2: 17.0}
"""From the end of L1 (LC1) to the beginning of L2 (rules.md, Geometry)."""

L1_M = L2_M = 2.0
L2_TO_LC2_M, LC2_TO_L3_M = 1.0, 2.0
L2_TO_L3_ENDS_M = 2.5

FASTEST_M_S = {Geometry.G1: 12.5, Geometry.G2: 18.0}
"""Twice to three times what the lane is made for (rules.md: 15 and 30 km/h)."""

LIKELY_M_S = {Geometry.G1: 8.0, Geometry.G2: 12.0}
MADE_FOR_M_S = {Geometry.G1: 15 / 3.6, Geometry.G2: 30 / 3.6}
"""rules.md, Geometry."""

ACCELERATION_M_S2 = 3.0
BRAKING_M_S2 = 5.0
"""Loaded lanes see 1 to 2 and 2 to 3; a strong car, and a driver who is frightened by the arm."""

BACK_ONTO_US = 400_000
"""Who backs onto L1 breaks LC1 at its end at about the same time; a curtain broken before is somebody on foot."""

REVERSE_S = 0.5
"""Nobody stops and engages the reverse gear sooner."""

MARGIN_M = 0.4
FOREIGN_US = 2_000_000

BED_US = 3_000_000
"""A bed that a loop does not see is over it for so long at walking pace."""

BED_M = 8.0
"""No bed between two axles is longer."""

LONGEST_M = {1: 12.5, 2: 9.5, 3: 13.5, 4: 17.0, 5: 20.0}
"""No vehicle of that class is longer. Class 1 are cars, and all public buses (Circular 32/2024/TT-BGTVT); 20 m is the
longest road train of QCVN 09 and Circular 46/2015/TT-BGTVT."""

LONGEST_HIGH_M = {**LONGEST_M, 1: 7.0}
"""The same of those that may stand so high that a loop does not see all of them: the buses of class 1 are low."""

UNKNOWN_M = 20.0
SHORTEST_M = 3.0
HALF_A_CAR_M = SHORTEST_M / 2
"""Who stays behind is a whole car, and a gap, further back than who followed."""


@dataclass(frozen=True, slots=True)
class AtArm:
    """Who is on L2: since when, and, once L3 is on, when LC2 (if it told) and L3 went on."""

    l2_us: int
    lc2_us: int | None = None
    l3_us: int | None = None


def may_be(track: Track, at: AtArm, road: Road, sensors: Sensors, cfg: LaneConfig) -> bool:
    """Whether this vehicle, last seen on L1, can be the one at the arm."""
    if track.times.l1_on is None or (track.returned_us is not None and not in_lc1_since_back(track, sensors)):
        return True
    if not (road.lc1_proven or road.uncounted):
        # Without a curtain L1 may count one of two that are bumper to bumper, and what it shows is the one behind.
        return True
    if road.lc1_proven and track.on_l1 and not (track.lc1_broken or sensors.lc1.raw or sensors.lc1.stuck):
        # Nobody gets past LC1 without breaking it.
        return False
    room = ROOM_M[cfg.geometry]
    speed = _speed_under_arm(at)
    if not _front_reaches_l2(track, at.l2_us, speed, cfg):
        return False
    seen_us = _seen_until(track, at.l2_us, sensors, cfg)
    if seen_us is None or seen_us == road.levels_us or (track.on_l1 and room < 2 * SHORTEST_M + MARGIN_M):
        # In a short lane whoever keeps L1 on may be somebody so close behind that LC1 did not clear between them.
        return True
    length = longest(track)
    return _furthest(cfg, at.l2_us - seen_us, _speed_at_rear(track, seen_us, length), speed) >= room - length - MARGIN_M


def _front_reaches_l2(track: Track, l2_us: int, speed: float | None, cfg: LaneConfig) -> bool:
    """From LC1; where that tells nothing, from the beginning of L1, as far as which it was when L1 went on."""
    room = ROOM_M[cfg.geometry] - MARGIN_M
    if track.lc1_on_us is not None:
        return _furthest(cfg, l2_us - track.lc1_on_us, _speed_at_lc1(track), speed) >= room
    return track.came_us is None or _furthest(cfg, l2_us - track.came_us, None, speed) >= L1_M + room


def in_lc1_since_back(track: Track, sensors: Sensors) -> bool:
    """It came back over L1 and LC1, which has not cleared since: whoever is behind it cannot have come there unseen."""
    lc1, back_us = sensors.lc1, track.returned_us
    told = lc1.on and not (lc1.stuck or lc1.doubted)
    return told and back_us is not None and abs(lc1.since_us - back_us) <= BACK_ONTO_US


def l1_to_lc2_m(cfg: LaneConfig) -> float:
    """From the end of L1 to LC2 (rules.md, Geometry)."""
    return ROOM_M[cfg.geometry] + L2_TO_LC2_M


def l1_to_l3_m(cfg: LaneConfig) -> float:
    """From the end of L1 to the beginning of L3 (rules.md, Geometry)."""
    return ROOM_M[cfg.geometry] + L2_TO_LC2_M + LC2_TO_L3_M


def past_l1(track: Track, cfg: LaneConfig) -> bool:
    """Its front is on L2, and it is too short to be on L1 as well."""
    return track.stage is Stage.UNDER_ARM and longest(track) < ROOM_M[cfg.geometry]


def one_body(at: AtArm) -> bool:
    """Whether one vehicle can have gone onto L2, LC2 and L3 at these instants."""
    if at.lc2_us is None or at.l3_us is None or not at.l2_us < at.lc2_us < at.l3_us:
        return True
    begins = _most_at_end(L2_TO_LC2_M, _s(at.lc2_us - at.l2_us))
    took = _s(at.l3_us - at.lc2_us)
    return begins * took + ACCELERATION_M_S2 * took * took / 2 >= LC2_TO_L3_M - MARGIN_M


def behind_has_left_l2(
    ahead: tuple[int, int] | None, longest_m: float, rear_us: int, off_us: int, cfg: LaneConfig
) -> bool:
    """Whether somebody close behind a vehicle can have gone over L2 by then.

    `ahead`: when that vehicle came onto L2 and L3 (None: L3 did not tell); `longest_m`: how long it is at most;
    `rear_us`: when its rear left LC2. Who follows is behind its rear.
    """
    begins = None if ahead is None else _speed_as_rear_leaves(ahead, longest_m, rear_us, cfg)
    return _furthest(cfg, off_us - rear_us, begins, None) >= L2_TO_LC2_M + SHORTEST_M - MARGIN_M


def _speed_as_rear_leaves(ahead: tuple[int, int], longest_m: float, rear_us: int, cfg: LaneConfig) -> float:
    """The most: it has sped up since its front was on L3, but came no further than its length meanwhile."""
    took, since = _s(ahead[1] - ahead[0]), _s(rear_us - ahead[1])
    begins = _most_at_end(L2_TO_LC2_M + LC2_TO_L3_M, took) if took > 0 else FASTEST_M_S[cfg.geometry]
    if since <= 0:
        return begins
    by_length = _most_at_end(max(longest_m, SHORTEST_M) - LC2_TO_L3_M, since)
    return min(begins + ACCELERATION_M_S2 * since, by_length)


def has_followed(track: Track, ahead: tuple[int, int], off_us: int, cfg: LaneConfig) -> bool:
    """Whether it has left L2 close behind another vehicle when L2 clears, at the speed of that one (`ahead`: when it
    came onto L2 and L3): L2 was on for two vehicles, and long enough since this one's rear was at the end of L1.
    """
    took = _s(ahead[1] - ahead[0])
    if track.rear_us is None or took <= 0:
        return False
    speed = (L2_TO_LC2_M + LC2_TO_L3_M) / took
    both_m = speed * _s(off_us - ahead[0]) - L2_M
    return both_m >= 2 * SHORTEST_M and speed * _s(off_us - track.rear_us) >= ROOM_M[cfg.geometry] + L2_M - HALF_A_CAR_M


def may_reach_from_l1(crossing: tuple[int, int], off_us: int, cfg: LaneConfig) -> bool:
    """Whether somebody who left L2 then may be so long that he was on L1 as well as he came onto L2: his rear has come
    all the way since. `crossing`: when his front came onto L2 and L3.
    """
    took = _s(crossing[1] - crossing[0])
    if took <= 0:
        return True
    front_m = L2_TO_LC2_M + LC2_TO_L3_M
    then_m = _furthest(cfg, off_us - crossing[1], _most_at_end(front_m, took), None)
    return front_m + then_m >= ROOM_M[cfg.geometry] + L2_M - MARGIN_M


def may_have_left(on_us: int, off_us: int, cfg: LaneConfig) -> bool:
    """Whether a whole vehicle has likely driven through a curtain that was broken between these instants."""
    return _s(off_us - on_us) * LIKELY_M_S[cfg.geometry] >= SHORTEST_M


def may_be_back(track: Track, at_us: int, cfg: LaneConfig) -> bool:
    """Whether a vehicle that has driven on from L1 can have stopped and backed to LC1 by then."""
    if track.returned_us is not None or track.lc1_on_us is None or track.rear_us is None:
        return True
    took = _s(track.rear_us - track.lc1_on_us)
    if took <= 0:
        return True
    leaves = max(0.0, min(_shortest(track) / took - BRAKING_M_S2 * took / 2, MADE_FOR_M_S[cfg.geometry]))
    way = leaves * leaves / (2 * BRAKING_M_S2)
    return _s(at_us - track.rear_us) >= leaves / BRAKING_M_S2 + REVERSE_S + sqrt(2 * way / ACCELERATION_M_S2)


def _shortest(track: Track) -> float:
    length = track.measured.length_m if track.measured is not None else None
    return SHORTEST_M if length is None else max(SHORTEST_M, length * 0.95 - 0.2)


def may_have_passed_lc1(track: Track, clear_us: int, cfg: LaneConfig) -> bool:
    """Whether the whole vehicle has likely driven past LC1 by then; if not, somebody else broke LC1, or it wanders."""
    way = _shortest(track)
    top = LIKELY_M_S[cfg.geometry]
    if track.lc1_on_us is not None:
        begins = _speed_at_lc1(track)
        done = _furthest(cfg, clear_us - track.lc1_on_us, top if begins is None else min(begins, top), None)
        if min(done, _s(clear_us - track.lc1_on_us) * top) < way:
            return False
    return track.came_us is None or _s(clear_us - track.came_us) * top >= way + L1_M


def longest_by_lc1(track: Track, cfg: LaneConfig) -> float:
    """How long what passed LC1, at the end of L1, is at most, however hard it sped up (m)."""
    begins, on_us, rear_us = _speed_at_lc1(track), track.lc1_on_us, track.rear_us
    if begins is None or on_us is None or rear_us is None:
        return UNKNOWN_M
    return _furthest(cfg, rear_us - on_us, begins, None)


def longest(track: Track) -> float:
    """How long this vehicle is at most: measured, else by its class, unless the plate is not that of the tag."""
    return _longest(track, LONGEST_M)


def longest_high(track: Track) -> float:
    """The same where it matters whether it stands so high that a loop does not see all of it: buses of class 1 are low,
    and count as cars.
    """
    return _longest(track, LONGEST_HIGH_M)


def _longest(track: Track, by_class: Mapping[int, float]) -> float:
    measured = track.measured
    if measured is not None and measured.length_m is not None:
        return measured.length_m * 1.05 + 0.2
    return max([by_class.get(one, UNKNOWN_M) for one in _classes(track)], default=UNKNOWN_M)


def _classes(track: Track) -> list[int]:
    measured, finding = track.measured, track.finding
    plate = track.plate.entry if track.plate is not None else None
    classes = [
        finding.class_registered if finding is not None and not _of_another(track, finding) else None,
        plate.vehicle_class if plate is not None else None,
        measured.vehicle_class if measured is not None else None,
    ]
    return [one for one in classes if one is not None]


def _of_another(track: Track, finding: Finding) -> bool:
    read = track.plate.text if track.plate is not None else None
    return (
        read is not None and finding.plate_registered is not None and not plates_agree(read, finding.plate_registered)
    )


def foreign_curtain(track: Track, sensors: Sensors) -> bool:
    """LC1 was broken well before this vehicle came onto L1: it tells nothing of it.

    Of whom a restart found on L1 nobody knows when he came, but it was before whatever L1 has told since, unless he
    has been away and is back.
    """
    l1_on, l1, lc1 = track.times.l1_on, sensors.l1, sensors.lc1
    if lc1.stuck or lc1.doubted:
        return True
    if not lc1.on or l1_on is None:
        return False
    came_us = min(l1_on.mono_us, l1.since_us if track.returned_us is None else track.returned_us)
    return came_us - lc1.since_us > FOREIGN_US


def _seen_until(track: Track, now_us: int, sensors: Sensors, cfg: LaneConfig) -> int | None:
    """The last instant at which L1 or LC1 showed it; None: not known to the instant."""
    if not track.on_l1:
        return track.rear_us
    cleared_us = track.lc1_clear_us
    if track.gap_us is not None or track.shared_l1:
        # Whoever keeps L1 on may be the one behind.
        return cleared_us
    if cleared_us is not None and track.lc1_on_us is not None and may_have_left(track.lc1_on_us, cleared_us, cfg):
        # So it may here, or L1 is on by itself: then the speed over it tells nothing either.
        return cleared_us
    l1 = sensors.l1
    if l1.raw:
        on_us = l1.pending_us if l1.pending else l1.since_us
        # On again since: it was seen last when L1 went off under it.
        return now_us if on_us <= now_us else max((us for us in track.dropped if us <= now_us), default=None)
    # LC1 alone may be on by itself: an instant at which both showed it is sure.
    off_us = l1.pending_us if l1.pending is False else l1.since_us
    return min(off_us, now_us)


def _speed_under_arm(at: AtArm) -> float | None:
    """The most that whoever is on L2 drove as it came onto it."""
    if at.l3_us is None or at.l3_us <= at.l2_us:
        return None
    if at.lc2_us is None or not at.l2_us < at.lc2_us < at.l3_us:
        took = _s(at.l3_us - at.l2_us)
        return (L2_TO_LC2_M + LC2_TO_L3_M) / took + BRAKING_M_S2 * took / 2
    took = _s(at.lc2_us - at.l2_us)
    # It may have braked on that metre, also where it speeds up afterwards.
    return L2_TO_LC2_M / took + BRAKING_M_S2 * took / 2


def _speed_at_lc1(track: Track) -> float | None:
    """The most that it drove as it broke LC1, by how long its front took over L1."""
    if track.came_us is None or track.lc1_on_us is None or track.lc1_on_us <= track.came_us:
        return None
    return _most_at_end(L1_M, _s(track.lc1_on_us - track.came_us))


def _speed_at_rear(track: Track, rear_us: int, length: float) -> float | None:
    if track.lc1_on_us is None or rear_us <= track.lc1_on_us:
        return None
    return _most_at_end(length, _s(rear_us - track.lc1_on_us))


def _most_at_end(way_m: float, took_s: float) -> float:
    """Speed at the end of a way that took so long: it may have stood, and left at full power."""
    mean = way_m / took_s
    return min(mean + ACCELERATION_M_S2 * took_s / 2, max(2 * mean, sqrt(2 * ACCELERATION_M_S2 * way_m)))


def _furthest(cfg: LaneConfig, for_us: int, begins: float | None, ends: float | None) -> float:
    """The longest way in this time, at most `begins` fast at first and `ends` at last (None: any)."""
    t = _s(for_us)
    if t <= 0:
        return 0.0
    top = FASTEST_M_S[cfg.geometry]
    begins = top if begins is None else min(begins, top)
    ends = top if ends is None else min(ends, top)
    up, down = ACCELERATION_M_S2, BRAKING_M_S2
    if ends >= begins + up * t:
        return begins * t + up * t * t / 2
    if begins >= ends + down * t:
        # Nobody brakes so hard: the speeds are unsure.
        return begins * t
    peak = (t + begins / up + ends / down) / (1 / up + 1 / down)
    if peak <= top:
        return (peak * peak - begins * begins) / (2 * up) + (peak * peak - ends * ends) / (2 * down)
    rise, fall = (top - begins) / up, (top - ends) / down
    return (begins + top) / 2 * rise + (top + ends) / 2 * fall + top * (t - rise - fall)


def _s(us: int) -> float:
    return us / 1e6
