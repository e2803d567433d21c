"""Lines into cells: the columnar reader agrees with the csv module on every well-formed line."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.intake.delimited import BadLine, Lines, Shape, ends_of, is_blank, read_lines, split_line
from settlement.intake.sources import separator_of

cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=6)
rows = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=6)


def read(block: bytes, first_line: int, shape: Shape) -> Lines:
    return read_lines(block, np.arange(len(ends_of(block)), dtype=np.uint32) + first_line, shape)


@given(rows, st.sampled_from(",;"), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes_is_read_back(
    table: list[list[str]], separator: str, quote_all: bool, newline: str
) -> None:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=separator, lineterminator=newline, quoting=quoting).writerows(table)
    lines = read(text.getvalue().encode(), 5, Shape(separator, 3))
    found, bad = lines.cells, lines.bad
    assert bad == []
    kept = {line - 5: values for line, *values in found.rows()}
    for number, row in enumerate(table):
        if number in kept:
            # The carriage return of a plain line stays until cells are trimmed.
            assert [*kept[number][:-1], kept[number][-1].removesuffix("\r")] == row
        else:
            assert not any(cell.strip() for cell in row)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('a,"b,c",d', ["a", "b,c", "d"]),
        ('"a""b",,""', ['a"b', "", ""]),
        ('a,b"c,d', None),
        ('a,"b,c', None),
        ('a,"b"c,d', None),
        (' "a",b,c', None),
        ("", [""]),
    ],
)
def test_quotes_are_those_of_rfc_4180(line: str, wanted: list[str] | None) -> None:
    assert split_line(line, ",") == wanted


def test_bad_lines_cost_only_themselves() -> None:
    content = b'a,b,c\nx,y\n"open,b,c\n\n,,\n  \xc2\xa0 \n"1","2","3"\n"1","2"\nd,e,f'
    lines = read(content, 1, Shape(",", 3))
    found, bad = lines.cells, lines.bad
    assert [row[0] for row in found.rows() if any(row[1:])] == [1, 7, 9]
    assert [one.line for one in bad] == [2, 3, 8]
    assert bad[0] == BadLine(2, "2 cells, the header has 3")
    assert "quot" in bad[1].reason


def test_a_separator_in_quotes_does_not_make_up_for_a_missing_cell() -> None:
    lines = read(b'a,b,c\n"x,y",z\n"d",e,f\n', 1, Shape(",", 3))
    assert lines.cells.rows() == [(1, "a", "b", "c"), (3, "d", "e", "f")]
    assert lines.bad == [BadLine(2, "2 cells, the header has 3")]


@pytest.mark.parametrize("line", ["", " ", "\u00a0\t", ",,,,", ' , ,"",', '"  "', ";"])
def test_blank_lines_are_no_rows(line: str) -> None:
    assert is_blank(line, ";" if ";" in line else ",")


@pytest.mark.parametrize(
    ("header", "separator"),
    [("a,b", ","), ("a;b", ";"), ("a;b,c", ","), ('"a;;;",b', ","), ("a", ","), ("a;b;c,d", ";")],
)
def test_the_header_names_the_separator(header: str, separator: str) -> None:
    assert separator_of(header) == separator
