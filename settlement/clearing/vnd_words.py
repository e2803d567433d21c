"""Amounts in Vietnamese words, as invoices and minutes write them.

In: whole VND. Out: `Một triệu không trăm năm mươi nghìn không trăm mười lăm đồng`. Every number has exactly one text.
"""

from __future__ import annotations

from typing import Final

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_UNITS: Final = ("", " nghìn", " triệu")
_BILLION: Final = 1_000_000_000


def vnd_in_words(amount_vnd: int) -> str:
    """The amount with a capital letter and `đồng`; negative ones begin with `Âm`."""
    words = f"{'âm ' if amount_vnd < 0 else ''}{_number(abs(amount_vnd))} đồng"
    return words[0].upper() + words[1:]


def _number(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    billions, rest = divmod(number, _BILLION)
    parts = [f"{_number(billions)} tỷ"] if billions else []
    if rest:
        parts.append(_below_billion(rest, filled=bool(billions)))
    return " ".join(parts)


def _below_billion(number: int, *, filled: bool) -> str:
    """`filled`: something stands before, so that the first group is read with all three digits."""
    parts = []
    for place in (2, 1, 0):
        group = number // 1000**place % 1000
        if group:
            parts.append(_group(group, filled=filled) + _UNITS[place])
        filled = filled or bool(group)
    return " ".join(parts)


def _group(group: int, *, filled: bool) -> str:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    parts = [f"{_DIGITS[hundreds]} trăm"] if hundreds or filled else []
    if tens == 1:
        parts.append("mười")
    elif tens:
        parts.append(f"{_DIGITS[tens]} mươi")
    elif ones and parts:
        parts.append("lẻ")
    if ones:
        parts.append(_ones(ones, tens))
    return " ".join(parts)


def _ones(ones: int, tens: int) -> str:
    """Five is `lăm` after any ten, one and four are `mốt` and `tư` from twenty on."""
    if ones == 5 and tens:
        return "lăm"
    if tens > 1:
        return {1: "mốt", 4: "tư"}.get(ones, _DIGITS[ones])
    return _DIGITS[ones]
