"""What the back office tells about the completeness of a day: crossings, holes, seals, lanes.

In: the back office's database, plazas, the window of the day. Out: `StationSide`. Reads with FINAL, writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from backoffice.contracts.tables import PASSAGES, SEALS
from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import micros_of
from settlement.clearing.completeness import Crossings, Hole, StationSide, StoredSeal

_HOLES_SHOWN: Final = 100

# Names of tables are constants of a contract; values travel as parameters only.
_CROSSINGS: Final = f"""
SELECT plaza, lane, epoch, min(seq), max(seq), uniqExact(seq) FROM {PASSAGES} FINAL
WHERE plaza IN %(plazas)s AND passed_at >= fromUnixTimestamp64Micro(%(start)s)
  AND passed_at < fromUnixTimestamp64Micro(%(end)s)
GROUP BY plaza, lane, epoch ORDER BY plaza, lane, epoch
"""  # noqa: S608
_HOLES: Final = f"""
SELECT plaza, lane, epoch, before + 1, seq - 1 FROM (
    SELECT plaza, lane, epoch, seq, at, lagInFrame(seq, 1, 0) OVER w AS before, lagInFrame(at, 1, 0) OVER w AS at_before
    FROM (
        SELECT plaza, lane, epoch, seq, toUnixTimestamp64Micro(passed_at) AS at FROM {PASSAGES} FINAL
        WHERE plaza IN %(plazas)s
    )
    WINDOW w AS (PARTITION BY plaza, lane, epoch ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) WHERE seq > before + 1 AND at >= %(start)s AND at_before < %(end)s
ORDER BY plaza, lane, epoch, seq LIMIT {_HOLES_SHOWN}
"""  # noqa: S608
_SEALS: Final = f"""
SELECT plaza, lane, epoch, first_seq, last_seq, toUnixTimestamp64Micro(sealed_at), head_hash, public_key, signature,
       verdict, detail
FROM {SEALS} FINAL WHERE plaza IN %(plazas)s ORDER BY plaza, lane, epoch, first_seq, last_seq, signature
"""  # noqa: S608
_LANES: Final = f"""
SELECT DISTINCT plaza, lane FROM (
    SELECT plaza, lane FROM {PASSAGES} WHERE plaza IN %(plazas)s
    UNION ALL SELECT plaza, lane FROM {SEALS} WHERE plaza IN %(plazas)s
) ORDER BY plaza, lane
"""  # noqa: S608


def station_side(
    database: BookDatabase, plazas: Sequence[str], window: tuple[datetime, datetime]
) -> StationSide | None:
    """Everything about these plazas around the day; None where the database holds no tables of a back office."""
    values: dict[str, Any] = {
        "plazas": tuple(plazas), "start": micros_of(window[0]), "end": micros_of(window[1]),
    }  # fmt: skip
    lanes = database.rows_if_table(_LANES, values)
    if lanes is None:
        return None
    crossings = [Crossings((row[0], row[1], row[2]), *row[3:]) for row in database.rows(_CROSSINGS, values)]
    holes = [Hole((row[0], row[1], row[2]), *row[3:]) for row in database.rows(_HOLES, values)]
    seals = [StoredSeal((row[0], row[1], row[2]), *row[3:]) for row in database.rows(_SEALS, values)]
    return StationSide(tuple(crossings), tuple(holes), tuple(seals), tuple((row[0], row[1]) for row in lanes))
