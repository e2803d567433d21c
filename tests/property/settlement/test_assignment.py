"""Pairing by time: both ways of solving it agree with trying everything."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.reconcile import assignment

LIMIT = 10
times = st.lists(st.integers(0, 40), min_size=1, max_size=6).map(sorted)


def by_trying(passages: list[int], charges: list[int], allowed: list[list[int]]) -> list[int | None]:
    """Most pairs, least sum, then the first passage with the earliest charge; alone comes last."""
    alone = len(charges)

    @cache
    def best(at: int, used: frozenset[int]) -> tuple[int, int, tuple[int, ...]]:
        if at == len(passages):
            return 0, 0, ()
        pairs, cost, rest = best(at + 1, used)
        options = [(pairs, cost, (alone, *rest))]
        for charge in allowed[at]:
            if charge not in used:
                pairs, cost, rest = best(at + 1, used | {charge})
                options.append((pairs - 1, cost + abs(passages[at] - charges[charge]), (charge, *rest)))
        return min(options)

    return [None if charge == alone else charge for charge in best(0, frozenset())[2]]


@settings(max_examples=300, deadline=None)
@given(times, times)
def test_within_the_limit_everything_may_meet(passages: list[int], charges: list[int]) -> None:
    allowed = [[j for j, c in enumerate(charges) if abs(p - c) <= LIMIT] for p in passages]
    wanted = by_trying(passages, charges, allowed)
    assert assignment.pair(passages, charges, allowed, LIMIT) == wanted
    assert assignment._general(passages, charges, allowed) == wanted


@settings(max_examples=300, deadline=None)
@given(times, times, st.data())
def test_where_some_pairs_are_forbidden(passages: list[int], charges: list[int], data: st.DataObject) -> None:
    near = [[j for j, c in enumerate(charges) if abs(p - c) <= LIMIT] for p in passages]
    allowed = [sorted(data.draw(st.sets(st.sampled_from(row)))) if row else [] for row in near]
    assert assignment.pair(passages, charges, allowed, LIMIT) == by_trying(passages, charges, allowed)


def test_most_pairs_come_before_the_nearest() -> None:
    assert assignment.pair([0, 90], [80, 200], [[0], [0, 1]], 120) == [0, 1]


def test_a_crowd_is_paired_the_same_both_ways() -> None:
    passages = [n * 7 % 200 for n in range(90)]
    charges = [n * 11 % 200 for n in range(90)]
    passages.sort()
    charges.sort()
    allowed = [[j for j, c in enumerate(charges) if abs(p - c) <= 20] for p in passages]
    result = assignment.pair(passages, charges, allowed, 20)
    assert result == assignment._general(passages, charges, allowed)
    paired = [j for j in result if j is not None]
    assert len(paired) == len(set(paired))
