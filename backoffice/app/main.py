"""Command `backoffice`: the database of one machine, the serving process, accounts, tariffs, checks and corrections.

In: arguments. Out: exit status 0 done, 1 a check found something, 2 the arguments or files cannot be used. Each command
lives in a module of its own beside this one.
"""

from __future__ import annotations

import typer

from backoffice.app import (
    accounts_command,
    correct_command,
    database_command,
    doubtful_command,
    serve_command,
    tariff_command,
    verify_command,
)

HELP = """Back office of the toll plaza (hệ thống trung tâm của trạm thu phí).

A first plaza on one machine, each line in its own terminal:

    backoffice database --data data/clickhouse --listen 127.0.0.1:19000

    backoffice tariff publish deploy/demo/tariff.toml --config backoffice.toml

    backoffice accounts import accounts.csv --config backoffice.toml

    backoffice serve --config backoffice.toml

Every command exits with 2 and one line that names the file, field and remedy when its input cannot be used.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.command("database")(database_command.database)
app.command("serve")(serve_command.serve)
app.command("verify")(verify_command.verify)
app.command("doubtful")(doubtful_command.doubtful)
app.command("correct")(correct_command.correct)
app.add_typer(accounts_command.accounts, name="accounts")
app.add_typer(tariff_command.tariff, name="tariff")


@app.callback()
def commands() -> None:
    """Back office of the toll plaza."""


def main() -> None:
    """Entry point of the console script."""
    app()
