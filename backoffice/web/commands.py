"""What a person may ask of a lane through the page: log in or out, release the held vehicle, change the mode.

In: a request from a browser. Out: a `LaneCommandV1` with its own id and a short time to live. The lane decides; the
page shows its answer. A release or a change of mode without a reason is refused here: it could not be justified later.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lane_controller.contracts.v1 import LaneCommandV1
from lane_controller.contracts.values import PASSAGE_ID_PATTERN, LaneMode

COMMAND_TTL_MS: Final = 10_000
"""A command that the lane has not seen by then is void: the situation in the lane has changed."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
VehicleClass = Annotated[int, Field(strict=True, ge=1, le=5)]
PassageId = Annotated[str, StringConstraints(pattern=PASSAGE_ID_PATTERN, max_length=64)]


class CommandRequest(BaseModel):
    """The body of POST /lanes/{lane}/commands."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["login", "logout", "release", "mode"]
    operator: Name
    reason: Reason | None = None
    mode: LaneMode | None = None
    passage_id: PassageId | None = None
    vehicle_class: VehicleClass | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("release", "mode") and self.reason is None:
            raise ValueError(f"a {self.kind} needs a reason of 3 to 300 characters")
        if self.kind == "mode" and self.mode is None:
            raise ValueError(f"a mode command names a mode: {', '.join(LaneMode)}")
        if self.kind == "release" and self.passage_id is None:
            raise ValueError("a release names the passage id of the held vehicle")
        return self


def lane_command(plaza: str, lane: str, request: CommandRequest) -> LaneCommandV1:
    """The command as it goes to the lane."""
    return LaneCommandV1(
        command_id=uuid.uuid4().hex,
        plaza=plaza,
        lane=lane,
        issued_at_utc=datetime.now(UTC),
        ttl_ms=COMMAND_TTL_MS,
        kind=request.kind,
        operator=request.operator,
        reason=request.reason,
        mode=request.mode,
        passage_id=request.passage_id,
        vehicle_class=request.vehicle_class,
    )
