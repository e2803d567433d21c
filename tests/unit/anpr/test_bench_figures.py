"""The figures of `anpr bench` from readings and labels."""

import pytest

from anpr.bench import Label, breakdown, edit_distance, judge, summarise, sweep
from anpr.observation import PlateObservation, overlap

LABEL = Label("a.jpg", "30A12345", (10, 10, 110, 40), "one-line", "car", "web_car")


def _plate(text: str | None, box=(12, 11, 108, 41), confidence: float = 0.9, best: str = "") -> PlateObservation:
    chars = tuple((character, 0.9) for character in text or best)
    return PlateObservation(text, confidence, "one-line", "white", box, chars)


@pytest.mark.parametrize(
    ("plates", "outcome"),
    [
        ([_plate("30A12345")], "exact"),
        ([_plate("30A12346")], "wrong"),
        ([_plate(None, best="30A12345")], "no-read"),
        ([], "no-read"),
        ([_plate("30A12345", box=(300, 300, 400, 330))], "no-read"),
    ],
)
def test_outcomes(plates: list[PlateObservation], outcome: str) -> None:
    assert judge(LABEL, plates, 1.0).outcome == outcome


def test_a_text_where_no_plate_is_labelled_counts_unless_plates_are_unlabelled() -> None:
    stray = _plate("51G00700", box=(300, 300, 400, 330))
    assert judge(LABEL, [_plate("30A12345"), stray], 1.0).extra_texts == 1
    open_label = Label("a.jpg", "30A12345", LABEL.bbox, "one-line", "car", "web_car", more_unlabelled=True)
    assert judge(open_label, [stray], 1.0).extra_texts == 0


def test_shares_and_characters() -> None:
    results = [
        judge(LABEL, [_plate("30A12345")], 10.0),
        judge(LABEL, [_plate("30A12346")], 30.0),
        judge(LABEL, [], 20.0),
    ]
    figures = summarise(results)
    assert figures["n"] == 3
    assert figures["exact"] == figures["wrong"] == figures["no-read"] == pytest.approx(1 / 3, abs=1e-3)
    assert figures["characters"] == pytest.approx(1 - 9 / 24, abs=1e-3)
    assert figures["ms_median"] == 20.0
    assert breakdown(results)["four-wheel"]["n"] == 3
    assert summarise([]) == {"n": 0}


def test_sweep_trades_reads_for_errors() -> None:
    results = [
        judge(LABEL, [_plate("30A12345", confidence=0.99)], 1.0),
        judge(LABEL, [_plate("30A12346", confidence=0.6)], 1.0),
    ]
    assert sweep(results, [0.5, 0.9]) == [(0.5, 0.5, 0.5), (0.9, 0.5, 0.0)]


def test_overlap_and_edit_distance() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 0, 30, 10)) == 0
    assert edit_distance("30A12345", "30A1235") == 1
    assert edit_distance("", "abc") == 3
