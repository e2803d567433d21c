"""`settlement close` and `late`: the commands that close a day and book what came after.

In: arguments. Out: a closed day, minutes in a file, corrections; exit status 0 done, 1 refused (what keeps
the day open is listed), 2 something that cannot be used.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from settlement.app.books_command import books_of, ending, say
from settlement.app.close_options import (
    AcceptIncomplete,
    AcceptRejected,
    By,
    Charges,
    Config,
    Countersigned,
    Database,
    Day,
    Mapping,
    Now,
    OperatorKey,
    Provider,
    ProviderKey,
    Station,
)
from settlement.app.given import configuration_of, date_of, moment_of
from settlement.app.minutes_shown import show_minutes
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from settlement.app.close_sources import SettledDay
    from settlement.books.database import BookDatabase
    from settlement.books.key_files import RegisteredKeys
    from settlement.clearing.closed_day import ClosedDay
    from settlement.intake.configuration import Configuration
    from settlement.intake.mapping import ProviderMapping


def close(  # noqa: PLR0913, PLR0917  one parameter per option
    day: Day,
    provider: Provider,
    database: Database,
    out: Annotated[Path, typer.Option("--out", help="Thư mục biên bản. Folder for the minutes.")] = Path(),
    config: Config = None,
    station: Station = None,
    charges: Charges = None,
    mapping: Mapping = None,
    operator_key: OperatorKey = None,
    provider_key: ProviderKey = None,
    countersigned: Countersigned = None,
    accept_rejected: AcceptRejected = "",
    accept_incomplete: AcceptIncomplete = "",
    by: By = "",
    now: Now = None,
) -> None:
    """Chốt một ngày. Freeze a day of one provider: items, totals, seals, both signatures.

    With both key files the day is closed at once. With the operator's alone the minutes are written for the provider,
    who checks and signs them (`settlement countersign`); then `settlement close DAY --countersigned FILE` closes it.

    Refused while the station's side is incomplete, rows are rejected without a decision, totals do not balance, or the
    day before is open. A closed day is never changed: there is no command to open it again.
    """
    from settlement.app import close as closing
    from settlement.books import key_files
    from settlement.clearing.closed_day import micros_of

    with ending():
        registered = key_files.registered_keys(config)
        the_day = date_of("DAY", day)
        if countersigned is not None:
            with books_of(database) as books:
                _close_countersigned(books, countersigned, (provider, the_day), registered, out)
            return
        if operator_key is None or charges is None:
            raise UnusableInputError("give --charges and --operator-key, or --countersigned FILE")
        signers = _signers(registered, provider, operator_key, provider_key)
        configuration = configuration_of(config)
        with books_of(database) as books:
            closing.refuse_unless_next(books, provider, the_day)
            reconciled = moment_of(now)
            with _refused_unless_balanced():
                settled = _settled(books, (station, charges), mapping, (the_day, provider, reconciled), configuration)
            order = closing.CloseOrder(
                provider, the_day, time.time_ns() // 1000, micros_of(reconciled), signers.operator_public,
                signers.provider_public, accept_rejected, accept_incomplete, by,
            )  # fmt: skip
            minutes = closing.draft(order, settled, books, configuration)
            _finish(books, closing.signed(minutes, settled.items, signers.operator, signers.provider), out)


def late(  # noqa: PLR0913, PLR0917  one parameter per option
    day: Day,
    provider: Provider,
    database: Database,
    charges: Annotated[Path, typer.Option("--charges", help="Tệp của nhà cung cấp. The charges as they are now.")],
    by: By,
    station: Station = None,
    config: Config = None,
    mapping: Mapping = None,
    now: Now = None,
    book: Annotated[bool, typer.Option("--book", help="Ghi sổ. Book them; without it they are only shown.")] = False,
) -> None:
    """Dòng đến muộn của ngày đã chốt. Rows that came after a day was closed, and what they change.

    The closed day stays as it is. Each change becomes a correction that names its originals, and the next day that is
    closed takes it in, once. Running this again with the same rows changes nothing.
    """
    from settlement.app import late as late_rows
    from settlement.app.close import RefusedError

    with ending():
        the_day = date_of("DAY", day)
        configuration = configuration_of(config)
        with books_of(database) as books:
            late_rows.must_be_closed(books, provider, the_day)
            settled = _settled(books, (station, charges), mapping, (the_day, provider, moment_of(now)), configuration)
            if not by.strip():
                raise UnusableInputError("--by: say who books this")
            _, compared = late_rows.changes_of(books, provider, settled)
            if compared.refused:
                raise RefusedError("không ghi / nothing is booked", *compared.refused[:50])
            for change in compared.changes:
                named = " ".join((*change.originals, *(f"+{one}" for one in change.late)))
                typer.echo(f"{change.agreed_vnd:>+15,} VND  {change.note:40} {named}")
            if not book:
                typer.echo(f"{len(compared.changes)} thay đổi / changes; book them with --book")
                return
            booked = late_rows.book_late(books, provider, settled, by.strip(), time.time_ns() // 1000)
            total = sum(one.net_vnd for one in booked)
            typer.echo(
                f"đã ghi {len(booked)} điều chỉnh / corrections booked: {total:+,} VND net for the next open day"
            )


@dataclass(frozen=True, slots=True)
class _Signers:
    """Who signs: the operator here and now; `provider`: None where the provider signs at its own place."""

    operator: Ed25519PrivateKey
    provider: Ed25519PrivateKey | None
    operator_public: str
    provider_public: str


def _signers(registered: RegisteredKeys, provider: str, operator_key: Path, provider_key: Path | None) -> _Signers:
    """The keys at hand; UnusableInputError where the configuration does not know one of them."""
    from settlement.books.key_files import must_be_registered, read_key
    from settlement.clearing.signing import public_key

    operator = read_key(operator_key)
    must_be_registered(registered, "operator", provider, public_key(operator))
    known = registered.of("provider", provider)
    both = None if provider_key is None else read_key(provider_key)
    theirs = public_key(both) if both is not None else (known[0] if known else "")
    must_be_registered(registered, "provider", provider, theirs or "0" * 64)
    return _Signers(operator, both, public_key(operator), theirs)


def _finish(books: BookDatabase, day: ClosedDay, out: Path) -> None:
    from settlement.app import close as closing
    from settlement.books import closings
    from settlement.books.minutes_file import file_name, write_minutes

    path = out / file_name(day.provider, day.minutes.day)
    if not day.provider_signature:
        closings.write_items(books, day.minutes.digest, day.items)
        write_minutes(path, day)
        show_minutes(day.minutes)
        typer.echo(
            f"chờ nhà cung cấp ký / waits for the provider: send {path}; it signs with `settlement countersign`,"
            f" then close with `settlement close {day.minutes.day} --provider {day.provider} --countersigned FILE`"
        )
        return
    closing.commit(books, day, time.time_ns() // 1000, say)
    write_minutes(path, day)
    show_minutes(day.minutes)
    typer.echo(f"đã chốt / closed: {path}")


def _close_countersigned(
    books: BookDatabase, path: Path, asked: tuple[str, date], registered: RegisteredKeys, out: Path
) -> None:
    from settlement.app.close_checks import ready_to_close
    from settlement.books.minutes_file import read_minutes

    day = read_minutes(path)
    ready_to_close(books, day, asked, registered)
    _finish(books, day, out)


@contextmanager
def _refused_unless_balanced() -> Iterator[None]:
    """A day whose totals do not balance is refused, line by line."""
    from settlement.app.close import RefusedError
    from settlement.app.settling import NotBalancedError

    try:
        yield
    except NotBalancedError as error:
        raise RefusedError("không cân đối / the totals do not balance", *error.imbalances) from error


def _settled(
    books: BookDatabase,
    files: tuple[Path | None, Path],
    mapping: str | None,
    order: tuple[date, str, datetime],
    configuration: Configuration,
) -> SettledDay:
    """A day from the provider's file and the station's, or the passages in the database."""
    from settlement.app import wiring
    from settlement.app.close_sources import from_inputs

    address = books.address if files[0] is None else None
    with wiring.inputs(*files, address, order[0], order[1], configuration) as both:
        say(f"đọc và khớp {both[0].name}, {both[1].name} / reading and matching")
        return from_inputs(both, _mapping(mapping), order, configuration)


def _mapping(name: str | None) -> ProviderMapping:
    from settlement.intake.mapping import load

    return load(name)
