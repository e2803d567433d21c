"""`backoffice verify`: is everything here, once, and does the money add up?

In: the database. Out: a list of findings, exit 0 when there is none, 1 when there is, 2 when it cannot be asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from backoffice.app.database_command import unusable
from backoffice.app.serve_command import Config, settings_or_exit
from backoffice.storage.checks import CHECKS, Finding
from backoffice.storage.database import Database, DatabaseError
from backoffice.storage.migrate import migrate

_SUMMARY = """
SELECT count(), countIf(outcome = 'charged'), sumIf(fare_vnd, outcome = 'charged') FROM passages FINAL
"""


def verify(
    config: Config = Path("backoffice.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check completeness and money (kiểm tra đầy đủ và cân đối).

    Every charged passage has exactly its balanced postings; nothing is booked without a passage; balances agree; the
    numbering of every lane has no hole; hash chains and seals hold; no message was rejected.
    """
    settings = settings_or_exit(config)
    database = Database(settings.address)
    try:
        migrate(settings.address)
        passages, charged, vnd = database.rows(_SUMMARY)[0]
        findings = [finding for check in CHECKS for finding in check(database)]
    except DatabaseError as error:
        unusable(f"database {error}")
    finally:
        database.close()
    if as_json:
        listed = [{"check": f.check, "subject": f.subject, "detail": f.detail} for f in findings]
        summary = {"passages": passages, "charged": charged, "charged_vnd": vnd, "findings": listed}
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _print(passages, charged, vnd, findings)
    raise typer.Exit(1 if findings else 0)


def _print(passages: int, charged: int, vnd: int, findings: list[Finding]) -> None:
    print(f"{passages:,} lượt xe/passages, {charged:,} charged, {vnd:,} VND")
    for finding in findings:
        print(f"{finding.check:9} {finding.subject}: {finding.detail}")
    print(f"{len(findings)} findings" if findings else "đầy đủ và cân đối/complete and balanced")
