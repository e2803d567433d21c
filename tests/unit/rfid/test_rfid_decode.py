"""`rfid decode`: recordings as JSON lines, damage named by frame and offset."""

import json
from pathlib import Path

from typer.testing import CliRunner

from rfid.app.main import app
from tests.unit.rfid import vectors

KEEPALIVE = bytes.fromhex("043e0000000a00000007")


def test_every_frame_of_a_recording_is_one_json_object() -> None:
    result = CliRunner().invoke(app, ["decode", str(vectors.SESSION)])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert len(lines) == 934
    assert lines[5]["parameters"][0]["ROSpec"]["current_state"] == "DISABLED"


def test_damage_is_named_and_the_rest_shown(tmp_path: Path) -> None:
    recording = tmp_path / "damaged.bin"
    recording.write_bytes(KEEPALIVE + bytes.fromhex("04180000000b0000000700") + KEEPALIVE + b"GET / HTTP/1.0")
    result = CliRunner().invoke(app, ["decode", str(recording)])
    assert result.exit_code == 1
    assert [json.loads(line)["message"] for line in result.stdout.splitlines()] == ["Keepalive", "Keepalive"]
    assert "frame 2, offset 10: EnableROSpec: ro_spec_id needs 4 bytes, 1 left" in result.stderr
    assert "after frame 3, offset 31: bytes 47 45 54" in result.stderr
