"""The oracle of the joined plaza: what must be true of the books once everything has arrived.

In: a plaza and the cars that crossed. Out: nothing, or the assertion that fails. Compares the lanes' own journals, the
topic as a foreign client reads it, and ClickHouse; none of them is believed alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver import Client, errors

from tests.e2e.plaza.joined import OPENING_VND, Car, JoinedPlaza, eventually
from tests.parts.kcat import read_topic


@contextmanager
def database(plaza: JoinedPlaza) -> Iterator[Client]:
    """A connection that shares nothing with our adapter."""
    client = Client.from_url(plaza.database_dsn)
    try:
        yield client
    finally:
        client.disconnect()


async def everything_arrived(plaza: JoinedPlaza, cars: int) -> None:
    """Wait until ClickHouse holds as many passages as cars crossed."""
    await _eventually_rows(plaza, f"SELECT count() >= {cars} FROM passages FINAL", f"{cars} passages in ClickHouse")


async def every_seal_is_judged(plaza: JoinedPlaza) -> None:
    """Seals may overtake their passages; the back office looks again every few seconds."""
    await _eventually_rows(plaza, "SELECT countIf(verdict = 'waiting') = 0 FROM seals FINAL", "no seal that waits")


async def _eventually_rows(plaza: JoinedPlaza, sql: str, what: str) -> None:
    """Wait until the one value of a query is true."""

    async def holds() -> bool:
        try:
            with database(plaza) as client:
                return bool(client.execute(sql)[0][0])
        except (errors.Error, OSError, EOFError):  # just being restarted
            return False

    await eventually(holds, what, plaza.logs)


async def check_books(plaza: JoinedPlaza) -> None:
    """Every car that crossed has one passage, charged once; nobody else has any."""
    crossed = [car for road in plaza.roads.values() for car in road.crossed]
    await everything_arrived(plaza, len(crossed))
    journals = {
        passage["passage_id"]: passage for lane in plaza.lane_names for passage in await plaza.passages_in_journal(lane)
    }
    assert Counter(passage["epc"] for passage in journals.values()) == Counter(car.epc for car in crossed)
    assert {passage["outcome"] for passage in journals.values()} == {"charged"}
    _topic_holds(plaza, set(journals))
    with database(plaza) as client:
        stored = client.execute("SELECT passage_id, record_hash FROM passages FINAL")
        assert sorted(stored) == sorted((name, passage["record_hash"]) for name, passage in journals.items())
        _everybody_paid_once(client, crossed)
    await every_seal_is_judged(plaza)
    summary = json.loads(await plaza.command("backoffice", "verify", "--json", "--config", str(plaza.backoffice_toml)))
    assert summary["findings"] == []
    assert summary["charged_vnd"] == sum(car.fare_vnd for car in crossed)


def _topic_holds(plaza: JoinedPlaza, passage_ids: set[str]) -> None:
    """Each passage at least once, first appearances in the order of each lane's numbers, and nothing else."""
    records = read_topic(plaza.kafka.address, f"{plaza.prefix}toll.passages.v1")
    sent = [json.loads(record.value or "{}") for record in records]
    assert {passage["passage_id"] for passage in sent} == passage_ids
    for lane in plaza.lane_names:
        first_seen = list(dict.fromkeys(passage["seq"] for passage in sent if passage["lane"] == lane))
        assert first_seen == list(range(1, len(first_seen) + 1))


def _everybody_paid_once(client: Client, crossed: list[Car]) -> None:
    """Balances are the opening balance less what each car owed, and every passage has one debit and one credit."""
    customers = "startsWith(account, 'customer:')"
    balances = dict(
        client.execute(f"SELECT account, -sum(amount_vnd) FROM postings FINAL WHERE {customers} GROUP BY account")
    )
    paid = Counter({f"customer:{car.account}": 0 for car in crossed})
    for car in crossed:
        paid[f"customer:{car.account}"] += car.fare_vnd
    assert {account: balances[account] for account in paid} == {
        account: OPENING_VND - amount for account, amount in paid.items()
    }
    assert client.execute("SELECT sum(amount_vnd) FROM postings FINAL") == [(0,)]
    legs = client.execute(
        "SELECT passage_id, count(), countIf(amount_vnd > 0) FROM postings FINAL "
        "WHERE passage_id != '' GROUP BY passage_id"
    )
    assert len(legs) == len(crossed)
    assert {(count, debits) for _, count, debits in legs} == {(2, 1)}
