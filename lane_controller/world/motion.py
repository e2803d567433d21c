"""How a vehicle moves: pieces of constant acceleration, so that the instant of every edge is computed, not searched.

In: place, speed, where to stop or how fast to go on. Out: a `Motion` that tells place, speed and when a place is
reached.
Never: a jump in place; times are seconds of the episode, places metres along the lane (arm at 0, upstream negative).
"""

from dataclasses import dataclass
from math import sqrt

from lane_controller.core.evolve import quick

Piece = tuple[float, float, float, float]
"""From this time on: (time, place, speed, acceleration)."""

CREEP_M_S = 2.0
BACK_M_S = 0.7
TINY = 1e-9


@quick
@dataclass(frozen=True, slots=True)
class Motion:
    """Pieces in order of time; the last one holds for ever."""

    pieces: tuple[Piece, ...]

    def at(self, t: float) -> tuple[float, float]:
        """Place and speed."""
        t0, x0, v0, a = self._piece(t)
        dt = t - t0
        return x0 + (v0 + 0.5 * a * dt) * dt, v0 + a * dt

    def place(self, t: float) -> float:
        """Place alone, which every read asks."""
        t0, x0, v0, a = self.pieces[-1]
        if t < t0:
            t0, x0, v0, a = self._piece(t)
        dt = t - t0
        return x0 + (v0 + 0.5 * a * dt) * dt

    def rate(self, t: float) -> float:
        """Acceleration from `t` on."""
        return self._piece(t)[3]

    def _piece(self, t: float) -> Piece:
        """The last that has begun by then, or the first."""
        for piece in reversed(self.pieces):
            if piece[0] <= t:
                return piece
        return self.pieces[0]

    def reaches(self, x: float, t: float) -> float | None:
        """First time after `t` at which the place is x; None: never."""
        last = len(self.pieces) - 1
        for i, (t0, x0, v0, a) in enumerate(self.pieces):
            end = self.pieces[i + 1][0] if i < last else None
            if end is not None and end <= t:
                continue
            found = _solve(x - x0, v0, a)
            if found is None:
                continue
            at = t0 + found if t0 + found > t else t
            if end is None or at <= end + TINY:
                return at
        return None


def nearest(ahead: Motion, behind: Motion, t: float) -> float:
    """The least that the one behind ever lags, from `t` on, in metres from front to front."""
    times = sorted({t, *(piece[0] for one in (ahead, behind) for piece in one.pieces if piece[0] > t)})
    found = [_lag(ahead, behind, at)[0] for at in times]
    for begins, ends in zip(times, (*times[1:], None), strict=True):
        lag, closing, change = _lag(ahead, behind, begins)
        least_after = -closing / change if change > TINY else 0.0
        if closing < 0 < least_after and (ends is None or begins + least_after < ends):
            found.append(lag + closing * least_after / 2)
    return min(found)


def _lag(ahead: Motion, behind: Motion, t: float) -> tuple[float, float, float]:
    """How far behind, how fast that grows, and how this changes."""
    x, v = ahead.at(t)
    y, w = behind.at(t)
    return x - y, v - w, ahead.rate(t) - behind.rate(t)


def _solve(d: float, v: float, a: float) -> float | None:
    """Smallest time ≥ 0 after which d metres are done at speed v and acceleration a."""
    if abs(a) < TINY:
        return d / v if abs(v) > TINY and d / v >= -TINY else None
    root = v * v + 2 * a * d
    if root < 0:
        return None
    q = sqrt(root)
    first, second = ((-v - q) / a, (-v + q) / a) if a > 0 else ((-v + q) / a, (-v - q) / a)
    if first >= -TINY:
        return first
    return second if second >= -TINY else None


def standing(t: float, x: float) -> Motion:
    """Does not move."""
    return Motion(((t, x, 0.0, 0.0),))


def going(t: float, x: float, v: float, wanted: float, acceleration: float) -> Motion:
    """Speeds up to `wanted` and keeps it."""
    if v >= wanted:
        return Motion(((t, x, v, 0.0),))
    dt = (wanted - v) / acceleration
    return Motion(((t, x, v, acceleration), (t + dt, x + (v + wanted) / 2 * dt, wanted, 0.0)))


def stopping(t: float, x: float, v: float, stop: float, rates: tuple[float, float, float]) -> Motion:
    """Comes to stand at `stop`; `rates`: wanted speed, acceleration, braking. Brakes harder where it must."""
    wanted, acceleration, braking = rates
    way = stop - x
    if way <= TINY:
        return standing(t, x)
    if v * v / (2 * braking) >= way:
        hard = v * v / (2 * way)
        return Motion(((t, x, v, -hard), (t + v / hard, stop, 0.0, 0.0)))
    top = max(v, min(wanted, sqrt((2 * acceleration * braking * way + braking * v * v) / (acceleration + braking))))
    pieces = []
    if top > v:
        dt = (top - v) / acceleration
        pieces.append((t, x, v, acceleration))
        t, x = t + dt, x + (v + top) / 2 * dt
    cruise = max(0.0, (stop - top * top / (2 * braking)) - x)
    if cruise > 0:
        pieces.append((t, x, top, 0.0))
        t, x = t + cruise / top, x + cruise
    pieces.append((t, x, top, -braking))
    pieces.append((t + top / braking, stop, 0.0, 0.0))
    return Motion(tuple(pieces))


def backing(t: float, x: float, to: float) -> Motion:
    """Backs slowly to a place upstream and stands there."""
    return Motion(((t, x, -BACK_M_S, 0.0), (t + (x - to) / BACK_M_S, to, 0.0, 0.0)))
