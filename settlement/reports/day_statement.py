"""The statement of an accounting day as a `Document`.

In: a `DayStatement`. Out: facts and tables in the order in which finance reads them. Must show every passage id, and
control totals of both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from settlement.clearing.day_statement import CLASSES, DayStatement, Line
from settlement.clearing.ledger import Passage
from settlement.reports.document import Cell, Chart, Column, Document, Fact, Kind, Section
from settlement.reports.wording import DEMONSTRATION, class_name, grouped, moment_text, outcome_name, percent

PASSAGE_COLUMNS = (
    Column("Mã lượt xe", "passage_id", width=2.0),
    Column("Thời điểm", "time", Kind.TIME, width=1.6),
    Column("Làn", "lane", width=0.7),
    Column("Loại xe", "class", width=0.7),
    Column("Kết quả", "outcome", width=1.2),
    Column("Giá vé", "fare", Kind.VND, width=0.9),
    Column("Biển số", "plate", width=0.9),
    Column("Nhà cung cấp", "provider", width=0.9),
    Column("Số vé", "ticket", width=1.0),
    Column("Ngoại tuyến", "offline", width=0.7),
)


def document(statement: DayStatement, made_at: datetime) -> Document:
    """The statement for people; `made_at` is printed on each page."""
    return Document(
        title=f"Bảng kê doanh thu ngày {statement.day:%d/%m/%Y}",
        english=f"Statement of the accounting day {statement.day.isoformat()}",
        warning=DEMONSTRATION if statement.terms.demonstration else "",
        facts=_facts(statement),
        sections=(
            _outcomes(statement),
            _revenue("Theo loại xe", "By class", "Doanh thu theo loại xe (đ)", _classes(statement.by_class)),
            _revenue("Theo làn", "By lane", "", statement.by_lane),
            _revenue("Theo nhà cung cấp", "By provider", "", statement.by_provider),
            _hours(statement),
            _control(statement),
            _passages(statement),
        ),
        made_at=made_at,
        signatures=("Đơn vị vận hành thu (operator)", "Nhà cung cấp dịch vụ (provider)"),
        place=", ".join(f"Trạm {code}" for code in sorted({p.plaza for p in statement.passages})),
        period=f"Ngày {statement.day:%d/%m/%Y}",
    )


def _facts(statement: DayStatement) -> tuple[Fact, ...]:
    owed, terms = statement.payable, statement.terms
    rate = percent(terms.vat_rate_bp(statement.day))
    return (
        Fact("Ngày đối soát", "Accounting day", f"{statement.day:%d/%m/%Y}"),
        Fact("Từ", "From (inclusive)", moment_text(statement.start)),
        Fact("Đến", "Until (exclusive)", moment_text(statement.end)),
        Fact("Số lượt xe", "Passages", grouped(statement.control.passages)),
        Fact("Số lượt thu phí", "Charged passages", grouped(statement.control.charged_passages)),
        Fact("Doanh thu", "Revenue", amount_vnd=owed.agreed_vnd, strong=True),
        Fact("Trong đó chờ quyết định", "In suspense: no payer yet", amount_vnd=statement.control.suspense_vnd),
        Fact(f"Phí dịch vụ thu ({percent(terms.fee_bp)})", "Service fee", amount_vnd=owed.fee_vnd),
        Fact(f"Trong đó thuế GTGT ({rate})", "VAT within revenue, not deducted", amount_vnd=owed.vat_vnd),
        Fact("Điều chỉnh", "Corrections", amount_vnd=owed.corrections_vnd),
        Fact("Còn phải trả", "Net payable", amount_vnd=owed.net_vnd, strong=True),
    )


def _outcomes(statement: DayStatement) -> Section:
    columns = (
        Column("Kết quả", "outcome", width=2.0),
        *(Column(class_name(c), f"class {c or '–'}", Kind.COUNT) for c in CLASSES),
        Column("Cộng", "total", Kind.COUNT),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (outcome_name(name), *(counts[c] for c in CLASSES), sum(counts.values()))
        for name, counts in statement.outcomes.items()
    )
    sums = [sum(counts[c] for counts in statement.outcomes.values()) for c in CLASSES]
    return Section("Lưu lượng", "Passages by outcome and class", columns, rows, ("Cộng", *sums, sum(sums)))


def _classes(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(Line(class_name(int(x.key)), x.passages, x.charged, x.revenue_vnd) for x in lines)


def _revenue(sheet: str, english: str, chart: str, lines: tuple[Line, ...]) -> Section:
    columns = (
        Column(sheet.removeprefix("Theo ").capitalize(), english.removeprefix("By "), width=1.5),
        Column("Lượt xe", "passages", Kind.COUNT),
        Column("Lượt thu phí", "charged", Kind.COUNT),
        Column("Doanh thu", "revenue", Kind.VND),
    )
    rows = tuple((line.key or "–", line.passages, line.charged, line.revenue_vnd) for line in lines)
    total = (
        "Cộng",
        sum(line.passages for line in lines),
        sum(line.charged for line in lines),
        sum(line.revenue_vnd for line in lines),
    )
    return Section(sheet, english, columns, rows, total, Chart(chart, 3, "đồng (VND)") if chart else None)


def _hours(statement: DayStatement) -> Section:
    columns = (
        Column("Giờ", "hour from"),
        Column("Lượt xe", "passages", Kind.COUNT),
        Column("Lượt thu phí", "charged", Kind.COUNT),
        Column("Doanh thu", "revenue", Kind.VND),
    )
    rows = tuple((line.key, line.passages, line.charged, line.revenue_vnd) for line in statement.by_hour)
    chart = Chart("Lưu lượng theo giờ", 1, "lượt xe")
    return Section("Theo giờ", "By hour", columns, rows, chart=chart)


def _control(statement: DayStatement) -> Section:
    control = statement.control
    columns = (
        Column("Chỉ tiêu", "control total", width=2.0),
        Column("Lượt xe tại trạm", "passages", Kind.VND),
        Column("Bút toán sổ cái", "ledger postings", Kind.VND),
        Column("Chênh lệch", "difference", Kind.VND),
    )
    rows = (
        (
            "Doanh thu (revenue)",
            control.charged_vnd,
            control.ledger_vnd,
            control.charged_vnd - control.ledger_vnd,
        ),
    )
    note = (
        f"{grouped(control.charged_passages)} lượt thu phí, {grouped(control.ledger_passages)} lượt có bút toán;"
        " từng lượt xe đã được so khớp (every passage compared with its postings)."
    )
    return Section("Cân đối", "Control totals", columns, rows, note=note)


def _passages(statement: DayStatement) -> Section:
    rows = tuple(_passage(p) for p in statement.passages)
    total = ("Cộng", None, None, None, None, sum(p.revenue_vnd for p in statement.passages), None, None, None, None)
    note = "Giá vé của lượt không thu phí không tính vào doanh thu (fares count where outcome is charged)."
    return Section("Lượt xe", "Passages", PASSAGE_COLUMNS, rows, total, note=note)


def _passage(passage: Passage) -> tuple[Cell, ...]:
    return (
        passage.passage_id,
        passage.passed_at,
        passage.lane,
        class_name(passage.vehicle_class),
        outcome_name(passage.outcome),
        passage.fare_vnd,
        passage.plate,
        passage.provider,
        passage.ticket_no,
        "có" if passage.offline else "",
    )
