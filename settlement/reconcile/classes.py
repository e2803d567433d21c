"""The classes in which every row ends (reconciliation, Classes).

In: nothing. Out: codes with Vietnamese labels, and the order in which a pair takes the first that applies.
"""

from __future__ import annotations

from typing import Final

LABELS: Final = {
    "MATCHED": "Khớp",
    "FE_ONLY": "Có tại trạm, không có tại nhà cung cấp",
    "BE_ONLY": "Có tại nhà cung cấp, không có tại trạm",
    "AMOUNT": "Sai lệch số tiền",
    "CLASS": "Sai loại xe",
    "DUP": "Trừ tiền hai lần",
    "REFUNDED": "Đã hoàn tiền",
    "REFUND_MISSING": "Chưa hoàn tiền",
    "PLATE": "Sai biển số",
    "TAG_SWAP": "Thẻ dán sai xe",
    "TIME": "Lệch ngày đối soát",
    "OFFLINE_REJECT": "Trừ sau không thành công",
    "REJECTED": "Nhà cung cấp từ chối",
    "PENDING": "Chờ xử lý",
    "TICKET": "Vé tháng/quý không hợp lệ",
    "EXEMPT": "Miễn phí sai đối tượng",
    "PROVIDER": "Sai nhà cung cấp",
    "NOT_CHARGEABLE": "Không thu",
    "CREDIT_ONLY": "Hoàn tiền không rõ giao dịch gốc",
}
"""Every class, in the order of a summary."""

PAIR_ORDER: Final = (
    "PENDING",
    "OFFLINE_REJECT",
    "REJECTED",
    "PROVIDER",
    "EXEMPT",
    "TICKET",
    "CLASS",
    "AMOUNT",
    "TAG_SWAP",
    "PLATE",
    "TIME",
    "MATCHED",
)
"""A pair is of the first that applies; the others stand in `also`, in this order."""
