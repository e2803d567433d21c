"""The options of the commands around closing a day, each declared once.

In: nothing. Out: annotations for typer: name of the option, help in both languages.
Never: the same option explained in two ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Day = Annotated[str, typer.Argument(metavar="DAY", help="Ngày đối soát. Accounting day, e.g. 2026-06-15.")]
Provider = Annotated[str, typer.Option("--provider", help="Mã nhà cung cấp. Code of the provider, e.g. VETC.")]
Database = Annotated[
    str, typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="Cấu hình (JSON): plazas, cutoff, fee_bp, vat, keys. See docs/settlement."),
]
Station = Annotated[
    Path | None,
    typer.Option(
        "--station", help="Tệp của trạm. What drove through (CSV or XLSX); without it the lanes' own passages."
    ),
]
Charges = Annotated[Path | None, typer.Option("--charges", help="Tệp của nhà cung cấp. What was taken (CSV or XLSX).")]
Mapping = Annotated[str | None, typer.Option("--mapping", help="Cách đọc tệp. See `settlement mapping list`.")]
Now = Annotated[
    str | None, typer.Option("--now", help="Thời điểm lập, e.g. 2026-06-17T08:00:00+07:00. Default: the clock.")
]
By = Annotated[str, typer.Option("--by", help="Người quyết định. Who accepts or books this.")]
OperatorKey = Annotated[
    Path | None, typer.Option("--operator-key", help="Khóa của đơn vị vận hành. Key file of the operator.")
]
ProviderKey = Annotated[
    Path | None, typer.Option("--provider-key", help="Khóa của nhà cung cấp, where one place holds both.")
]
Countersigned = Annotated[
    Path | None, typer.Option("--countersigned", help="Biên bản đã ký. Minutes that the provider signed.")
]
AcceptRejected = Annotated[
    str, typer.Option("--accept-rejected", help="Lý do chốt dù có dòng bị loại. Why rejected rows may stay out.")
]
AcceptIncomplete = Annotated[
    str, typer.Option("--accept-incomplete", help="Lý do chốt dù trạm chưa đủ. Why an incomplete station will do.")
]
