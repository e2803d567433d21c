"""Configuration and mappings: what cannot be used is named with its key, never replaced silently."""

import json
from datetime import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from settlement.intake import configuration, mapping
from settlement.intake.columns import PROVIDER, STATION, Side
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import open_source
from settlement.intake.table import Reading, read_table
from settlement.intake.told import told

DATA = Path(__file__).parents[2] / "data" / "settlement"
GOOD: dict[str, Any] = {
    "plazas": ["CM"],
    "cutoff": "00:00",
    "fee_bp": 500,
    "vat": [{"from": "2026-01-01", "rate_bp": 1000}, {"from": "2025-01-01", "rate_bp": 800}],
    "corrections_vnd": -1,
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_file_with_every_key_is_no_demonstration(tmp_path: Path) -> None:
    settings = configuration.load(written(tmp_path, GOOD))
    assert settings.cutoff.at == time(0, 0)
    assert [step.rate_bp for step in settings.terms.vat] == [800, 1000]
    assert (settings.demonstration, settings.terms.demonstration) == ((), False)


def test_missing_keys_are_demonstration_values_and_say_so(tmp_path: Path) -> None:
    settings = configuration.load(written(tmp_path, {"fee_bp": 500, "fee": 1}))
    assert settings.demonstration == ("plazas", "cutoff", "vat", "corrections_vnd")
    assert settings.terms.demonstration
    assert settings.unknown == ("fee",)
    assert configuration.load(None).demonstration == configuration.KEYS


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"plazas": []}, "plazas"),
        ({"plazas": ["CM", "cm"]}, "plazas"),
        ({"plazas": "CM"}, "plazas"),
        ({"cutoff": "24:00"}, "cutoff"),
        ({"cutoff": "9:00"}, "cutoff"),
        ({"cutoff": 22}, "cutoff"),
        ({"fee_bp": 6.5}, "fee_bp"),
        ({"fee_bp": -1}, "fee_bp"),
        ({"fee_bp": True}, "fee_bp"),
        ({"vat": []}, "vat"),
        ({"vat": [{"from": "2025-01-01"}]}, "vat"),
        ({"vat": [{"from": "2025-13-01", "rate_bp": 1}]}, "month"),
        ({"vat": [{"from": "2025-01-01", "rate_bp": 1}] * 2}, "same date"),
        ({"corrections_vnd": "0"}, "corrections_vnd"),
    ],
)
def test_a_bad_value_names_its_key(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    with pytest.raises(UnusableInputError, match=named):
        configuration.load(written(tmp_path, GOOD | change))


@pytest.mark.parametrize("content", ["[]", "{", ""])
def test_what_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnusableInputError, match=r"config\.json"):
        configuration.load(written(tmp_path, content))
    with pytest.raises(UnusableInputError, match="cannot be read"):
        configuration.load(tmp_path / "none.json")


@pytest.mark.parametrize("name", mapping.names())
def test_shipped_mappings_load(name: str) -> None:
    assert mapping.load(name).name == name


def test_the_made_up_provider_reads_like_a_canonical_one() -> None:
    made_up = mapping.load("minh-hoa")
    assert made_up.demonstration
    path = DATA / "minh-hoa.csv"
    table = read_table(open_source(path), Reading(Side.PROVIDER, path.name, made_up.provider, ("CM",)))
    assert [(r.line, r.column) for r in table.rejects] == [(5, "charged_at"), (6, "status")]
    first, second, third = told(table, Side.PROVIDER, ("CM",)).iter_rows(named=True)
    assert (first["amount_vnd"], first["kind"], first["status"], first["class"]) == (35_000, "debit", "posted", 1)
    assert (second["amount_vnd"], second["kind"], second["status"]) == (75_000, "debit", "rejected")
    assert (third["kind"], third["status"], third["class"], third["related_charge_id"]) == (
        "credit",
        "pending",
        0,
        "T002",
    )
    assert (second["time_us"] - first["time_us"]) // 1_000_000 == 28 * 60 + 24


BASE = 'name = "x"\ndescription = "x"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name = ", "TOML"),
        ('name = "x"', "description"),
        (BASE + '[provider.columns]\nfare = "Phí"', "fare"),
        (BASE + '[provider.times.charged_at]\nformat = "%d"\noffset = "7"', "offset"),
        (BASE + "[supplier]", "supplier"),
    ],
)
def test_a_bad_mapping_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInputError, match=named):
        mapping.load(str(path))
    with pytest.raises(UnusableInputError, match="canonical, minh-hoa"):
        mapping.load("nobody")


def test_headings_in_any_order_and_case_and_unknown_ones_ignored() -> None:
    header = ["Extra", *(f" {name.upper()} " for name in reversed(STATION)), "extra"]
    where = mapping.layout(header, mapping.SideMapping(), Side.STATION, "f")
    assert [header[where.positions[name]].strip().lower() for name in STATION] == list(STATION)


def test_offsets_written_in_the_file_are_kept() -> None:
    part = mapping.SideMapping(times={"charged_at": mapping.TimeFormat(format="%d/%m/%Y %H:%M:%S %z")})
    where = mapping.layout(list(PROVIDER), part, Side.PROVIDER, "f")
    cells = pl.DataFrame({f"c{n}": ["15/06/2026 05:12:08 +0700" if n == 2 else ""] for n in range(len(PROVIDER))})
    row = cells.select(mapping.canonical_text(part, where, Side.PROVIDER))
    assert row["charged_at"][0] == "2026-06-14T22:12:08.000000Z"
