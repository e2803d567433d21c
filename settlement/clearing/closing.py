"""Minutes of a day from what was settled, and whether minutes and items tell the same. Pure.

In: items, totals, terms, what the day takes in. Out: `Minutes`, the register of its items, or findings. Minutes whose
numbers do not follow from their items are never signed: both parties run the same check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from settlement.clearing.agreement import ClassTotal
from settlement.clearing.closed_day import (
    FORM,
    Accepted,
    ClosedItem,
    Correction,
    Minutes,
    SealedRun,
    Source,
    item_tree,
)
from settlement.clearing.joint import joint_leaves
from settlement.clearing.key_tree import KeyTree
from settlement.clearing.terms import Terms, half_up, payable

_BASIS = 10_000
_SUMS = tuple(one.name for one in fields(ClassTotal) if one.name != "pairs")


@dataclass(frozen=True, slots=True)
class Setting:
    """What minutes say beside the items. `plazas`: codes of the configuration; `previous`: digest of the day before."""

    provider: str
    day: date
    plazas: tuple[str, ...]
    cutoff: str
    made_us: int
    reconciled_us: int
    previous: str
    sources: tuple[Source, ...]
    corrections: tuple[Correction, ...]
    accepted: tuple[Accepted, ...]
    seals: tuple[SealedRun, ...]
    operator_key: str
    provider_key: str
    demonstration: bool


def minutes_of(setting: Setting, items: Sequence[ClosedItem], terms: Terms, codes: Sequence[str]) -> Minutes:
    """The minutes; NoVatRateError where the terms name no rate for the day. `codes`: every class, in order."""
    classes = class_totals(items, codes)
    owed = payable(
        sum(one.agreed_vnd for one in classes.values()), corrections_vnd(setting.corrections), setting.day, terms
    )
    joint = KeyTree(joint_leaves(items))
    return Minutes(
        form=FORM,
        provider=setting.provider,
        day=setting.day.isoformat(),
        plazas=setting.plazas,
        cutoff=setting.cutoff,
        made_us=setting.made_us,
        reconciled_us=setting.reconciled_us,
        previous=setting.previous,
        sources=setting.sources,
        classes=classes,
        agreed_vnd=owed.agreed_vnd,
        disputed_vnd=sum(one.disputed_vnd for one in classes.values()),
        fee_bp=terms.fee_bp,
        fee_vnd=owed.fee_vnd,
        vat_rate_bp=terms.vat_rate_bp(setting.day),
        vat_vnd=owed.vat_vnd,
        corrections_vnd=owed.corrections_vnd,
        net_vnd=owed.net_vnd,
        demonstration=setting.demonstration,
        corrections=setting.corrections,
        accepted=setting.accepted,
        seals=setting.seals,
        item_count=len(items),
        item_root=item_tree(items).root,
        agreed_count=len(joint),
        joint_root=joint.root,
        operator_key=setting.operator_key,
        provider_key=setting.provider_key,
    )


def class_totals(items: Iterable[ClosedItem], codes: Sequence[str]) -> dict[str, ClassTotal]:
    """Sums per class; every class of `codes` is present, with zeros."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, dict[str, int]] = {code: dict.fromkeys(_SUMS, 0) for code in codes}
    for item in items:
        counts[item.code] += 1
        line = sums.setdefault(item.code, dict.fromkeys(_SUMS, 0))
        for name in _SUMS:
            line[name] += getattr(item, name)
    return {code: ClassTotal(pairs=counts[code], **line) for code, line in sums.items()}


def corrections_vnd(corrections: Iterable[Correction]) -> int:
    """What corrections add to the net payable of the day that takes them in."""
    return sum(one.net_vnd for one in corrections)


def fee_and_vat(agreed_vnd: int, fee_bp: int, vat_rate_bp: int) -> tuple[int, int]:
    """(fee, VAT part) of a change of the agreed amount, each rounded half up once, away from zero."""
    return half_up(agreed_vnd * fee_bp, _BASIS), half_up(agreed_vnd * vat_rate_bp, _BASIS + vat_rate_bp)


def register_of(items: Iterable[ClosedItem]) -> str:
    """The register of a day: one line per item, its key and leaf hash, in order of keys."""
    return "".join(f"{item.leaf} {item.key}\n" for item in sorted(items, key=lambda item: item.key))


def read_register(text: str) -> dict[str, str]:
    """key → leaf hash; ValueError where a line is none or a key stands twice."""
    leaves: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        leaf, _, key = line.partition(" ")
        if len(leaf) != 64 or not key or key in leaves:
            raise ValueError(f"line {number} of the register is damaged")
        leaves[key] = leaf
    return leaves


def contradictions(minutes: Minutes, items: Sequence[ClosedItem]) -> list[str]:
    """Where minutes and items differ, or the minutes' own numbers do not add up; empty where all is well."""
    found = class_totals(items, tuple(minutes.classes))
    joint = KeyTree(joint_leaves(items))
    told: Mapping[str, object] = {
        "item_count": len(items),
        "item_root": item_tree(items).root,
        "agreed_count": len(joint),
        "joint_root": joint.root,
        "agreed_vnd": sum(one.agreed_vnd for one in found.values()),
        "disputed_vnd": sum(one.disputed_vnd for one in found.values()),
    }
    wrong = [
        f"{name}: the minutes say {getattr(minutes, name)}, the items give {value}"
        for name, value in told.items()
        if getattr(minutes, name) != value
    ]
    wrong += [
        f"class {code}: the minutes say {minutes.classes.get(code)}, the items give {line}"
        for code, line in found.items()
        if minutes.classes.get(code) != line
    ]
    return wrong + arithmetic(minutes)


def arithmetic(minutes: Minutes) -> list[str]:
    """Sums within the minutes that do not hold."""
    fee, vat = fee_and_vat(minutes.agreed_vnd, minutes.fee_bp, minutes.vat_rate_bp)
    carried = corrections_vnd(minutes.corrections)
    checks = (
        ("fee_vnd", minutes.fee_vnd, fee),
        ("vat_vnd", minutes.vat_vnd, vat),
        ("corrections_vnd", minutes.corrections_vnd, carried),
        ("net_vnd", minutes.net_vnd, minutes.agreed_vnd - minutes.fee_vnd + minutes.corrections_vnd),
    )
    wrong = [f"{name}: the minutes say {said}, it must be {due}" for name, said, due in checks if said != due]
    return wrong + [text for source in minutes.sources for text in _unaccounted(minutes, source)]


def _unaccounted(minutes: Minutes, source: Source) -> list[str]:
    """Rows read = classified + rejected + other day + other provider, on each side."""
    classified = sum(getattr(line, f"{source.side}_rows", 0) for line in minutes.classes.values())
    accounted = classified + source.rejected + source.other_day + source.other_provider
    if accounted == source.rows_read:
        return []
    return [f"{source.side} rows: {source.rows_read} were read, {accounted} are accounted for"]
