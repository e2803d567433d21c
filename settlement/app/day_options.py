"""The options of the commands that make the files of one accounting day, each declared once.

In: nothing. Out: annotations for typer: name of the option, help in both languages.
Never: the same option explained in two ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Cấu hình (JSON): plazas, cutoff, fee_bp, vat, corrections_vnd. Default: demo values."
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Thư mục kết quả. Folder for the files; made where it is missing.")]
Json = Annotated[bool, typer.Option("--json", help="In summary.json ra màn hình. Print summary.json to stdout.")]
Now = Annotated[
    str | None,
    typer.Option("--now", help="Thời điểm lập, e.g. 2026-06-17T08:00:00+07:00. Default: the clock."),
]
Station = Annotated[Path | None, typer.Option("--station", help="Tệp của trạm. What drove through (CSV or XLSX).")]
Charges = Annotated[Path | None, typer.Option("--provider", help="Tệp của nhà cung cấp. What was taken (CSV or XLSX).")]
Mapping = Annotated[
    str | None,
    typer.Option("--mapping", help="Cách đọc tệp. Name of a mapping or path of a .toml; see `mapping list`."),
]
Day = Annotated[
    str | None,
    typer.Option("--day", help="Ngày đối soát. Accounting day; default: the day with most station rows."),
]
InPlace = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="Thay cho tệp còn thiếu. In place of a file that is not given: passages of the lanes for --station,"
        " charges of the ledger for --provider. clickhouse://user:password@host:port/database",
    ),
]
ProviderCode = Annotated[
    str,
    typer.Option("--provider-code", help="Chỉ nhà cung cấp này. With --database: only rows of this provider."),
]
