"""`settlement reconcile`: the command.

In: arguments. Out: the files of a reconciled day; exit status 0 done, 1 not balanced, 2 input that cannot be used, 3
done with rejected rows.
Never: a passage of the day left out of the run without a line about it, where the database knows of it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from settlement.app.day_options import Charges, Config, Day, InPlace, Json, Mapping, Now, Out, ProviderCode, Station
from settlement.app.given import configuration_of, date_of, moment_of, unusable
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from datetime import date

    from settlement.app.reconcile import Ended
    from settlement.intake.configuration import Configuration


def reconcile(  # noqa: PLR0913, PLR0917  one parameter per option
    out: Out,
    station: Station = None,
    provider: Charges = None,
    mapping: Mapping = None,
    config: Config = None,
    day: Day = None,
    now: Now = None,
    json: Json = False,
    database: InPlace = None,
    provider_code: ProviderCode = "",
) -> None:
    """Đối soát một ngày. Match a provider's charges with the station's passages for one accounting day.

    Every row of either side ends in exactly one class. Writes `summary.json`, `differences.csv`, `rejected.csv`,
    `statement.xlsx` and `statement.pdf`. Matching uses all rows of both files: let them overlap the cut-off. With
    `--database` a day before and after is read too, and `unassigned.csv` names passages of no known provider.
    """
    from settlement.app.inputs import check_choice
    from settlement.files.writing import json_text

    covered: list[str] = []
    try:
        check_choice(station, provider, database, day)
        configuration = configuration_of(config)
        asked = _Asked(None if day is None else date_of("--day", day), provider_code, configuration)
        ended = _reconciled((station, provider, database), asked, (mapping, now), out)
        if database is not None and station is None and asked.day is not None:
            covered = _covered(database, asked.day, asked, out)
    except (UnusableInputError, OSError) as error:
        unusable(error)
    for line in (*ended.messages, *covered):
        typer.echo(line, err=True)
    if json and ended.summary:
        typer.echo(json_text(ended.summary))
    raise typer.Exit(ended.status)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which rows: of a day (None: the day with most rows), of one provider (empty: of all)."""

    day: date | None
    provider_code: str
    configuration: Configuration


def _reconciled(
    sources: tuple[Path | None, Path | None, str | None], asked: _Asked, given: tuple[str | None, str | None], out: Path
) -> Ended:  # fmt: skip
    """`sources`: station, provider, and the database in place of one of them; `given`: the mapping, the moment."""
    from settlement.app import wiring
    from settlement.app.reconcile import Task
    from settlement.app.reconcile import reconcile as run
    from settlement.intake.mapping import load

    mapping, now = given
    with wiring.inputs(*sources, asked.day, asked.provider_code, asked.configuration) as (mine, theirs):
        task = Task(mine, theirs, asked.day, moment_of(now), out)
        with wiring.progress() as bars:
            return run(task, load(mapping), asked.configuration, wiring.reconciliation_renderers(), bars)


def _covered(database: str, day: date, asked: _Asked, out: Path) -> list[str]:
    """What of the day's passages in the database is not of this run."""
    from settlement.app import wiring
    from settlement.app.coverage import state_coverage

    with wiring.database(database) as connection:
        return state_coverage(connection, wiring.wanted(day, asked.provider_code, asked.configuration), out)
