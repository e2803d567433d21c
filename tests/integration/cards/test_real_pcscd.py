"""Cards through a real pcscd and its virtual reader: taps, proofs, the service's death, and the lane's register."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lane_controller.core.events import CardTapped, Event
from lane_controller.core.instant import Now
from lane_controller.core.values import CardRole
from lane_controller.devices.cards import CardPlace, LaneCards
from lane_controller.devices.ports import PlcPosition
from rfid.pcsc.keyfile import read_application
from tests.parts.pcscd import Pcscd

pytestmark = pytest.mark.integration

OURS, BANK = "04782E21801D80", "04AABBCC"
KEYS = 'aid = "3042F5"\nmaster_key = "00112233445566778899AABBCCDDEEFF"\nkey_number = 2\n'
REGISTER = f"""
[[card]]
uid = "{OURS}"
role = "priority"
holder = "Cứu hộ 07"

[[card]]
uid = "{BANK}"
role = "operator"
holder = "ca1-lan"
proof = "uid"
"""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "cards.key.toml"
    path.write_text(KEYS, encoding="utf-8")
    path.chmod(0o600)
    return path


def watching(pcscd: Pcscd, *arguments: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("rfid")), "cards", "--json", "--seconds", "40", *arguments]
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": pcscd.socket_path}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def next_line(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    line: dict[str, str] = json.loads(process.stdout.readline())
    return line


def test_the_command_shows_taps_proofs_and_the_return_of_a_dead_service(pcscd: Pcscd, keys: Path) -> None:
    with watching(pcscd, "--application", str(keys), "--count", "4") as process:
        assert next_line(process)["kind"] == "CardReaderReady"
        pcscd.tap("--uid", OURS, "--application", str(keys), seconds=3.0)
        pcscd.tap("--uid", BANK, seconds=3.0)
        pcscd.kill()
        pcscd.start()
        pcscd.tap("--uid", OURS, "--application", str(keys), "--wrong-key", seconds=3.0)
        pcscd.tap("--uid", "04000000000001", seconds=3.0)
        assert process.stdout is not None
        lines = [json.loads(line) for line in process.stdout]
    seen = [(line["uid"], line["proof"]) for line in lines if line["kind"] == "CardSeen"]
    assert seen == [(OURS, "key"), (BANK, "uid"), (OURS, "failed"), ("04000000000001", "uid")]
    assert [line["kind"] for line in lines if line["kind"] != "CardSeen"] == ["CardReaderLost", "CardReaderReady"]


class FixedClock:
    def now(self) -> Now:
        return Now(0, 1_800_000_000_000_000)


async def test_a_lane_hears_its_cards_and_refuses_copies(
    pcscd: Pcscd, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", pcscd.socket_path)
    register = tmp_path / "register.toml"
    register.write_text(REGISTER, encoding="utf-8")
    events: list[Event] = []
    refused: list[str] = []

    def sink(event: Event, position: PlcPosition | None = None) -> None:
        events.append(event)

    place = CardPlace("Virtual PCD", register, read_application(keys))
    cards = LaneCards(place, sink, FixedClock(), lambda source, reason, detail: refused.append(reason))
    task = asyncio.create_task(cards.run())
    try:
        async with asyncio.timeout(20):
            while cards.state() != "ok":  # noqa: ASYNC110 - no event to wait for: that is what is tested
                await asyncio.sleep(0.05)
            await asyncio.to_thread(pcscd.tap, "--uid", OURS)  # a copy: the number without the key
            await asyncio.to_thread(pcscd.tap, "--uid", BANK)
            await asyncio.to_thread(pcscd.tap, "--uid", "04000000000001")
            await asyncio.to_thread(pcscd.tap, "--uid", OURS, "--application", str(keys))
            while len(events) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert events == [
        CardTapped(BANK, CardRole.OPERATOR, "ca1-lan"),
        CardTapped(OURS, CardRole.PRIORITY, "Cứu hộ 07"),
    ]
    assert refused == ["card without proof", "unknown card"]


def test_without_a_service_the_command_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nothing")}
    command = [str(Path(sys.executable).with_name("rfid")), "cards", "--list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "systemctl start pcscd" in done.stderr or "pip install" in done.stderr
