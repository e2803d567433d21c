"""Command `simulators`: a whole plaza, or one simulated part of it.

In: arguments. Out: processes that speak the wires of the real parts. Each part is loaded only when it is asked for, so
that a command starts quickly.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Final

import typer

HELP = """Simulated parts of a toll plaza (mô phỏng trạm thu phí).

A whole plaza with its live page, on this machine alone:

    simulators plaza

One part of it:

    simulators reader --listen 127.0.0.1:5084 --tag 3034257BF7194E4000001A85

    simulators plc run --lane CM-01 --broker 127.0.0.1:1883

`simulators PART --help` says what each part does and takes.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One subcommand: where it is defined, and whether it is an app of its own or one command."""

    module: str
    attribute: str
    is_app: bool
    summary: str


PARTS: Final = {
    "plaza": Part("simulators.plaza.command", "plaza", False, "A whole plaza on this machine (cả một trạm)."),
    "world": Part("simulators.plaza.world", "world", False, "Vehicles and devices of a plaza (xe và thiết bị)."),
    "broker": Part("simulators.plaza.broker", "broker", False, "The embedded MQTT broker (máy chủ MQTT)."),
    "reader": Part("simulators.llrp_reader.command", "app", True, "A UHF reader over LLRP (đầu đọc thẻ)."),
    "plc": Part("simulators.field_io.command", "app", True, "Roadside PLCs over MQTT (PLC)."),
    "camera": Part("simulators.camera.command", "app", True, "A plate camera over HTTP (camera)."),
    "card": Part("simulators.card.command", "app", True, "A card at a virtual PC/SC reader (thẻ không tiếp xúc)."),
    "provider": Part("simulators.provider.command", "app", True, "A payment provider's files (nhà cung cấp)."),
}


def _installed(part: Part) -> bool:
    """True when the part's module exists; it is not loaded for that."""
    package = part.module.rpartition(".")[0]
    return importlib.util.find_spec(package) is not None and importlib.util.find_spec(part.module) is not None


def make_app(asked_for: str | None) -> typer.Typer:
    """The command line; only the part that is asked for is loaded, the others are named."""
    app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for name, part in PARTS.items():
        if not _installed(part):
            continue
        if name != asked_for:
            app.command(name, help=part.summary)(_placeholder)
            continue
        found = getattr(importlib.import_module(part.module), part.attribute)
        if part.is_app:
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)

    @app.callback()
    def commands() -> None:
        """Keeps the names of the parts on the command line even when only one is installed."""

    return app


def _placeholder() -> None:
    """Stands for a part that was not asked for; never runs."""


def main() -> None:
    """Entry point of the console script."""
    asked_for = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    make_app(asked_for)()
