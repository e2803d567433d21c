"""The rules of reading once more, character by character and row by row: slow, and written from the specification."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from settlement.intake.columns import PROVIDER, STATION

Row = dict[str, str]
OUTCOMES = ["charged", "ticket", "exempt", "manual", "convoy", "emergency", "violation"]
DIGITS = set("0123456789")


@dataclass
class Read:
    rows: list[Row]
    rejects: list[tuple[int, str]]
    """(line, column), the column empty where the line as a whole is at fault."""
    rows_read: int


def read(content: bytes, plazas: tuple[str, ...]) -> Read:
    lines = content.decode("utf-8-sig").split("\n")
    lines = [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]
    at = next(number for number, line in enumerate(lines) if not blank(line, separator_of(line)))
    separator = separator_of(lines[at])
    header = [cell.strip().lower() for cell in cells_of(lines[at], separator) or []]
    columns = STATION if "outcome" in header else PROVIDER
    found: list[tuple[int, Row]] = []
    rejects: list[tuple[int, str]] = []
    for number, line in enumerate(lines[at + 1 :], start=at + 2):
        if blank(line, separator):
            continue
        cells = cells_of(line, separator)
        if cells is None or len(cells) != len(header):
            rejects.append((number, ""))
            continue
        row = {name: cells[header.index(name)].strip() for name in columns}
        bad = next((name for name in columns if not good(name, row, plazas)), None)
        if bad is None:
            found.append((number, row))
        else:
            rejects.append((number, bad))
    rows_read = len(found) + len(rejects)
    kept, repeated = without_repeats(found, "passage_id" if columns is STATION else "charge_id")
    return Read(kept, sorted(rejects + repeated), rows_read)


def separator_of(line: str) -> str:
    outside = re.sub(r'"[^"]*"?', "", line)
    return ";" if outside.count(";") > outside.count(",") else ","


def blank(line: str, separator: str) -> bool:
    cells = cells_of(line.strip(), separator)
    return cells is not None and all(not cell.strip() for cell in cells)


def cells_of(line: str, separator: str) -> list[str] | None:
    """None: bad quoting."""
    cells: list[str] = []
    at = 0
    while True:
        end = quoted_end(line, at) if line[at : at + 1] == '"' else plain_end(line, at, separator)
        if end is None or (end < len(line) and line[end] != separator):
            return None
        cell = line[at:end]
        cells.append(cell[1:-1].replace('""', '"') if cell.startswith('"') else cell)
        if end == len(line):
            return cells
        at = end + 1


def quoted_end(line: str, at: int) -> int | None:
    at += 1
    while at < len(line):
        if line[at] != '"':
            at += 1
        elif line[at + 1 : at + 2] == '"':
            at += 2
        else:
            return at + 1
    return None


def plain_end(line: str, at: int, separator: str) -> int | None:
    while at < len(line) and line[at] != separator:
        if line[at] == '"':
            return None
        at += 1
    return at


def good(name: str, row: Row, plazas: tuple[str, ...]) -> bool:
    cell, low = row[name], row[name].lower()
    credit = row.get("kind", "").lower() == "credit"
    not_charged = row.get("outcome", "charged").lower() != "charged"
    free = not credit and row["ticket_no"] != ""
    checks = {
        "passed_at": is_time,
        "charged_at": is_time,
        "plaza": lambda _: low in {plaza.lower() for plaza in plazas},
        "class": lambda _: cell in {"1", "2", "3", "4", "5"} or (not cell and (credit or not_charged)),
        "outcome": lambda _: low in OUTCOMES,
        "fare_vnd": is_amount,
        "amount_vnd": lambda _: is_amount(cell) and (int(cell) > 0 or free),
        "offline": lambda _: low in {"true", "false", ""},
        "plate_confidence": lambda _: not cell or is_share(cell),
        "charge_id": lambda _: bool(cell),
        "kind": lambda _: low in {"debit", "credit"},
        "status": lambda _: low in {"posted", "rejected", "pending"},
    }
    return name not in checks or checks[name](cell)


def is_share(cell: str) -> bool:
    return re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", cell) is not None and float(cell) <= 1


def is_amount(cell: str) -> bool:
    return 1 <= len(cell) <= 12 and set(cell) <= DIGITS


def is_time(cell: str) -> bool:
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
    if re.fullmatch(form, cell) is None:
        return False
    try:
        return datetime.fromisoformat(cell).tzinfo is not None
    except ValueError:
        return False


def without_repeats(found: list[tuple[int, Row]], key: str) -> tuple[list[Row], list[tuple[int, str]]]:
    groups: dict[tuple[str, ...], list[tuple[int, Row]]] = defaultdict(list)
    for number, row in found:
        scope = (row["plaza"].lower(),) if key == "passage_id" else ()
        groups[(*scope, row[key]) if row[key] else (str(number),)].append((number, row))
    kept, rejects = [], []
    for rows in groups.values():
        same = all(row == rows[0][1] for _, row in rows)
        kept += [rows[0][1]] if same else []
        rejects += [(number, key) for number, _ in (rows[1:] if same else rows)]
    return kept, rejects
