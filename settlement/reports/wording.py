"""How values are written for people: 1.234.567 đ, 15/06/2026 08:20:41, and the Vietnamese names of things.

In: values. Out: text and Excel number formats. Text shown to staff lives here, not in the renderers.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

LOCAL: Final = timezone(timedelta(hours=7))
"""+07:00: Vietnam has no summer time."""

OUTCOMES: Final = {
    "charged": ("Thu phí", "charged"),
    "ticket": ("Vé tháng/quý", "ticket"),
    "exempt": ("Miễn phí", "exempt"),
    "manual": ("Mở barrier thủ công", "manual"),
    "convoy": ("Đoàn xe ưu tiên", "convoy"),
    "emergency": ("Xả trạm", "emergency"),
    "violation": ("Xe vi phạm", "violation"),
}
"""Outcome of a passage → (Vietnamese, English)."""

FLAGS: Final = {
    "PLATE_MISMATCH": "Biển số khác biển đăng ký của thẻ",
    "PLATE_DOUBT": "Biển số đọc được không chắc, khác biển đăng ký",
    "NO_PLATE": "Không đọc được biển số",
    "PLATE_CORRECTED": "Biển số đã được sửa khi đọc lại",
    "PLATE_CHARGE": "Thu theo biển số, không có thẻ",
    "CLASS_MISMATCH": "Loại xe đo được lệch một nhóm",
    "CLASS_MISMATCH_MAJOR": "Loại xe đo được lệch từ hai nhóm",
    "TAILGATE": "Bám đuôi qua trạm",
    "RUN_THROUGH": "Vượt trạm khi barrier chưa mở",
    "MULTI_TAG": "Nhiều thẻ trong một lượt",
    "MULTI_TAG_AMBIGUOUS": "Nhiều thẻ, không rõ thẻ nào của xe",
    "SEPARATION_FAIL": "Không tách được hai xe đi sát nhau",
    "CLONE_SUSPECT": "Nghi thẻ bị sao chép",
    "TID_MISMATCH": "Mã chip của thẻ không đúng danh sách",
    "OFFLINE_DECISION": "Quyết định khi mất kết nối",
    "OFFLINE_UNKNOWN": "Mất kết nối, thẻ không có trong danh sách",
    "REVERSED_UNDER_BOOM": "Lùi xe dưới barrier",
    "RECOVERED_EDGES": "Tín hiệu vòng từ được khôi phục sau sự cố",
    "REPEAT": "Cùng thẻ vừa qua trạm",
}
"""Flag of a passage → what it means to staff."""

DEMONSTRATION: Final = (
    "SỐ LIỆU TRÌNH DIỄN (MINH HỌA) – cấu hình mặc định, không theo hợp đồng nào (demonstration values)"
)
DEMONSTRATION_SHORT: Final = "Số liệu minh họa"
"""The same on every page."""
NOTHING: Final = "Không có số liệu (nothing to show)."
_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000
_BILLION: Final = 1_000_000_000


def grouped(number: int) -> str:
    """1234567 → 1.234.567"""
    return f"{number:,}".replace(",", ".")


def vnd(amount: int) -> str:
    """1234567 → 1.234.567 đ"""
    return f"{grouped(amount)} đ"


def excel_vnd(amount: int) -> str:
    """Excel number format that shows 1.234.567 đ whatever the language of the reader's Excel.

    The dots are literal because `#,##0` follows the computer's region. At most two conditions fit into one format, so
    amounts from a billion on and negative ones get a format of their own length.
    """
    if 0 <= amount < _BILLION:
        return '[>=1000000]0\\.000\\.000" đ";[>=1000]0\\.000" đ";0" đ"'
    groups = (len(str(abs(amount))) - 1) // 3
    sign = "-" if amount < 0 else ""
    pattern = "0" + r"\.000" * groups + '" đ"'
    return f"{pattern};{sign}{pattern}"


def excel_count(number: int) -> str:
    """Excel number format for counts, grouped with dots like money."""
    return excel_vnd(number).replace('" đ"', "")


def excel_axis(largest: int) -> str:
    """Number format of a chart's axis, which has one for all its numbers; two conditions fit into it.

    An axis that may reach a billion has no mark between 0 and a million; none here reaches a thousand billions.
    """
    if largest >= _BILLION // 2:
        return "[>=1000000000]0\\.000\\.000\\.000;[>=1000000]0\\.000\\.000;0"
    return excel_count(0)


def local(moment: datetime) -> datetime:
    """The same moment in +07:00."""
    return moment.astimezone(LOCAL)


def moment_text(moment: datetime) -> str:
    """15/06/2026 08:20:41, in +07:00; fractions of a second are not shown."""
    return local(moment).strftime("%d/%m/%Y %H:%M:%S")


def day_text(day: date) -> str:
    """15/06/2026"""
    return f"{day:%d/%m/%Y}"


def percent(basis_points: int) -> str:
    """650 → 6,50 %"""
    return f"{basis_points // 100},{basis_points % 100:02d} %"


def class_name(vehicle_class: int) -> str:
    """1 → Loại 1; 0 → Chưa rõ."""
    return f"Loại {vehicle_class}" if vehicle_class else "Chưa rõ"


def outcome_name(outcome: str) -> str:
    """Vietnamese name with the code beside it; an outcome that we do not know stays as it is."""
    known = OUTCOMES.get(outcome)
    return f"{known[0]} ({known[1]})" if known else outcome


def flag_name(flag: str) -> str:
    """What a flag means; one that we do not know stays as it is."""
    return FLAGS.get(flag, flag)
