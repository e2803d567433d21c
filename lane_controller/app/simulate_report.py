"""What a simulated run came to, in lines for people.

In: a `Tally`. Out: lines of text, Vietnamese beside English where plaza staff read.
Never: a rate without its bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

from lane_controller.world.tally import Tally

KINDS = (
    ("wrong_debit", "wrong debits (trừ tiền sai)"),
    ("overcharged", "accounts that paid too often (trừ thừa)"),
    ("missed_debit", "missed debits (sót thu)"),
    ("wrong_opening", "wrong openings (mở sai)"),
    ("held_good", "good vehicles held (giữ nhầm xe)"),
    ("ghost", "passages of nobody (lượt xe không có thật)"),
)
CAUSES_SHOWN = 12


def report_lines(tally: Tally, faults: Sequence[str], seconds: float, core_seconds: float) -> list[str]:
    """The whole report."""
    speed = tally.passages / max(core_seconds, 1e-9)
    lines = [
        f"seed {tally.seed}: {tally.passages:,} passages (lượt xe) in {tally.episodes:,} episodes, "
        f"faults: {', '.join(faults) or 'none'}",
        f"{seconds:.1f} s, {speed:,.0f} passages per core-second; {tally.steps:,} steps, {tally.reads:,} tag reads, "
        f"{tally.boots - tally.episodes:,} power cuts",
        f"debits {tally.debits:,} (due {tally.debits_due:,}), opened {tally.opens:,} times; "
        f"{', '.join(f'{name} {n:,}' for name, n in sorted(tally.outcomes.items()))}",
        f"invariants broken (vi phạm bất biến): {tally.kinds['invariant']}; "
        f"vehicles that never got through: {tally.unfinished}",
        "",
        f"{'per million passages, 95 % bounds':<44}{'count':>8}{'rate':>10}{'from':>10}{'to':>10}",
    ]
    for kind, name in KINDS:
        rate = tally.rate(kind)
        numbers = f"{rate['per_million']:>10.2f}{rate['low']:>10.2f}{rate['high']:>10.2f}"
        rows = f"  in {tally.beginnings} of the episodes" if kind == "wrong_debit" and tally.beginnings else ""
        lines.append(f"{name:<44}{tally.kinds[kind]:>8}{numbers}{rows}")
    for kind, name in (*KINDS, ("invariant", "invariants broken")):
        causes = tally.causes_of(kind)
        if causes:
            lines += ["", name]
            lines += [f"{n:>8}  {cause}" for cause, n in causes[:CAUSES_SHOWN]]
            rest = sum(n for _, n in causes[CAUSES_SHOWN:])
            lines += [f"{rest:>8}  of {len(causes) - CAUSES_SHOWN} other causes"] if rest else []
    return [*lines, "", f"digest {tally.digest}"]
