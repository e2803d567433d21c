"""Several lanes in one process: what happens to one stays with that one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lane_controller.app import wiring
from lane_controller.app.settings import Settings, load
from lane_controller.app.wiring import NoLaneError, run_lanes
from lane_controller.core.effects import ShareHeard
from lane_controller.core.events import Event, NeighbourHeard
from lane_controller.devices.neighbours import LaneBus
from lane_controller.devices.ports import PlcPosition
from lane_controller.outbox.journal import Journal, journal_path
from simulators.field_io import Broker, SimulatedPlc
from tests.integration.lane_shell.eventually import eventually
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.integration
LANES = ("CM-01", "CM-02", "CM-03")


def settings_of(folder: Path, broker: MosquittoServer) -> Settings:
    lanes = "".join(f'[[lane]]\nid = "{name}"\n' for name in LANES)
    config = folder / "lanes.toml"
    config.write_text(
        f'plaza = "CM"\ndata_dir = "{folder}"\nstream = "sqlite://{folder}/stream.sqlite3"\n'
        f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n{lanes}'
    )
    return load(config)


@contextlib.asynccontextmanager
async def plaza(settings: Settings, broker: MosquittoServer) -> AsyncIterator[dict[str, SimulatedPlc]]:
    plcs = {name: SimulatedPlc("CM", name, Broker(broker.host, broker.port)) for name in LANES}
    tasks = [asyncio.create_task(plc.run()) for plc in plcs.values()]
    tasks.append(asyncio.create_task(run_lanes(settings, settings.chosen([]))))
    try:
        yield plcs
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lane_whose_journal_is_damaged_stays_down_and_the_others_run(
    tmp_path: Path, mosquitto_server: MosquittoServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path, mosquitto_server)
    journal_path(tmp_path, "CM-02", 1).write_bytes(b"rubbish" * 1000)
    async with plaza(settings, mosquitto_server) as plcs:
        await eventually(lambda: plcs["CM-01"].plc.pc_alive and plcs["CM-03"].plc.pc_alive, what="the other lanes")
        assert not plcs["CM-02"].plc.pc_alive
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "CM-02 does not run" in told
    assert "lane-controller repair" in told


async def test_when_no_lane_can_start_the_process_says_so(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    settings = settings_of(tmp_path, mosquitto_server)
    held = [Journal(journal_path(tmp_path, name, 1), "CM", name, 1) for name in LANES]
    with pytest.raises(NoLaneError):
        await run_lanes(settings, settings.chosen([]))
    for journal in held:
        journal.close()


async def test_a_lane_that_fails_is_started_again_and_the_others_do_not_notice(
    tmp_path: Path, mosquitto_server: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = wiring.LaneRunner.run, []

    async def fails_once(self: wiring.LaneRunner, *rest: object) -> None:
        if self.place.lane == "CM-01" and not failures:
            failures.append(self.place.lane)
            raise RuntimeError("a defect in this lane")
        await real(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(wiring.LaneRunner, "run", fails_once)
    settings = settings_of(tmp_path, mosquitto_server)
    async with plaza(settings, mosquitto_server) as plcs:
        await eventually(lambda: all(plc.plc.pc_alive for plc in plcs.values()), what="all lanes")
        assert failures == ["CM-01"]
        assert [plc.plc.pc_starts for plc in plcs.values()][1:] == [1, 1]


def test_lanes_hear_their_direct_neighbours_only() -> None:
    heard: dict[str, list[Event]] = {name: [] for name in LANES}
    bus = LaneBus()

    def sink(name: str) -> object:
        def take(event: Event, position: PlcPosition | None = None) -> None:
            heard[name].append(event)

        return take

    members = {name: bus.join(name, sink(name)) for name in LANES}  # type: ignore[arg-type]
    members["CM-01"].share(ShareHeard("AA", 5, -50, True))
    assert heard == {"CM-01": [], "CM-02": [NeighbourHeard("CM-01", "AA", 5, -50, True)], "CM-03": []}
