"""What to write into a mapping so that more of a file is understood.

In: rejects of a trial, or a header that does not fit. Out: lines of TOML to copy, with what to fill in. Guesses
nothing: which word means what, only the provider can say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from settlement.intake.columns import CANONICAL, Side
from settlement.intake.rejects import Reject
from settlement.reconcile.frames import KINDS, OUTCOMES, STATUSES

_WORDS = {"kind": KINDS, "status": STATUSES, "outcome": OUTCOMES, "offline": ("true", "false")}
_TIMES = ("passed_at", "charged_at")
_AMOUNTS = ("fare_vnd", "amount_vnd", "class", "plate_confidence")
_SHOWN = re.compile(r"“(.*?)”:")
_MOST = 8


def hints(rejects: Iterable[Reject], side: Side) -> Iterator[str]:
    """TOML that would help, by column; nothing where the rejected rows need another remedy."""
    unknown: dict[str, dict[str, None]] = {}
    for reject in rejects:
        shown = _SHOWN.match(reject.reason)
        if shown:
            unknown.setdefault(reject.column, {})[shown[1]] = None
    for column in CANONICAL[side]:
        yield from _hint(column, list(unknown.get(column, {}))[:_MOST], side)


def _hint(column: str, values: Sequence[str], side: Side) -> Iterator[str]:
    if not values:
        return
    if column in _WORDS:
        yield f"[{side.value}.codes.{column}]"
        yield from (f'{_quoted(value)} = "…"    # {" | ".join(_WORDS[column])}' for value in values)
    elif column in _TIMES:
        yield f"[{side.value}.times.{column}]    # {values[0]}"
        yield 'format = "%d/%m/%Y %H:%M:%S"    # %d ngày, %m tháng, %Y năm, %H giờ, %M phút, %S giây'
        yield 'offset = "+07:00"'
    elif column in _AMOUNTS:
        yield f"[{side.value}.remove]    # {values[0]}"
        strange = sorted({sign for value in values for sign in re.findall(r"[^0-9\s]+", value)})
        quoted = ", ".join(_quoted(sign) for sign in strange)
        yield f"{column} = [{quoted}]"
    elif column == "plaza":
        yield f"[{side.value}.codes.plaza]"
        yield from (
            f'{_quoted(value)} = "…"    # mã trạm trong cấu hình / a plaza of the configuration' for value in values
        )


def _quoted(text: str) -> str:
    # A JSON string is a basic string of TOML.
    return json.dumps(text, ensure_ascii=False)


def skeleton(header: Sequence[str], side: Side, name: str) -> Iterator[str]:
    """A mapping to begin with: every canonical column, those that the header has left as they are."""
    known = {heading.strip().casefold() for heading in header}
    free = [heading.strip() for heading in header if heading.strip().casefold() not in CANONICAL[side]]
    yield f"name = {_quoted(name)}"
    yield 'description = ""'
    yield f"[{side.value}.columns]    # còn lại / headings of the file without a use: {', '.join(free) or 'none'}"
    yield from (f'{column} = "…"' for column in CANONICAL[side] if column not in known)
    yield f"[{side.value}.constants]    # thay cho cột không có / in place of a column that the file lacks"
    yield '# plaza = "CM"'
