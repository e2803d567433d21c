"""`backoffice correct`: a person's decision on a charge, say one that stands in suspense.

In: a passage id, who pays how much, who decides and why. Out: a reversal of what stands and, unless waived, a new
charge, both booked now; the decision with its reason in table `corrections`. Nothing that was booked is ever changed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from backoffice.app.accounts_command import registry
from backoffice.app.database_command import unusable
from backoffice.app.serve_command import Config
from backoffice.ledger.correcting import correct as correcting
from backoffice.ledger.correcting import next_correction_id, standing
from backoffice.ledger.postings import LedgerError, Posting
from backoffice.lists.registry import Registry
from backoffice.rating.charge import Charge


def correct(
    passage_id: Annotated[str, typer.Argument(help="For instance CM-02-e1-000123.")],
    operator: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; an auditor will read it.")],
    account: Annotated[str, typer.Option(help="Account that pays.")] = "",
    amount: Annotated[int | None, typer.Option(min=0, help="Whole VND; without it the amount stays.")] = None,
    waive: Annotated[bool, typer.Option("--waive", help="Nobody pays.")] = False,
    config: Config = Path("backoffice.toml"),
) -> None:
    """Correct the charge of a passage (điều chỉnh): take back what stands, book what is decided.

    The correction belongs to today, never to the closed day of the passage.
    """
    if waive == bool(account):
        unusable("name the account that pays with --account, or --waive the fare")
    if not operator.strip() or not reason.strip():
        unusable("--operator and --reason must not be empty")
    with registry(config) as (found, _):
        legs = found.legs_of(passage_id)
        now_us = time.time_ns() // 1000
        try:
            instead = None if waive else _instead(found, legs, account, amount)
            transactions = correcting(legs, instead, now_us)
        except LedgerError as error:
            unusable(f"{passage_id}: {error}")
        found.note_correction(passage_id, next_correction_id(legs), instead, (operator, reason), now_us)
        found.book(transactions, now_us)
        for leg in (leg for transaction in transactions for leg in transaction.legs):
            print(f"{leg.kind:10} {leg.account:40} {leg.amount_vnd:>15,} VND")


def _instead(found: Registry, legs: list[Posting], account: str, amount: int | None) -> Charge:
    known = found.accounts([account])
    if not known:
        raise LedgerError(f"account {account!r} is not known; import it first: backoffice accounts import FILE.csv")
    stands = standing(legs)
    if not stands:
        raise LedgerError("nothing stands that could be corrected")
    debit = max(stands, key=lambda leg: leg.amount_vnd)
    chosen = debit.amount_vnd if amount is None else amount
    provider = debit.provider or known[0].provider
    return Charge(debit.passage_id, debit.plaza, provider, account, chosen, debit.tariff_version)
