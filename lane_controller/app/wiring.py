"""Puts one process together: the only place that knows concrete classes.

In: settings. Out: running lanes, each supervised by itself: an error in one restarts that one from its journal, a
journal that cannot be trusted keeps that one down, and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anpr.worker import PlateWorker
from lane_controller.app.commands import CommandDesk, Hands
from lane_controller.app.health import LaneHealth, Metrics
from lane_controller.app.runner import LaneRunner, Outputs, Place, SystemClock
from lane_controller.app.settings import LaneTable, Settings
from lane_controller.app.status import Surroundings
from lane_controller.app.upkeep import StatusTeller, drop_old_for_ever, seal_for_ever
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.core.events import Booted
from lane_controller.devices.camera import NoCamera, PlateCamera, PlateTiming
from lane_controller.devices.cards import CardPlace, LaneCards
from lane_controller.devices.field_mqtt import MqttFieldIo, MqttSettings
from lane_controller.devices.llrp import LlrpReader, ReaderPlace
from lane_controller.devices.neighbours import LaneBus
from lane_controller.devices.ports import PlateReader, PlcPosition
from lane_controller.devices.smart_camera import PushedLane, SmartCamera
from lane_controller.lists.cache import TariffCache
from lane_controller.lists.country.upkeep import CountryList, open_free_list
from lane_controller.lists.follower import ListFollower
from lane_controller.outbox.ended import send_ended_epochs
from lane_controller.outbox.evidence import EvidenceSpool
from lane_controller.outbox.journal import Journal, JournalError, JournalReader, JournalRefusedError, journal_path
from lane_controller.outbox.memory import recall
from lane_controller.outbox.relay import Relay
from lane_controller.outbox.seals import SealKeyError, load_key
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Stream, StreamError
from rfid.llrp.metrics import ReaderMetrics
from rfid.llrp.settings import ReaderSettings
from rfid.pcsc.keyfile import CardKeyError, read_application

if TYPE_CHECKING:
    from lane_controller.devices.camera_push import CameraPush

log = logging.getLogger(__name__)

RESTART_S: Final = (0.2, 1.0, 5.0, 15.0)
CALM_S: Final = 60.0
"""A lane that ran this long starts its pauses from the first again."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the lanes of one process share."""

    settings: Settings
    stream: Stream
    tag_list: CountryList
    follower: ListFollower
    bus: LaneBus
    spool: EvidenceSpool
    recogniser: PlateWorker | None
    push: CameraPush | None
    metrics: Metrics
    readers: ReaderMetrics
    clock: SystemClock


class NoLaneError(Exception):
    """Not one lane could be started."""


async def run_lanes(settings: Settings, tables: tuple[LaneTable, ...]) -> None:
    """Run until cancelled. NoLaneError: every lane refused to start."""
    metrics = Metrics()
    if settings.metrics_port is not None:
        log.info("metrics on port %d", metrics.serve(settings.metrics_host, settings.metrics_port))
    async with _shared(settings, tables, metrics) as shared, _background(shared):
        gc.collect()
        gc.freeze()  # a full pass over everything that was loaded would hold the loop for 20 ms, again and again
        lanes = [asyncio.create_task(_supervise(table, shared), name=f"lane {table.id}") for table in tables]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
    raise NoLaneError("no lane is running; see the errors above")


@contextlib.asynccontextmanager
async def _shared(settings: Settings, tables: tuple[LaneTable, ...], metrics: Metrics) -> AsyncIterator[Shared]:
    clock = SystemClock()
    stream = open_stream(settings.stream)
    cache = await asyncio.to_thread(TariffCache, settings.data_dir / "tariffs.sqlite3")
    tag_list = await asyncio.to_thread(open_free_list, settings.data_dir)
    health = LaneHealth("all", metrics)
    follower = ListFollower(stream, tag_list, cache, settings.plaza, clock, health.reject)
    wants_anpr = settings.anpr.enabled and any(table.camera for table in tables)
    recogniser = PlateWorker() if wants_anpr else None
    spool = EvidenceSpool(settings.data_dir / "evidence")
    try:
        readers = ReaderMetrics(metrics.registry)
        push = _camera_push(settings)
        yield Shared(settings, stream, tag_list, follower, LaneBus(), spool, recogniser, push, metrics, readers, clock)
    finally:
        if recogniser is not None:
            await recogniser.close()
        await tag_list.close()
        cache.close()
        with contextlib.suppress(StreamError, OSError):
            await stream.close()


@contextlib.asynccontextmanager
async def _background(shared: Shared) -> AsyncIterator[None]:
    """Everything that serves all lanes."""
    work = [_make_topics(shared.stream), shared.follower.run(), shared.tag_list.verify_for_ever(), _measure(shared)]
    if shared.settings.backoffice is not None:
        from lane_controller.outbox.upload import EvidenceUploader  # noqa: PLC0415 - an HTTP client, see its module

        work.append(EvidenceUploader(shared.spool, shared.settings.backoffice).run())
    if shared.recogniser is not None:
        work.append(_start_recogniser(shared.recogniser))
    if shared.push is not None:
        work.append(shared.push.run())
    tasks = [asyncio.create_task(_guard(one)) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guard(work: object) -> None:
    """An error here is a defect: it is told, and the lanes go on without."""
    try:
        await work  # type: ignore[misc]
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("a background task of the lane controller ended")


async def _make_topics(stream: Stream) -> None:
    while True:
        try:
            await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
        except (StreamError, OSError) as error:
            log.warning("topics are not there yet: %s", error)
            await asyncio.sleep(2.0)
        else:
            return


async def _start_recogniser(recogniser: PlateWorker) -> None:
    try:
        await recogniser.start()
    except TimeoutError:
        log.warning("the plate recogniser is not ready yet; lanes run without plates until it is")


async def _measure(shared: Shared) -> None:
    while True:
        shared.metrics.evidence_bytes.set(shared.spool.bytes_waiting)
        shared.metrics.list_version.set(shared.follower.table.version)
        shared.metrics.list_tags.set(shared.follower.table.count())
        await asyncio.sleep(1.0)


async def _supervise(table: LaneTable, shared: Shared) -> None:
    """Keep one lane running, whatever happens in it."""
    health = LaneHealth(table.id, shared.metrics)
    attempt = 0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await _run_lane(table, shared, health)
        except JournalRefusedError as error:
            log.critical("lane %s cannot run yet: %s", table.id, error)
            health.write_refused(error)
        except (JournalError, SealKeyError) as error:
            log.critical("lane %s does not run: %s", table.id, error)
            return
        except Exception:
            log.exception("lane %s failed and is started again from its journal", table.id)
            shared.metrics.crashes.labels(table.id).inc()
        attempt = 0 if loop.time() - began > CALM_S else attempt + 1
        await asyncio.sleep(RESTART_S[min(attempt, len(RESTART_S) - 1)])


async def _run_lane(table: LaneTable, shared: Shared, health: LaneHealth) -> None:
    """One run of one lane, from opening its journal to its end."""
    settings = shared.settings
    place = Place(settings.plaza, table.id, table.epoch)
    boot_id = uuid.uuid4().hex[:12]
    path = journal_path(settings.data_dir, table.id, table.epoch)
    key = await asyncio.to_thread(load_key, settings.data_dir / f"{table.id}.key")
    journal = await asyncio.to_thread(Journal, path, place.plaza, place.lane, place.epoch, boot_id)
    writer = JournalWriter(journal, health.write_refused)
    relay_reader, seal_reader = JournalReader(path), JournalReader(path)
    try:
        durable = await writer.ask(recall)
        runner = LaneRunner(place, table.core_config(), shared.clock, health)
        field = _field(settings, place, runner, health, journal)
        reader = _reader(table, shared, runner, health)
        plates = _plates(table, shared, runner, health)
        cards = _cards(table, shared, runner, health)
        relay = Relay(place.lane, shared.stream, writer, relay_reader)
        desk = CommandDesk(shared.stream, Hands(runner, relay, writer), shared.clock, health.reject)

        def around() -> Surroundings:
            link = {"plc": field.state(), "camera": plates.state(), "stream": "ok" if relay.connected else "lost"}
            link["journal"] = "ok" if writer.refused is None else f"lost: {writer.refused}"
            devices = link | _readers(reader, cards, shared.recogniser)
            waiting = relay.waiting(journal.heads[1])
            version, age_us = shared.follower.table.version, shared.follower.age_us()
            return Surroundings(place.plaza, devices, version, age_us, waiting, health.rejected)

        outputs = Outputs(field, plates, shared.bus.join(place.lane, runner.offer), writer, relay.wake)
        booted = Booted(boot_id, journal.heads[0] > 0, durable, shared.follower.tariffs())
        shared.follower.subscribe(place.lane, runner.offer)
        async with asyncio.TaskGroup() as group:
            group.create_task(runner.run(booted, outputs), name=f"loop {place.lane}")
            group.create_task(field.run())
            group.create_task(plates.run())
            group.create_task(relay.run())
            group.create_task(desk.run())
            whose = (place.plaza, place.lane, place.epoch)
            group.create_task(send_ended_epochs(settings.data_dir, whose, shared.stream))
            group.create_task(StatusTeller(shared.stream, runner, desk, health, shared.clock, around).run())
            group.create_task(seal_for_ever(writer, seal_reader, place, key, settings.journal.seal_every_s, relay.wake))
            group.create_task(drop_old_for_ever(writer, settings.journal.keep_inputs_days))
            if reader is not None:
                group.create_task(reader.run())
            if cards is not None:
                group.create_task(cards.run())
    finally:
        relay_reader.close()
        seal_reader.close()
        await asyncio.shield(writer.close())


def _readers(reader: LlrpReader | None, cards: LaneCards | None, recogniser: PlateWorker | None) -> dict[str, str]:
    """State of what reads tags, cards and plates, for the lane's status."""
    found = {"reader": "unknown" if reader is None else f"{reader.state()}: {reader.detail}"}
    if cards is not None:
        found["cards"] = f"{cards.state()}: {cards.detail}"
    found["anpr"] = "unknown" if recogniser is None else ("ok" if recogniser.ready.is_set() else "lost")
    return found


def _field(settings: Settings, place: Place, runner: LaneRunner, health: LaneHealth, journal: Journal) -> MqttFieldIo:
    mqtt = MqttSettings(**settings.mqtt.model_dump())

    def durable() -> PlcPosition | None:
        return None if journal.position is None else PlcPosition(*journal.position)

    return MqttFieldIo(mqtt, (place.plaza, place.lane), runner.offer, SystemClock(), health.reject, durable)


def _reader(table: LaneTable, shared: Shared, runner: LaneRunner, health: LaneHealth) -> LlrpReader | None:
    if table.reader is None:
        return None
    reader = table.reader
    wanted = ReaderSettings(antennas=reader.antennas, session=reader.session, read_tid=reader.read_tid)
    place = ReaderPlace(reader.name or f"reader-{table.id}", reader.host, reader.port, wanted)
    return LlrpReader(place, runner.offer, shared.clock, shared.follower, health.reject, shared.readers)


def _camera_push(settings: Settings) -> CameraPush | None:
    if settings.camera_push is None:
        return None
    from lane_controller.devices.camera_push import CameraPush  # noqa: PLC0415 - an HTTP server, only where one is wanted

    return CameraPush(settings.camera_push.host, settings.camera_push.port)


def _cards(table: LaneTable, shared: Shared, runner: LaneRunner, health: LaneHealth) -> LaneCards | None:
    if table.cards is None:
        return None
    try:
        application = read_application(table.cards.application) if table.cards.application else None
    except CardKeyError as error:
        log.critical("lane %s: cards cannot prove themselves: %s", table.id, error)
        application = None
    place = CardPlace(table.cards.reader, table.cards.register_file, application)
    return LaneCards(place, runner.offer, shared.clock, health.reject)


def _plates(table: LaneTable, shared: Shared, runner: LaneRunner, health: LaneHealth) -> PlateReader:
    anpr = shared.settings.anpr
    if table.smart_camera is not None and shared.push is not None:
        smart = table.smart_camera
        camera = SmartCamera(
            shared.spool.put, runner.offer, shared.follower, shared.clock, health.reject, anpr.deadline_ms / 1000,
            smart.trust,
        )  # fmt: skip
        shared.push.lanes[table.id] = PushedLane(camera, health.reject, smart.token)
        return camera
    if table.camera is None or shared.recogniser is None:
        return NoCamera(runner.offer)
    timing = PlateTiming(anpr.deadline_ms / 1000, anpr.camera_delay_ms * 1000)
    from anpr.mjpeg import MjpegSource  # noqa: PLC0415 - an HTTP client, only where there is a camera
    from anpr.rtsp import RtspSource  # noqa: PLC0415

    kind = RtspSource if table.camera.startswith("rtsp") else MjpegSource
    source = kind(table.camera, name=f"camera-{table.id}")
    return PlateCamera(
        source, shared.recogniser, shared.spool.put, runner.offer, shared.follower, health.reject, timing
    )


def data_file(settings: Settings, table: LaneTable) -> Path:
    """The journal of a lane."""
    return journal_path(settings.data_dir, table.id, table.epoch)
