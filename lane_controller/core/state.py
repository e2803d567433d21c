"""State of one lane."""

from dataclasses import dataclass

from lane_controller.core.config import LaneConfig


@dataclass(frozen=True, slots=True)
class Lane:
    """The lane."""

    config: LaneConfig
