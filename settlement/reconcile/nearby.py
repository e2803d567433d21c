"""Rule 2 of Matching: rows without a common passage id, paired by place, vehicle and time.

In: station rows and charges that rule 1 left over. Out: pairs of row numbers. Joins find who may meet whom; only groups
of more than one row on a side go through `assignment`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from settlement.reconcile.assignment import pair
from settlement.reconcile.frames import Wording

LIMIT_US: Final = 120_000_000
"""120 s inclusive (reconciliation, Matching 2)."""

PAIRS: Final = {"s": pl.UInt32, "p": pl.UInt32}
_SIDE: Final = ("row", "time_us", "plaza", "lane", "epc", "plate", "has_id", "bucket")


def pair_nearby(
    station: pl.DataFrame, provider: pl.DataFrame, station_words: Wording, provider_words: Wording
) -> pl.DataFrame:
    """Pairs (`s`, `p`) of the rows named by column `row` of either frame; the best pairing, see `assignment`.

    Only rows that several may be paired with are asked for their words.
    """
    edges = _edges(_side(station), _side(provider))
    if edges.is_empty():
        return pl.DataFrame(schema=PAIRS)
    single = (pl.len().over("s") == 1) & (pl.len().over("p") == 1)
    edges = edges.with_columns(single.alias("single"))
    simple = edges.filter("single").select("s", "p")
    crowded = edges.filter(~pl.col("single")).select("s", "p")
    found = []
    if not crowded.is_empty():
        passages = _in_order(station, station_words(crowded["s"].unique()).drop("line"))
        charges = _in_order(provider, provider_words(crowded["p"].unique()).select("row", "charge_id"))
        found = _pair_groups(crowded, passages, charges)
    return pl.concat([simple, pl.DataFrame(found, schema=PAIRS, orient="row")])


def _side(rows: pl.DataFrame) -> pl.LazyFrame:
    """Rows that may take part; an empty lane takes none."""
    return (
        rows.lazy()
        .filter(pl.col("lane") != 0)
        .with_columns(
            (pl.col("id") != 0).alias("has_id"),
            (pl.col("time_us") // LIMIT_US).alias("bucket"),
        )
        .select(_SIDE)
    )


def _edges(station: pl.LazyFrame, provider: pl.LazyFrame) -> pl.DataFrame:
    """Every allowed pair once: by tag where both have one, else by normalised plate."""
    spread = pl.concat([provider.with_columns(pl.col("bucket") + offset) for offset in (-1, 0, 1)])
    tagged, untagged = pl.col("epc") != 0, pl.col("epc") == 0
    plated = pl.col("plate") != 0
    joins = (
        _join(station.filter(tagged), spread.filter(tagged), "epc"),
        _join(station.filter(untagged & plated), spread.filter(plated), "plate"),
        _join(station.filter(tagged & plated), spread.filter(untagged & plated), "plate"),
    )
    return pl.concat(joins).collect()


def _join(station: pl.LazyFrame, provider: pl.LazyFrame, vehicle: str) -> pl.LazyFrame:
    near = (pl.col("time_us") - pl.col("time_us_p")).abs() <= LIMIT_US
    one_without_id = ~(pl.col("has_id") & pl.col("has_id_p"))
    return (
        station.join(provider, on=["plaza", "lane", vehicle, "bucket"], suffix="_p")
        .filter(near & one_without_id)
        .select(pl.col("row").alias("s"), pl.col("row_p").alias("p"))
    )


def _in_order(rows: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """(row, time_us) of the rows in `words`: by time, then by their words, column after column."""
    times = rows.select("row", "time_us").join(words, on="row")
    return times.sort("time_us", *words.drop("row").columns).select("row", "time_us")


def _pair_groups(edges: pl.DataFrame, passages: pl.DataFrame, charges: pl.DataFrame) -> list[tuple[int, int]]:
    rank_s = {row: rank for rank, row in enumerate(passages["row"])}
    rank_p = {row: rank for rank, row in enumerate(charges["row"])}
    ranked = [(rank_s[s], rank_p[p]) for s, p in edges.iter_rows()]
    times_s, times_p = passages["time_us"].to_list(), charges["time_us"].to_list()
    rows_s, rows_p = passages["row"].to_list(), charges["row"].to_list()
    found = []
    for group in _connected(ranked):
        for s, p in _pair_group(group, times_s, times_p):
            found.append((rows_s[s], rows_p[p]))
    return found


def _pair_group(
    group: Sequence[tuple[int, int]], times_s: Sequence[int], times_p: Sequence[int]
) -> Iterable[tuple[int, int]]:
    passages = sorted({s for s, _ in group})
    charges = sorted({p for _, p in group})
    place = {p: number for number, p in enumerate(charges)}
    allowed: dict[int, list[int]] = defaultdict(list)
    for s, p in sorted(group):
        allowed[s].append(place[p])
    chosen = pair(
        [times_s[s] for s in passages], [times_p[p] for p in charges], [allowed[s] for s in passages], LIMIT_US
    )
    return [(s, charges[j]) for s, j in zip(passages, chosen, strict=True) if j is not None]


def _connected(edges: Sequence[tuple[int, int]]) -> Iterable[list[tuple[int, int]]]:
    """Edges by connected component (union-find over passages; charges point to one of their passages)."""
    parent: dict[int, int] = {}
    first_of: dict[int, int] = {}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for s, p in edges:
        parent.setdefault(s, s)
        other = first_of.setdefault(p, s)
        parent[root(s)] = root(other)
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for s, p in edges:
        groups[root(s)].append((s, p))
    return groups.values()
