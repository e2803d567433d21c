"""A lane's sequence: whatever order and number of times, it knows exactly what is missing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.ingest.sequence import LaneSequence


def holes(seen: set[int]) -> tuple[tuple[int, int], ...]:
    missing = sorted(set(range(1, max(seen, default=0) + 1)) - seen)
    ranges: list[tuple[int, int]] = []
    for seq in missing:
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    return tuple(ranges)


@settings(deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=60)))
def test_it_agrees_with_a_set(arrivals: list[int]) -> None:
    sequence, seen = LaneSequence(), set[int]()
    for seq in arrivals:
        assert sequence.holds(seq) == (seq in seen)
        assert sequence.leaps(seq) == (seq > max(seen, default=0) + 1)
        assert sequence.add(seq) == (seq not in seen)
        seen.add(seq)
        assert sequence.high_water == max(seen)
        assert sequence.missing == holes(seen)
    again = LaneSequence(sequence.high_water, sequence.missing)
    assert all(again.holds(seq) == (seq in seen) for seq in range(1, 70))
