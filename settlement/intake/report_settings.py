"""What reports need beside the terms: shifts, names of plazas, and the parties of invoices and minutes.

In: the same configuration file (JSON), keys `shifts`, `plaza_names`, `parties`, `buyers`, `invoice`. Out:
`ReportSettings`. Nothing here is known for certain of any plaza: what the file does not say is left empty or labelled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any, Final

from settlement.clearing.invoices import BUILTIN_GOODS, Goods, Party
from settlement.clearing.shifts import DEMONSTRATION_SHIFTS, Shift, Shifts
from settlement.intake.problems import UnusableInputError

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?|[0-9]{12}")
"""Business: 10 digits, a branch with 3 more; a person: 12 digits."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """`parties`: `operator`, and a provider's code → who that is. `buyers`: account → who pays."""

    shifts: Shifts = DEMONSTRATION_SHIFTS
    plaza_names: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    buyers: Mapping[str, Party] = field(default_factory=dict)
    goods: Goods = BUILTIN_GOODS

    def place(self, plazas: tuple[str, ...]) -> str:
        """Names of plazas for a page, their code where no name is configured."""
        return ", ".join(self.plaza_names.get(code, f"Trạm {code}") for code in plazas)


def load_report_settings(path: Path | None) -> ReportSettings:
    """Settings of a file that `configuration.load` has accepted; UnusableInputError names file, key and remedy."""
    if path is None:
        return ReportSettings()
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    try:
        return _settings(content)
    except ValueError as error:
        raise UnusableInputError(f"{path}: {error}") from error


def _settings(content: Mapping[str, Any]) -> ReportSettings:
    parties = _mapping(content, "parties")
    buyers = _mapping(content, "buyers")
    return ReportSettings(
        shifts=_shifts(content["shifts"]) if "shifts" in content else DEMONSTRATION_SHIFTS,
        plaza_names={
            code: _text(f"plaza_names.{code}", name) for code, name in _mapping(content, "plaza_names").items()
        },
        parties={code: _party(f"parties.{code}", party) for code, party in parties.items()},
        buyers={account: _party(f"buyers.{account}", party) for account, party in buyers.items()},
        goods=_goods(_mapping(content, "invoice")),
    )


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"`{key}` must be an object {{…}}, not {value!r}")
    return value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{key}` must be a text, not {value!r}")
    return value.strip()


def _shifts(value: object) -> Shifts:
    if not isinstance(value, list) or not all(isinstance(step, dict) for step in value):
        raise ValueError('`shifts` must be a list such as [{"name": "Ca 1", "from": "06:00"}]')
    return Shifts(tuple(sorted((_shift(step) for step in value), key=lambda shift: shift.start)))


def _shift(step: Mapping[str, Any]) -> Shift:
    found = _CLOCK.fullmatch(str(step.get("from", "")))
    if found is None:
        raise ValueError(f'`shifts`: from must be a time of day such as "06:00", not {step.get("from")!r}')
    return Shift(_text("shifts.name", step.get("name")), time(int(found[1]), int(found[2])))


def _party(key: str, value: object) -> Party:
    if not isinstance(value, dict):
        raise ValueError(f'`{key}` must be an object with "name", "tax_code", "address"')
    tax_code = str(value.get("tax_code", ""))
    if tax_code and not _TAX_CODE.fullmatch(tax_code):
        raise ValueError(f"`{key}.tax_code` must be 10 digits (a branch: 10-3) or 12 of a person, not {tax_code!r}")
    return Party(_text(f"{key}.name", value.get("name")), tax_code, str(value.get("address", "")))


def _goods(value: Mapping[str, Any]) -> Goods:
    builtin = BUILTIN_GOODS
    texts = {key: _text(f"invoice.{key}", value.get(key, getattr(builtin, key))) for key in ("name", "unit")}
    most = value.get("transactions_max", builtin.transactions_max)
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= builtin.transactions_max:
        raise ValueError(f"`invoice.transactions_max` must be 1 to {builtin.transactions_max}, not {most!r}")
    return Goods(texts["name"], texts["unit"], most)
