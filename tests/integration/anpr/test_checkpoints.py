"""`--engine ultralytics`: training checkpoints compute what their exported files compute; what is missing is named.

The networks here have random weights: that torch and ONNX Runtime agree on them says what it would of trained ones.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anpr.app.main import app
from anpr.checkpoints import FILES, CheckpointError, open_checkpoint
from anpr.engine import EngineMissingError
from simulators.camera.pictures import render_vehicle

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np, torch
from ultralytics import YOLO
from anpr.checkpoints import FILES
from anpr.engine import Engine, open_network
from anpr.training.corner_net import CornerNet
from anpr.training.export import export_corners, export_detector, export_reader
from anpr.training.reader_net import PlateReader
from anpr.training.train_detector import architecture
torch.manual_seed(3)
torch.set_num_threads(1)
runs, models = Path(sys.argv[1]), Path(sys.argv[2])
nets = {
    "corners": (CornerNet, export_corners, (2, 1, 96, 128)),
    "reader": (PlateReader, export_reader, (2, 1, 64, 160)),
}
for stage, file in FILES.items():
    (runs / file).parent.mkdir(parents=True)
for stage, (make, _, _) in nets.items():
    torch.save({"net": make().state_dict()}, runs / FILES[stage])
YOLO(str(architecture(runs / "detector")), task="detect").save(runs / FILES["detector"])
export_detector(runs / FILES["detector"], models)
shapes = {"detector": (1, 3, 224, 384)}
for stage, (_, export, shape) in nets.items():
    export(runs / FILES[stage], models)
    shapes[stage] = shape
worst = {}
for stage, shape in shapes.items():
    pixels = np.random.default_rng(1).random(shape, np.float32)
    one = open_network(runs / FILES[stage], Engine.ULTRALYTICS)(pixels)
    two = open_network(models / f"{stage}.onnx", Engine.ONNXRUNTIME)(pixels)
    assert [array.shape for array in one] == [array.shape for array in two], stage
    worst[stage] = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(one, two, strict=True))
print("RESULT " + json.dumps(worst))
"""


def training_python() -> str | None:
    """An interpreter with torch and ultralytics: this one, ETC_TRAIN_PYTHON's, or .venv-train's."""
    if importlib.util.find_spec("ultralytics") is not None:
        return sys.executable
    named = Path(os.environ.get("ETC_TRAIN_PYTHON", ROOT / ".venv-train" / "bin" / "python"))
    return str(named) if named.exists() else None


@pytest.mark.timeout(300)
@pytest.mark.skipif(training_python() is None, reason="no interpreter with ultralytics (requirements/train.txt)")
def test_checkpoints_compute_what_their_exported_files_compute(tmp_path: Path) -> None:
    runs, models, pictures = tmp_path / "runs", tmp_path / "models", tmp_path / "pictures"
    models.mkdir()
    pictures.mkdir()
    (pictures / "x.jpg").write_bytes(render_vehicle("30A12345", seed=4, strength=0.0))
    python = str(training_python())
    # Settings of ultralytics go into the test's folder, not into the home of whoever runs it.
    around = {**os.environ, "YOLO_CONFIG_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", PROGRAM, str(runs), str(models)],
        cwd=tmp_path, env=around, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    worst = json.loads(line.removeprefix("RESULT "))
    assert set(worst) == set(FILES)
    assert max(worst.values()) < 1e-3, worst
    read = subprocess.run(
        [python, "-m", "anpr.app.main", "read", str(pictures), "--json", "--engine", "ultralytics",
         "--weights", str(runs)],
        cwd=tmp_path, env=around, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert read.returncode == 0, read.stderr[-3000:]
    assert json.loads(read.stdout.splitlines()[-1])["file"].endswith("x.jpg")


def _words(output: str) -> str:
    return " ".join(output.replace("│", " ").split())


def test_a_missing_checkpoint_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(render_vehicle("30A12345", seed=4, strength=0.0))
    for command in (["read", str(tmp_path)], ["bench", str(tmp_path)]):
        (tmp_path / "labels.jsonl").write_text("")
        weights = tmp_path / "nowhere"
        result = CliRunner().invoke(app, [*command, "--engine", "ultralytics", "--weights", str(weights)])
        assert result.exit_code == 2
        assert "is missing: train it with `anpr train detector`" in _words(result.output)


def test_without_ultralytics_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)  # any import of it raises
    monkeypatch.setitem(sys.modules, "torch", None)
    checkpoint = tmp_path / FILES["reader"]
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"x")
    with pytest.raises(EngineMissingError, match=r"requirements/train\.txt"):
        open_checkpoint(checkpoint)
    with pytest.raises(CheckpointError, match="anpr train corners"):
        open_checkpoint(tmp_path / FILES["corners"])


def test_weights_are_for_checkpoints_alone(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["read", str(tmp_path), "--weights", str(tmp_path)])
    assert result.exit_code == 2
    assert "--engine ultralytics alone" in _words(result.output)
