"""The grammar of plates, by vectors from the regulations' examples and from plates seen on the road."""

import pytest

from anpr.plate import ALPHABET, PROVINCE_CODES, is_plate, normalise, parse, prior


@pytest.mark.parametrize(
    ("text", "kind", "province", "series", "number"),
    [
        ("30A12345", "civil", "30", "A", "12345"),
        ("29A1234", "civil-old", "29", "A", "1234"),
        ("51R12345", "trailer", "51", "R", "12345"),
        ("20LD01234", "special", "20", "LD", "01234"),
        ("97TD12345", "special", "97", "TD", "12345"),
        ("51RM00123", "special", "51", "RM", "00123"),
        ("80441NG02", "diplomatic", "80", "NG", "441NG02"),
        ("80NG44102", "diplomatic", "80", "NG", "44102"),
        ("80NN16776", "diplomatic", "80", "NN", "16776"),
        ("T2912345", "temporary", "29", "T", "12345"),
        ("TM1234", "army", None, "TM", "1234"),
        ("QH5678", "army", None, "QH", "5678"),
        ("29D137168", "motorbike", "29", "D1", "37168"),
        ("68LA00776", "motorbike", "68", "LA", "00776"),
        ("29MD103024", "motorbike", "29", "MD1", "03024"),
    ],
)
def test_kinds(text: str, kind: str, province: str | None, series: str, number: str) -> None:
    plate = parse(text)[0]
    assert (plate.kind, plate.province, plate.series, plate.number) == (kind, province, series, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "30A123",
        "30A1234567",
        "46A12345",
        "13A12345",
        "30I12345",
        "30O12345",
        "30W12345",
        "3OA12345",
        "AA12345",
        "30R1-2345",
    ],
)
def test_no_plates(text: str) -> None:
    assert parse(text) == ()
    assert prior(text) < prior("30A12345")


def test_81_provinces() -> None:
    assert len(PROVINCE_CODES) == 81
    assert {"20", "97", "80", "29", "99"} <= PROVINCE_CODES
    assert not {"13", "42", "44", "45", "46", "87", "91", "96", "10"} & PROVINCE_CODES


def test_eight_characters_are_ambiguous_until_the_layout_is_known() -> None:
    assert {plate.kind for plate in parse("54Y88180")} == {"civil", "motorbike"}
    assert {plate.kind for plate in parse("54Y88180", "one-line")} == {"civil"}
    breaks = {plate.vehicle: plate.line_break for plate in parse("54Y88180", "two-line")}
    assert breaks == {"car": 3, "motorbike": 4}


def test_the_second_line_of_a_diplomatic_plate_begins_with_its_series() -> None:
    assert parse("80441NG02")[0].line_break == 5
    assert parse("80NG44102")[0].line_break == 4


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("30A-123.45", "30A12345"),
        ("29-MĐ1 030.24", "29MD103024"),
        (" 80-441-NG-02 ", "80441NG02"),
        ("51tđ-001.02", "51TD00102"),
    ],
)
def test_one_stored_form(written: str, stored: str) -> None:
    assert normalise(written) == stored


def test_motorbikes_have_two_lines() -> None:
    assert is_plate("29D137168", "two-line")
    assert not is_plate("29D137168", "one-line")


def test_alphabet_has_what_the_grammar_has() -> None:
    assert set(ALPHABET) == set("0123456789") | set("ABCDEFGHKLMNPQRSTUVXYZ")
