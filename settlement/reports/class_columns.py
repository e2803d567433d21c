"""The columns of every table that sums the classes of a reconciliation: day, month and discrepancies show the same.

In: what the class column is called. Out: columns in the order of `ClassTotal`'s fields, after code and label.
"""

from __future__ import annotations

from settlement.reports.document import Column, Kind


def class_columns(label_vi: str) -> tuple[Column, ...]:
    """Code, label, items, rows and money of both sides, agreed, disputed."""
    return (
        Column("Mã", "code", width=1.3),
        Column(label_vi, "class", width=2.4),
        Column("Số mục", "items", Kind.COUNT, 0.8),
        Column("Dòng trạm", "station rows", Kind.COUNT, 0.8),
        Column("Dòng NCC", "provider rows", Kind.COUNT, 0.8),
        Column("Tiền tại trạm", "station", Kind.VND, 1.2),
        Column("Tiền tại NCC", "provider", Kind.VND, 1.2),
        Column("Thống nhất", "agreed", Kind.VND, 1.2),
        Column("Tranh chấp", "disputed", Kind.VND, 1.2),
    )
