"""The minutes of a month (biên bản đối soát tháng) as a `Document` that both parties sign.

In: a `Month`, the names of the parties. Out: facts and tables. A month with open days is a draft, and says so on every
page; a correction names the day and the rows that it corrects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from settlement.clearing.month import Month
from settlement.clearing.vnd_words import vnd_in_words
from settlement.reconcile.classes import LABELS
from settlement.reports.class_columns import class_columns
from settlement.reports.document import Cell, Column, Document, Fact, Kind, Section
from settlement.reports.wording import DEMONSTRATION, day_text, grouped, percent

DRAFT: Final = "BẢN NHÁP – DRAFT"
_KEYS_SHOWN: Final = 6
_CAUSES: Final = {"late rows": "Dòng đến muộn (late rows)", "decision": "Quyết định (decision)"}


@dataclass(frozen=True, slots=True)
class Heading:
    """`place`: names of the plazas; `parties`: operator and provider as they sign."""

    made_at: datetime
    place: str
    parties: tuple[str, str]


def document(month: Month, heading: Heading) -> Document:
    """The minutes; a draft where days are open."""
    period = f"{day_text(month.first)} – {day_text(month.last)}"
    return Document(
        title=f"Biên bản đối soát tháng {month.first:%m/%Y} – {month.provider}",
        english=f"Minutes of the month {month.first:%Y-%m}, provider {month.provider}",
        warning=DEMONSTRATION if month.demonstration else "",
        facts=_facts(month, heading),
        sections=_sections(month),
        made_at=heading.made_at,
        signatures=(f"Đơn vị vận hành thu (operator): {heading.parties[0]}",
                    f"Nhà cung cấp dịch vụ (provider): {heading.parties[1]}"),
        place=heading.place,
        period=f"Kỳ {period}",
        mark=DRAFT if month.open_days else "",
    )  # fmt: skip


def _sections(month: Month) -> tuple[Section, ...]:
    optional = (
        _open(month.open_days) if month.open_days else None,
        _undecided(month) if month.undecided else None,
        _waiting(month) if month.waiting else None,
        _accepted(month) if any(day.accepted for day in month.days) else None,
    )
    fixed = (_days(month), _corrections(month), _vat(month), _disputes(month), _classes(month))
    return (*(section for section in optional[:1] if section), *fixed, *(one for one in optional[1:] if one))


def _facts(month: Month, heading: Heading) -> tuple[Fact, ...]:
    paid = "theo khai báo (as stated: the system books no payments)"
    began = (
        (Fact("Ngày trước khi bắt đầu sổ", "Days before the first closed day", grouped(month.before_books)),)
        if month.before_books
        else ()
    )
    return (
        Fact("Trạm", "Plaza", heading.place),
        Fact("Nhà cung cấp", "Provider", month.provider),
        Fact("Số ngày đã chốt", "Closed days", f"{len(month.days)}/{len(month.days) + len(month.open_days)}"),
        *began,
        Fact("Số dư đầu kỳ", "Opening balance: net of earlier days, less payments", amount_vnd=month.opening_vnd),
        Fact("Doanh thu đã thống nhất", "Agreed on the days of the month", amount_vnd=month.agreed_vnd),
        Fact("Phí dịch vụ thu", "Service fee, rounded once a day", amount_vnd=-month.fee_vnd),
        Fact("Điều chỉnh của các ngày đã chốt", "Corrections taken in", amount_vnd=month.corrections_vnd),
        Fact("Còn phải trả của tháng", "Net payable of the month", amount_vnd=month.net_vnd, strong=True),
        Fact("Bằng chữ", "In words", vnd_in_words(month.net_vnd)),
        Fact("Đã thanh toán trong kỳ", f"Paid within the month, {paid}", amount_vnd=-month.paid_vnd),
        Fact("Số dư cuối kỳ", "Closing balance", amount_vnd=month.closing_vnd, strong=True),
        Fact("Trong đó thuế GTGT", "VAT within what was agreed, not deducted", amount_vnd=month.vat_vnd),
        Fact("Đang tranh chấp, chuyển kỳ sau", "Disputed, carried on", amount_vnd=month.disputes.carried_vnd),
    )


def _open(days: Sequence[date]) -> Section:
    columns = (
        Column("Chưa chốt từ ngày", "open from", Kind.DATE),
        Column("Đến ngày", "to", Kind.DATE),
        Column("Số ngày", "days", Kind.COUNT),
    )
    runs: list[list[date]] = []
    for day in days:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    rows = tuple((run[0], run[-1], len(run)) for run in runs)
    note = "Chưa chốt nên chưa có trong biên bản (open, so not part of these minutes)."
    return Section("Ngày chưa chốt", "Open days", columns, rows, ("Cộng", None, len(days)), note=note)


def _days(month: Month) -> Section:
    columns = (
        Column("Ngày", "day", Kind.DATE, 0.9),
        Column("Số mục", "items", Kind.COUNT, 0.7),
        Column("Thống nhất", "agreed", Kind.VND, 1.2),
        Column("Tranh chấp", "disputed", Kind.VND),
        Column("Phí", "fee", Kind.VND),
        Column("Thuế GTGT", "VAT", Kind.VND),
        Column("Điều chỉnh", "corrections", Kind.VND),
        Column("Còn phải trả", "net", Kind.VND, 1.2),
        Column("Mã chốt ngày", "closing digest", Kind.HASH, 1.1),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            date.fromisoformat(d.day),
            d.item_count,
            d.agreed_vnd,
            d.disputed_vnd,
            d.fee_vnd,
            d.vat_vnd,
            d.corrections_vnd,
            d.net_vnd,
            d.digest,
        )
        for d in month.days
    ]
    return Section("Từng ngày", "Closed days", columns, rows, _total(rows, columns))


def _total(rows: Sequence[tuple[Cell, ...]], columns: Sequence[Column]) -> tuple[Cell, ...]:
    sums: list[Cell] = ["Cộng"]
    for n, column in enumerate(columns[1:], start=1):
        values = [value for row in rows if isinstance(value := row[n], int)]
        sums.append(sum(values) if column.kind.is_number else None)
    return tuple(sums)


def _corrections(month: Month) -> Section:
    columns = (
        Column("Số điều chỉnh", "correction", width=1.5),
        Column("Ngày gốc", "original day", Kind.DATE, 0.8),
        Column("Ghi vào ngày", "taken in on", Kind.DATE, 0.8),
        Column("Căn cứ", "cause", width=1.2),
        Column("Dòng gốc", "original rows", width=2.4),
        Column("Thống nhất", "agreed", Kind.VND, 0.9),
        Column("Tranh chấp", "disputed", Kind.VND, 0.9),
        Column("Phí", "fee", Kind.VND, 0.8),
        Column("Thuế GTGT", "VAT", Kind.VND, 0.8),
        Column("Còn phải trả", "net", Kind.VND, 0.9),
        Column("Ghi chú", "note", width=1.4),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            one.correction.correction_id,
            date.fromisoformat(one.correction.original_day),
            one.day,
            " ".join(part for part in (_CAUSES.get(one.correction.cause, one.correction.cause),
                                       one.correction.dispute_id) if part),
            _keys(one.correction.originals, one.correction.late),
            one.correction.agreed_vnd,
            one.correction.disputed_vnd,
            one.correction.fee_vnd,
            one.correction.vat_vnd,
            one.correction.net_vnd,
            one.correction.note,
        )
        for one in month.corrections
    ]  # fmt: skip
    note = "Ngày đã chốt không bao giờ thay đổi: điều chỉnh ghi vào ngày sau (a closed day is never changed)."
    return Section("Điều chỉnh", "Corrections", columns, rows, _total(rows, columns), note=note)


def _keys(originals: Sequence[str], late: Sequence[str]) -> str:
    every = [*originals, *(f"+{key}" for key in late)]
    more = f" … (+{len(every) - _KEYS_SHOWN})" if len(every) > _KEYS_SHOWN else ""
    return " ".join(every[:_KEYS_SHOWN]) + more


def _vat(month: Month) -> Section:
    columns = (
        Column("Thuế suất", "VAT rate"),
        Column("Thống nhất", "agreed", Kind.VND),
        Column("Thuế GTGT trong đó", "VAT within", Kind.VND),
        Column("Điều chỉnh thống nhất", "agreed by corrections", Kind.VND),
        Column("Thuế GTGT điều chỉnh", "VAT of corrections", Kind.VND),
    )
    rows: list[tuple[Cell, ...]] = [
        (percent(line.rate_bp), line.agreed_vnd, line.vat_vnd, line.corrected_vnd, line.corrected_vat_vnd)
        for line in month.vat_lines
    ]
    return Section("Thuế GTGT", "VAT by rate", columns, rows, _total(rows, columns))


def _disputes(month: Month) -> Section:
    columns = (Column("Chỉ tiêu", "disputes", width=2.0), Column("Số tiền", "amount", Kind.VND))
    found = month.disputes
    rows = (
        ("Chuyển từ kỳ trước (carried in)", found.opening_vnd),
        ("Phát sinh trong kỳ (new)", found.new_vnd),
        ("Thay đổi do điều chỉnh (changed by corrections)", found.changed_vnd),
    )
    return Section("Tranh chấp", "Disputes", columns, rows, ("Chuyển kỳ sau (carried on)", found.carried_vnd))


def _undecided(month: Month) -> Section:
    columns = (
        Column("Mã sai lệch", "dispute", width=1.4),
        Column("Ngày", "day", Kind.DATE, 0.8),
        Column("Mã", "code"),
        Column("Loại sai lệch", "class", width=2.0),
        Column("Mục", "item", width=1.8),
        Column("Tranh chấp", "disputed", Kind.VND),
        Column("Trạng thái", "state"),
        Column("Phụ trách", "owner"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            one.dispute_id,
            one.day,
            one.code,
            LABELS.get(one.code, one.code),
            one.item,
            one.disputed_vnd,
            one.state,
            one.owner,
        )
        for one in month.undecided
    ]
    note = "Trạng thái lúc lập biên bản (as they stand when these minutes are made)."
    return Section("Sai lệch còn mở", "Open disputes", columns, rows, _total(rows, columns), note=note)


def _classes(month: Month) -> Section:
    columns = class_columns("Loại kết quả")
    rows: list[tuple[Cell, ...]] = [
        (code, LABELS.get(code, code), *dataclasses.astuple(line)) for code, line in month.classes.items()
    ]
    return Section("Kết quả", "Classes", columns, rows, _total(rows, columns))


def _waiting(month: Month) -> Section:
    columns = (
        Column("Số điều chỉnh", "correction", width=1.5),
        Column("Ngày gốc", "original day", Kind.DATE),
        Column("Còn phải trả", "net", Kind.VND),
        Column("Ghi chú", "note", width=2.0),
    )
    rows: list[tuple[Cell, ...]] = [
        (one.correction_id, date.fromisoformat(one.original_day), one.net_vnd, one.note) for one in month.waiting
    ]
    note = "Sẽ ghi vào ngày chốt tiếp theo (the next closed day takes them in)."
    return Section("Điều chỉnh đang chờ", "Corrections waiting", columns, rows, _total(rows, columns), note=note)


def _accepted(month: Month) -> Section:
    columns = (
        Column("Ngày", "day", Kind.DATE, 0.8),
        Column("Nội dung được chấp nhận", "accepted", width=2.6),
        Column("Lý do", "reason", width=2.0),
        Column("Người chấp nhận", "by"),
    )
    rows: list[tuple[Cell, ...]] = [
        (date.fromisoformat(day.day), f"{one.kind}: {'; '.join(one.findings)}", one.reason, one.by)
        for day in month.days
        for one in day.accepted
    ]
    return Section("Chấp nhận", "Accepted at closing", columns, rows)
