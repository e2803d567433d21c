"""PyPy for Python 3.11: the system's, or the one that deploy/pypy/fetch.sh brought.

In: nothing. Out: its path. PartMissingError: there is none for this version of Python.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.parts.missing import ALL_PARTS, PartMissingError

BROUGHT = Path(__file__).parents[2] / ".parts" / "pypy" / "usr" / "bin" / "pypy3"
SUITS = "import sys; sys.exit(sys.version_info < (3, 11) or sys.implementation.name != 'pypy')"


def pypy_path() -> Path:
    """Where it is."""
    for name in ("pypy3", str(BROUGHT)):
        path = shutil.which(name)
        if path is not None and subprocess.run([path, "-c", SUITS], check=False).returncode == 0:
            return Path(path)
    raise PartMissingError(f"PyPy for Python 3.11 is not here: {ALL_PARTS}")
