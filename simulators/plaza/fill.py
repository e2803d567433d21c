"""What an empty plaza needs before its first vehicle: fleet, tag list, and the memory that both are in place.

In: a data directory, a seed. Out: `plaza.json`, which says which fleet lives here, and the accounts as CSV. The fleet
of a data directory never changes: its accounts have balances by then.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from simulators.traffic.accounts_csv import accounts_csv
from simulators.traffic.fleet import make_fleet

FLEET_SIZE: Final = 800
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Inhabitants:
    """Which fleet a data directory has, how many of its vehicles have tags, and whether they are on the list."""

    fleet_seed: int
    fleet_size: int
    tags: int
    on_the_list: bool
    runs: int


def inhabitants(data: Path, seed: int) -> Inhabitants:
    """What is known of the directory; a fleet made from `seed` where nothing is."""
    file = data / "plaza.json"
    if file.exists():
        try:
            return Inhabitants(**json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file}: {error}; start with --fresh, or put the file back") from error
    tags = sum(vehicle.tag is not None for vehicle in make_fleet(seed, FLEET_SIZE))
    return Inhabitants(seed, FLEET_SIZE, tags, on_the_list=False, runs=0)


def remember(data: Path, known: Inhabitants) -> None:
    """Write it down, whole or not at all."""
    draft = data / "plaza.json.new"
    draft.write_text(json.dumps(asdict(known), indent=2) + "\n", encoding="utf-8")
    draft.replace(data / "plaza.json")


def write_accounts(data: Path, known: Inhabitants) -> Path:
    """The CSV for `backoffice accounts import`."""
    today = datetime.now(ZONE).date()
    file = data / "accounts.csv"
    file.write_text(accounts_csv(make_fleet(known.fleet_seed, known.fleet_size), today), encoding="utf-8")
    return file
