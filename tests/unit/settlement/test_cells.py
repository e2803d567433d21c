"""What cells may hold and what they are worth, against Python's own reading of them."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.intake.cells import plate_key, rules, time_us
from settlement.intake.columns import CANONICAL, Side
from settlement.reconcile.frames import tag_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def good_time(text: str) -> bool:
    row = dict.fromkeys(CANONICAL[Side.STATION], "") | {"passed_at": text}
    rule = next(rule for rule in rules(Side.STATION, ("CM",)) if rule.column == "passed_at")
    return bool(pl.DataFrame([row]).select(rule.good).item())


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)),  # noqa: DTZ001
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.integers(0, 6),
)
def test_times_are_read_exactly(local: datetime, offset_minutes: int, decimals: int) -> None:
    micros = local.microsecond // 10 ** (6 - decimals) * 10 ** (6 - decimals) if decimals else 0
    moment = local.replace(microsecond=micros, tzinfo=timezone(timedelta(minutes=offset_minutes)))
    point = f".{micros:06d}"[: decimals + 1] if decimals else ""
    sign = "-" if offset_minutes < 0 else "+"
    zone = f"{sign}{abs(offset_minutes) // 60:02d}:{abs(offset_minutes) % 60:02d}"
    text = f"{local.year:04d}-{local:%m-%dT%H:%M:%S}{point}{zone}"
    assert good_time(text)
    found = pl.DataFrame({"t": [text]}).select(time_us("t")).item()
    assert found == (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-29T00:00:00Z",
        "2026-06-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-06-15T24:00:00Z",
        "2026-06-15T08:00:60Z",
        "2026-06-15T08:00:00",
        "2026-06-15T08:00:00z",
        "2026-06-15t08:00:00Z",
        "2026-06-15 08:00:00Z",
        "2026-06-15T08:00:00.Z",
        "2026-06-15T08:00:00.1234567Z",
        "2026-06-15T08:00:00,5Z",
        "2026-06-15T08:00:00+0700",
        "2026-06-15T08:00:00+7:00",
        "2026-06-15T08:00:00+07:60",
        "2026-06-15T08:00:00+24:00",
        "2026-06-15T08:00Z",
        "２０２６-06-15T08:00:00Z",
        "2026-06-15T08:00:00Z\n",
    ],
)
def test_other_forms_are_no_times(text: str) -> None:
    assert not good_time(text)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=12))
def test_plates_normalise_as_python_does(text: str) -> None:
    upper = unicodedata.normalize("NFKD", text.upper().replace("Đ", "D"))
    wanted = "".join(c for c in upper if c.isascii() and (c.isdigit() or c.isupper()))
    assert pl.DataFrame({"p": [text]}).select(plate_key("p"))["p"][0] == wanted


@pytest.mark.parametrize(
    ("plate", "key"),
    [("29tđ-012.34", "29TD01234"), ("２０Ａ 12345", "20A12345"), ("20Â-1", "20A1"), ("-.", ""), ("NG-441", "NG441")],
)
def test_plates_of_this_country(plate: str, key: str) -> None:
    assert pl.DataFrame({"p": [plate]}).select(plate_key("p"))["p"][0] == key


def test_tags_lose_spaces_and_case() -> None:
    assert pl.DataFrame({"e": ["e2 80\u00a011"]}).select(tag_text("e"))["e"][0] == "E28011"
