"""`settlement serve`: the process that answers over HTTP.

In: users, a database or a tree of rows, an address. Out: a server until it is told to stop. The port may be 0: the line
`ready:` says which one it is.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path

import typer
import uvicorn

from settlement.api.application import Parts, make_application
from settlement.books import closings
from settlement.books.database import BookDatabase
from settlement.books.migrate import migrate
from settlement.books.trees import Trees, tree_of_closed_day
from settlement.books.users import Users
from settlement.clearing.key_tree import KeyTree
from settlement.intake.problems import UnusableInputError

Books = Callable[[], AbstractContextManager[BookDatabase]]


def run(users: Path, database: str, tree: Trees | None, listen: str, deadline_days: int) -> None:
    """Serve until the process is told to stop."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise UnusableInputError(f"--listen {listen}: expected HOST:PORT such as 127.0.0.1:18080")
    books = _books(database) if database else None
    if books is not None:
        with books() as opened:
            migrate(opened)
        trees = tree or _closed_days(books)
    elif tree is not None:
        trees = tree
    else:
        raise UnusableInputError("give --database, or --rows")
    application = make_application(Parts(Users(users), books, trees, deadline_days))
    listening = socket.create_server((host, int(port)))
    typer.echo(f"ready: http://{host}:{listening.getsockname()[1]}/")
    uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listening])


def _books(address: str) -> Books:
    @contextmanager
    def opened() -> Iterator[BookDatabase]:
        database = BookDatabase(address)
        try:
            yield database
        finally:
            database.close()

    return opened


def _closed_days(books: Books) -> Trees:
    @lru_cache(maxsize=4)
    def of_digest(provider: str, day: date, digest: str) -> KeyTree | None:
        with books() as database:
            return tree_of_closed_day(database, provider, day)

    def tree(provider: str, day: date) -> KeyTree | None:
        with books() as database:
            row = closings.closing_of(database, provider, day)
        return None if row is None else of_digest(provider, day, row.digest)

    return tree
