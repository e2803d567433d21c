"""What commands are given as text, as values; and how a command ends that cannot use it.

In: text of options. Out: dates, moments, a configuration. Bad text is `UnusableInputError`, which names the option and
shows an example.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from settlement.intake.configuration import Configuration

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def configuration_of(path: Path | None) -> Configuration:
    """The configuration; says on stderr where demonstration values are in force."""
    from settlement.intake.configuration import load

    configuration = load(path)
    if configuration.demonstration:
        keys = ", ".join(configuration.demonstration)
        typer.echo(f"Số liệu minh họa / demonstration values in force: {keys}", err=True)
    if configuration.unknown:
        typer.echo(f"{path}: keys without a meaning here: {', '.join(configuration.unknown)}", err=True)
    return configuration


def date_of(option: str, text: str) -> date:
    """A date such as 2026-06-15."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise UnusableInputError(f"{option}: write a date such as 2026-06-15, not {text!r}")


def moment_of(text: str | None) -> datetime:
    """An aware moment; None: the clock."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError(f"--now: write a time such as 2026-06-17T08:00:00+07:00, not {text!r}") from error
    if moment.tzinfo is None:
        raise UnusableInputError(f"--now: {text!r} has no offset from UTC; add +07:00")
    return moment


def unusable(error: Exception) -> NoReturn:
    """End with status 2."""
    typer.echo(f"Không dùng được / cannot be used: {error}", err=True)
    raise typer.Exit(2)
