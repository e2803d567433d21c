"""Whether countersigned minutes may close a day: they follow from their items, both keys are registered, and nothing
else has happened since they were made.

In: minutes with both signatures, the books. Out: nothing, or `RefusedError` with every reason.
"""

from __future__ import annotations

from datetime import date

from settlement.app.close import RefusedError, refuse_unless_next
from settlement.books.corrections import open_corrections
from settlement.books.database import BookDatabase
from settlement.books.key_files import RegisteredKeys
from settlement.clearing.closed_day import ClosedDay
from settlement.clearing.closing import contradictions
from settlement.clearing.signing import ROLES, holds


def ready_to_close(database: BookDatabase, day: ClosedDay, asked: tuple[str, date], registered: RegisteredKeys) -> None:
    """RefusedError unless the day may be closed with these minutes. `asked`: provider and day of the command."""
    minutes = day.minutes
    if (minutes.provider, day.day) != asked:
        raise RefusedError(
            f"the minutes are those of {minutes.provider} {minutes.day}, asked for {asked[0]} {asked[1]}"
        )
    previous = refuse_unless_next(database, minutes.provider, day.day)
    wrong = contradictions(minutes, day.items)
    signatures = {"operator": day.operator_signature, "provider": day.provider_signature}
    keys = {"operator": minutes.operator_key, "provider": minutes.provider_key}
    for role in ROLES:
        if keys[role] not in registered.of(role, minutes.provider):
            wrong.append(f"the {role}'s key in the minutes is not registered in the configuration")
        if not holds(minutes, role, keys[role], signatures[role]):
            wrong.append(f"the {role}'s signature does not hold")
    if minutes.previous != previous:
        wrong.append("the minutes follow another closing than the one of the day before; make them anew")
    held = {one.digest for one in open_corrections(database, minutes.provider) if one.original_day < minutes.day}
    taken = {one.digest for one in minutes.corrections}
    if taken - held:
        wrong.append("the minutes take in corrections that are not in the books (or were taken in before)")
    if wrong:
        raise RefusedError("không chốt / not closed", *wrong)
