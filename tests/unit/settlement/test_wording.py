"""How amounts are written: 1.234.567 đ on paper and in every Excel."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.reports.wording import excel_vnd, grouped, percent, vnd


def shown(number_format: str, value: int) -> str:
    """What Excel shows: the first section whose condition holds, digits filled in from the right."""
    sections = number_format.split(";")
    if sections[0].startswith("["):
        section = next(s for s in sections if not s.startswith("[") or value >= int(s[3 : s.index("]")]))
    else:
        section = sections[0] if value >= 0 else sections[1]
    pattern = re.sub(r"^\[[^]]*\]", "", section)
    digits = list(str(abs(value)))
    places = pattern.count("0")
    head, digits = digits[: len(digits) - places + 1], digits[len(digits) - places + 1 :]
    out = ""
    for char in re.sub(r'[\\"]', "", pattern):
        if char == "0" and head:
            out, head = out + "".join(head), []
        elif char == "0":
            out += digits.pop(0)
        else:
            out += char
    return out


@given(st.integers(-(10**13), 10**13))
def test_excel_and_paper_show_the_same(amount: int) -> None:
    assert shown(excel_vnd(amount), amount) == vnd(amount)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 đ"), (999, "999 đ"), (1_234_567, "1.234.567 đ"), (-35_000, "-35.000 đ")]
)
def test_amounts(amount: int, text: str) -> None:
    assert vnd(amount) == text
    assert grouped(amount) == text.removesuffix(" đ")


def test_basis_points() -> None:
    assert percent(650) == "6,50 %"
    assert percent(5) == "0,05 %"
