"""A vehicle on the simulated road, as it is now.

In: its plan. Out: front and speed at an instant. Never: what its driver makes up his mind to (road.py).
"""

from dataclasses import dataclass, field

from lane_controller.world.agenda import US
from lane_controller.world.motion import Motion
from lane_controller.world.places import Milestone
from lane_controller.world.plan import Manner, VehiclePlan


@dataclass(slots=True, eq=False)
class Vehicle:
    """A vehicle on the road. `stop_m`: where it means to stand; `met`: how many milestones are behind its front."""

    plan: VehiclePlan
    stones: list[Milestone]
    motion: Motion
    wanted_m_s: float
    stop_m: float
    met: int = 0
    turn: int = 0
    backing: bool = False
    committed: bool = False
    clear: bool = False
    in_zone: bool = False
    looked: bool = False
    manner: Manner = Manner.ORDINARY
    stands_since_us: int | None = None
    tracks: set[int] = field(default_factory=set)

    def place(self, now_us: int) -> tuple[float, float]:
        """Front and speed."""
        return self.motion.at(now_us / US)
