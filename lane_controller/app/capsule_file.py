"""A capsule: all that one passage was decided on, and all that was recorded of it, as one JSON file (docs/adr/0014).

In: a capsule, or the bytes of a file. Out: the other one. The same capsule is always the same bytes. A file is checked
as a whole before anything is run: size, version, digest, every field.
Never: a guess. Errors: CapsuleError names file, field, what was found and what to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lane_controller.contracts.hashes import canonical_json
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import Event
from lane_controller.core.instant import Now
from lane_controller.core.plain import (
    PlainError,
    config_from_plain,
    config_to_plain,
    event_from_plain,
    lane_from_plain,
    lane_to_plain,
    to_plain,
)
from lane_controller.core.state import Lane

VERSION: Final = 1
BYTES_MAX: Final = 64 * 2**20
"""A vehicle that stands in the lane for an hour, heard 40 times a second, gives about half of this."""
INPUTS_MAX: Final = 250_000


class CapsuleError(Exception):
    """A capsule cannot be made or used; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One input of the core. `config`: the lane starts anew with it (only with Booted)."""

    boot: str
    now: Now
    event: Event
    config: LaneConfig | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One journal record, exactly; `message`: the passage that was published for it."""

    number: int
    body: bytes
    hash: str
    message: bytes | None = None


@dataclass(frozen=True, slots=True)
class Capsule:
    """`start` is the lane after record `after_record`, whose chain hash is `chain_hash`."""

    plaza: str
    lane: str
    epoch: int
    passage_id: str
    version: str
    core: str
    start: Lane
    after_record: int
    chain_hash: str
    steps: tuple[Step, ...]
    records: tuple[Recorded, ...]
    seal: str | None = None


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Microseconds = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class _Input(_Model):
    boot: str
    mono_us: Microseconds
    utc_us: Microseconds
    event: dict[str, Any]
    config: dict[str, Any] | None = None


class _Record(_Model):
    number: Annotated[int, Field(ge=1)]
    body: str
    hash: Hash
    message: str | None = None


class _Start(_Model):
    after_record: Annotated[int, Field(ge=0)]
    chain_hash: Hash
    lane: dict[str, Any]


class _Program(_Model):
    version: str
    core: Hash


class _File(_Model):
    capsule: Literal[1]
    digest: Hash
    plaza: str
    lane: str
    epoch: Annotated[int, Field(ge=1)]
    passage_id: str
    program: _Program
    seal: str | None
    start: _Start
    inputs: Annotated[list[_Input], Field(max_length=INPUTS_MAX)]
    records: list[_Record]


def encode(capsule: Capsule) -> bytes:
    """The file of a capsule: one input and one record a line. Errors: CapsuleError when it is too large."""
    plain = _plain(capsule)
    lines = []
    for name, value in ({"capsule": VERSION, "digest": _digest(plain)} | plain).items():
        if isinstance(value, list):
            items = ",\n".join(canonical_json(item).decode() for item in value)
            lines.append(f'"{name}":[\n{items}\n]')
        else:
            lines.append(f'"{name}":{json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)}')
    data = ("{" + ",\n".join(lines) + "}\n").encode()
    if len(data) > BYTES_MAX or len(capsule.steps) > INPUTS_MAX:
        raise CapsuleError(
            f"the capsule of {capsule.passage_id} would have {len(capsule.steps)} inputs and {len(data)} bytes, more"
            f" than {INPUTS_MAX} and {BYTES_MAX}: the vehicle stood in the lane for hours; keep the journal itself"
        )
    return data


def read(path: Path) -> Capsule:
    """The capsule in a file. Errors: CapsuleError."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise CapsuleError(f"{path}: larger than {BYTES_MAX} bytes, so it is no capsule")
        data = path.read_bytes()
    except OSError as error:
        raise CapsuleError(f"{path}: {error.strerror}; name a capsule file") from error
    try:
        return decode(data)
    except CapsuleError as error:
        raise CapsuleError(f"{path}: {error}") from error


def decode(data: bytes) -> Capsule:
    """The capsule in `data`. Errors: CapsuleError."""
    found = _object(data)
    if found.get("capsule") != VERSION:
        raise CapsuleError(f"field capsule: version {found.get('capsule')!r}; this program reads version {VERSION}")
    digest = found.get("digest")
    made = _digest({name: value for name, value in found.items() if name not in ("capsule", "digest")})
    if digest != made:
        raise CapsuleError(
            f"field digest: it says {str(digest)[:16]}…, the content gives {made[:16]}…: the file was damaged or edited"
            " after it was written; export it again from the journal"
        )
    try:
        return _capsule(_File.model_validate(found))
    except ValidationError as error:
        raise CapsuleError(_explain(error)) from error


def is_capsule(data: bytes) -> bool:
    """Whether the beginning of a file says that it is a capsule."""
    return data.lstrip()[:11] == b'{"capsule":'


def _plain(capsule: Capsule) -> dict[str, Any]:
    return {
        "plaza": capsule.plaza, "lane": capsule.lane, "epoch": capsule.epoch, "passage_id": capsule.passage_id,
        "program": {"version": capsule.version, "core": capsule.core}, "seal": capsule.seal,
        "start": {
            "after_record": capsule.after_record, "chain_hash": capsule.chain_hash,
            "lane": lane_to_plain(capsule.start),
        },
        "inputs": [_input(step) for step in capsule.steps],
        "records": [_record(one) for one in capsule.records],
    }  # fmt: skip


def _input(step: Step) -> dict[str, Any]:
    plain: dict[str, Any] = {"boot": step.boot, "mono_us": step.now.mono_us, "utc_us": step.now.utc_us}
    config = {} if step.config is None else {"config": config_to_plain(step.config)}
    return plain | {"event": to_plain(step.event)} | config


def _record(one: Recorded) -> dict[str, Any]:
    plain: dict[str, Any] = {"number": one.number, "body": one.body.decode(), "hash": one.hash}
    return plain if one.message is None else plain | {"message": one.message.decode()}


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(plain)).hexdigest()


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CapsuleError(f"not a capsule: {error}; was the file cut off, or is it of another kind?") from error
    if not isinstance(found, dict):
        raise CapsuleError("not a capsule: it holds no JSON object")
    return found


def _capsule(file: _File) -> Capsule:
    start = _field("start.lane", lane_from_plain, file.start.lane)
    steps = tuple(_step(i, one) for i, one in enumerate(file.inputs))
    records = tuple(
        Recorded(one.number, one.body.encode(), one.hash, None if one.message is None else one.message.encode())
        for one in file.records
    )
    return Capsule(
        file.plaza, file.lane, file.epoch, file.passage_id, file.program.version, file.program.core, start,
        file.start.after_record, file.start.chain_hash, steps, records, file.seal,
    )  # fmt: skip


def _step(i: int, one: _Input) -> Step:
    event = _field(f"inputs[{i}].event", event_from_plain, one.event)
    config = None if one.config is None else _field(f"inputs[{i}].config", config_from_plain, one.config)
    return Step(one.boot, Now(one.mono_us, one.utc_us), event, config)


def _field(name: str, read_plain: Any, value: Any) -> Any:
    try:
        return read_plain(value)
    except PlainError as error:
        text = f"field {name}: {error}; it was written by another version of the program, use that one"
        raise CapsuleError(text) from error


def _explain(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"field {where}: {problem['msg']} (found {str(problem.get('input'))[:60]!r})"
