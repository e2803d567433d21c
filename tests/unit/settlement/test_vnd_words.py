"""Amounts in words: the texts of accountants, and every number read back from its text."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.vnd_words import vnd_in_words

VECTORS: Final = {
    0: "Không đồng",
    1: "Một đồng",
    5: "Năm đồng",
    10: "Mười đồng",
    11: "Mười một đồng",
    14: "Mười bốn đồng",
    15: "Mười lăm đồng",
    20: "Hai mươi đồng",
    21: "Hai mươi mốt đồng",
    24: "Hai mươi tư đồng",
    25: "Hai mươi lăm đồng",
    30: "Ba mươi đồng",
    100: "Một trăm đồng",
    101: "Một trăm lẻ một đồng",
    104: "Một trăm lẻ bốn đồng",
    105: "Một trăm lẻ năm đồng",
    110: "Một trăm mười đồng",
    115: "Một trăm mười lăm đồng",
    191: "Một trăm chín mươi mốt đồng",
    1_000: "Một nghìn đồng",
    1_001: "Một nghìn không trăm lẻ một đồng",
    1_015: "Một nghìn không trăm mười lăm đồng",
    35_000: "Ba mươi lăm nghìn đồng",
    180_000: "Một trăm tám mươi nghìn đồng",
    105_000: "Một trăm lẻ năm nghìn đồng",
    1_050_000: "Một triệu không trăm năm mươi nghìn đồng",
    1_050_015: "Một triệu không trăm năm mươi nghìn không trăm mười lăm đồng",
    1_000_005: "Một triệu không trăm lẻ năm đồng",
    21_000_000: "Hai mươi mốt triệu đồng",
    73_440_000: "Bảy mươi ba triệu bốn trăm bốn mươi nghìn đồng",
    1_000_000_000: "Một tỷ đồng",
    1_000_000_001: "Một tỷ không trăm lẻ một đồng",
    1_005_000_000: "Một tỷ không trăm lẻ năm triệu đồng",
    6_680_000_000: "Sáu tỷ sáu trăm tám mươi triệu đồng",
    1_000_000_000_000: "Một nghìn tỷ đồng",
    2_345_000_678_901: "Hai nghìn ba trăm bốn mươi lăm tỷ sáu trăm bảy mươi tám nghìn chín trăm lẻ một đồng",
    -313_225: "Âm ba trăm mười ba nghìn hai trăm hai mươi lăm đồng",
}
DIGITS: Final = {"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6,
                 "bảy": 7, "tám": 8, "chín": 9}  # fmt: skip


@pytest.mark.parametrize("amount", VECTORS)
def test_amounts_as_accountants_write_them(amount: int) -> None:
    assert vnd_in_words(amount) == VECTORS[amount]


def read(text: str) -> int:
    """The number of a text, by a grammar of its own: digits pile up until a place word multiplies them."""
    words = text.removesuffix(" đồng").lower().split()
    sign = -1 if words[0] == "âm" else 1
    billions = total = group = digit = 0
    for word in words[sign < 0 :]:
        if word in DIGITS:
            digit = DIGITS[word]
            continue
        if word == "lẻ":
            continue
        if word == "mười":
            group += 10
        elif word in ("mươi", "trăm"):
            group += digit * {"mươi": 10, "trăm": 100}[word]
        elif word in ("nghìn", "triệu"):
            total += (group + digit) * {"nghìn": 1_000, "triệu": 1_000_000}[word]
            group = 0
        else:
            assert word == "tỷ"
            billions = (billions + total + group + digit) * 1_000_000_000
            total = group = 0
        digit = 0
    return sign * (billions + total + group + digit)


@given(st.integers(-(10**18), 10**18))
def test_every_text_reads_back_to_its_number(amount: int) -> None:
    text = vnd_in_words(amount)
    assert read(text) == amount
    assert text[0].isupper()
    assert "  " not in text


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_two_numbers_never_share_a_text(one: int, other: int) -> None:
    assert (vnd_in_words(one) == vnd_in_words(other)) == (one == other)
