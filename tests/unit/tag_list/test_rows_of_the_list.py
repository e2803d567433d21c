"""A row comes back as the entry that it was made from, and the list never takes one EPC for another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lane_controller.contracts.v1 import entry_digest
from lane_controller.lists.country.row import (
    HEAD,
    RowError,
    entry_of,
    key_of,
    key_of_epc,
    pack,
    plate_of,
    standing_of,
    version_of,
)
from tests.unit.tag_list.tags import epc_of, expected, tag

VERSIONS = st.integers(0, 2**64 - 1)


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), VERSIONS)
def test_a_row_gives_back_its_entry(number: int, seed: int, version: int) -> None:
    entry = tag(number, seed)
    row = pack(entry.epc, version, entry)
    assert entry_of(row) == expected(entry, version)
    assert key_of(row).hex().upper() == entry.epc
    assert version_of(row) == version
    assert plate_of(row) == entry.plate.encode()
    assert standing_of(row) == (version, 1, entry_digest(entry))


@given(st.integers(0, 2**32 - 1), VERSIONS)
def test_a_removed_tag_leaves_its_version(number: int, version: int) -> None:
    row = pack(epc_of(number), version, None)
    assert (entry_of(row), plate_of(row), standing_of(row)) == (None, None, (version, 0, 0))
    assert version_of(row) == version


@given(st.text(max_size=500), st.text(max_size=500))
def test_any_text_fits_and_stays(account: str, plate: str) -> None:
    entry = tag(7, 1).model_copy(update={"account": account, "plate": plate, "exempt_reason": ""})
    assert entry_of(pack(entry.epc, 3, entry)) == expected(entry, 3)


def test_longest_texts_of_the_contract_fit() -> None:
    long = "Đ" * 500
    entry = tag(7, 1).model_copy(
        update={"epc": "AB" * 64, "account": long, "provider": long, "plate": long, "exempt_reason": long}
    )
    assert entry_of(pack(entry.epc, 3, entry)) == expected(entry, 3)


@pytest.mark.parametrize("epc", ["", "A", "ab", "AB CD", " AB", "XY", "AB\n", "0x12"])
def test_what_is_no_epc_is_refused(epc: str) -> None:
    with pytest.raises(RowError, match="EPC"):
        key_of_epc(epc)


def test_a_row_that_is_too_long_names_its_tag() -> None:
    with pytest.raises(RowError, match=f"{70_000 + HEAD.size} bytes"):
        pack("AB" * 70_000, 1, None)


def test_a_ticket_counts_at_its_own_plaza_only() -> None:
    entry = tag(77)
    row = pack(entry.epc, 5, entry)
    assert entry_of(row, "CM") == expected(entry, 5)
    assert entry_of(row, "XX") == expected(entry.model_copy(update={"ticket": None}), 5)


@pytest.mark.parametrize("version", [-1, 2**64])
def test_a_version_out_of_range_names_its_tag(version: int) -> None:
    with pytest.raises(RowError, match=f"{epc_of(1)}: version"):
        pack(epc_of(1), version, tag(1))
