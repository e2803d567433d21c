"""What the commands of a lane controller share: their options and the configuration they name.

In: arguments. Out: settings and tables; a text on stderr and an exit status when the arguments cannot be used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lane_controller.app.refuse import fail
from lane_controller.app.settings import LaneTable, Settings, SettingsError, load

Config = Annotated[Path, typer.Option("--config", help="TOML file of the lanes (tệp cấu hình)")]
Lanes = Annotated[list[str] | None, typer.Option("--lane", help="only this lane; may be repeated (chỉ làn này)")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object per line (một đối tượng JSON mỗi dòng)")]


def configured(config: Path, lanes: list[str] | None) -> tuple[Settings, tuple[LaneTable, ...]]:
    """The settings in a file and the lanes that are meant; ends the command with status 2 when there are none."""
    try:
        settings = load(config)
        return settings, settings.chosen(lanes or [])
    except SettingsError as error:
        fail(str(error), 2)


def journal_of(settings: Settings, table: LaneTable) -> Path:
    """The journal of a lane."""
    from lane_controller.outbox.journal import journal_path  # noqa: PLC0415 - `--help` is quick

    return journal_path(settings.data_dir, table.id, table.epoch)
