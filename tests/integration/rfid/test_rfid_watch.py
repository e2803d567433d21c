"""`rfid watch` as a process, against a recording of a real reader and against a simulated one."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rfid.llrp.codec import decode_frame
from rfid.llrp.messages import ROAccessReport
from rfid.llrp.parameters.reporting import EPC96, TagReportData
from simulators.llrp_reader.reader import SimulatedReader
from simulators.llrp_reader.replay import replay
from tests.unit.rfid import vectors

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


async def watch(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rfid.app.main", "watch", *arguments, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def playing() -> AsyncIterator[str]:
    server = await replay(vectors.SESSION, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def recorded_epcs() -> list[str]:
    messages = [decode_frame(raw).message for raw in vectors.frames(vectors.SESSION)]
    reports = [message for message in messages if isinstance(message, ROAccessReport)]
    tags = [tag.first(EPC96) for report in reports for tag in report.every(TagReportData)]
    return [epc.epc.hex().upper() for epc in tags if epc is not None]


async def test_every_recorded_tag_comes_out_as_json() -> None:
    async with playing() as address:
        code, out, err = await watch(address, "--json", "--count", "130")
    lines = [json.loads(line) for line in out.splitlines()]
    tags = [line for line in lines if line["kind"] == "TagObservation"]
    assert (code, err) == (0, "")
    assert lines[0]["kind"] == "ReaderConnected"
    assert [tag["epc"] for tag in tags] == recorded_epcs()
    assert len(tags) == 130
    assert {tag["reader_utc"][:10] for tag in tags} == {"2007-03-07"}


async def test_table_for_people_ends_after_its_time() -> None:
    async with SimulatedReader() as reader:
        code, out, _ = await watch(f"127.0.0.1:{reader.port}", "--seconds", "1.5")
    assert code == 0
    assert out.splitlines()[0].startswith("EPC")
    assert "-- ReaderConnected" in out


async def test_an_address_that_is_none_is_explained() -> None:
    code, _, err = await watch("reader:port")
    assert code == 2
    assert "write HOST or HOST:PORT" in err


async def test_nobody_there_is_told_and_tried_again() -> None:
    async with playing() as address:
        pass
    code, out, _ = await watch(address, "--json", "--seconds", "1")
    (lost,) = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert (lost["kind"], lost["loss"]) == ("ReaderLost", "unreachable")


async def test_the_reader_command_shows_tags() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.llrp_reader", "--listen", "127.0.0.1:0", "--tag", "0102", stdout=-1
    )
    try:
        assert process.stdout is not None
        address = (await process.stdout.readline()).decode().split()[-1]
        code, out, _ = await watch(address, "--json", "--count", "3")
    finally:
        process.terminate()
        await process.wait()
    tags = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [tag["epc"] for tag in tags if tag["kind"] == "TagObservation"] == ["0102"] * 3
