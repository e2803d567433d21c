"""`settlement close`, `countersign`, `late` and `keys`: the commands around closing a day.

In: arguments. Out: a closed day, minutes in a file, corrections, key files; exit status 0 done, 1 refused (what keeps
the day open is listed), 2 something that cannot be used.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from settlement.app.given import configuration_of, date_of, moment_of, unusable
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from settlement.app.close_sources import SettledDay
    from settlement.books.database import BookDatabase
    from settlement.books.key_files import RegisteredKeys
    from settlement.clearing.closed_day import ClosedDay, Minutes
    from settlement.intake.configuration import Configuration
    from settlement.intake.mapping import ProviderMapping

keys_app = typer.Typer(no_args_is_help=True, help="Khóa ký biên bản. Keys that sign the minutes of a day.")

Day = Annotated[str, typer.Argument(metavar="DAY", help="Ngày đối soát. Accounting day, e.g. 2026-06-15.")]
Provider = Annotated[str, typer.Option("--provider", help="Mã nhà cung cấp. Code of the provider, e.g. VETC.")]
Database = Annotated[
    str, typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="Cấu hình (JSON): plazas, cutoff, fee_bp, vat, keys. See docs/settlement."),
]
Station = Annotated[
    Path | None,
    typer.Option(
        "--station", help="Tệp của trạm. What drove through (CSV or XLSX); without it the lanes' own passages."
    ),
]
Charges = Annotated[Path | None, typer.Option("--charges", help="Tệp của nhà cung cấp. What was taken (CSV or XLSX).")]
Mapping = Annotated[str | None, typer.Option("--mapping", help="Cách đọc tệp. See `settlement mapping list`.")]
Now = Annotated[
    str | None, typer.Option("--now", help="Thời điểm lập, e.g. 2026-06-17T08:00:00+07:00. Default: the clock.")
]
By = Annotated[str, typer.Option("--by", help="Người quyết định. Who accepts or books this.")]


def close(  # noqa: PLR0913, PLR0917  one parameter per option
    day: Day,
    provider: Provider,
    database: Database,
    out: Annotated[Path, typer.Option("--out", help="Thư mục biên bản. Folder for the minutes.")] = Path(),
    config: Config = None,
    station: Station = None,
    charges: Charges = None,
    mapping: Mapping = None,
    operator_key: Annotated[
        Path | None, typer.Option("--operator-key", help="Khóa của đơn vị vận hành. Key file of the operator.")
    ] = None,
    provider_key: Annotated[
        Path | None, typer.Option("--provider-key", help="Khóa của nhà cung cấp, where one place holds both.")
    ] = None,
    countersigned: Annotated[
        Path | None, typer.Option("--countersigned", help="Biên bản đã ký. Minutes that the provider signed.")
    ] = None,
    accept_rejected: Annotated[
        str, typer.Option("--accept-rejected", help="Lý do chốt dù có dòng bị loại. Why rejected rows may stay out.")
    ] = "",
    accept_incomplete: Annotated[
        str, typer.Option("--accept-incomplete", help="Lý do chốt dù trạm chưa đủ. Why an incomplete station will do.")
    ] = "",
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
    from settlement.app.settling import NotBalancedError
    from settlement.books import key_files
    from settlement.clearing.closed_day import micros_of
    from settlement.clearing.signing import public_key

    with ending():
        registered = key_files.registered_keys(config)
        the_day = date_of("DAY", day)
        if countersigned is not None:
            with books_of(database) as books:
                _close_countersigned(books, countersigned, (provider, the_day), registered, out)
            return
        if operator_key is None or charges is None:
            raise UnusableInputError("give --charges and --operator-key, or --countersigned FILE")
        operator = key_files.read_key(operator_key)
        key_files.must_be_registered(registered, "operator", provider, public_key(operator))
        known = registered.of("provider", provider)
        both = None if provider_key is None else key_files.read_key(provider_key)
        theirs = public_key(both) if both is not None else (known[0] if known else "")
        key_files.must_be_registered(registered, "provider", provider, theirs or "0" * 64)
        configuration = configuration_of(config)
        with books_of(database) as books:
            closing.refuse_unless_next(books, provider, the_day)
            reconciled = moment_of(now)
            try:
                settled = _settled(books, (station, charges), mapping, (the_day, provider, reconciled), configuration)
            except NotBalancedError as error:
                raise closing.RefusedError("không cân đối / the totals do not balance", *error.imbalances) from error
            order = closing.CloseOrder(
                provider, the_day, time.time_ns() // 1000, micros_of(reconciled), public_key(operator), theirs,
                accept_rejected, accept_incomplete, by,
            )  # fmt: skip
            minutes = closing.draft(order, settled, books, configuration)
            closed = closing.signed(minutes, settled.items, operator, both)
            _finish(books, closed, out)


def countersign(
    minutes: Annotated[Path, typer.Argument(help="Biên bản của đơn vị vận hành. Minutes that the operator signed.")],
    key: Annotated[Path, typer.Option("--key", help="Khóa của nhà cung cấp. Key file of the provider.")],
    config: Config = None,
    charges: Charges = None,
    mapping: Mapping = None,
    out: Annotated[Path, typer.Option("--out", help="Thư mục. Folder for the signed minutes.")] = Path("countersigned"),
) -> None:
    """Nhà cung cấp kiểm tra và ký. Check the operator's minutes, compare them with your own rows, and sign.

    Needs no database. The configuration registers the operator's public key. With `--charges` the joint root is
    computed from your own rows: the signature then says that both hold the same agreed passages.
    """
    from settlement.app.close import RefusedError
    from settlement.app.close_sources import read_side, told
    from settlement.app.countersign import countersigned, objections
    from settlement.app.inputs import of_file
    from settlement.books import key_files
    from settlement.books.minutes_file import file_name, read_minutes, write_minutes
    from settlement.clearing.signing import public_key
    from settlement.intake.columns import Side

    with ending():
        registered = key_files.registered_keys(config)
        day = read_minutes(minutes)
        private = key_files.read_key(key)
        rows = None
        if charges is not None:
            configuration = configuration_of(config)
            table = read_side(of_file(charges), Side.PROVIDER, _mapping(mapping), configuration)
            rows = told(table, Side.PROVIDER, configuration)
        found = objections(day, registered.operator, rows)
        if day.minutes.provider_key != public_key(private):
            found.append("the minutes name another key of the provider than this one")
        if found:
            raise RefusedError("không ký / not signed", *found[:50])
        if rows is None:
            say("chưa so với dữ liệu của mình / not compared with your own rows: give --charges")
        signed = countersigned(day, private)
        path = out / file_name(day.provider, day.minutes.day)
        write_minutes(path, signed)
        show_minutes(day.minutes)
        typer.echo(f"đã ký / signed: {path}; send it back for `settlement close --countersigned`")


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


@keys_app.command("new", epilog="Ví dụ: `settlement keys new operator.key`")
def keys_new(path: Annotated[Path, typer.Argument(help="Tệp khóa. File for the new key; never overwritten.")]) -> None:
    """Tạo khóa. Make a signing key (Ed25519, mode 0600) and show its public half and fingerprint.

    Register the public half in the configuration of both parties. Keep the file where only its owner can read it.
    """
    from settlement.books.key_files import EXAMPLE, make_key
    from settlement.clearing.signing import fingerprint

    with ending():
        public = make_key(path)
        typer.echo(f"khóa / key        {path}")
        typer.echo(f"khóa công khai    {public}")
        typer.echo(f"dấu vân tay / fingerprint  {fingerprint(public)}")
        typer.echo(f"ghi vào cấu hình / register it in the configuration: {EXAMPLE}", err=True)


@keys_app.command("show")
def keys_show(path: Annotated[Path, typer.Argument(help="Tệp khóa. A key file.")]) -> None:
    """Xem khóa công khai. Public half and fingerprint of a key file; the secret half is never shown."""
    from settlement.books.key_files import read_key
    from settlement.clearing.signing import fingerprint, public_key

    with ending():
        public = public_key(read_key(path))
        typer.echo(f"khóa công khai    {public}\ndấu vân tay / fingerprint  {fingerprint(public)}")


def say(text: str) -> None:
    """A line about the progress, on stderr."""
    typer.echo(f"· {text}", err=True)


def show_minutes(minutes: Minutes) -> None:
    """The figures of a day, for the terminal."""
    lines = (
        ("ngày / day", f"{minutes.day}  {minutes.provider}  {', '.join(minutes.plazas)}"),
        ("dòng / items", f"{minutes.item_count:,}"),
        ("thống nhất / agreed", f"{minutes.agreed_vnd:,} VND ({minutes.agreed_count:,} items in the joint root)"),
        ("tranh chấp / disputed", f"{minutes.disputed_vnd:,} VND"),
        ("phí dịch vụ / fee", f"{minutes.fee_vnd:,} VND ({minutes.fee_bp} bp)"),
        ("điều chỉnh / corrections", f"{minutes.corrections_vnd:+,} VND ({len(minutes.corrections)})"),
        ("còn phải trả / net payable", f"{minutes.net_vnd:,} VND"),
        ("gốc chung / joint root", minutes.joint_root),
        ("mã chốt / digest", minutes.digest),
    )
    for name, value in lines:
        typer.echo(f"{name:28} {value}")


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


@contextmanager
def books_of(address: str) -> Iterator[BookDatabase]:
    from settlement.books.database import BookDatabase
    from settlement.books.migrate import migrate

    books = BookDatabase(address)
    try:
        migrate(books)
        yield books
    finally:
        books.close()


@contextmanager
def ending() -> Iterator[None]:
    """Turns what can go wrong into lines and an exit status."""
    from settlement.app.close import RefusedError

    try:
        yield
    except RefusedError as error:
        _refused(error.lines)
    except (UnusableInputError, OSError) as error:
        unusable(error)


def _refused(lines: tuple[str, ...]) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)
