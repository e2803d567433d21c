"""Kinds of SQL statements, as far as the wire cares: which give blocks, which wait for rows.

In: SQL text. Out: a Statement. The engine parses and judges the text; here only its first words and, for an INSERT, the
part before the rows are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

_SPACE_AND_COMMENTS: Final = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_FIRST_WORD: Final = re.compile(_SPACE_AND_COMMENTS + r"\(*" + _SPACE_AND_COMMENTS + r"(\w+)", re.DOTALL)
_IDENTIFIER: Final = r"(?:\w+|`(?:[^`\\]|\\.)+`|\"(?:[^\"\\]|\\.)+\")"
_INSERT: Final = re.compile(
    _SPACE_AND_COMMENTS
    + rf"INSERT\s+INTO\s+(?:TABLE\s+)?(?P<target>(?P<table>{_IDENTIFIER}(?:\.{_IDENTIFIER})?)\s*"
    + r"(?:\((?P<columns>[^)]*)\)\s*)?)"
    + r"(?P<settings>SETTINGS\s+(?:(?!\bVALUES\b|\bFORMAT\b).)*)?"
    + r"(?:VALUES|FORMAT\s+(?:Values|Native))\s*;?(?P<inline>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT: Final = re.compile(r"\s+FORMAT\s+\w+\s*;?\s*$", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """`select`: a stream of blocks. `insert`: waits for blocks of the client. `other`: runs and may give blocks."""

    kind: Literal["select", "insert", "other"]
    sql: str
    table: str = ""
    columns: str = ""
    insert_head: str = ""


def classify(sql: str) -> Statement:
    """What `sql` is for the wire."""
    found = _FIRST_WORD.match(sql)
    word = found[1].upper() if found else ""
    if word in ("SELECT", "WITH"):
        return Statement("select", _without_format(sql))
    if word == "INSERT" and (insert := _INSERT.match(sql)) and not insert["inline"].strip():
        head = f"INSERT INTO {insert['target']} {insert['settings'] or ''}"
        return Statement("insert", sql, insert["table"], (insert["columns"] or "").strip(), head)
    return Statement("other", sql if word in ("INSERT", "CREATE", "ALTER") else _without_format(sql))


def _without_format(sql: str) -> str:
    """Over the native protocol blocks travel whatever FORMAT the text names; a quoted one is left alone."""
    tail = _FORMAT.search(sql)
    if tail is None or any(q.start() < tail.end() and q.end() > tail.start() for q in _QUOTED.finditer(sql)):
        return sql.rstrip().rstrip(";")
    return sql[: tail.start()]
