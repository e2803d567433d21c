"""The reports by name: what each is called, in both languages, and what question it answers.

In: nothing. Out: names for the command line and for pages. Imports nothing heavy, so that `--help` answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Report:
    """`alias`: the Vietnamese name without marks; the command takes either."""

    name: str
    alias: str
    title: str
    english: str
    question: str
    answer: str
    money: bool = False
    """It shows revenue, so it is made only where passages and ledger agree."""
    shifts: bool = False
    """It shows shifts, whose times are configuration."""


PERIOD_REPORTS: Final = (
    Report(
        "revenue-by-shift", "doanh-thu-theo-ca", "Báo cáo doanh thu theo ca", "Revenue by shift",
        "Mỗi ca thu được bao nhiêu?", "What did each shift take?", money=True, shifts=True,
    ),
    Report(
        "revenue-by-lane", "doanh-thu-theo-lan", "Báo cáo doanh thu theo làn", "Revenue by lane",
        "Mỗi làn thu được bao nhiêu?", "What did each lane take?", money=True,
    ),
    Report(
        "revenue-by-day", "doanh-thu-theo-ngay", "Báo cáo doanh thu theo ngày", "Revenue by day",
        "Mỗi ngày đối soát thu được bao nhiêu?", "What did each accounting day take?", money=True,
    ),
    Report(
        "revenue-by-month", "doanh-thu-theo-thang", "Báo cáo doanh thu theo tháng", "Revenue by month",
        "Mỗi tháng thu được bao nhiêu?", "What did each month take?", money=True,
    ),
    Report(
        "traffic-by-lane", "luu-luong-theo-lan", "Báo cáo lưu lượng theo làn", "Traffic by lane",
        "Mỗi làn có bao nhiêu xe qua?", "How many vehicles passed each lane?",
    ),
    Report(
        "traffic-by-hour", "luu-luong-theo-gio", "Báo cáo lưu lượng theo giờ", "Traffic by hour",
        "Giờ nào đông xe?", "Which hours are busy?",
    ),
    Report(
        "traffic-by-class", "luu-luong-theo-loai-xe", "Báo cáo lưu lượng theo loại xe", "Traffic by class",
        "Loại xe nào qua trạm?", "Which classes of vehicles passed?",
    ),
    Report(
        "tickets", "ve-luot-thang-quy", "Báo cáo vé lượt – vé tháng – vé quý", "Single, monthly and quarterly tickets",
        "Xe qua bằng loại vé nào?", "On which kind of ticket did vehicles pass?", money=True,
    ),
    Report(
        "exempt", "xe-mien-phi", "Báo cáo xe miễn phí, xe ưu tiên", "Exempt and priority vehicles",
        "Ai qua không trả tiền, vì sao?", "Who passed free of charge, and why?",
    ),
    Report(
        "violations", "xe-vi-pham", "Báo cáo xe vi phạm, vượt trạm", "Violations",
        "Ai qua mà không được phép?", "Who passed without permission?",
    ),
    Report(
        "manual-openings", "mo-barrier-thu-cong", "Báo cáo mở barrier thủ công", "Barrier opened by hand",
        "Ai mở barrier bằng tay, cho xe nào, vì sao?", "Who opened by hand, for whom, and why?",
    ),
    Report(
        "review", "hau-kiem", "Báo cáo hậu kiểm", "Passages to review",
        "Lượt xe nào cần người xem lại ảnh?", "Which passages need a person to look at them?",
    ),
)  # fmt: skip
"""Reports of any period, in the order of `settlement report list`."""

MINUTES: Final = Report(
    "month-minutes", "bien-ban-doi-soat-thang", "Biên bản đối soát tháng", "Minutes of a month",
    "Tháng này nhà cung cấp còn phải trả bao nhiêu?", "What does the provider owe for the month?", money=True,
)  # fmt: skip
DISCREPANCIES: Final = Report(
    "discrepancies", "bang-tong-hop-sai-lech", "Bảng tổng hợp sai lệch", "Summary of discrepancies",
    "Hai bên lệch nhau ở đâu?", "Where do the two sides differ?", money=True,
)  # fmt: skip
BOOK_REPORTS: Final = (MINUTES, DISCREPANCIES)
"""Reports of closed days."""

ELSEWHERE: Final = (
    ("settlement statement", "Bảng kê doanh thu ngày", "Statement of a day, every passage against its postings"),
    ("settlement reconcile", "Bảng đối soát ngày", "A day of the provider against the station, from files"),
)
"""Papers that other commands make."""


def found(name: str) -> Report | None:
    """A report by its English or Vietnamese name."""
    return next((report for report in PERIOD_REPORTS if name in (report.name, report.alias)), None)
