"""The sweep: how wrong debits grow with stray reads, plate errors and vehicles without a tag.

In: seed and passages of each point. Out: a table as Markdown (it stands in docs/lane-simulation.md) or JSON lines.
Never: other parameters changed along; each point draws the same traffic from the same seed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from lane_controller.app.simulate_pool import run_episodes
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.tally import Tally

POINTS: tuple[tuple[str, float, float, float | None, bool], ...] = (
    ("as in the table", 1, 1, None, True),
    ("stray reads × 3", 3, 1, None, True),
    ("stray reads × 10", 10, 1, None, True),
    ("stray reads × 30", 30, 1, None, True),
    ("plate errors × 2", 1, 2, None, True),
    ("plate errors × 5", 1, 5, None, True),
    ("plate errors × 10", 1, 10, None, True),
    ("10 % without a tag", 1, 1, 0.10, True),
    ("30 % without a tag", 1, 1, 0.30, True),
    ("strays × 10, plates × 5, 10 % untagged", 10, 5, 0.10, True),
    ("lanes without curtains", 1, 1, None, False),
)
"""(name, stray power ×, plate errors ×, share of untagged vehicles, with curtains)."""

HEAD = (
    "| world | passages | wrong debits | per million (95 %) | missed debits | wrong openings | good held |",
    "|---|---|---|---|---|---|---|",
)


def sweep(seed: int, passages: int, processes: int, faults: Sequence[str], as_json: bool) -> None:
    """Run every point and print it as soon as it is there."""
    if not as_json:
        print("\n".join(HEAD))
    for name, stray, plates, untagged, curtains in POINTS:
        parameters = WorldParameters().scaled(stray, plates, untagged, curtains)
        tally = run_episodes(seed, passages, processes, faults, parameters)
        print(
            json.dumps({"world": name, **tally.plain()}, ensure_ascii=False) if as_json else row(name, tally),
            flush=True,
        )


def row(name: str, tally: Tally) -> str:
    """One line of the table."""
    rate, kinds = tally.rate("wrong_debit"), tally.kinds
    million = f"{rate['per_million']:.1f} ({rate['low']:.1f} – {rate['high']:.1f})"
    others = " | ".join(f"{kinds[kind]:,}" for kind in ("missed_debit", "wrong_opening", "held_good"))
    return f"| {name} | {tally.passages:,} | {kinds['wrong_debit']:,} | {million} | {others} |"
