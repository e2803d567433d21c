"""Puts the serving process together: the only place that knows which concrete part does what.

In: settings. Out: `serve`, which runs ingest, lists, HTTP and metrics under supervision until it is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO, Any

import structlog
import uvicorn

from backoffice.app.http import make_app
from backoffice.app.live import Live
from backoffice.app.settings import Settings, SettingsError
from backoffice.app.supervisor import supervise
from backoffice.ingest.gaps import GapWatch
from backoffice.ingest.passages import PassageIngest
from backoffice.ingest.seals import SealIngest
from backoffice.ingest.status import StatusIngest
from backoffice.ingest.store import PassageStore
from backoffice.lists.publisher import TagListStore
from backoffice.lists.tariffs import TariffStore
from backoffice.lists.task import ListTask
from backoffice.rating.charge import Contract
from backoffice.storage.alarms import Alarms
from backoffice.storage.database import Database, DatabaseError, Worker
from backoffice.storage.evidence import EvidenceStore
from backoffice.storage.live_view import LaneCompleteness
from backoffice.storage.migrate import migrate
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Consumer, Stream, StreamError

GROUP = "backoffice"
TARIFFS_FRESH_S = 1.0
STREAM_AGAIN_S = 2.0

log = structlog.get_logger("backoffice")


class Plant:
    """Everything that lives as long as the process."""

    def __init__(self, settings: Settings, stream: Stream) -> None:
        self.settings = settings
        self.stream = stream
        self.alarms = Alarms()
        self._databases: list[Database] = []
        self.store = PassageStore(self.database(), self._contract, lambda: time.time_ns() // 1000)
        self.tariffs = TariffStore(self.database())
        self.evidence = EvidenceStore(settings.data_dir / "evidence", settings.http.evidence_limit_bytes)
        self.live = Live(settings, self.database(), self.alarms, self.evidence, self.completeness)
        self.lists = ListTask(
            stream, TagListStore(self.database()), TariffStore(self.database()), settings.lists.heartbeat_s
        )
        self.live.when_stored(self.lists.poke)
        self._index_worker = Worker("evidence-index")
        self._index_database = self.database()
        self._seal_database = self.database()
        self._status_database = self.database()
        self._seals: SealIngest | None = None
        self._tariffs_at = 0.0

    def database(self) -> Database:
        """A connection of its own for one component."""
        self._databases.append(Database(self.settings.address))
        return self._databases[-1]

    def _contract(self, plaza: str) -> Contract:
        return Contract(plaza, self.settings.providers)

    def refresh_tariffs(self) -> None:
        """Before a batch is rated: the tariffs as they are now. Blocking."""
        if time.monotonic() - self._tariffs_at > TARIFFS_FRESH_S:
            self.store.tariffs = self.tariffs.values()
            self._tariffs_at = time.monotonic()

    def completeness(self) -> Sequence[LaneCompleteness]:
        """From the memory of ingest."""
        known = sorted(self.store.sequences().items())
        return [
            LaneCompleteness(
                plaza, lane, epoch, sequence.high_water, sequence.missing, self._sealed(plaza, lane, epoch)
            )
            for (plaza, lane, epoch), sequence in known
        ]

    def _sealed(self, plaza: str, lane: str, epoch: int) -> int:
        return self._seals.sealed_through(plaza, lane, epoch) if self._seals else 0

    async def index(self, sha256: str, size_bytes: int, media_type: str) -> None:
        """Index row of an evidence file."""
        now = time.time_ns() // 1000
        row: dict[str, list[Any]] = {
            "sha256": [sha256],
            "size_bytes": [size_bytes],
            "media_type": [media_type],
            "stored_at": [now],
        }
        await self._index_worker.do(self._index_database.insert, "evidence", row)

    @contextlib.asynccontextmanager
    async def consumer(self, topic: Topic, group: str | None = GROUP) -> AsyncIterator[Consumer]:
        """A consumer that is closed afterwards."""
        consumer = await self.stream.consumer([topic], group)
        try:
            yield consumer
        finally:
            await consumer.close()

    async def passages(self) -> None:
        """Task: passages into the ledger."""
        producer = await self.stream.producer("backoffice-ingest")
        async with self.consumer(Topic.PASSAGES) as consumer:
            gaps = GapWatch(producer, self.alarms)
            await PassageIngest(consumer, self.store, self.alarms, gaps, self.live, self.refresh_tariffs).run()

    async def seals(self) -> None:
        """Task: seals against what is stored."""
        async with self.consumer(Topic.SEALS) as consumer:
            self._seals = SealIngest(consumer, self._seal_database, self.alarms, self.settings.seal_keys)
            await self._seals.run()

    async def status(self) -> None:
        """Task: what lanes say of themselves."""
        async with self.consumer(Topic.LANE_STATUS, f"{GROUP}-status") as consumer:
            await StatusIngest(consumer, self._status_database, self.live.heard).run()

    async def http(self) -> None:
        """Task: pages, evidence, metrics."""
        host, _, port = self.settings.http.listen.rpartition(":")
        config = uvicorn.Config(
            make_app(self.live, self.evidence, self.index), host=host.strip("[]"), port=int(port), log_level="warning",
            access_log=False, lifespan="off", timeout_graceful_shutdown=2,
        )  # fmt: skip
        server = _Server(config)
        await server.serve()

    def close(self) -> None:
        """Close every connection."""
        self.live.close()
        self._index_worker.close()
        for database in self._databases:
            database.close()


class _Server(uvicorn.Server):
    """Signals belong to the process, not to one of its tasks; a port in use is an error of the task."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        try:
            await super().startup(sockets)  # type: ignore[arg-type]
        except SystemExit:
            raise OSError(f"{self.config.host}:{self.config.port} cannot be listened on; is it in use?") from None


async def serve(settings: Settings, ready: Callable[[str], None], *, ingest_only: bool = False) -> None:
    """Run until cancelled. SettingsError when another process serves the same data directory."""
    # A batch is tens of thousands of small objects without cycles: looking for cycles among them again and again was
    # a third of the time of ingest.
    gc.set_threshold(200_000, 50, 50)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = _only_one(settings.data_dir) if settings.lists.publish and not ingest_only else None
    stream = _stream(settings)
    try:
        await _until_database_is_there(settings)
        await _until_stream_is_there(stream)
        await _run(Plant(settings, stream), ready, ingest_only=ingest_only)
    finally:
        await stream.close()
        if lock:
            lock.close()


async def _run(plant: Plant, ready: Callable[[str], None], *, ingest_only: bool) -> None:
    try:
        await plant.live.begin(await plant.stream.producer("backoffice-commands"))
        tasks = {"passages": plant.passages}
        if not ingest_only:
            tasks |= {"seals": plant.seals, "status": plant.status, "http": plant.http}
            tasks |= {"lists": plant.lists.run} if plant.settings.lists.publish else {}
        async with asyncio.TaskGroup() as group:
            for name, task in tasks.items():
                group.create_task(supervise(name, task, plant.alarms), name=name)
            ready("ingest" if ingest_only else f"http://{plant.settings.http.listen}/")
    finally:
        plant.close()


async def _until_database_is_there(settings: Settings) -> None:
    """Migrations; waits while the database is away, so that the order of starting does not matter."""
    while True:
        try:
            await asyncio.to_thread(migrate, settings.address)
        except DatabaseError as error:
            if not error.retry:
                raise SettingsError(f"database: {error}") from error
            await asyncio.sleep(0.5)
        else:
            return


async def _until_stream_is_there(stream: Stream) -> None:
    """Topics; waits while the broker is away, as for the database, and says what it waits for."""
    while True:
        try:
            await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
        except StreamError as error:
            log.warning("stream_away", reason=str(error), again_in_s=STREAM_AGAIN_S)
            await asyncio.sleep(STREAM_AGAIN_S)
        else:
            return


def _stream(settings: Settings) -> Stream:
    try:
        return open_stream(settings.stream)
    except ValueError as error:
        raise SettingsError(f"stream: {error}") from error


def _only_one(directory: Path) -> IO[str]:
    """Only one process publishes the list: two would give one version to two changes."""
    lock = (directory / "lists.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise SettingsError(
            f"data_dir {directory}: another process publishes the lists from it; set publish = false under [lists]"
        ) from None
    return lock
