"""EPC text and bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid.epc import Epc, EpcError


def test_leading_zeros_stay() -> None:
    assert Epc.of(bytes.fromhex("00000000000000000000beef")) == Epc("00000000000000000000BEEF", 96)


def test_text_of_an_odd_length_names_its_bits() -> None:
    epc = Epc.of(bytes(24) + b"\xc0", 198)
    assert str(epc) == "00" * 24 + "C0/198"
    assert Epc.parse(str(epc)) == epc


def test_people_may_write_blanks_dashes_and_small_letters() -> None:
    assert Epc.parse("30-34 25 7b") == Epc("3034257B", 32)


@pytest.mark.parametrize("text", ["", "0"])
def test_the_empty_epc_has_no_bits(text: str) -> None:
    if text:
        with pytest.raises(EpcError, match="is no EPC"):
            Epc.parse(text)
    else:
        assert Epc.parse(text) == Epc("", 0)


@pytest.mark.parametrize("text", ["xyz", "ABC", "AB/9", "AB/x", "AB/", "ABCD/8", "AB/-1"])
def test_what_is_no_epc_is_refused(text: str) -> None:
    with pytest.raises(EpcError):
        Epc.parse(text)


@given(
    st.integers(0, 600).flatmap(
        lambda bits: st.tuples(st.just(bits), st.binary(min_size=(bits + 7) // 8, max_size=(bits + 7) // 8))
    )
)
def test_text_and_bytes_round_trip_at_any_length(made: tuple[int, bytes]) -> None:
    bits, data = made
    epc = Epc.of(data, bits)
    assert Epc.parse(str(epc)) == epc
    assert epc.data == data
