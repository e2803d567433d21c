"""The engines compute the same: one plate, one text, chances alike."""

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from anpr.app.main import app
from anpr.engine import Engine, default_engine, open_network
from anpr.image import decode_image
from anpr.models import MODELS
from anpr.recognise import Recogniser
from simulators.camera.pictures import render_vehicle


def test_openvino_reads_what_onnxruntime_reads() -> None:
    picture = decode_image(render_vehicle("30A12345", seed=4, strength=0.1))
    (one,) = Recogniser(engine=Engine.ONNXRUNTIME).plates(picture)
    (two,) = Recogniser(engine=Engine.OPENVINO).plates(picture)
    assert two.text == one.text == "30A12345"
    assert two.confidence == pytest.approx(one.confidence, abs=2e-3)
    assert two.bbox == pytest.approx(one.bbox, abs=0.5)


def test_an_engine_that_is_not_there_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    (tmp_path / "x.jpg").write_bytes(render_vehicle("30A12345", seed=4, strength=0.0))
    result = CliRunner().invoke(app, ["read", str(tmp_path), "--engine", "openvino"])
    assert result.exit_code == 2
    assert "OpenVINO" in " ".join(result.output.split())


def test_the_environment_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ETC_ANPR_ENGINE", raising=False)
    assert default_engine() is Engine.ONNXRUNTIME
    monkeypatch.setenv("ETC_ANPR_ENGINE", "openvino")
    assert default_engine() is Engine.OPENVINO
    for name in ("steam", "ultralytics"):  # the lane's process reads the environment too, and never loads torch
        monkeypatch.setenv("ETC_ANPR_ENGINE", name)
        with pytest.raises(ValueError, match=f"ETC_ANPR_ENGINE={name}"):
            default_engine()
        result = CliRunner().invoke(app, ["read", "x.jpg"])
        assert result.exit_code == 2
        assert "ETC_ANPR_ENGINE" in result.output


def test_a_network_takes_batches_and_the_shipped_files_say_nothing_of_the_machine_they_were_made_on() -> None:
    network = open_network(MODELS / "reader.onnx", Engine.ONNXRUNTIME)
    chances, layouts = network(np.zeros((3, 1, 64, 160), np.float32))
    assert chances.shape[0] == layouts.shape[0] == 3
    for model in sorted(MODELS.glob("*.onnx")):
        content = model.read_bytes()
        for word in (b"/work", b"/tmp", b"/home", b"/root"):
            assert word not in content, (model.name, word)
