"""`settlement dispute` and `settlement users`: the commands.

In: arguments, a token that says who acts. Out: disputes as they stand; exit status 0 done, 1 not allowed, 2 cannot be
used. The same rules as over HTTP: both go through `books.disputes`.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from settlement.app.books_command import books_of, ending
from settlement.app.close_options import Database
from settlement.app.given import date_of
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from settlement.books.users import User

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Xử lý sai lệch của ngày đã chốt. Disputes over items of closed days.

A dispute is there as soon as a day with a disputed item is closed. Somebody takes it (**assign**), adds links to
evidence, **proposes** a decision; another person **approves** or **rejects** it (bốn mắt). The approval books the
consequence in the ledger and a correction that the next open day takes in. Who acts is said by a token:
`--token-file`, or the environment variable `ETC_SETTLEMENT_TOKEN`.""",
)
users_app = typer.Typer(no_args_is_help=True, help="Người dùng và quyền. Users, roles and tokens.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="Mã sai lệch. Id such as 20260615-3fa94c0b71de.")]
_Users = Annotated[
    Path, typer.Option("--users", envvar="ETC_SETTLEMENT_USERS", help="Tệp người dùng. See `settlement users new`.")
]
_Token = Annotated[Path | None, typer.Option("--token-file", help="Tệp mã cá nhân. File with your token.")]
_Text = Annotated[str, typer.Option("--reason", help="Lý do. Why; an auditor will read it.")]
_TOKEN = "ETC_SETTLEMENT_TOKEN"  # noqa: S105  name of a variable


@app.command("list")
def list_disputes(
    database: Database,
    provider: Annotated[str | None, typer.Option("--provider", help="Chỉ nhà cung cấp này. Only this one.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Chỉ ngày này. Only this day.")] = None,
    state: Annotated[
        str, typer.Option("--state", help="open, assigned, proposed, decided, settled, all; pending: the first three.")
    ] = "pending",
    deadline_days: Annotated[
        int, typer.Option("--deadline-days", min=1, help="Hạn xử lý (ngày), minh họa. Deadline in days; 15 is demo.")
    ] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="In JSON.")] = False,
) -> None:
    """Danh sách sai lệch theo tuổi. Disputes with their age (0, 1, 3, 7, 15 days), owner and deadline."""
    from settlement.api.views import dispute_view, matches
    from settlement.books import disputes

    with ending():
        chosen = None if day is None else date_of("--day", day)
        now_us = time.time_ns() // 1000
        with books_of(database) as books:
            found = [one for one in disputes.disputes(books, provider, chosen) if matches(one, state)]
        views = [dispute_view(one, now_us, deadline_days) for one in found]
    if as_json:
        typer.echo(json.dumps(views, ensure_ascii=False, indent=2))
        return
    for view in sorted(views, key=lambda one: (-one["age_days"], one["day"], one["dispute_id"])):
        late = "  QUÁ HẠN" if view["overdue"] else ""
        typer.echo(
            f"{view['dispute_id']}  {view['age_days']:>2} ngày  {view['state']:9} {view['code']:14}"
            f" {view['disputed_vnd']:>10,} VND  {view['owner'] or '—':12} {view['key']}{late}"
        )
    total = sum(view["disputed_vnd"] for view in views)
    typer.echo(f"{len(views)} sai lệch / disputes, {total:,} VND")


@app.command("show")
def show(name: _Id, database: Database) -> None:
    """Một sai lệch. One dispute: its item, what was done, what may be done."""
    from settlement.api.views import dispute_view
    from settlement.books import disputes

    with acting(), books_of(database) as books:
        view = dispute_view(disputes.dispute(books, name), time.time_ns() // 1000, 15)
    typer.echo(json.dumps(view, ensure_ascii=False, indent=2))


@app.command("assign")
def assign(name: _Id, owner: Annotated[str, typer.Option("--to", help="Người phụ trách. Who takes it.")],
           database: Database, users: _Users, token_file: _Token = None) -> None:  # fmt: skip
    """Giao việc. Say who is responsible."""
    _do(name, database, (users, token_file), "assign", owner=owner)


@app.command("evidence")
def evidence(
    name: _Id,
    link: Annotated[str, typer.Option("--link", help="Liên kết. Link to an image, letter or passage.")],
    database: Database, users: _Users, token_file: _Token = None, reason: _Text = "",
) -> None:  # fmt: skip
    """Thêm bằng chứng. Add a link to evidence, say an image by its hash."""
    _do(name, database, (users, token_file), "evidence", link=link, text=reason)


@app.command("propose")
def propose(
    name: _Id,
    decision: Annotated[
        str, typer.Option("--decision", help="recovery (truy thu), refund (hoàn tiền), acceptance (chấp nhận).")
    ],
    reason: _Text,
    database: Database, users: _Users, token_file: _Token = None,
    amount: Annotated[
        int | None, typer.Option("--amount", min=0, help="Số tiền trạm được nhận, VND. What becomes due; default: by"
                                 " the decision.")
    ] = None,
) -> None:  # fmt: skip
    """Đề xuất quyết định. Propose what becomes of the money; another person must approve it."""
    _do(name, database, (users, token_file), "propose", decision=decision, text=reason, amount=amount)


@app.command("approve")
def approve(name: _Id, database: Database, users: _Users, token_file: _Token = None, reason: _Text = "") -> None:
    """Duyệt. Approve what another person proposed, and book it."""
    _do(name, database, (users, token_file), "approve", text=reason)


@app.command("reject")
def reject(name: _Id, reason: _Text, database: Database, users: _Users, token_file: _Token = None) -> None:
    """Không duyệt. Send a proposal back."""
    _do(name, database, (users, token_file), "reject", text=reason)


@app.command("withdraw")
def withdraw(name: _Id, database: Database, users: _Users, token_file: _Token = None, reason: _Text = "") -> None:
    """Rút đề xuất. Take back your own proposal."""
    _do(name, database, (users, token_file), "withdraw", text=reason)


@app.command("resume")
def resume(database: Database) -> None:
    """Ghi nốt. Book what was approved when a program was killed; nothing is booked twice."""
    from settlement.books import disputes

    with acting(), books_of(database) as books:
        made = disputes.finish_all(books)
    typer.echo(f"đã ghi {len(made)} / booked: {' '.join(one.correction_id for one in made)}")


@users_app.command("new")
def users_new(
    name: Annotated[str, typer.Argument(help="Tên. Name; one person, one token.")],
    role: Annotated[str, typer.Option("--role", help="viewer, clerk, approver, peer.")],
    users: _Users,
) -> None:
    """Thêm người dùng. Add a user, or give one a new token; the token is shown once and kept nowhere."""
    from settlement.books.users import add_user

    with ending():
        token = add_user(users, name, role)
    typer.echo(token)
    typer.echo(f"{name} ({role}) → {users}; mã này chỉ hiện một lần / this token is shown once", err=True)


def _do(name: str, database: str, who: tuple[Path, Path | None], kind: str, *, amount: int | None = None,
        **given: str) -> None:  # fmt: skip
    from settlement.api.acting import perform
    from settlement.api.views import dispute_view

    with acting(), books_of(database) as books:
        user = _user(*who)
        found = perform(books, name, user, kind, {**given, "amount_vnd": amount}, time.time_ns() // 1000)
        view = dispute_view(found, time.time_ns() // 1000, 15)
    typer.echo(f"{name}: {view['state']} ({view['state_vi']}), {view['owner'] or '—'}")
    for leg in view["legs"]:
        typer.echo(f"  {leg['kind']:10} {leg['account']:40} {leg['amount_vnd']:>+15,} VND")


def _user(users: Path, token_file: Path | None) -> User:
    import os

    from settlement.books.users import Users

    try:
        token = token_file.read_text(encoding="utf-8") if token_file else os.environ.get(_TOKEN, "")
    except OSError as error:
        raise UnusableInputError(f"--token-file {token_file}: {error.strerror}") from error
    user = Users(users).of_token(token)
    if user is None:
        raise UnusableInputError(f"this token is nobody's in {users}; give --token-file or set {_TOKEN}")
    return user


@contextmanager
def acting() -> Iterator[None]:
    """Turns what may not happen into one line and exit status 1."""
    from settlement.api.acting import NotAllowedError
    from settlement.books.disputes import UnknownDisputeError
    from settlement.clearing.consequence import DecisionError
    from settlement.clearing.dispute import StepError

    with ending():
        try:
            yield
        except (StepError, DecisionError, NotAllowedError, UnknownDisputeError) as error:
            typer.echo(f"không được / not possible: {error}", err=True)
            raise typer.Exit(1) from error
