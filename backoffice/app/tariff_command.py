"""`backoffice tariff …`: publish a dated tariff file, list what is published.

In: a TOML file. Out: a version in the database; a running `backoffice serve` sends it to the lanes. Exit 2 names file,
field and remedy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backoffice.app.database_command import unusable
from backoffice.app.serve_command import Config, settings_or_exit
from backoffice.lists.tariffs import TariffFileError, TariffStore
from backoffice.storage.database import Database, DatabaseError
from backoffice.storage.migrate import migrate
from lane_controller.contracts.v1 import TariffV1

tariff = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prices of a plaza (bảng giá).")
DEFAULT_CONFIG = Path("backoffice.toml")


@tariff.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(help="Tariff as TOML; see deploy/demo/tariff.toml.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Publish a tariff as the next version of its plaza (ban hành bảng giá). The same file again changes nothing."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        unusable(f"{file}: {error}")
    settings = settings_or_exit(config)
    database = Database(settings.address)
    try:
        migrate(settings.address)
        message, new = TariffStore(database).publish(text)
    except TariffFileError as error:
        unusable(f"{file}: {error}")
    except DatabaseError as error:
        unusable(f"database {error}")
    finally:
        database.close()
    print(f"{'published' if new else 'published before'}: {_line(message)}")


@tariff.command("list")
def list_tariffs(config: Config = DEFAULT_CONFIG) -> None:
    """Show all published tariffs (danh sách bảng giá)."""
    settings = settings_or_exit(config)
    database = Database(settings.address)
    try:
        migrate(settings.address)
        for message in TariffStore(database).messages():
            print(_line(message))
    except DatabaseError as error:
        unusable(f"database {error}")
    finally:
        database.close()


def _line(message: TariffV1) -> str:
    fares = " ".join(f"{number}:{amount:,}" for number, amount in sorted(message.fares_vnd.items()))
    demo = " (minh họa/demonstration)" if message.demonstration else ""
    since = message.valid_from_utc.isoformat()
    return f"{message.plaza} version {message.version} from {since} {fares} {message.name}{demo}"
