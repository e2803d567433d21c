"""`backoffice accounts …`: import, show, list, top up, block and unblock.

In: arguments and CSV files. Out: rows in the database; a running `backoffice serve` publishes what changed within 2 s.
A file with a wrong line is not taken at all: every wrong line is named, exit 2.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from backoffice.app.database_command import unusable
from backoffice.app.serve_command import Config, settings_or_exit
from backoffice.app.settings import Settings
from backoffice.ledger.postings import OPENING, LedgerError, Transaction, posting_id, top_up
from backoffice.lists.accounts_file import AccountsFile, parse, plain_plate
from backoffice.lists.registry import Registry, TagRow, batched
from backoffice.storage.database import Database, DatabaseError
from backoffice.storage.migrate import migrate

accounts = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Traffic accounts and tags (tài khoản giao thông, thẻ đầu cuối).",
)
DEFAULT_CONFIG = Path("backoffice.toml")
_PROBLEMS_SHOWN = 50


@contextmanager
def registry(config: Path) -> Iterator[tuple[Registry, Settings]]:
    """The registry of the configured database; exit 2 with one line when it cannot be reached."""
    settings = settings_or_exit(config)
    database = Database(settings.address)
    try:
        migrate(settings.address)
        yield Registry(database), settings
    except DatabaseError as error:
        unusable(f"database {error}")
    finally:
        database.close()


@accounts.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8, with a header line.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Take accounts and tags from a CSV file (nhập tài khoản và thẻ).

    Needed columns: epc, account, provider, plate, class (1-5). Optional: tid, status (active, blocked, suspect,
    exempt), available_vnd (opening balance, booked once per account), ticket_no, ticket_kind (month, quarter),
    ticket_from, ticket_to (YYYY-MM-DD), ticket_plaza, exempt_reason, holder. Importing a file again changes nothing.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        unusable(f"{file}: {error}")
    with registry(config) as (found, settings):
        content = parse(text, settings.plaza)
        if content.problems:
            shown = "\n".join(f"  {file}: {problem}" for problem in content.problems[:_PROBLEMS_SHOWN])
            unusable(f"{len(content.problems)} problems, nothing was imported:\n{shown}")
        found.put_accounts(list(content.accounts.values()))
        _book_openings(found, content)
        found.put_tags(list(content.tags.values()))
        print(f"{len(content.accounts)} accounts, {len(content.tags)} tags taken from {file}")


def _book_openings(found: Registry, content: AccountsFile) -> None:
    """An opening balance is booked once; what stands in a later file is no reason to change the ledger."""
    now_us = time.time_ns() // 1000
    for names in batched(sorted(name for name, amount in content.opening_vnd.items() if amount)):
        before = found.booked([posting_id(f"opening:{name}", "customer") for name in names])
        fresh = [name for name in names if posting_id(f"opening:{name}", "customer") not in before]
        found.book([_opening(content, name, now_us) for name in fresh], now_us)


def _opening(content: AccountsFile, name: str, now_us: int) -> Transaction:
    provider, amount = content.accounts[name].provider, content.opening_vnd[name]
    return top_up(name, provider, amount, f"opening:{name}", now_us, OPENING)


@accounts.command("show")
def show(
    text: Annotated[str, typer.Argument(help="Account number, EPC or plate.", metavar="ACCOUNT|EPC|PLATE")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show accounts with balance and tags (xem tài khoản)."""
    from backoffice.app.live import find_accounts  # noqa: PLC0415 - the live view loads much that only this command needs

    with registry(config) as (found, _):
        views = find_accounts(found, text)
    if not views:
        print(f"no account, EPC or plate {text!r}")
        raise typer.Exit(1)
    for view in views:
        print(f"{view.account}  {view.provider}  {view.holder or '-'}  số dư/balance {view.balance_vnd:,} VND")
        for tag in view.tags:
            extra = tag["exempt_reason"] or ("ticket" if tag["ticket"] else "")
            print(f"  {tag['epc']}  {tag['plate']}  class {tag['class']}  {tag['status']}  {extra}".rstrip())


@accounts.command("list")
def list_accounts(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50, config: Config = DEFAULT_CONFIG
) -> None:
    """List accounts by number with their balances (danh sách tài khoản)."""
    with registry(config) as (found, _):
        rows = found.all_accounts(limit)
        balances = found.available_vnd([row.account for row in rows])
    for row in rows:
        print(f"{row.account}  {row.provider}  {balances[row.account]:>15,} VND  {row.holder}")


@accounts.command("topup")
def topup(
    account: str,
    amount: Annotated[int, typer.Argument(help="Whole VND above 0.", metavar="AMOUNT")],
    reference: Annotated[
        str, typer.Option(help="Number of the payment; the same number is booked once, however often it is sent.")
    ] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Pay money into an account (nạp tiền)."""
    with registry(config) as (found, _):
        known = found.accounts([account])
        if not known:
            unusable(f"account {account!r} is not known; import it first: backoffice accounts import FILE.csv")
        now_us = time.time_ns() // 1000
        subject = f"topup:{known[0].provider}:{reference or uuid.uuid4().hex}"
        try:
            payment = top_up(account, known[0].provider, amount, subject, now_us)
        except LedgerError as error:
            unusable(str(error))
        before = found.booked([leg.posting_id for leg in payment.legs])
        wanted = {leg.posting_id: (leg.account, leg.amount_vnd) for leg in payment.legs}
        if before and before != wanted:
            unusable(f"payment {reference!r} is booked already with another account or amount")
        if not before:
            found.book([payment], now_us)
        balance = found.available_vnd([account])[account]
    print(f"{account}: số dư/balance {balance:,} VND")


@accounts.command("block")
def block(epc: str, config: Config = DEFAULT_CONFIG) -> None:
    """Block a tag on the list: lanes hold it (khóa thẻ)."""
    _set_status(epc, config, blocked=True)


@accounts.command("unblock")
def unblock(epc: str, config: Config = DEFAULT_CONFIG) -> None:
    """Lift the block of a tag (mở khóa thẻ)."""
    _set_status(epc, config, blocked=False)


def _set_status(epc: str, config: Path, *, blocked: bool) -> None:
    with registry(config) as (found, _):
        rows = found.tags([plain_plate(epc)])
        if not rows:
            unusable(f"no tag with EPC {epc!r}")
        changed = replace(rows[0], status="blocked" if blocked else _free_status(rows[0]))
        found.put_tags([changed])
    print(f"{changed.epc}: {changed.status}")


def _free_status(tag: TagRow) -> str:
    return "exempt" if tag.exempt_reason else "active"
