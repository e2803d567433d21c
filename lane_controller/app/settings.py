"""The configuration file of a lane controller: TOML, checked as a whole before anything starts.

In: a file path. Out: `Settings`, or SettingsError that names file, table, field, the value found and what to write
instead. Nothing is guessed: an unknown field is an error.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lane_controller.contracts.values import LANE_PATTERN
from lane_controller.core.config import Geometry, LaneConfig, PlateFallback, configure
from lane_controller.core.values import Sensor

Port = Annotated[int, Field(ge=0, le=65_535)]


class SettingsError(Exception):
    """The configuration file cannot be used; the text says where and what to do."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MqttTable(_Table):
    """[mqtt]: the broker of the field devices."""

    host: str
    port: Port = 1883
    username: str | None = None
    password: str | None = None
    version: Literal["3.1.1", "5"] = "3.1.1"


class AnprTable(_Table):
    """[anpr]: the plate recogniser, one process for all lanes of this file."""

    enabled: bool = True
    deadline_ms: Annotated[int, Field(ge=50, le=10_000)] = 600
    camera_delay_ms: Annotated[int, Field(ge=0, le=2_000)] = 120


class CameraPushTable(_Table):
    """[camera_push]: where smart cameras push plates to, one server for all lanes of this file."""

    host: str = "127.0.0.1"
    port: Port


class JournalTable(_Table):
    """[journal]: seals and retention."""

    seal_every_s: Annotated[int, Field(ge=1, le=86_400)] = 3_600
    keep_inputs_days: Annotated[int, Field(ge=1, le=3_650)] = 30


class ReaderTable(_Table):
    """[lane.reader]: the UHF reader over LLRP."""

    host: str
    port: Port = 5084
    name: str | None = None
    antennas: tuple[int, ...] = (0,)
    session: Literal[0, 1] = 0
    read_tid: bool = False


class CardsTable(_Table):
    """[lane.cards]: the PC/SC reader for operator and priority cards. `application`: key file of our cards."""

    register_file: Path
    reader: str = ""
    application: Path | None = None


class SmartCameraTable(_Table):
    """[lane.smart_camera]: a camera that reads plates itself. `trust` scales its confidence: nobody calibrated it."""

    token: Annotated[str, Field(min_length=8)] | None = None
    trust: Annotated[float, Field(gt=0, le=1)] = 1.0


class LaneTable(_Table):
    """[[lane]]: one lane. `rules` overrides timers and thresholds by the names of lane_controller.core.config."""

    id: Annotated[str, Field(pattern=LANE_PATTERN, max_length=32)]
    epoch: Annotated[int, Field(ge=1)] = 1
    geometry: Geometry = Geometry.G1
    curtains: tuple[Sensor, ...] = (Sensor.LC1, Sensor.LC2)
    measures_class: bool = False
    plate_fallback: PlateFallback = PlateFallback.DENY
    reader: ReaderTable | None = None
    cards: CardsTable | None = None
    smart_camera: SmartCameraTable | None = None
    camera: str | None = None
    rules: dict[str, int | float] = {}

    @field_validator("curtains")
    @classmethod
    def _only_curtains(cls, value: tuple[Sensor, ...]) -> tuple[Sensor, ...]:
        if not set(value) <= {Sensor.LC1, Sensor.LC2}:
            raise ValueError('curtains are "LC1" and "LC2"')
        return value

    @model_validator(mode="after")
    def _one_source_of_plates(self) -> LaneTable:
        if self.camera is not None and self.smart_camera is not None:
            raise ValueError("a lane reads plates from `camera` or from [lane.smart_camera], not from both; remove one")
        return self

    @model_validator(mode="after")
    def _rules_exist(self) -> LaneTable:
        self.core_config()
        return self

    def core_config(self) -> LaneConfig:
        """The configuration of the core."""
        return configure(
            self.geometry, lane=self.id, curtains=frozenset(self.curtains), measures_class=self.measures_class,
            plate_fallback=self.plate_fallback, **self.rules,
        )  # fmt: skip


class Settings(_Table):
    """The whole file."""

    plaza: Annotated[str, Field(pattern=r"^[A-Z0-9]+$", max_length=16)]
    data_dir: Path
    stream: Annotated[str, Field(pattern=r"^(sqlite|kafka)://")]
    backoffice: Annotated[str, Field(pattern=r"^https?://")] | None = None
    metrics_port: Port | None = None
    metrics_host: str = "127.0.0.1"
    mqtt: MqttTable
    anpr: AnprTable = AnprTable()
    camera_push: CameraPushTable | None = None
    journal: JournalTable = JournalTable()
    lane: Annotated[tuple[LaneTable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _lanes_differ(self) -> Settings:
        names = [lane.id for lane in self.lane]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"lane {', '.join(twice)} is configured twice; every [[lane]] needs an id of its own")
        return self

    @model_validator(mode="after")
    def _pushes_arrive_somewhere(self) -> Settings:
        pushed = [lane.id for lane in self.lane if lane.smart_camera is not None]
        if pushed and self.camera_push is None:
            raise ValueError(f"lane {', '.join(pushed)} has a smart camera: add [camera_push] with a port to push to")
        return self

    def chosen(self, wanted: list[str]) -> tuple[LaneTable, ...]:
        """The lanes to run; SettingsError names one that is not in the file."""
        known = {lane.id: lane for lane in self.lane}
        missing = [name for name in wanted if name not in known]
        if missing:
            raise SettingsError(f"no lane {', '.join(missing)} in the file; it has {', '.join(known)}")
        return tuple(known[name] for name in wanted) if wanted else self.lane


def load(path: Path) -> Settings:
    """The settings in `path`. A relative `data_dir` or SQLite path is relative to the working directory."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name an existing file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}; correct that line") from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        problems = [_explain(path, dict(problem), raw) for problem in error.errors(include_url=False)]
        raise SettingsError("\n".join(problems)) from error


def _explain(path: Path, problem: dict[str, Any], raw: dict[str, Any]) -> str:
    """`lanes.toml: [[lane]] number 2 (CM-02), field epoch: …; found 0`."""
    place = tuple(problem["loc"])
    where, names = "", [str(part) for part in place]
    if place and place[0] == "lane" and len(place) > 1 and isinstance(place[1], int):
        where = f" [[lane]] number {place[1] + 1}{_lane_name(raw, place[1])}"
        names = names[2:]
    elif len(place) > 1:
        where, names = f" [{place[0]}]", names[1:]
    field = f" field {'.'.join(names)}" if names else ""
    found = "" if problem["type"] in ("missing", "value_error") else f"; found {problem['input']!r}"
    return f"{path}:{where}{field}: {_remedy(problem)}{found}"


def _remedy(problem: dict[str, Any]) -> str:
    if problem["type"] == "missing":
        return "is missing; add it"
    if problem["type"] == "extra_forbidden":
        return "there is no such field; remove it or correct its spelling"
    return str(problem["msg"]).removeprefix("Value error, ")


def _lane_name(raw: dict[str, Any], number: int) -> str:
    lanes = raw.get("lane")
    name = lanes[number].get("id") if isinstance(lanes, list) and isinstance(lanes[number], dict) else None
    return f" ({name})" if name else ""
