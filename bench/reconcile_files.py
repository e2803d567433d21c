"""The two files that `bench.reconcile` reads: a long day of traffic and what a provider says of it.

In: a folder and a number of passages. Out: `station.csv` and `provider.csv`, the same bytes for the same seed. About
0.5 % of the items differ, one passage in a hundred was typed by hand and bears no id. Plates are written differently on
both sides, as they are in life.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

SEED: Final = 20_260_615
VERSION: Final = 1
"""Rises when the files change, so that kept ones are made anew."""
PLAZAS: Final = ("CM", "BD")
LANES: Final = 8
FLEET: Final = 1_200_000
START: Final = datetime.fromisoformat("2026-06-14T21:30:00+07:00")
"""Half an hour before the accounting day 2026-06-15; the rows reach half an hour past its end."""
SPAN_US: Final = 25 * 3600 * 1_000_000
FARES: Final = {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000}
BY_HAND: Final = 0.01
"""Share of passages without an id; half of their charges have none either."""
FAULTS: Final = {
    "missing": 0.0010,
    "amount": 0.0010,
    "class": 0.0008,
    "pending": 0.0004,
    "rejected": 0.0006,
    "twice": 0.0005,
    "refunded": 0.0003,
    "plate": 0.0004,
}


def make(folder: Path, passages: int) -> tuple[Path, Path]:
    """Both files of `passages` rows or about so many; nothing is done where they are there already."""
    kept = folder / f"{passages}-{SEED}-{VERSION}"
    station, provider = kept / "station.csv", kept / "provider.csv"
    if not provider.exists():
        kept.mkdir(parents=True, exist_ok=True)
        traffic = _traffic(passages)
        _write(_station(traffic), station)
        _write(_provider(traffic), provider)
    return station, provider


def _write(table: pl.DataFrame, path: Path) -> None:
    part = path.with_suffix(".part")
    nothing = table.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
    nothing.write_csv(part, quote_style="necessary")
    part.rename(path)


def _traffic(passages: int) -> pl.DataFrame:
    """One line per passage in order of time: who, where, when, and what will be wrong with its charge."""
    chance = np.random.default_rng(SEED)
    edges = np.cumsum(list(FAULTS.values()))
    fault = np.searchsorted(edges, chance.random(passages)).astype(np.uint8)
    lane = chance.integers(0, len(PLAZAS) * LANES, passages)
    table = pl.DataFrame(
        {
            "time_us": np.sort(chance.integers(0, SPAN_US, passages)) // 1000 * 1000,
            "lane_number": lane.astype(np.uint32),
            "car": chance.integers(0, FLEET, passages),
            "by_hand": chance.random(passages) < BY_HAND,
            "fault": fault,
            "late_s": chance.integers(0, 9, passages),
            "outcome_dice": chance.random(passages),
        }
    )
    places = [(plaza, f"{plaza}-{number:02d}") for plaza in PLAZAS for number in range(1, LANES + 1)]
    where = pl.DataFrame(places, schema=["plaza", "lane"], orient="row").with_row_index("lane_number")
    seq = (pl.int_range(pl.len()).over("lane_number") + 1).alias("lane_seq")
    return (
        table.with_columns(seq, pl.col("time_us") + int(START.timestamp()) * 1_000_000)
        .join(where, on="lane_number", maintain_order="left")
        .join(_fleet(), on="car", maintain_order="left")
        .with_columns(pl.format("{}-e1-{}", "lane", pl.col("lane_seq").cast(pl.String).str.zfill(6)).alias("id"))
        .drop("lane_number", "car")
    )


def _fleet() -> pl.DataFrame:
    car = pl.col("car")
    number = (car * 7919 % 100_000).cast(pl.String).str.zfill(5)
    series = pl.format(
        "{}{}", car % 80 + 11, (car // 80 % 4).replace_strict({0: "A", 1: "C", 2: "H", 3: "E"}, return_dtype=pl.String)
    )
    vehicle_class = pl.min_horizontal(car % 11, 5).clip(1).alias("class")
    return pl.DataFrame({"car": np.arange(FLEET)}).select(
        "car",
        pl.format("E28011912000{}", (car * 999_983_000_017 % 10**12).cast(pl.String).str.zfill(12)).alias("epc"),
        pl.concat_str(series, number).alias("plate"),
        pl.concat_str(series, pl.lit("-"), number.str.head(3), pl.lit("."), number.str.tail(2)).alias("plate_written"),
        vehicle_class,
        vehicle_class.replace_strict(FARES, return_dtype=pl.Int64).alias("fare_vnd"),
    )


def _time(column: pl.Expr, decimals: str) -> pl.Expr:
    return (column + 7 * 3_600_000_000).cast(pl.Datetime("us")).dt.strftime(f"%Y-%m-%dT%H:%M:%S{decimals}+07:00")


def _station(traffic: pl.DataFrame) -> pl.DataFrame:
    ticket = pl.col("outcome_dice") < 0.03
    return traffic.select(
        pl.when("by_hand").then(pl.lit("")).otherwise("id").alias("passage_id"),
        _time(pl.col("time_us"), "%.3f").alias("passed_at"),
        "plaza",
        "lane",
        "lane_seq",
        "epc",
        "plate",
        "class",
        pl.when(ticket).then(pl.lit("ticket")).otherwise(pl.lit("charged")).alias("outcome"),
        pl.when(ticket).then(0).otherwise("fare_vnd").alias("fare_vnd"),
        pl.when(ticket).then(pl.format("V{}", pl.col("epc").str.tail(7))).otherwise(pl.lit("")).alias("ticket_no"),
        _issuer().alias("provider"),
        pl.lit("1").alias("shift"),
        pl.when(pl.col("late_s") == 8).then(pl.lit("true")).otherwise(pl.lit("false")).alias("offline"),
        (0.9 + pl.col("late_s") / 100).round(2).alias("plate_confidence"),
    )


def _issuer() -> pl.Expr:
    return pl.when(pl.col("epc").str.tail(1) < "7").then(pl.lit("VETC")).otherwise(pl.lit("VDTC"))


def _provider(traffic: pl.DataFrame) -> pl.DataFrame:
    numbered = traffic.with_row_index("number")
    fault = {name: pl.col("fault") == position for position, name in enumerate(FAULTS)}
    debits = numbered.filter(~fault["missing"]).select(*_charge(fault))
    twice = numbered.filter(fault["twice"]).select(*_charge(fault))
    again = twice.with_columns(pl.format("{}-2", "charge_id").alias("charge_id"))
    back = numbered.filter(fault["refunded"]).select(*_charge(fault)).filter(pl.col("amount_vnd") > 0)
    credits = back.with_columns(
        pl.format("R{}", "charge_id").alias("charge_id"),
        pl.lit("credit").alias("kind"),
        pl.col("charge_id").alias("related_charge_id"),
        pl.lit("refund").alias("reason"),
    )
    return pl.concat([debits, again, credits])


def _charge(fault: dict[str, pl.Expr]) -> list[pl.Expr]:
    ticket = pl.col("outcome_dice") < 0.03
    nameless = pl.col("by_hand") & (pl.col("late_s") < 5)
    cheaper = pl.when(fault["amount"]).then(pl.col("fare_vnd") - 5_000).otherwise("fare_vnd")
    other_class = pl.when(fault["class"]).then(pl.col("class") % 5 + 1).otherwise("class")
    status = pl.when(fault["pending"]).then(pl.lit("pending")).when(fault["rejected"]).then(pl.lit("rejected"))
    return [
        pl.format("T260615{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("charge_id"),
        pl.when(nameless).then(pl.lit("")).otherwise("id").alias("passage_id"),
        _time(pl.col("time_us") + pl.col("late_s") * 1_000_000, "").alias("charged_at"),
        pl.col("plaza"),
        pl.col("lane"),
        pl.col("epc"),
        pl.when(fault["plate"]).then(pl.lit("99A-999.99")).otherwise("plate_written").alias("plate"),
        other_class.alias("class"),
        pl.lit("debit").alias("kind"),
        pl.when(ticket).then(0).otherwise(cheaper).alias("amount_vnd"),
        pl.when(ticket).then(pl.format("V{}", pl.col("epc").str.tail(7))).otherwise(pl.lit("")).alias("ticket_no"),
        status.otherwise(pl.lit("posted")).alias("status"),
        _issuer().alias("provider"),
        pl.lit("").alias("related_charge_id"),
        pl.lit("").alias("reason"),
    ]
