"""How a command refuses: a text on stderr and an exit status.

In: what is wrong, with its remedy. Out: the end of the command. Never: a traceback for what a person can put right.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import typer


def fail(text: str, status: int) -> NoReturn:
    """Say why and end the command."""
    print(text, file=sys.stderr)
    raise typer.Exit(status)
