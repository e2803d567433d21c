"""The minutes of a day on the terminal.

In: minutes. Out: one line a figure on stdout.
Never: a figure that is not in the minutes as they are signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from settlement.clearing.closed_day import Minutes


def show_minutes(minutes: Minutes) -> None:
    """The figures of a day, for the terminal."""
    lines = (
        ("ngày / day", f"{minutes.day}  {minutes.provider}  {', '.join(minutes.plazas)}"),
        ("dòng / items", f"{minutes.item_count:,}"),
        ("thống nhất / agreed", f"{minutes.agreed_vnd:,} VND ({minutes.agreed_count:,} items in the joint root)"),
        ("tranh chấp / disputed", f"{minutes.disputed_vnd:,} VND"),
        ("phí dịch vụ / fee", f"{minutes.fee_vnd:,} VND ({minutes.fee_bp} bp)"),
        ("điều chỉnh / corrections", f"{minutes.corrections_vnd:+,} VND ({len(minutes.corrections)})"),
        ("còn phải trả / net payable", f"{minutes.net_vnd:,} VND"),
        ("gốc chung / joint root", minutes.joint_root),
        ("mã chốt / digest", minutes.digest),
    )
    for name, value in lines:
        typer.echo(f"{name:28} {value}")
