"""The ratio of a reading: bounded, highest for the registered plate itself, the same however the text is written."""

from hypothesis import given
from hypothesis import strategies as st

from lane_controller.core.plates import (
    ALPHABET,
    _aligned,
    _at_most,
    _best_alignment,
    _in_common,
    chances,
    ln,
    plate_ratio,
)

PLATE = st.text(ALPHABET, min_size=4, max_size=10)
CONFIDENCE = st.floats(0.5, 1)


@given(PLATE, PLATE, CONFIDENCE)
def test_no_other_plate_fits_better_than_the_one_that_was_read(read: str, other: str, confidence: float) -> None:
    itself = plate_ratio(read, confidence, (), read)
    assert ln(20) <= plate_ratio(read, confidence, (), other) <= itself
    assert isinstance(itself, int)


@given(PLATE, PLATE, CONFIDENCE)
def test_separators_and_case_change_nothing(read: str, other: str, confidence: float) -> None:
    written = f"{read[:3].lower()}-{read[3:]}"
    assert plate_ratio(written, confidence, (), other) == plate_ratio(read, confidence, (), f"{other[:2]} {other[2:]}")


@given(PLATE, st.data())
def test_chances_of_the_reader_are_taken_character_by_character(text: str, data: st.DataObject) -> None:
    chars = tuple((c, data.draw(st.floats(0, 1))) for c in text)
    assert chances(text, 0.9, chars) == tuple(max(1, min(999, round(chance * 1000))) for _, chance in chars)


@given(PLATE, st.floats(0.5, 0.98), st.data())
def test_a_surer_reading_of_the_registered_plate_weighs_no_less(
    text: str, confidence: float, data: st.DataObject
) -> None:
    surer = data.draw(st.floats(confidence, 1))
    assert plate_ratio(text, surer, (), text) >= plate_ratio(text, confidence, (), text)


@given(PLATE, st.data())
def test_a_reading_of_the_plate_itself_is_aligned_as_any_other(text: str, data: st.DataObject) -> None:
    sure = tuple(data.draw(st.lists(st.integers(1, 999), min_size=len(text), max_size=len(text))))
    assert _aligned(text, sure, text) == _best_alignment(text, sure, text)


@given(st.text("AB12", max_size=10), st.text("AB12", max_size=10))
def test_the_common_part_is_that_of_the_textbook(one: str, other: str) -> None:
    row = [0] * (len(other) + 1)
    for c in one:
        new = [0]
        for j, r in enumerate(other):
            new.append(row[j] + 1 if c == r else max(row[j + 1], new[j]))
        row = new
    assert _in_common(one, other) == row[-1]


@given(PLATE, PLATE, st.data())
def test_no_alignment_is_likelier_than_the_bound(read: str, other: str, data: st.DataObject) -> None:
    sure = tuple(data.draw(st.lists(st.integers(1, 999), min_size=len(read), max_size=len(read))))
    assert _best_alignment(read, sure, other) <= _at_most(read, sure, other)
