"""Rows of a table in words and values side by side, for those who keep or show them.

In: a `ReadTable`. Out: a frame, one line per row asked for. Texts stand as in the file; what is compared (tag,
provider, plaza, enumerations) stands in its normal form.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from polars import selectors as cs

from settlement.intake.columns import CANONICAL, Side
from settlement.intake.table import ReadTable
from settlement.reconcile.frames import tag_text

_CELL_END: Final = "\x00"
_VALUES: Final = {
    Side.STATION: ("time_us", "plaza", "class", "outcome", "fare_vnd", "offline", "sure"),
    Side.PROVIDER: ("time_us", "plaza", "class", "kind", "amount_vnd", "status"),
}
_WORDS: Final = {
    Side.STATION: ("passage_id", "lane", "epc", "plate", "ticket_no", "provider", "cells"),
    Side.PROVIDER: (
        "charge_id", "passage_id", "lane", "epc", "plate", "ticket_no", "provider", "related_charge_id", "reason",
    ),
}  # fmt: skip


def told(table: ReadTable, side: Side, plazas: tuple[str, ...], rows: pl.Series | None = None) -> pl.DataFrame:
    """`row`, words and values of some rows (all of them where none are named), by `row`.

    `plaza` as the configuration writes it, `epc` in upper case without spaces, `class` 0 where empty, `provider` and
    enumerations in lower case, `cells`: all cells of a passage without an id, joined as text.
    """
    words = table.wording(table.rows["row"] if rows is None else rows)
    cells = pl.when(pl.col(words.columns[2]) == "").then(pl.concat_str(CANONICAL[side], separator=_CELL_END))
    spoken = words.with_columns(
        tag_text("epc"), pl.col("provider").str.to_lowercase(), cells.otherwise(pl.lit("")).alias("cells")
    ).select("row", *_WORDS[side])
    values = table.rows.select(_VALUES[side])[spoken["row"]]
    numbers = dict(enumerate(plazas))
    named = values.with_columns(
        pl.col("plaza").replace_strict(numbers, return_dtype=pl.String), cs.enum().cast(pl.String)
    )
    return spoken.hstack(named)
