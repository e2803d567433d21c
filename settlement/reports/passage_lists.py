"""Lists of single passages: exempt, violating, opened by hand, and those that call for review (hậu kiểm).

In: listed passages, at most as many as the database gives, and how many there are. Out: sections. Every line has the
passage id, the hash of its picture and what decided, so that a person can judge it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from settlement.clearing.tallies import REVIEW_FLAGS, Listed, TicketUse
from settlement.reports.document import Cell, Chart, Column, Kind, Section
from settlement.reports.wording import class_name, flag_name, grouped, outcome_name

TICKET_KINDS: Final = {"month": "Vé tháng", "quarter": "Vé quý", "": "Chưa rõ kỳ hạn"}

_WHO: Final = (
    Column("Mã lượt xe", "passage_id", width=1.5),
    Column("Thời điểm", "passed_at", Kind.TIME, 1.6),
    Column("Làn", "lane", width=0.8),
    Column("Kết quả", "outcome", width=1.3),
    Column("Loại xe", "class", width=0.8),
    Column("Biển số", "plate", width=1.0),
)
_IMAGE: Final = Column("Ảnh (sha256)", "image_sha256", Kind.HASH, 1.2)


def reasoned(sheet: str, english: str, passages: Sequence[Listed], there: int) -> Section:
    """Who passed for which reason, and who let them."""
    columns = (
        *_WHO,
        Column("Giá vé", "fare", Kind.VND, 0.9),
        Column("Lý do", "reason", width=2.0),
        Column("Nhân viên", "operator", width=1.2),
        _IMAGE,
    )
    rows = tuple((*_who(p), p.fare_vnd, p.reason, p.operator, p.image_sha256) for p in passages)
    return Section(sheet, english, columns, rows, note=_cut(len(passages), there))


def flagged(sheet: str, english: str, passages: Sequence[Listed], there: int) -> Section:
    """What the lane found, and why it decided as it did."""
    columns = (
        *_WHO,
        Column("Biển đăng ký", "registered plate", width=1.0),
        Column("Tin cậy", "sure", width=0.6),
        Column("Dấu hiệu", "flags", width=1.8),
        Column("Quy tắc đã quyết định", "rules", width=0.9),
        Column("Điều gì đổi kết quả", "would have changed it", width=2.6),
        _IMAGE,
    )
    rows = tuple((*_who(p), p.registered_plate, _sure(p), *_why(p), p.image_sha256) for p in passages)
    return Section(sheet, english, columns, rows, note=_cut(len(passages), there))


def _who(p: Listed) -> tuple[Cell, ...]:
    return (p.passage_id, p.passed_at, p.lane, outcome_name(p.outcome), class_name(p.vehicle_class), p.plate)


def _sure(p: Listed) -> str:
    return f"{p.plate_confidence:.2f}".replace(".", ",") if p.plate else ""


def _why(p: Listed) -> tuple[str, str, str]:
    return " ".join(p.flags), " ".join(p.rules), "; ".join(p.would_change)


def _cut(shown: int, there: int) -> str:
    if shown == there:
        return f"{grouped(there)} lượt xe (passages)"
    return f"{grouped(shown)} trong {grouped(there)} lượt xe; chọn kỳ ngắn hơn để có đủ (choose a shorter period)"


def flag_counts(counts: Sequence[tuple[str, str, int]]) -> Section:
    """Passages by flag and lane; a passage with two flags counts under each."""
    lanes = sorted({lane for _, lane, _ in counts})
    found: Mapping[tuple[str, str], int] = {(flag, lane): n for flag, lane, n in counts}
    columns = (
        Column("Dấu hiệu", "flag", width=1.6),
        Column("Ý nghĩa", "meaning", width=3.0),
        *(Column(lane, "", Kind.COUNT, 0.8) for lane in lanes),
        Column("Cộng", "total", Kind.COUNT, 0.8),
    )
    flags = [flag for flag in REVIEW_FLAGS if any((flag, lane) in found for lane in lanes)]
    lines = {flag: [found.get((flag, lane), 0) for lane in lanes] for flag in flags}
    rows: list[tuple[Cell, ...]] = [(flag, flag_name(flag), *line, sum(line)) for flag, line in lines.items()]
    note = "Một lượt xe có hai dấu hiệu được đếm ở cả hai (a passage with two flags counts under each)."
    chart = Chart("Lượt xe cần hậu kiểm theo dấu hiệu", len(columns) - 1, "lượt xe")
    return Section("Theo dấu hiệu", "By flag", columns, rows, chart=chart, note=note)


def tickets(used: Sequence[TicketUse]) -> Section:
    """Each ticket with its passages."""
    columns = (
        Column("Số vé", "ticket_no", width=1.3),
        Column("Kỳ hạn", "kind", width=1.2),
        Column("Biển số", "plate"),
        Column("Loại xe", "class"),
        Column("Lượt xe", "passages", Kind.COUNT),
        Column("Lượt đầu", "first", Kind.TIME, 1.4),
        Column("Lượt cuối", "last", Kind.TIME, 1.4),
    )
    rows = tuple(
        (t.ticket_no, _kind(t), t.plate, class_name(t.vehicle_class), t.passages, t.first, t.last) for t in used
    )
    total = ("Cộng", None, None, None, sum(t.passages for t in used), None, None)
    return Section("Từng vé", "Tickets used", columns, rows, total)


def ticket_kinds(used: Sequence[TicketUse], single: tuple[int, int]) -> Section:
    """Single, monthly and quarterly tickets; `single`: passages and revenue of charged passages."""
    columns = (
        Column("Loại vé", "kind of ticket", width=1.6),
        Column("Số vé", "tickets", Kind.COUNT),
        Column("Lượt xe", "passages", Kind.COUNT),
        Column("Doanh thu của lượt xe", "revenue of passages", Kind.VND, 1.3),
    )
    lines = [("Vé lượt", single[0], single[0], single[1])]
    for kind, name in TICKET_KINDS.items():
        mine = [t for t in used if t.kind == kind or (not kind and t.kind not in TICKET_KINDS)]
        lines.append((name, len(mine), sum(t.passages for t in mine), 0))
    total = ("Cộng", sum(line[1] for line in lines), sum(line[2] for line in lines), sum(line[3] for line in lines))
    note = (
        "Xe dùng vé tháng, vé quý đã trả trước: lượt xe không thu thêm tiền. Kỳ hạn lấy từ danh sách thẻ đã công bố"
        " (tickets were paid before; the kind comes from the published tag list)."
    )
    chart = Chart("Lượt xe theo loại vé", 2, "lượt xe")
    return Section("Theo loại vé", "By kind of ticket", columns, tuple(lines), total, chart, note)


def _kind(ticket: TicketUse) -> str:
    return TICKET_KINDS.get(ticket.kind, ticket.kind)
