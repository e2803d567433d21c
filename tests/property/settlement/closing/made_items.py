"""Items of closed days for property tests: every class that can be in dispute, amounts that follow from it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from settlement.clearing.closed_day import ClosedItem

BLANK = ClosedItem(
    key="", code="MATCHED", also="", note="", plaza="CM", lane="CM-01", passage_id="", charge_id="", passed_us=-1,
    charged_us=-1, outcome="", status="", epc="E1", station_plate="20A12345", provider_plate="20A-123.45",
    station_class=0, provider_class=0, ticket_no="", station_rows=0, provider_rows=0, station_vnd=0, provider_vnd=0,
    claim_vnd=0, taken_vnd=0, left_vnd=0, agreed_vnd=0, disputed_vnd=0, joint_key="",
)  # fmt: skip
amounts = st.integers(1, 20).map(lambda n: n * 5_000)


def station_side(item: ClosedItem, number: int, fare: int, outcome: str = "charged") -> ClosedItem:
    """With a passage."""
    name = f"CM-01-e1-{number:06d}"
    return replace(
        item, key=f"p:CM/{name}", passage_id=name, passed_us=1_000 + number, outcome=outcome, station_class=1,
        station_rows=1, station_vnd=fare, claim_vnd=fare if outcome == "charged" else 0,
    )  # fmt: skip


def charge_side(item: ClosedItem, number: int, amount: int, status: str = "posted") -> ClosedItem:
    """With a charge."""
    taken = amount if status != "rejected" else 0
    return replace(
        item, key=item.key or f"c:C{number}", charge_id=f"C{number}", charged_us=2_000 + number, status=status,
        provider_class=1, provider_rows=1, provider_vnd=amount, taken_vnd=taken, left_vnd=amount,
    )  # fmt: skip


@st.composite
def disputed_items(draw: st.DrawFn, number: int = 1) -> ClosedItem:
    """One item in dispute."""
    fare, amount = draw(amounts), draw(amounts)
    passage = station_side(BLANK, number, fare)
    pair = charge_side(passage, number, amount)
    alone = charge_side(BLANK, number, amount)
    code = draw(st.sampled_from(["FE_ONLY", "BE_ONLY", "DUP", "AMOUNT", "EXEMPT", "PENDING", "REJECTED", "PROVIDER"]))
    if code == "FE_ONLY":
        return replace(passage, code=code, disputed_vnd=fare)
    if code in ("BE_ONLY", "DUP"):
        named = f"CM-01-e1-{number:06d}" if code == "DUP" else ""
        return replace(alone, code=code, passage_id=named, disputed_vnd=amount)
    if code == "AMOUNT":
        other = amount if amount != fare else amount + 5_000
        pair = charge_side(passage, number, other)
        return replace(pair, code=code, agreed_vnd=min(fare, other), disputed_vnd=abs(fare - other))
    if code == "EXEMPT":
        free = charge_side(station_side(BLANK, number, 0, "exempt"), number, amount)
        return replace(free, code=code, disputed_vnd=amount)
    if code in ("PENDING", "REJECTED"):
        pair = charge_side(passage, number, amount, code.lower())
    return replace(pair, code=code, disputed_vnd=max(pair.claim_vnd, pair.taken_vnd))
