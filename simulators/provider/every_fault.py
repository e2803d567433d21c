"""All faults together: what a provider that errs in every way of the specification does.

In: nothing. Out: tuples of faults for `Billing`. Add a fault here when the specification gains a rule.
"""

from __future__ import annotations

from typing import Final

from simulators.provider.cases import Fault
from simulators.provider.combined import COMBINED
from simulators.provider.faults import FAULTS
from simulators.provider.refunds import REFUNDS
from simulators.provider.typed import TYPED
from simulators.provider.unreadable import UNREADABLE

READABLE: Final[tuple[Fault, ...]] = (*FAULTS, *COMBINED, *REFUNDS, *TYPED)
"""Every way to err with rows that can be read."""

EVERY_FAULT: Final[tuple[Fault, ...]] = (*READABLE, *UNREADABLE)
