"""Random small days on which everything happens at once: few vehicles, few lanes, minutes around the cut-off."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from settlement.intake.columns import PROVIDER, STATION

Row = dict[str, str]
START = datetime(2026, 6, 15, 14, 50, tzinfo=UTC)
"""Ten minutes before the accounting day 2026-06-16 begins (cut-off 22:00)."""
NOW = START + timedelta(hours=24, minutes=9)
FARES = {"1": "35000", "2": "50000", "3": "75000"}
PLATES = ("20A12345", "20A-123.45", "29TĐ01234", "29td 012.34", "97C00999", "")
EPCS = ("E1", "e1", "E 2", "E3", "", "")
OUTCOMES = ("charged",) * 12 + ("ticket", "exempt", "manual", "violation", "CHARGED")


def random_day(seed: int) -> tuple[list[Row], list[Row]]:
    """(station rows, provider rows), all readable, identifiers unique."""
    chance = random.Random(seed)
    step = chance.choice((1, 20, 60))
    faithful = chance.choice((0.6, 0.9, 0.97))
    stations = [_station(chance, n, step) for n in range(chance.randint(0, 9))]
    providers = [_provider(chance, n, step, stations, faithful) for n in range(chance.randint(0, 9))]
    providers += [_credit(chance, n, providers) for n in range(chance.randint(0, 4))]
    return stations, providers


def _moment(chance: random.Random, step: int) -> str:
    at = START + timedelta(seconds=chance.randint(0, 20) * step + chance.choice((0, 0, 0.25)))
    zone = chance.choice((timezone(timedelta(hours=7)), UTC, timezone(-timedelta(hours=3, minutes=30))))
    return at.astimezone(zone).isoformat().replace("+00:00", chance.choice(("Z", "+00:00")))


def _station(chance: random.Random, number: int, step: int) -> Row:
    outcome = chance.choice(OUTCOMES)
    vehicle_class = chance.choice("112" + ("3" if outcome.lower() == "charged" else " ")).strip()
    return {
        "passage_id": chance.choice((f"P{number}", "", "")),
        "passed_at": _moment(chance, step),
        "plaza": chance.choice(("CM", "CM", "CM", "bd")),
        "lane": chance.choice(("L1", "L1", "L1", "L2", "")),
        "lane_seq": str(number),
        "epc": chance.choice(EPCS),
        "plate": chance.choice(PLATES),
        "class": vehicle_class,
        "outcome": outcome,
        "fare_vnd": FARES.get(vehicle_class, "0") if chance.random() < 0.8 else "0",
        "ticket_no": chance.choice(("", "", "", "V1")),
        "provider": chance.choice(("VETC", "VETC", "vetc", "VDTC", "")),
        "shift": "1",
        "offline": chance.choice(("", "false", "TRUE")),
        "plate_confidence": chance.choice(("", "0.9", "0.97", "0.899", "1")),
    }


def _provider(chance: random.Random, number: int, step: int, stations: list[Row], faithful: float = 0.5) -> Row:
    """A debit; each cell is that of a passage with probability `faithful`."""
    like = _like(chance, number, step, stations)

    def copied(value: str, *others: str) -> str:
        return value if chance.random() < faithful else chance.choice(others)

    ticket = copied(like["ticket_no"], "", "V1", "V2")
    free = bool(ticket) and chance.random() < 0.5
    return {
        "charge_id": f"C{number}",
        "passage_id": copied(like["passage_id"], "", "P77"),
        "charged_at": copied(like["passed_at"], _moment(chance, step)),
        "plaza": copied(like["plaza"], "CM"),
        "lane": copied(like["lane"], "L1"),
        "epc": copied(like["epc"], "E1", ""),
        "plate": copied(like["plate"], *PLATES),
        "class": copied(like["class"] or "1", "1", "2"),
        "kind": "debit",
        "amount_vnd": "0" if free else _above_zero(copied(like["fare_vnd"], *FARES.values())),
        "ticket_no": ticket,
        "status": copied("posted", "Posted", "pending", "rejected"),
        "provider": copied(like["provider"], "VETC", ""),
        "related_charge_id": "",
        "reason": "",
    }


def _like(chance: random.Random, number: int, step: int, stations: list[Row]) -> Row:
    """The passage that a charge is about: mostly its own, sometimes another one's, sometimes none of the file."""
    if number < len(stations) and chance.random() < 0.6:
        return stations[number]
    return chance.choice(stations) if stations and chance.random() < 0.7 else _station(chance, 50 + number, step)


def _above_zero(amount: str) -> str:
    return amount if int(amount) else "35000"


def _credit(chance: random.Random, number: int, providers: list[Row]) -> Row:
    like = dict(chance.choice(providers)) if providers else _provider(chance, number, 60, [])
    named = chance.choice((like["charge_id"], like["charge_id"], "C99", ""))
    amount = chance.choice((like["amount_vnd"], "20000", "15000"))
    return like | {
        "charge_id": f"R{number}",
        "kind": chance.choice(("credit", "CREDIT")),
        "class": chance.choice((like["class"], "")),
        "amount_vnd": "5000" if int(amount) == 0 else amount,
        "status": chance.choice(("posted", "posted", "posted", "pending", "rejected")),
        "related_charge_id": named,
    }


def write_csv(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """Plain canonical CSV."""
    lines = [",".join(columns), *(",".join(row[c] for c in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_day(folder: Path, stations: list[Row], providers: list[Row]) -> tuple[Path, Path]:
    """Both files of a day."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "station.csv", STATION, stations)
    write_csv(folder / "provider.csv", PROVIDER, providers)
    return folder / "station.csv", folder / "provider.csv"
