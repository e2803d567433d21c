"""The ground truth of an episode and what the lane made of it, side by side: the only input of the judge.

In: crossings from the road, records and opens from the lane computer. Out: `Evidence`.
Never: an opinion; judge.py has those.
"""

from dataclasses import dataclass, field

from lane_controller.core.records import Authorised, Held, Passage
from lane_controller.core.values import Cause, Mode
from lane_controller.world.plan import EpisodePlan, VehiclePlan


@dataclass(frozen=True, slots=True)
class Crossing:
    """A vehicle whose front reached L3 at `at_us`. `modes`: what the supervisor had asked for about then."""

    vehicle: VehiclePlan
    at_us: int
    modes: tuple[Mode, ...]
    powered: bool
    lifted: bool
    topped_up: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """A passage on the books; `l3_us` on the time line of the episode."""

    passage: Passage
    l3_us: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Opening:
    """An open command that the lane sent, with who stood first before the arm (None: nobody)."""

    at_us: int
    cause: Cause
    authorised: Authorised | None
    first: VehiclePlan | None
    topped_up: bool
    carded: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault that happened, from and until (with its aftermath)."""

    kind: str
    from_us: int
    until_us: int


@dataclass(slots=True)
class Evidence:
    """Everything the judge sees."""

    plan: EpisodePlan
    crossings: list[Crossing] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    openings: list[Opening] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    unfinished: int = 0
    turned_back: int = 0
    durable_closed: int = 0
    """Passages that the journal holds at the end; fewer than `closed` would be a lost record."""

    def faults_at(self, at_us: int) -> tuple[str, ...]:
        """Kinds of faults whose effect may reach this instant."""
        return tuple(dict.fromkeys(t.kind for t in self.troubles if t.from_us <= at_us <= t.until_us))
