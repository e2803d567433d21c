"""`backoffice doubtful`: charges that a person should look at, because one tag cannot have passed twice so soon.

In: the database. Out: each pair with what the plates say and the command that takes the doubtful one back; exit 0 when
there is none, 1 when there is, 2 when it cannot be asked. Never: a change of money.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from backoffice.app.database_command import unusable
from backoffice.app.serve_command import Config, settings_or_exit
from backoffice.storage.database import Database, DatabaseError
from backoffice.storage.doubts import LIMIT, Charged, Doubt, twice_within
from backoffice.storage.migrate import migrate


def doubtful(
    within_s: Annotated[
        int, typer.Option("--within", min=1, help="Seconds in which no vehicle can come again (giây).")
    ] = 120,
    days: Annotated[int, typer.Option(min=1, help="How many days back (số ngày).")] = 31,
    config: Config = Path("backoffice.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the pairs as JSON.")] = False,
) -> None:
    """List charges that are probably another vehicle's (lượt thu nghi ngờ, cần hậu kiểm).

    A tag that was charged twice within --within seconds, in one lane or in two, was heard for a vehicle beside its own.
    Where the tag's plate was read in only one of the two passages, the other one is doubtful. Look at both pictures,
    then decide with the command that is printed; what was corrected is not listed again.
    """
    settings = settings_or_exit(config)
    database = Database(settings.address)
    try:
        migrate(settings.address)
        since = datetime.now(UTC) - timedelta(days=days)
        found = twice_within(database, timedelta(seconds=within_s), since)
    except DatabaseError as error:
        unusable(f"database {error}")
    finally:
        database.close()
    if as_json:
        print(json.dumps([_object(doubt) for doubt in found], ensure_ascii=False))
    else:
        _print(found, config)
    raise typer.Exit(1 if found else 0)


def _print(found: list[Doubt], config: Path) -> None:
    for doubt in found:
        print(f"thẻ/tag {doubt.epc}, {doubt.account}: charged twice within {doubt.apart.total_seconds():.0f} s")
        for one in (doubt.first, doubt.second):
            print(f"  {_line(one)}{'   ← nghi ngờ/doubtful' if one is doubt.doubtful else ''}")
        chosen = doubt.doubtful
        name = chosen.passage_id if chosen else "PASSAGE"
        print(f'  backoffice correct {name} --waive --operator WHO --reason "WHY" --config {config}')
    more = f" (first {LIMIT:,})" if len(found) == LIMIT else ""
    print(f"{len(found)} pairs{more}" if found else "không có lượt nghi ngờ/nothing doubtful")


def _line(one: Charged) -> str:
    read = f"read {one.plate} ({one.plate_confidence:.2f})" if one.plate else "plate not read"
    at = one.passed_at_utc.isoformat(timespec="seconds")
    return f"{one.passage_id}  {one.lane}  {at}  {one.fare_vnd:,} VND  {read}, registered {one.registered_plate}"


def _object(doubt: Doubt) -> dict[str, Any]:
    chosen = doubt.doubtful
    return {
        "epc": doubt.epc,
        "account": doubt.account,
        "apart_s": doubt.apart.total_seconds(),
        "passages": [_passage(doubt.first), _passage(doubt.second)],
        "doubtful": chosen.passage_id if chosen else None,
    }


def _passage(one: Charged) -> dict[str, Any]:
    return {
        "passage_id": one.passage_id,
        "lane": one.lane,
        "passed_at_utc": one.passed_at_utc.isoformat(),
        "fare_vnd": one.fare_vnd,
        "plate": one.plate,
        "plate_confidence": one.plate_confidence,
        "registered_plate": one.registered_plate,
    }
