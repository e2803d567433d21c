"""What canonical cells may hold, column by column, and what they are worth.

In: expressions over text columns, already trimmed. Out: for each column whether it is good, why not, and its value. One
reason per row: the first bad column in canonical order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from settlement.intake.columns import Side
from settlement.reconcile.frames import KINDS, OUTCOMES, STATUSES

TIME: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
AMOUNT: Final = r"^[0-9]{1,12}$"
DECIMAL: Final = r"^([0-9]+\.?[0-9]*|\.[0-9]+)$"
_CLASS: Final = r"^[1-5]$"
_MINUTE_US: Final = 60_000_000
SURE: Final = 0.90
"""Plate confidence from which a different plate is a difference (reconciliation, Classes: PLATE)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`good`: a boolean expression; `reason`: what is expected there."""

    column: str
    good: pl.Expr
    reason: str


def rules(side: Side, plazas: tuple[str, ...]) -> tuple[Rule, ...]:
    """Checks of one side in canonical order; columns without a rule hold any text."""
    plaza = Rule("plaza", _listed("plaza", plazas), f"not a plaza of the configuration ({', '.join(plazas)})")
    if side is Side.STATION:
        charged = pl.col("outcome").str.to_lowercase() == "charged"
        return (
            _time_rule("passed_at"),
            plaza,
            _class_rule(~charged, "may be empty only where outcome is not charged"),
            Rule("outcome", _listed("outcome", OUTCOMES), f"not one of {' '.join(OUTCOMES)}"),
            Rule("fare_vnd", pl.col("fare_vnd").str.contains(AMOUNT), _AMOUNT_REASON),
            Rule("offline", _listed("offline", ("true", "false", "")), "not true, false or empty"),
            Rule("plate_confidence", _confidence_good(), "not a number from 0 to 1"),
        )
    credit = pl.col("kind").str.to_lowercase() == "credit"
    return (
        Rule("charge_id", pl.col("charge_id") != "", "is empty"),
        _time_rule("charged_at"),
        plaza,
        _class_rule(credit, "may be empty only on credits"),
        Rule("kind", _listed("kind", KINDS), f"not one of {' '.join(KINDS)}"),
        Rule("amount_vnd", _amount_good(), f"{_AMOUNT_REASON}; 0 only on a debit with ticket_no"),
        Rule("status", _listed("status", STATUSES), f"not one of {' '.join(STATUSES)}"),
    )


_AMOUNT_REASON: Final = "not whole VND in 1 to 12 digits without separators or sign"


def _time_rule(column: str) -> Rule:
    reason = "not a time such as 2026-06-15T08:20:41+07:00 (offset needed, at most 6 decimals, a real date)"
    return Rule(column, pl.col(column).str.contains(TIME) & time_us(column).is_not_null(), reason)


def _class_rule(may_be_empty: pl.Expr, when: str) -> Rule:
    good = pl.col("class").str.contains(_CLASS) | ((pl.col("class") == "") & may_be_empty)
    return Rule("class", good, f"not a class from 1 to 5; {when}")


def _listed(column: str, values: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).str.to_lowercase().is_in([value.lower() for value in values])


def _amount_good() -> pl.Expr:
    zero = pl.col("amount_vnd").str.contains("^0+$")
    ticket_debit = (pl.col("kind").str.to_lowercase() == "debit") & (pl.col("ticket_no") != "")
    return pl.col("amount_vnd").str.contains(AMOUNT) & (~zero | ticket_debit)


def _confidence_good() -> pl.Expr:
    text = pl.col("plate_confidence")
    number = text.cast(pl.Float64, strict=False)
    decimal = text.str.contains(DECIMAL)
    return (text == "") | (decimal & number.is_between(0, 1).fill_null(value=False))


def confidence_is_sure() -> pl.Expr:
    """True where the plate confidence reaches 0.90; empty is 0."""
    return pl.col("plate_confidence").cast(pl.Float64, strict=False).fill_null(0) >= SURE


def time_us(column: str) -> pl.Expr:
    """Microseconds since 1970 UTC of a text that has the form of a time; null where there is no such date."""
    text = pl.col(column)
    second = text.str.head(19).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    # Year 0 is no year of the calendar in use.
    second = pl.when(text.str.starts_with("0000")).then(None).otherwise(second)
    zulu = text.str.ends_with("Z")
    offset = pl.when(zulu).then(pl.lit("+00:00")).otherwise(text.str.tail(6))
    minutes = offset.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + offset.str.tail(2).cast(pl.Int64, strict=False)
    signed = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return second.cast(pl.Int64) + _fraction_us(text) - signed * _MINUTE_US


def _fraction_us(text: pl.Expr) -> pl.Expr:
    digits = text.str.extract(r"\.([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    return pl.when(text.str.slice(19, 1) == ".").then(digits).otherwise(0)


def plate_key(column: str) -> pl.Expr:
    """Normalised plate: upper case, Đ→D, NFKD, then only A–Z and 0–9 (reconciliation, Canonical columns)."""
    upper = pl.col(column).str.to_uppercase().str.replace_all("Đ", "D", literal=True)
    return upper.str.normalize("NFKD").str.replace_all("[^A-Z0-9]", "")
