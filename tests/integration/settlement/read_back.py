"""Reading reports back with programs that did not write them: cells of a workbook, text and faces of a PDF."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
from pdfminer.pdftypes import resolve1

VIETNAM = timezone(timedelta(hours=7))


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    """Rows below the heading of each sheet; the total line is the last one."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)] for sheet in book}


def facts(path: Path) -> dict[str, Any]:
    """First column of the first sheet → second."""
    book = openpyxl.load_workbook(path)
    return {row[0].value: row[1].value for row in book["Tổng hợp"].iter_rows() if row[0].value and len(row) > 1}


def printed(path: Path) -> list[str]:
    """Text of each page."""
    with pdfplumber.open(path) as pdf:
        return [page.extract_text() for page in pdf.pages]


def faces(path: Path) -> dict[str, bool]:
    """Every face that any page names → whether its outlines are in the file."""
    found: dict[str, bool] = {}
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            fonts = resolve1(resolve1(page.page_obj.resources).get("Font")) or {}
            for font in map(resolve1, fonts.values()):
                descriptor = resolve1(font.get("FontDescriptor")) or {}
                found[str(font["BaseFont"])] = "FontFile2" in descriptor
    return found


def table(path: Path) -> list[dict[str, str]]:
    """A CSV as rows by heading."""
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def money(text: str) -> int:
    """1.234.567 đ → 1234567"""
    return int(re.sub(r"[^0-9-]", "", text))


def accounting_day(moment: datetime, cutoff_minutes: int) -> date:
    """The naive reading: local time, moved so that the cut-off is midnight."""
    return (moment.astimezone(VIETNAM) + timedelta(minutes=(24 * 60 - cutoff_minutes) % (24 * 60))).date()
