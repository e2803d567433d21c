"""Passage + tariff in force + contract → charge. Pure; nothing is ever guessed.

In: the facts of one passage. Out: None when nobody is debited (only outcome `charged` debits), else a Charge. Where the
lane's fare is not what the tariff says, or nobody can be named who pays, the amount stands in suspense with a
Discrepancy each, until a person decides; what the operator is owed stays what the lane recorded.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backoffice.rating.tariff import Tariffs

CHARGED: Final = "charged"


class Difference(StrEnum):
    """Why an amount stands in suspense."""

    FARE = "FARE"
    """The lane's fare is not the tariff's for the class charged."""
    NO_TARIFF = "NO_TARIFF"
    """No tariff was in force at the plaza when the vehicle was detected."""
    NO_CLASS = "NO_CLASS"
    """The passage names no class, so that no price can be looked up."""
    NO_ACCOUNT = "NO_ACCOUNT"
    """The passage names no account to debit."""
    NO_CONTRACT = "NO_CONTRACT"
    """The plaza has no contract with the provider that the passage names."""


@dataclass(frozen=True, slots=True)
class PassageFacts:
    """What rating needs of a passage. Empty text and class 0: not known. Instants: UTC microseconds."""

    passage_id: str
    plaza: str
    outcome: str
    provider: str
    account: str
    vehicle_class: int
    fare_vnd: int
    detected_at_us: int


@dataclass(frozen=True, slots=True)
class Contract:
    """Providers whose tags a plaza accepts."""

    plaza: str
    providers: Collection[str]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One finding; `expected_vnd` by the tariff (0 when there is none), `found_vnd` as the lane recorded."""

    code: Difference
    expected_vnd: int
    found_vnd: int
    detail: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What the ledger books for one passage; `account` is empty when the amount stands in suspense."""

    passage_id: str
    plaza: str
    provider: str
    account: str
    amount_vnd: int
    tariff_version: int
    discrepancies: tuple[Discrepancy, ...] = ()


def rate(passage: PassageFacts, tariffs: Tariffs, contract: Contract) -> Charge | None:
    """The charge of `passage`, or None when its outcome debits nobody."""
    if passage.outcome != CHARGED:
        return None
    tariff = tariffs.in_force(passage.plaza, passage.detected_at_us)
    expected = tariff.fares_vnd.get(passage.vehicle_class) if tariff else None
    version = tariff.version if tariff else 0
    if expected == passage.fare_vnd and passage.account and passage.provider in contract.providers:
        return _charge(passage, passage.account, version)
    return _charge(passage, "", version, tuple(_findings(passage, version, expected, contract)))


def _charge(passage: PassageFacts, account: str, version: int, findings: tuple[Discrepancy, ...] = ()) -> Charge:
    return Charge(passage.passage_id, passage.plaza, passage.provider, account, passage.fare_vnd, version, findings)


def _findings(passage: PassageFacts, version: int, expected: int | None, contract: Contract) -> list[Discrepancy]:
    found = passage.fare_vnd
    codes: list[tuple[Difference, str]] = []
    if not version:
        codes.append((Difference.NO_TARIFF, f"plaza {passage.plaza} has no tariff for that instant; publish one"))
    elif not passage.vehicle_class:
        codes.append((Difference.NO_CLASS, "no class was charged; a person has to name it"))
    elif expected != found:
        codes.append((Difference.FARE, f"class {passage.vehicle_class} in tariff version {version}"))
    if not passage.account:
        codes.append((Difference.NO_ACCOUNT, "a person has to name the account or waive the fare"))
    if passage.provider not in contract.providers:
        codes.append((Difference.NO_CONTRACT, f"provider {passage.provider or 'not named'}"))
    return [Discrepancy(code, expected or 0, found, detail) for code, detail in codes]
