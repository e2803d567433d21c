"""What every command on the books does alike: open them, say how far it is, end with a line and a status.

In: the address of a database; what a command raises. Out: the books, up to date, closed again afterwards; exit status 1
refused (why, line by line), 2 something that cannot be used.
Never: a traceback for what a person can put right.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from settlement.app.given import unusable
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settlement.books.database import BookDatabase


def say(text: str) -> None:
    """A line about the progress, on stderr."""
    typer.echo(f"· {text}", err=True)


@contextmanager
def books_of(address: str) -> Iterator[BookDatabase]:
    """The books at an address, their tables made or brought up to date."""
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
