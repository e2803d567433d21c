"""The rules of reconciliation once more, row by row and by trying everything: slow, short, and for small days only.

Written from the specification alone, in plain Python, so that the columnar code has something to agree with.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from settlement.intake.columns import STATION

VIETNAM = timedelta(hours=7)
ORDER = [
    *("PENDING", "OFFLINE_REJECT", "REJECTED", "PROVIDER", "EXEMPT", "TICKET"),
    *("CLASS", "AMOUNT", "TAG_SWAP", "PLATE", "TIME", "MATCHED"),
]
ALL = [*ORDER, "FE_ONLY", "BE_ONLY", "DUP", "REFUNDED", "REFUND_MISSING", "CREDIT_ONLY", "NOT_CHARGEABLE"]
NOT_FOR_CHARGE = {"exempt", "manual", "convoy", "emergency", "violation"}
Row = dict[str, str]


@dataclass
class Item:
    code: str
    station: Row | None
    provider: Row | None
    day: date
    alone: bool
    also: list[str] = field(default_factory=list)
    credits: list[Row] = field(default_factory=list)


def when(row: Row) -> datetime:
    text = row.get("passed_at") or row["charged_at"]
    return datetime.fromisoformat(text).astimezone(UTC)


def norm(plate: str) -> str:
    text = unicodedata.normalize("NFKD", plate.upper().replace("Đ", "D"))
    return "".join(c for c in text if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def epc(row: Row) -> str:
    return row["epc"].upper().replace(" ", "")


def low(row: Row, column: str) -> str:
    return row[column].lower()


def day_of(row: Row, cutoff_minutes: int) -> date:
    shift = timedelta(minutes=(1440 - cutoff_minutes) % 1440)
    return (when(row) + shift + VIETNAM).date()


def near(s: Row, p: Row) -> bool:
    if s["passage_id"] and p["passage_id"]:
        return False
    if low(s, "plaza") != low(p, "plaza") or s["lane"] != p["lane"] or not s["lane"]:
        return False
    tags = epc(s) and epc(p)
    same = epc(s) == epc(p) if tags else norm(s["plate"]) == norm(p["plate"]) != ""
    return same and abs(when(s) - when(p)) <= timedelta(seconds=120)


def gap(s: Row, p: Row) -> int:
    return abs(when(s) - when(p)) // timedelta(microseconds=1)


def best_pairs(stations: Sequence[Row], providers: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Most pairs, least sum, then the tie-break; by trying everything within each connected group."""
    left = sorted(stations, key=lambda r: (when(r), r["passage_id"], tuple(r[c] for c in STATION)))
    right = sorted(providers, key=lambda r: (when(r), r["charge_id"]))
    edges = {i: [j for j, p in enumerate(right) if near(s, p)] for i, s in enumerate(left)}
    result = []
    for group in groups(edges):
        members = sorted(group)

        @cache
        def best(at: int, used: frozenset[int], members: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
            if at == len(members):
                return 0, 0, ()
            i = members[at]
            options = []
            for j in edges[i]:
                if j not in used:
                    pairs, cost, rest = best(at + 1, used | {j}, members)
                    options.append((pairs - 1, cost + gap(left[i], right[j]), (j, *rest)))
            pairs, cost, rest = best(at + 1, used, members)
            options.append((pairs, cost, (10**9, *rest)))
            return min(options)

        for i, j in zip(members, best(0, frozenset(), tuple(members))[2], strict=True):
            if j < 10**9:
                result.append((left[i], right[j]))
    return result


def groups(edges: dict[int, list[int]]) -> list[set[int]]:
    found: list[tuple[set[int], set[int]]] = []
    for i, targets in edges.items():
        mine, theirs = {i}, set(targets)
        rest = []
        for a, b in found:
            if b & theirs:
                mine, theirs = mine | a, theirs | b
            else:
                rest.append((a, b))
        found = [*rest, (mine, theirs)]
    return [a for a, _ in found]


RANK = {"posted": 0, "pending": 1, "rejected": 2}


@dataclass
class Book:
    """The provider's rows by what they are."""

    debits: list[Row]
    credits: dict[str, list[Row]]
    orphans: list[Row]

    def credited(self, p: Row) -> int:
        return sum(int(c["amount_vnd"]) for c in self.credits[p["charge_id"]] if low(c, "status") == "posted")

    def reversed_in_full(self, p: Row) -> bool:
        back = self.credited(p)
        return low(p, "status") == "posted" and back > 0 and back >= int(p["amount_vnd"])


def book_of(providers: Sequence[Row]) -> Book:
    debits = [p for p in providers if low(p, "kind") == "debit"]
    named = {p["charge_id"] for p in debits}
    book = Book(debits, defaultdict(list), [])
    for c in providers:
        if low(c, "kind") == "credit":
            (book.credits[c["related_charge_id"]] if c["related_charge_id"] in named else book.orphans).append(c)
    return book


def lone(p: Row, posted: str, now: datetime) -> str:
    if low(p, "status") != "posted":
        return low(p, "status").upper()
    late = int(p["amount_vnd"]) > 0 and now - when(p) > timedelta(hours=24)
    return "REFUND_MISSING" if late else posted


def reconcile(stations: Sequence[Row], providers: Sequence[Row], now: datetime, cutoff_minutes: int) -> list[Item]:
    def day(row: Row) -> date:
        return day_of(row, cutoff_minutes)

    book = book_of(providers)
    items = [Item("CREDIT_ONLY", None, c, day(c), True) for c in book.orphans]
    items += [Item("REFUNDED", None, p, day(p), True) for p in book.debits if book.reversed_in_full(p)]
    live = [p for p in book.debits if not book.reversed_in_full(p)]
    pairs, further, free_s, free_p = by_id(stations, live)
    items += [Item(lone(p, "DUP", now), None, p, day(s), True) for s, p in further]
    for status in RANK:
        found = best_pairs(free_s, [p for p in free_p if low(p, "status") == status])
        pairs += found
        free_s = [s for s in free_s if not any(s is a for a, _ in found)]
        free_p = [p for p in free_p if not any(p is b for _, b in found)]
    items += [
        Item("FE_ONLY" if low(s, "outcome") == "charged" else "NOT_CHARGEABLE", s, None, day(s), True) for s in free_s
    ]
    items += [Item(lone(p, "BE_ONLY", now), None, p, day(p), True) for p in free_p]
    items += compared(pairs, book, cutoff_minutes)
    for item in items:
        if item.provider is not None and item.code != "CREDIT_ONLY":
            item.credits = book.credits[item.provider["charge_id"]]
    return items


Pairs = list[tuple[Row, Row]]


def by_id(stations: Sequence[Row], live: Sequence[Row]) -> tuple[Pairs, Pairs, list[Row], list[Row]]:
    """(pairs, further rows with their passage, passages left, charges left)."""
    pairs: Pairs = []
    further: Pairs = []
    free_s = []
    for s in stations:
        mine = [p for p in live if s["passage_id"] and same_id(s, p)]
        mine.sort(key=lambda p: (RANK[low(p, "status")], when(p), p["charge_id"]))
        if mine:
            pairs.append((s, mine[0]))
            further += [(s, p) for p in mine[1:]]
        else:
            free_s.append(s)
    used = [p for _, p in (*pairs, *further)]
    return pairs, further, free_s, [p for p in live if not any(p is q for q in used)]


def same_id(s: Row, p: Row) -> bool:
    return p["passage_id"] == s["passage_id"] and low(p, "plaza") == low(s, "plaza")


def compared(pairs: Pairs, book: Book, cutoff_minutes: int) -> list[Item]:
    others = Counter((epc(s) or epc(p), norm(s["plate"])) for s, p in pairs if other_plate(s, p))
    items = []
    for s, p in pairs:
        left = int(p["amount_vnd"]) - min(book.credited(p), int(p["amount_vnd"]))
        true = differences(s, p, left, cutoff_minutes)
        tag = epc(s) or epc(p)
        if "PLATE" in true and tag and others[tag, norm(s["plate"])] >= 2:
            true = true - {"PLATE"} | {"TAG_SWAP"}
        if "CLASS" in true:
            true = true - {"AMOUNT"}
        listed = [code for code in ORDER if code in true] or ["MATCHED"]
        items.append(Item(listed[0], s, p, day_of(s, cutoff_minutes), False, listed[1:]))
    return items


def other_plate(s: Row, p: Row) -> bool:
    return bool(norm(s["plate"]) and norm(p["plate"]) and norm(s["plate"]) != norm(p["plate"]))


def differences(s: Row, p: Row, left: int, cutoff_minutes: int) -> set[str]:
    outcome, status, amount = low(s, "outcome"), low(p, "status"), int(p["amount_vnd"])
    posted = status == "posted"
    late = outcome == "charged" and low(s, "offline") == "true" and status == "rejected"
    checks = {
        "PENDING": status == "pending",
        "OFFLINE_REJECT": late,
        "REJECTED": status == "rejected" and not late,
        "PROVIDER": bool(s["provider"] and p["provider"]) and low(s, "provider") != low(p, "provider"),
        "EXEMPT": outcome in NOT_FOR_CHARGE and posted and amount > 0,
        "TICKET": s["ticket_no"] != p["ticket_no"]
        or (outcome == "ticket" and posted and amount > 0)
        or (outcome == "charged" and posted and amount == 0),
        "CLASS": bool(s["class"] and p["class"]) and s["class"] != p["class"],
        "AMOUNT": int(s["fare_vnd"]) != left,
        "PLATE": other_plate(s, p) and float(s["plate_confidence"] or 0) >= 0.9,
        "TIME": day_of(s, cutoff_minutes) != day_of(p, cutoff_minutes),
    }
    return {code for code, applies in checks.items() if applies}


def money(item: Item) -> tuple[int, int]:
    """(agreed, disputed) of one item."""
    s, p = item.station, item.provider
    claim = int(s["fare_vnd"]) if s is not None and low(s, "outcome") == "charged" else 0
    amount = int(p["amount_vnd"]) if p is not None else 0
    back = sum(int(c["amount_vnd"]) for c in item.credits if low(c, "status") == "posted")
    left = max(amount - back, 0)
    taken = 0 if p is None else {"posted": left, "pending": amount, "rejected": 0}[low(p, "status")]
    if item.alone:
        disputed = {"FE_ONLY": claim, "BE_ONLY": left, "DUP": left, "REFUND_MISSING": left, "PENDING": amount}
        return 0, disputed.get(item.code, 0)
    if item.code in ("MATCHED", "TIME", "PLATE", "TAG_SWAP"):
        return taken, 0
    if item.code in ("AMOUNT", "CLASS"):
        return min(claim, taken), abs(claim - taken)
    return 0, max(claim, taken)


def summary(items: Sequence[Item], day: date) -> dict[str, Any]:
    classes = {
        code: {"pairs": 0, "station_rows": 0, "provider_rows": 0, "station_vnd": 0, "provider_vnd": 0} for code in ALL
    }
    agreed = disputed = 0
    other = {"station": 0, "provider": 0}
    for item in items:
        rows = (int(item.station is not None), int(item.provider is not None) + len(item.credits))
        if item.day != day:
            other["station"] += rows[0]
            other["provider"] += rows[1]
            continue
        line = classes[item.code]
        line["pairs"] += 1
        line["station_rows"] += rows[0]
        line["provider_rows"] += rows[1]
        line["station_vnd"] += int(item.station["fare_vnd"]) if item.station else 0
        if item.provider and item.code != "CREDIT_ONLY":
            line["provider_vnd"] += int(item.provider["amount_vnd"])
        one, two = money(item)
        agreed, disputed = agreed + one, disputed + two
    return {"classes": classes, "agreed_vnd": agreed, "disputed_vnd": disputed, "other_day": other}


def listed(items: Sequence[Item], day: date) -> list[tuple[str, ...]]:
    """`differences.csv` without `note`."""
    shown = [item for item in items if item.day == day and item.code not in ("MATCHED", "NOT_CHARGEABLE")]
    rows = [(when(item.station or item.provider or {}), _cells(item)) for item in shown]
    rows.sort(key=lambda pair: (pair[0], pair[1][3], pair[1][2], pair[1]))
    return [cells for _, cells in rows]


def _cells(item: Item) -> tuple[str, ...]:
    s, p = item.station, item.provider

    def either(column: str) -> str:
        return (s[column] if s else "") or (p[column] if p else "")

    return (
        item.code,
        " ".join(item.also),
        either("passage_id"),
        p["charge_id"] if p else "",
        _local(s),
        _local(p),
        either("lane"),
        either("epc").upper().replace(" ", ""),
        s["plate"] if s else "",
        p["plate"] if p else "",
        s["class"] if s else "",
        p["class"] if p else "",
        str(int(s["fare_vnd"])) if s else "",
        str(int(p["amount_vnd"])) if p and item.code != "CREDIT_ONLY" else "",
    )


def _local(row: Row | None) -> str:
    if row is None:
        return ""
    local = (when(row) + VIETNAM).replace(tzinfo=None)
    whole = local.isoformat(timespec="seconds")
    decimals = f"{local.microsecond:06d}".rstrip("0")
    return f"{whole}{'.' if decimals else ''}{decimals}+07:00"
