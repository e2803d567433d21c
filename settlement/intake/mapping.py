"""A mapping: how one provider's file becomes canonical columns (column names, formats, code tables). Kept as data.

In: a TOML file of `intake/mappings` or of the user. Out: expressions that turn text cells into canonical text. A
cell that a mapping does not understand stays as it is, so that the canonical checks reject it with its own words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from settlement.intake.columns import CANONICAL, Side
from settlement.intake.problems import UnusableInputError

_STRICT = ConfigDict(extra="forbid", frozen=True)


class TimeFormat(BaseModel):
    """How times are written; `offset` is used where the format has none."""

    model_config = _STRICT
    format: str
    """As in strptime, e.g. `%d/%m/%Y %H:%M:%S`."""
    offset: str = Field("+07:00", pattern=r"^(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$")


class SideMapping(BaseModel):
    """One file of a provider: each canonical column comes from a named column, a constant, or one of its own name."""

    model_config = _STRICT
    columns: dict[str, str] = {}
    """canonical column → heading in the file (any letter case)."""
    constants: dict[str, str] = {}
    """canonical column → the same text on every row."""
    codes: dict[str, dict[str, str]] = {}
    """canonical column → {text in the file (any letter case): canonical text}."""
    times: dict[str, TimeFormat] = {}
    remove: dict[str, list[str]] = {}
    """canonical column → texts to take out, e.g. thousands separators and currency names of amounts."""


class ProviderMapping(BaseModel):
    """A mapping file. A side that it does not mention is read in canonical form."""

    model_config = _STRICT
    name: str
    description: str
    demonstration: bool = False
    station: SideMapping = SideMapping()
    provider: SideMapping = SideMapping()

    def side(self, side: Side) -> SideMapping:
        """The part for one file."""
        return self.station if side is Side.STATION else self.provider


CANONICAL_MAPPING = ProviderMapping(name="canonical", description="Canonical columns, as in the specification.")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the canonical columns of one file are: position in the header, or a constant."""

    positions: dict[str, int]
    constants: dict[str, str]


def names() -> list[str]:
    """Mappings that come with settlement."""
    folder = files("settlement.intake") / "mappings"
    shipped = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [CANONICAL_MAPPING.name, *shipped]


def load(name: str | None) -> ProviderMapping:
    """A shipped mapping by name, or one by the path of its file; UnusableInputError names the remedy."""
    if name is None or name == CANONICAL_MAPPING.name:
        return CANONICAL_MAPPING
    if name in names():
        return _parse(name, (files("settlement.intake") / "mappings" / f"{name}.toml").read_bytes())
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        raise UnusableInputError(f"--mapping {name}: no such mapping; known: {', '.join(names())}, or a .toml file")
    return _parse(name, path.read_bytes())


def _parse(name: str, content: bytes) -> ProviderMapping:
    try:
        mapping = ProviderMapping.model_validate(tomllib.loads(content.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnusableInputError(f"mapping {name}: not TOML in UTF-8 ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnusableInputError(f"mapping {name}: {where}: {first['msg']}") from error
    for side in Side:
        _check_columns(name, side, mapping.side(side))
    return mapping


def _check_columns(name: str, side: Side, part: SideMapping) -> None:
    tables: tuple[Table[str, object], ...] = (part.columns, part.constants, part.codes, part.times, part.remove)
    strange = sorted({column for table in tables for column in table} - set(CANONICAL[side]))
    if strange:
        raise UnusableInputError(f"mapping {name}: {side.value}: not canonical columns: {', '.join(strange)}")


def layout(header: list[str], part: SideMapping, side: Side, file: str) -> Layout:
    """Resolve a header; UnusableInputError where a column is missing or there twice."""
    seen: dict[str, list[int]] = {}
    for position, heading in enumerate(header):
        seen.setdefault(heading.strip().casefold(), []).append(position)
    positions = {}
    for column in CANONICAL[side]:
        if column in part.constants:
            continue
        heading = part.columns.get(column, column)
        found = seen.get(heading.casefold(), [])
        if len(found) != 1:
            raise UnusableInputError(_column_problem(file, column, heading, len(found), header))
        positions[column] = found[0]
    return Layout(positions, part.constants)


def _column_problem(file: str, column: str, heading: str, times: int, header: list[str]) -> str:
    named = f"{heading}" if heading == column else f"{heading} (for {column})"
    shown = ", ".join(name.strip() for name in header if name.strip()) or "nothing"
    if times:
        return f"{file}: column {named} is there {times} times; leave one"
    return f"{file}: no column {named}; the header has {shown}. Is --mapping right?"


def canonical_text(part: SideMapping, where: Layout, side: Side) -> list[pl.Expr]:
    """Canonical text columns from trimmed cells `c0`, `c1`, …"""
    return [_column(column, part, where).alias(column) for column in CANONICAL[side]]


def _column(column: str, part: SideMapping, where: Layout) -> pl.Expr:
    if column in where.constants:
        return pl.lit(where.constants[column])
    text = pl.col(f"c{where.positions[column]}")
    for unwanted in part.remove.get(column, []):
        text = text.str.replace_all(unwanted, "", literal=True).str.strip_chars()
    if column in part.codes:
        table = {key.lower(): value for key, value in part.codes[column].items()}
        text = pl.coalesce(text.str.to_lowercase().replace_strict(table, default=None, return_dtype=pl.String), text)
    if column in part.times:
        text = _time(text, part.times[column])
    return text


def _time(text: pl.Expr, form: TimeFormat) -> pl.Expr:
    moment = text.str.to_datetime(form.format, time_unit="us", strict=False, exact=True)
    if isinstance(form.offset, str) and "%z" in form.format:
        written = moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    else:
        written = moment.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{form.offset}")
    return pl.coalesce(written, text)
