"""Trains the plate detector with ultralytics, from its own YOLO11 description and without any foreign weights.

Comes in: a data set of `detector_data`, a seed, epochs. Goes out: `last.pt` and `best.pt` in the run's folder.
Must never happen: anything is fetched from a network (offline mode, pretrained=False).

The architecture is ultralytics' yolo11.yaml with a width of 0.125 (the `n` scale has 0.25): one class of
object does not need more, and a lane computer reads a 1080p frame with it in a third of the time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

IMAGE_SIZE = 320
WIDTH = 0.125


@dataclass(frozen=True, slots=True)
class DetectorPlan:
    """One training run. `device` is torch's name of it; `processes` prepare the pictures beside the one that learns."""

    epochs: int
    seed: int = 1
    batch: int = 16
    threads: int = 1
    processes: int = 0
    device: str = "cpu"


def train_detector(plan: DetectorPlan, data: Path, run: Path, resume: bool) -> Path:
    """Trains and gives the path of the best weights."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    import torch  # noqa: PLC0415  heavy, and absent where plates are only read
    from ultralytics import YOLO  # noqa: PLC0415

    last = run / "weights" / "last.pt"
    if resume and last.exists():
        _set_length(last, plan.epochs)
        model = YOLO(str(last))
        arguments: dict[str, Any] = {"resume": True}
    else:
        model = YOLO(str(architecture(run)), task="detect")
        arguments = _arguments(plan, data, run)

    def set_threads(_: object) -> None:
        # ultralytics sets one thread on a CPU by itself; more pay only on an idle machine.
        torch.set_num_threads(plan.threads)

    model.add_callback("on_train_start", set_threads)
    model.train(**arguments)
    return run / "weights" / "best.pt"


def _set_length(checkpoint: Path, epochs: int) -> None:
    """A resumed run takes its length from the checkpoint; this lets the plan shorten or lengthen it."""
    import torch  # noqa: PLC0415

    state = torch.load(checkpoint, weights_only=False, map_location="cpu")  # our own file: it holds the model's classes
    if state["train_args"]["epochs"] != epochs:
        state["train_args"].update(epochs=epochs, close_mosaic=max(1, epochs // 6))
        torch.save(state, checkpoint)


def architecture(run: Path) -> Path:
    """Writes the description of the network into the run's folder and gives its path."""
    import ultralytics  # noqa: PLC0415

    shipped = Path(ultralytics.__file__).parent / "cfg" / "models" / "11" / "yolo11.yaml"
    description = yaml.safe_load(shipped.read_text())
    description["nc"] = 1
    description["scales"] = {"n": [0.5, WIDTH, 1024]}
    run.mkdir(parents=True, exist_ok=True)
    narrow = run / "yolo11n.yaml"
    narrow.write_text(yaml.safe_dump(description))
    return narrow


def _arguments(plan: DetectorPlan, data: Path, run: Path) -> dict[str, Any]:
    return {
        "data": str(data),
        "epochs": plan.epochs,
        "imgsz": IMAGE_SIZE,
        "batch": plan.batch,
        "seed": plan.seed,
        "deterministic": True,
        "pretrained": False,
        "device": plan.device,
        "amp": False,  # its check wants a network of ultralytics' own that would have to be fetched
        "workers": plan.processes,
        "cache": "ram",
        "plots": False,
        "project": str(run.parent),
        "name": run.name,
        "exist_ok": True,
        "optimizer": "AdamW",
        "lr0": 0.002,
        "lrf": 0.01,
        "warmup_epochs": 0.5,
        "cos_lr": True,
        "close_mosaic": max(1, plan.epochs // 6),
        "fliplr": 0.0,  # a mirrored plate is none
        "degrees": 4.0,
        "scale": 0.5,
        "translate": 0.1,
        "hsv_h": 0.02,
        "hsv_s": 0.6,
        "hsv_v": 0.4,
        "single_cls": True,
    }
