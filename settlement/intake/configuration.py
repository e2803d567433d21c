"""The configuration file (JSON): plazas, cut-off, fee, VAT, corrections.

In: a path or nothing. Out: a `Configuration`, its built-in demonstration values labelled. A value that cannot be used
is an error that names the key, never a silent default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Any

from settlement.clearing.terms import DEMONSTRATION, Terms, VatStep
from settlement.intake.problems import UnusableInputError
from settlement.reconcile.accounting_day import Cutoff

KEYS = ("plazas", "cutoff", "fee_bp", "vat", "corrections_vnd")
ELSEWHERE = ("keys",)
"""Keys of the same file that other commands read: `keys` are the public keys that sign closed days."""
REPORT_KEYS = ("shifts", "plaza_names", "parties", "buyers", "invoice")
"""Keys that only reports and invoices read (`report_settings`)."""
_CUTOFF = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BASIS = 10_000


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings of a run. `demonstration`: keys whose built-in value is in force; `unknown`: keys without a meaning."""

    plazas: tuple[str, ...]
    cutoff: Cutoff
    terms: Terms
    demonstration: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def demonstration() -> Configuration:
    """Built-in values (reconciliation, Configuration): those of no contract."""
    return Configuration(("CM", "BD"), Cutoff(time(22, 0)), DEMONSTRATION, KEYS)


def load(path: Path | None) -> Configuration:
    """Configuration of a file, or the demonstration values; UnusableInputError names file, key and remedy."""
    if path is None:
        return demonstration()
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read ({error.strerror}); give the path of a JSON file") from error
    except ValueError as error:
        raise UnusableInputError(f"{path}: not JSON in UTF-8 ({error})") from error
    if not isinstance(content, dict):
        raise UnusableInputError(f"{path}: must hold one JSON object with the keys {', '.join(KEYS)}")
    try:
        return _configuration(content)
    except ValueError as error:
        raise UnusableInputError(f"{path}: {error}") from error


def _configuration(content: Mapping[str, Any]) -> Configuration:
    builtin = demonstration()
    missing = tuple(key for key in KEYS if key not in content)
    terms = Terms(
        fee_bp=_basis_points("fee_bp", content.get("fee_bp", builtin.terms.fee_bp)),
        vat=_vat(content["vat"]) if "vat" in content else builtin.terms.vat,
        corrections_vnd=_integer("corrections_vnd", content.get("corrections_vnd", 0)),
        demonstration=bool(missing),
    )
    return Configuration(
        plazas=_plazas(content["plazas"]) if "plazas" in content else builtin.plazas,
        cutoff=_cutoff(content["cutoff"]) if "cutoff" in content else builtin.cutoff,
        terms=terms,
        demonstration=missing,
        unknown=tuple(sorted(content.keys() - {*KEYS, *ELSEWHERE, *REPORT_KEYS})),
    )


def _integer(key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"`{key}` must be a whole number, not {value!r}")
    return value


def _basis_points(key: str, value: object) -> int:
    number = _integer(key, value)
    if not 0 <= number <= _BASIS:
        raise ValueError(f"`{key}` must be 0 to {_BASIS} basis points, not {number}")
    return number


def _plazas(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(p, str) and p.strip() for p in value):
        raise ValueError('`plazas` must be a list of plaza codes such as ["CM", "BD"]')
    codes = tuple(p.strip() for p in value)
    if len({code.casefold() for code in codes}) != len(codes):
        raise ValueError("`plazas` names a code twice (letter case does not count)")
    return codes


def _cutoff(value: object) -> Cutoff:
    found = _CUTOFF.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'`cutoff` must be a time of day such as "22:00", not {value!r}')
    return Cutoff(time(int(found[1]), int(found[2])))


def _vat(value: object) -> tuple[VatStep, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError('`vat` must be a list such as [{"from": "2025-07-01", "rate_bp": 800}]')
    steps = tuple(sorted((_vat_step(step) for step in value), key=lambda step: step.since))
    if any(one.since == other.since for one, other in pairwise(steps)):
        raise ValueError("`vat` has two rates from the same date")
    return steps


def _vat_step(step: object) -> VatStep:
    if not isinstance(step, dict) or not {"from", "rate_bp"} <= step.keys():
        raise ValueError('each step of `vat` needs "from" (date) and "rate_bp" (basis points)')
    since = step["from"]
    if not isinstance(since, str) or not _DATE.fullmatch(since):
        raise ValueError(f"`vat`: from must be a date such as 2025-07-01, not {since!r}")
    return VatStep(date.fromisoformat(since), _basis_points("vat.rate_bp", step["rate_bp"]))
