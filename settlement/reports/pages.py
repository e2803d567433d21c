"""What stands on every printed page: place and period above, time and page x/y below, warnings where they hold.

In: a document. Out: a canvas for reportlab. The number of pages is known only at the end, so pages are kept and
finished together; equal documents give equal bytes.
"""

from __future__ import annotations

from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from settlement.reports.document import Document
from settlement.reports.typeface import BOLD, REGULAR
from settlement.reports.wording import DEMONSTRATION_SHORT, moment_text

PAGE: Final = landscape(A4)
MARGIN: Final = 14 * mm
WIDTH: Final = PAGE[0] - 2 * MARGIN
TOP: Final = 17 * mm
RED: Final = colors.HexColor("#C00000")
_GREY: Final = colors.HexColor("#5B6770")
_LINE: Final = colors.HexColor("#9AA7B5")


def canvas_of(document: Document) -> type[Canvas]:
    """A canvas class that finishes each page of `document`."""

    class Numbered(Canvas):
        """Keeps the pages until their number is known."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._kept: list[dict[str, Any]] = []

        def _make_preamble(self) -> None:
            """A page begins without a font: reportlab's own would name Helvetica, which is not embedded."""
            self._preamble = "1 0 0 1 0 0 cm"

        def setFont(self, psfontname: str, size: float, leading: float | None = None) -> None:  # noqa: N802
            """reportlab's defaults (empty cells, drawings) name faces that are not embedded: ours in their place."""
            super().setFont(psfontname if psfontname in (REGULAR, BOLD) else REGULAR, size, leading)

        def showPage(self) -> None:  # noqa: N802  reportlab's name
            self._kept.append(dict(self.__dict__))
            start: Any = getattr(self, "_startPage")  # noqa: B009  not in the published types
            start()

        def save(self) -> None:
            for number, state in enumerate(self._kept, start=1):
                self.__dict__.update(state)
                _finish(self, document, number, len(self._kept))
                super().showPage()
            super().save()

    return Numbered


def _finish(canvas: Any, document: Document, number: int, pages: int) -> None:
    canvas.saveState()
    _head(canvas, document)
    canvas.setFillColor(colors.black)
    canvas.setFont(REGULAR, 7)
    canvas.drawString(MARGIN, 8 * mm, f"{document.title} · lập lúc {moment_text(document.made_at)}")
    canvas.drawRightString(PAGE[0] - MARGIN, 8 * mm, f"Trang {number}/{pages}")
    if document.mark:
        _mark(canvas, document.mark)
    canvas.restoreState()


def _head(canvas: Any, document: Document) -> None:
    line = PAGE[1] - 10 * mm
    canvas.setFillColor(_GREY)
    canvas.setFont(REGULAR, 7)
    canvas.drawString(MARGIN, line, document.place)
    canvas.drawCentredString(PAGE[0] / 2, line, document.period)
    if document.warning:
        canvas.setFillColor(RED)
        canvas.setFont(BOLD, 7)
        canvas.drawRightString(PAGE[0] - MARGIN, line, DEMONSTRATION_SHORT)
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, line - 2 * mm, PAGE[0] - MARGIN, line - 2 * mm)


def _mark(canvas: Any, text: str) -> None:
    canvas.setFillColor(colors.Color(0.75, 0, 0, alpha=0.16))
    canvas.setFont(BOLD, 54)
    canvas.translate(PAGE[0] / 2, PAGE[1] / 2)
    canvas.rotate(30)
    canvas.drawCentredString(0, 0, text)
