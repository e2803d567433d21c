"""Settings of the back office: one TOML file.

In: a file. Out: Settings; SettingsError names file, field and remedy. Passwords stand in the database address and are
never shown; relative paths are relative to the file.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from backoffice.storage.dsn import Address, AddressError, parse

LOCAL_OFFSET: Final = timedelta(hours=7)
"""Asia/Ho_Chi_Minh has had no other offset since 1975."""

HexKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SettingsError(ValueError):
    """The file cannot be used."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(_Part):
    """Where pages, API, evidence and metrics are served."""

    listen: str = "127.0.0.1:8080"
    evidence_limit_bytes: Annotated[int, Field(ge=1024)] = 20_000_000


class ListSettings(_Part):
    """Publishing of tag list and tariffs. `publish = false` where another process does it."""

    publish: bool = True
    heartbeat_s: Annotated[float, Field(gt=0, le=60)] = 3.0


class Settings(_Part):
    """Everything that `backoffice serve` and the other commands need."""

    plaza: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+$", max_length=16)] = "CM"
    database: SecretStr
    stream: str
    data_dir: Path
    providers: tuple[str, ...] = ("VETC", "VDTC")
    cutoff: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "22:00"
    lane_stale_after_s: Annotated[float, Field(gt=0)] = 5.0
    http: HttpSettings = HttpSettings()
    lists: ListSettings = ListSettings()
    seal_keys: dict[str, HexKey] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _address_is_one(self) -> Self:
        parse(self.database.get_secret_value())
        return self

    @property
    def address(self) -> Address:
        """The database address."""
        return parse(self.database.get_secret_value())

    @property
    def cutoff_after_midnight(self) -> timedelta:
        """The accounting day's cut-off as time since midnight."""
        hours, _, minutes = self.cutoff.partition(":")
        return timedelta(hours=int(hours), minutes=int(minutes))


def load(file: Path) -> Settings:
    """The settings in `file`."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; write it as shown by: backoffice serve --help") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from error
    try:
        settings = Settings.model_validate(content)
    except (ValidationError, AddressError) as error:
        raise SettingsError(f"{file}: {_explain(error)}") from error
    data_dir = settings.data_dir if settings.data_dir.is_absolute() else file.resolve().parent / settings.data_dir
    return settings.model_copy(update={"data_dir": data_dir})


def _explain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    # The input is left out: it may be the address with its password.
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(str(part) for part in p['loc']) or 'settings'}: {p['msg']}" for p in problems)
