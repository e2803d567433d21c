"""What one provider's reconciliation from the system does not cover, said aloud.

In: a database and which rows were wanted. Out: lines for a person, and `unassigned.csv` with the passages that belong
to no provider's reconciliation at all. Nothing may be left out silently.
"""

from __future__ import annotations

from pathlib import Path

from settlement.files.writing import write_csv
from settlement.intake.system import UNASSIGNED_HEADER, RowDatabase, Wanted, left_out, unassigned


def state_coverage(database: RowDatabase, wanted: Wanted, out: Path) -> list[str]:
    """Writes `unassigned.csv` where one provider was asked for, also when it is empty."""
    others = [
        f"{count} × {provider or '(no provider)'} {plaza}" for provider, plaza, count in left_out(database, wanted)
    ]
    lines = [f"Không thuộc lần đối soát này / passages of the day that are not of this run: {', '.join(others)}"]
    if not wanted.provider:
        return lines if others else []
    nobody = unassigned(database, wanted)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "unassigned.csv", UNASSIGNED_HEADER, nobody)
    if nobody:
        lines.append(
            f"{len(nobody)} lượt không thuộc nhà cung cấp nào / passages of no known provider: see"
            f" {out / 'unassigned.csv'}; a person has to name the provider"
        )
    return lines if others else []
