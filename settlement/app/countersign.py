"""`settlement countersign`: the provider checks the minutes of a day against its own rows, and signs.

In: the operator's minutes, the provider's rows and key. Out: findings, or the same minutes with both signatures.
Nothing is signed that does not follow from its items, or whose agreed items differ from the provider's own rows.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from settlement.clearing.closed_day import ClosedDay
from settlement.clearing.closing import contradictions
from settlement.clearing.joint import joint_leaves, provider_share
from settlement.clearing.key_tree import KeyTree
from settlement.clearing.signing import holds, sign


def objections(day: ClosedDay, operator_keys: tuple[str, ...], rows: pl.DataFrame | None) -> list[str]:
    """Why the provider must not sign; empty where it may. `rows`: its own charges in words, None: not compared."""
    minutes = day.minutes
    found = contradictions(minutes, day.items)
    if minutes.operator_key not in operator_keys:
        found.append("the minutes name an operator key that the configuration does not register")
    if not holds(minutes, "operator", minutes.operator_key, day.operator_signature):
        found.append("the operator's signature does not hold")
    if rows is not None:
        found += differing(day, rows)
    return found


def differing(day: ClosedDay, rows: pl.DataFrame) -> list[str]:
    """Agreed items that the provider's own rows do not give, by key; the joint roots are equal where there is none."""
    theirs = joint_leaves(day.items)
    agreed = {item.charge_id: item.joint_key for item in day.items if item.joint_key}
    mine = provider_share(rows, agreed)
    if KeyTree(mine).root == day.minutes.joint_root:
        return []
    lines = [f"{key}: agreed in the minutes, but not among your rows" for key in sorted(theirs.keys() - mine.keys())]
    lines += [f"{key}: not among the agreed items under this key" for key in sorted(mine.keys() - theirs.keys())]
    lines += [
        f"{key}: your row has another amount, class, ticket or plaza"
        for key in sorted(theirs.keys() & mine.keys())
        if theirs[key] != mine[key]
    ]
    return ["the joint root of your rows is not the one of the minutes", *lines]


def countersigned(day: ClosedDay, key: Ed25519PrivateKey) -> ClosedDay:
    """The day with the provider's signature."""
    return replace(day, provider_signature=sign(day.minutes, "provider", key))
