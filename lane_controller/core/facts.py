"""What the rules may look at of one vehicle: its tags weighed against all others, plate, class, tariff, list, memories.

In: the lane and a vehicle. Out: `Facts` for decision.py.
Never: a judgement; a tag that may not bind among those that are listed.
"""

from datetime import date, timedelta
from functools import lru_cache

from lane_controller.core import binding, fusion, tags
from lane_controller.core.decision import Facts
from lane_controller.core.state import HeardTag, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Candidate, Tariff

DAY_US = 86_400_000_000


def facts_of(turn: Turn, track: Track) -> Facts:
    """Everything that is known of one vehicle now."""
    on_l1 = track.on_l1 or track.times.l1_on is None
    may = {tag.epc for tag in binding.able(turn, track) if on_l1 or tag.owner == track.id}
    weighed = sorted(
        (
            (tag, _candidate(turn, tag, track, may))
            for tag in turn.radio.tags.values()
            if not tag.spent or tag.epc in may
        ),
        key=lambda item: (-item[1].score, item[1].epc),
    )
    able = [tag for tag, _ in weighed if tag.epc in may]
    entries = [tag.entry for tag in able if tag.entry]
    if track.plate is not None and track.plate.entry is not None:
        entries.append(track.plate.entry)
    counts = turn.counts
    horizon = turn.t - turn.cfg.repeat_ms * 1000
    own = {e.epc: counts.own_charges.sum_vnd(e.epc, e.list_version) for e in entries}
    return Facts(
        cfg=turn.cfg,
        listed=tuple(tag for tag in able if tag.entry is not None),
        unlisted=tuple(tag for tag in able if tag.entry is None),
        plate=track.plate,
        measured=track.measured,
        card=track.card,
        tariff=tariff_at(turn, track),
        list_stale=list_stale(turn),
        list_version=turn.desk.list_version,
        own_vnd=own,
        repeated=frozenset(e.epc for e in entries if counts.last_commits.get(e.epc, horizon - 1) >= horizon),
        local_date=_local_date(turn, track),
        candidates=tuple(candidate for tag, candidate in weighed if not tag.spent or tag.epc in may),
    )


def _candidate(turn: Turn, tag: HeardTag, track: Track, may: set[str]) -> Candidate:
    if tag.epc in may:
        verdict = "listed" if tag.entry is not None else "on no list"
    elif tags.owned_by_neighbour(turn, tag):
        verdict = "cross read"
    elif tag.credible is None:
        verdict = "weak"
    else:
        verdict = "of another vehicle"
    neighbour = turn.radio.neighbours.get(tag.epc)
    parts = fusion.parts(tag, track, neighbour, turn.cfg)
    points = sum([part for _, part in parts])
    credible = tag.credible is not None
    return Candidate(tag.epc, tag.reads, tag.median_dbm, credible, points, verdict, parts, _rivals(turn, tag, track))


def _rivals(turn: Turn, tag: HeardTag, track: Track) -> tuple[tuple[int, int], ...]:
    """The other vehicles that an unbound tag may belong to, with its scores for them."""
    if len(turn.tracks) == 1 or tag.owner is not None or tag.spent:
        return ()
    neighbour = turn.radio.neighbours.get(tag.epc)
    others = [other for other in turn.queue() if other.id != track.id and not other.live]
    return tuple((other.id, fusion.score(tag, other, neighbour, turn.cfg)) for other in others)


def list_stale(turn: Turn) -> bool:
    """R5: the newest applied change or heartbeat is older than list_stale, or there is none."""
    fresh = turn.desk.list_fresh_us
    return fresh is None or turn.t - fresh > turn.cfg.list_stale_ms * 1000


def tariff_at(turn: Turn, track: Track) -> Tariff | None:
    """The tariff in force at the instant of L1 (of now, where L1 never saw the vehicle)."""
    utc_us = (track.times.l1_on or turn.now).utc_us
    in_force = [tariff for tariff in turn.desk.tariffs if tariff.valid_from_utc_us <= utc_us]
    return max(in_force, key=lambda tariff: (tariff.valid_from_utc_us, tariff.version), default=None)


def _local_date(turn: Turn, track: Track) -> str:
    """Local date of L1, for tickets (R11)."""
    utc_us = (track.times.l1_on or turn.now).utc_us
    return _iso_date((utc_us + turn.cfg.utc_offset_ms * 1000) // DAY_US)


@lru_cache(maxsize=8)
def _iso_date(days: int) -> str:
    """The date so many days after the Unix epoch."""
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
