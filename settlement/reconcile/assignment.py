"""One-to-one pairing of passages and charges by time: most pairs, smallest sum of |Δt|, then the fixed tie-break.

In: times of both sides in their fixed order and who may be paired with whom. Out: for each passage its charge or none.
Exact (reconciliation, Matching 2); the result depends on the order of both lists alone.

Theory. On a line, uncrossing two pairs never lengthens their sum nor their longest gap, and it gives the earlier
passage the earlier charge. So where everything within the time limit may be paired, the wanted pairing does not cross,
and a table over suffixes finds it (`_in_order`). Where identifiers or mixed tags and plates forbid some pairs, the
general case is an assignment problem: solve it once with dual prices, then walk through the passages and move each to
the first charge that an alternating cycle of zero reduced cost allows (`_general`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_FORBIDDEN = 10**18
"""Above any sum of real costs (10^4 rows × 120 s in µs ≈ 10^12, times their number), far below the range of int64."""


def pair(
    passages_us: Sequence[int], charges_us: Sequence[int], allowed: Sequence[Sequence[int]], limit_us: int
) -> list[int | None]:
    """Index of the charge of each passage, or None.

    Both lists stand in tie-break order, which begins with time. `allowed[i]`: rising indices of the charges that
    passage `i` may take, all within `limit_us`.
    """
    if _complete(passages_us, charges_us, allowed, limit_us):
        return _in_order(passages_us, charges_us, allowed)
    return _general(passages_us, charges_us, allowed)


def _complete(
    passages_us: Sequence[int], charges_us: Sequence[int], allowed: Sequence[Sequence[int]], limit_us: int
) -> bool:
    within = np.abs(np.subtract.outer(np.asarray(passages_us), np.asarray(charges_us))) <= limit_us
    return int(within.sum()) == sum(len(charges) for charges in allowed)


def _in_order(
    passages_us: Sequence[int], charges_us: Sequence[int], allowed: Sequence[Sequence[int]]
) -> list[int | None]:
    count, charges = len(passages_us), len(charges_us)
    # best[i][j]: (pairs, -sum) with the passages from i on and the charges from j on.
    best: list[list[tuple[int, int]]] = [[(0, 0)] * (charges + 1) for _ in range(count + 1)]
    for i in range(count - 1, -1, -1):
        mine = frozenset(allowed[i])
        for j in range(charges, -1, -1):
            options = [best[i + 1][j]]
            if j < charges:
                options.append(best[i][j + 1])
            if j in mine:
                options.append(_plus(best[i + 1][j + 1], abs(passages_us[i] - charges_us[j])))
            best[i][j] = max(options)
    result: list[int | None] = []
    free_from = 0
    for i in range(count):
        wanted = best[i][free_from]
        chosen = next(
            (
                j
                for j in allowed[i]
                if j >= free_from and _plus(best[i + 1][j + 1], abs(passages_us[i] - charges_us[j])) == wanted
            ),
            None,
        )
        result.append(chosen)
        free_from = free_from if chosen is None else chosen + 1
    return result


def _plus(rest: tuple[int, int], gap_us: int) -> tuple[int, int]:
    return rest[0] + 1, rest[1] - gap_us


def _general(
    passages_us: Sequence[int], charges_us: Sequence[int], allowed: Sequence[Sequence[int]]
) -> list[int | None]:
    cost = _costs(passages_us, charges_us, allowed)
    column_of, tight = _solve(cost)
    row_of = _inverse(column_of)
    fixed: set[int] = set()
    charges = len(charges_us)
    for passage in range(len(passages_us)):
        for column in [*allowed[passage], charges + passage]:
            if tight[passage][column] and _move(passage, column, column_of, row_of, tight, fixed):
                break
        fixed.add(column_of[passage])
    return [column if column < charges else None for column in column_of[: len(passages_us)]]


def _costs(passages_us: Sequence[int], charges_us: Sequence[int], allowed: Sequence[Sequence[int]]) -> Ints:
    """A square problem: rows are passages then "charge alone", columns are charges then "passage alone"."""
    count, charges = len(passages_us), len(charges_us)
    size = count + charges
    cost = np.full((size, size), _FORBIDDEN, dtype=np.int64)
    gaps = [abs(passages_us[i] - charges_us[j]) for i in range(count) for j in allowed[i]]
    reward = sum(sorted(gaps)[-min(count, charges) :]) + 1
    for i in range(count):
        cost[i, charges + i] = 0
        for j in allowed[i]:
            cost[i, j] = abs(passages_us[i] - charges_us[j]) - reward
    for j in range(charges):
        cost[count + j, j] = 0
    cost[count:, charges:] = 0
    return cost


def _solve(cost: Ints) -> tuple[list[int], NDArray[np.bool_]]:
    """Cheapest perfect assignment (Hungarian method with prices): column of each row, and which cells are tight."""
    size = len(cost)
    row_price, column_price = np.zeros(size + 1, dtype=np.int64), np.zeros(size + 1, dtype=np.int64)
    owner = np.zeros(
        size + 1, dtype=np.int64
    )  # row (from 1) of each column (from 1); column 0 is the start of a search
    padded = np.zeros((size + 1, size + 1), dtype=np.int64)
    padded[1:, 1:] = cost
    for row in range(1, size + 1):
        owner[0] = row
        _augment(padded, row_price, column_price, owner)
    column_of = [0] * size
    for column in range(1, size + 1):
        column_of[int(owner[column]) - 1] = column - 1
    tight = (cost < _FORBIDDEN) & (cost == row_price[1:, None] + column_price[None, 1:])
    return column_of, tight


def _augment(cost: Ints, row_price: Ints, column_price: Ints, owner: Ints) -> None:
    size = len(owner) - 1
    slack = np.full(size + 1, 2 * _FORBIDDEN, dtype=np.int64)
    came_from = np.zeros(size + 1, dtype=np.int64)
    used = np.zeros(size + 1, dtype=bool)
    column = 0
    while owner[column]:
        used[column] = True
        row = owner[column]
        reduced = cost[row] - row_price[row] - column_price
        better = ~used & (reduced < slack)
        slack[better] = reduced[better]
        came_from[better] = column
        nearest = int(np.argmin(np.where(used, 3 * _FORBIDDEN, slack)))
        step = slack[nearest]
        row_price[owner[used]] += step
        column_price[used] -= step
        slack[~used] -= step
        column = nearest
    while column:
        previous = int(came_from[column])
        owner[column] = owner[previous]
        column = previous


def _inverse(column_of: Sequence[int]) -> list[int]:
    row_of = [0] * len(column_of)
    for row, column in enumerate(column_of):
        row_of[column] = row
    return row_of


def _move(
    row: int, column: int, column_of: list[int], row_of: list[int], tight: NDArray[np.bool_], fixed: set[int]
) -> bool:
    """Give `column` to `row` along a cycle of tight cells that leaves fixed columns alone; False where none exists."""
    left = column_of[row]
    if column == left:
        return True
    if column in fixed:
        return False
    # The row that loses `column` looks for a way to the column that `row` leaves behind.
    came_from: dict[int, int] = {}
    queue = deque([row_of[column]])
    while queue and left not in came_from:
        loser = queue.popleft()
        for target in np.flatnonzero(tight[loser]).tolist():
            if target not in came_from and target != column and target not in fixed:
                came_from[target] = loser
                queue.append(row_of[target])
    if left not in came_from:
        return False
    target = left
    while target != column:
        loser = came_from[target]
        freed = column_of[loser]
        column_of[loser], row_of[target] = target, loser
        target = freed
    column_of[row], row_of[column] = column, row
    return True
