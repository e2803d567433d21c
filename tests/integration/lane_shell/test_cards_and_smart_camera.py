"""A lane with everything that a plaza may add: card reader, smart camera, classifier. One car, all of them in it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import Rig, rig
from tests.parts.mosquitto import MosquittoServer
from tests.parts.pcscd import Pcscd
from tests.parts.process import free_port

pytestmark = pytest.mark.integration

CARD = "04782E21801D80"
KEYS = 'aid = "3042F5"\nmaster_key = "00112233445566778899AABBCCDDEEFF"\n'
REGISTER = f'[[card]]\nuid = "{CARD}"\nrole = "priority"\nholder = "Cứu hộ 07"\n'


def device(r: Rig, name: str) -> str | None:
    """What the newest status says of a device."""
    states = {one.name: one.state for one in r.office.statuses[-1].devices} if r.office.statuses else {}
    return states.get(name)


async def test_a_priority_card_opens_for_a_car_without_tag(
    tmp_path: Path, mosquitto_server: MosquittoServer, pcscd: Pcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", pcscd.socket_path)
    keys, register, port = tmp_path / "keys.toml", tmp_path / "register.toml", free_port()
    keys.write_text(KEYS, encoding="utf-8")
    keys.chmod(0o600)
    register.write_text(REGISTER, encoding="utf-8")
    lane_extra = (
        "measures_class = true\nsmart_camera = {trust = 0.9}\n"
        f"cards = {{register_file = {json.dumps(str(register))}, application = {json.dumps(str(keys))}}}\n"
        f"[camera_push]\nport = {port}\n"
    )
    async with rig(tmp_path, mosquitto_server, lane_extra) as r, r.lane():
        await eventually(lambda: device(r, "cards") == "ok", what="the card reader")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as camera:
            said = {"plate": "20A-000.77", "confidence": 1.0, "track": "1"}
            assert (await camera.post("/plates/CM-01", json=said)).status_code == 200
        await r.arrive(None)
        r.plc.classify(2, motorcycle=False, length_m=6.5)
        await eventually(lambda: r.plc.display.get("code") == "NO_TAG", what="a car without a tag, held")
        await asyncio.to_thread(pcscd.tap, "--uid", CARD)
        await asyncio.sleep(0.2)
        assert r.opens() == []  # the number alone is a copy
        await asyncio.to_thread(pcscd.tap, "--uid", CARD, "--application", str(keys))
        await r.opened()
        await r.cross()
        (passage,) = await r.passages(1)
    assert (passage.outcome, passage.fare_vnd, passage.class_measured) == ("exempt", 0, 2)
    assert (passage.plate, passage.plate_confidence) == ("20A00077", 0.9)
    assert "EXEMPT" in passage.flags
