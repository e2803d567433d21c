"""The embedded typeface: DejaVu Sans, which has every Vietnamese letter (licence beside the files).

In: nothing. Out: the names under which reportlab knows the two faces. A PDF must never depend on fonts of the reader.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"


@cache
def register() -> None:
    """Make both faces known to reportlab, once per process."""
    for name in (REGULAR, BOLD):
        with as_file(files("settlement.reports") / "fonts" / f"{name}.ttf") as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
