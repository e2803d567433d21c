"""`settlement close`: freeze a day under both signatures.

In: a settled day, the books, keys. Out: minutes, then a closed day; or `RefusedError` with what keeps the day open.
Nothing is closed that does not balance, is incomplete, or is out of order; what is closed is never written again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from settlement.app.close_sources import SettledDay
from settlement.books import closings
from settlement.books.corrections import open_corrections
from settlement.books.database import BookDatabase
from settlement.books.disputes import finish_all
from settlement.books.station import station_side
from settlement.clearing import completeness
from settlement.clearing.closed_day import Accepted, ClosedDay, ClosedItem, Correction, Minutes, SealedRun, micros_of
from settlement.clearing.closing import Setting, contradictions, minutes_of, register_of
from settlement.clearing.ledger import check
from settlement.clearing.signing import sign
from settlement.clearing.stored import ClosingRow
from settlement.clearing.terms import NoVatRateError
from settlement.intake.back_office import read_day
from settlement.intake.configuration import Configuration
from settlement.intake.problems import UnusableInputError
from settlement.reconcile.accounting_day import window_of
from settlement.reconcile.classes import LABELS

_SHOWN = 20
Say = Callable[[str], None]


class RefusedError(Exception):
    """The day stays open; `lines` say why and what helps."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """What is asked for. Empty reasons accept nothing; `by`: who accepts."""

    provider: str
    day: date
    made_us: int
    reconciled_us: int
    operator_key: str
    provider_key: str
    accept_rejected: str = ""
    accept_incomplete: str = ""
    by: str = ""


def refuse_unless_next(database: BookDatabase, provider: str, day: date) -> str:
    """Digest of the day before, empty for the first; RefusedError where the day is closed or not the next one."""
    if closings.closing_of(database, provider, day) is not None:
        raise RefusedError(
            f"ngày {day} của {provider} đã chốt / the day is closed and never changes; late rows are booked with"
            " `settlement late`, decisions with `settlement dispute`, both for the next open day"
        )
    last = closings.last_closing(database, provider)
    if last is None:
        return ""
    following = last.day + timedelta(days=1)
    if day != following:
        raise RefusedError(
            f"ngày kế tiếp phải chốt là {following} / the next day to close of {provider} is {following}, not {day}:"
            " each closing names the one of the day before"
        )
    return last.digest


def draft(order: CloseOrder, settled: SettledDay, database: BookDatabase, configuration: Configuration) -> Minutes:
    """Minutes that both parties can sign; RefusedError with everything that keeps the day open."""
    previous = refuse_unless_next(database, order.provider, order.day)
    end = window_of(order.day, configuration.cutoff)[1]
    if order.made_us < micros_of(end):
        raise RefusedError(f"ngày {order.day} chưa kết thúc / the day ends at {end.isoformat()}; close it after that")
    if configuration.terms.corrections_vnd:
        raise UnusableInputError(
            "--config: corrections_vnd is not 0; corrections of closed days come from the books, take it out"
        )
    finish_all(database, order.provider)
    seals, accepted = _checked(order, settled, database, configuration)
    setting = Setting(
        provider=order.provider,
        day=order.day,
        plazas=configuration.plazas,
        cutoff=configuration.cutoff.at.strftime("%H:%M"),
        made_us=order.made_us,
        reconciled_us=order.reconciled_us,
        previous=previous,
        sources=settled.sources,
        corrections=tuple(_earlier(open_corrections(database, order.provider), order.day)),
        accepted=accepted,
        seals=seals,
        operator_key=order.operator_key,
        provider_key=order.provider_key,
        demonstration=bool(set(configuration.demonstration) - {"corrections_vnd"}),
    )
    try:
        minutes = minutes_of(setting, settled.items, configuration.terms, tuple(LABELS))
    except NoVatRateError as error:
        raise UnusableInputError(f"--config: {error}") from error
    wrong = contradictions(minutes, settled.items)
    if wrong:
        raise RefusedError("không cân đối / the day does not balance", *wrong)
    return minutes


def commit(database: BookDatabase, day: ClosedDay, now_us: int, say: Say) -> None:
    """Items, the one row that closes the day, its receipt. RefusedError: another closing was first."""
    minutes = day.minutes
    say(f"ghi {len(day.items)} dòng / writing items")
    closings.write_items(database, minutes.digest, day.items)
    row = ClosingRow(
        minutes.provider, day.day, minutes.digest, minutes.signed_bytes.decode(), register_of(day.items),
        minutes.operator_key, day.operator_signature, minutes.provider_key, day.provider_signature,
    )  # fmt: skip
    say("chốt ngày / closing")
    if not closings.commit(database, row):
        raise RefusedError(
            f"ngày {day.day} vừa được chốt ở nơi khác / another closing of {day.day} was first; it holds"
        )
    closings.write_receipt(database, row, now_us)


def signed(minutes: Minutes, items: Sequence[ClosedItem], operator: Ed25519PrivateKey | None,
           provider: Ed25519PrivateKey | None) -> ClosedDay:  # fmt: skip
    """The day with the signatures of the keys at hand."""
    day = ClosedDay(minutes, "", "", tuple(items))
    if operator is not None:
        day = replace(day, operator_signature=sign(minutes, "operator", operator))
    if provider is not None:
        day = replace(day, provider_signature=sign(minutes, "provider", provider))
    return day


def _earlier(corrections: Sequence[Correction], day: date) -> list[Correction]:
    return [one for one in corrections if one.original_day < day.isoformat()]


def _checked(
    order: CloseOrder, settled: SettledDay, database: BookDatabase, configuration: Configuration
) -> tuple[tuple[SealedRun, ...], tuple[Accepted, ...]]:
    """(what the lanes vouch for, what was accepted); RefusedError where something is not accepted."""
    rejected = [f"{one.file} line {one.line} {one.column}: {one.reason}" for one in settled.rejects]
    seals, missing = station_findings(database, order, configuration)
    accepted, refused = [], []
    for kind, found, reason, option in (
        ("rejected rows", rejected, order.accept_rejected, "--accept-rejected"),
        ("station incomplete", missing, order.accept_incomplete, "--accept-incomplete"),
    ):
        if found and reason.strip() and order.by.strip():
            accepted.append(Accepted(kind, tuple(found), reason.strip(), order.by.strip()))
        elif found:
            refused += [f"{kind}: {len(found)}", *(f"  {line}" for line in found[:_SHOWN])]
            refused.append(f"  sửa rồi chốt lại / mend it, or accept it with {option} REASON --by NAME")
    if refused:
        raise RefusedError(f"chưa chốt được ngày {order.day} / the day cannot be closed yet", *refused)
    return seals, tuple(accepted)


def station_findings(
    database: BookDatabase, order: CloseOrder, configuration: Configuration
) -> tuple[tuple[SealedRun, ...], list[str]]:
    """(what the lanes vouch for, what shows that the station's side is not complete or not balanced)."""
    window = window_of(order.day, configuration.cutoff)
    side = station_side(database, configuration.plazas, window)
    if side is None:
        return (), ["the database holds no tables of a back office, so nothing shows that the station is complete"]
    found = completeness.findings(side, configuration.plazas, micros_of(window[1]))
    stored = read_day(database, *window, frozenset(configuration.plazas))
    control = check(stored.passages, stored.postings, other_days=stored.other_days, until=window[1])
    mine = {p.passage_id for p in stored.passages if p.provider.lower() == order.provider.lower()}
    found += [
        f"passage {one.passage_id}: {one.reason} (passage {one.passage_vnd}, ledger {one.ledger_vnd})"
        for one in control.differences
        if one.passage_id in mine
    ]
    return completeness.sealed_runs(side), found
