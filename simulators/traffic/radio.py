"""What a UHF reader hears of a tag on its way through the antenna's lobe.

In: place of the tag, time, a seeded generator. Out: reads with a strength. About 40 reads a second in the zone; the
lobe is strongest in its middle and falls by 14 dB to its edges; reads are missed more often where it is weak.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from simulators.traffic.fleet import Tag
from simulators.traffic.geometry import Span

READS_PER_S: Final = 40.0
"""Reads of one tag in the zone (lane hardware, section 7: to be measured on site)."""

PEAK_DBM: Final = -47.0
EDGE_LOSS_DB: Final = 14.0
NOISE_DB: Final = 1.5
FLOOR_DBM: Final = -70.0
"""Below this the reader hears nothing."""


@dataclass(frozen=True, slots=True)
class TagRead:
    """One report of a tag. RSSI in whole dBm, as LLRP gives it."""

    at_ms: int
    epc: str
    tid: str
    rssi_dbm: int


def reads_between(random: Random, zone: Span, tag: Tag, tag_at_m: float, from_ms: int, to_ms: int) -> list[TagRead]:
    """Reads in [from_ms, to_ms) of a tag that stands at `tag_at_m`: at most one, so keep the interval short."""
    if not zone.begin_m <= tag_at_m <= zone.end_m:
        return []
    strength_dbm = strength_at(zone, tag, tag_at_m)
    if random.random() >= READS_PER_S * (to_ms - from_ms) / 1000 * _answer_share(strength_dbm):
        return []
    rssi_dbm = round(strength_dbm + random.gauss(0, NOISE_DB))
    return [TagRead(random.randrange(from_ms, to_ms), tag.epc, tag.tid, max(-128, min(-20, rssi_dbm)))]


def strength_at(zone: Span, tag: Tag, tag_at_m: float) -> float:
    """Mean strength in dBm at a place of the zone: a parabola in dB around the middle."""
    half_m = (zone.end_m - zone.begin_m) / 2
    off_centre = (tag_at_m - zone.middle_m) / half_m
    return PEAK_DBM + tag.gain_db - EDGE_LOSS_DB * off_centre**2


def _answer_share(strength_dbm: float) -> float:
    """Share of inventory rounds that the tag answers: all when strong, none at the floor."""
    return min(1.0, max(0.0, (strength_dbm - FLOOR_DBM) / 15.0))
