"""Checkpoints to ONNX. Needs torch.

Must never happen: an exported file that gives other numbers than the checkpoint; both are run and compared.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from anpr.corners import WINDOW_HEIGHT, WINDOW_WIDTH
from anpr.crop import INPUT_HEIGHT, INPUT_WIDTH
from anpr.engine import Engine, open_network
from anpr.training.corner_net import CornerNet
from anpr.training.reader_net import PlateReader
from anpr.training.train_detector import IMAGE_SIZE

DIFFERENCE_MAX = 2e-3


def export_detector(weights: Path, folder: Path) -> Path:
    """The detector with free height and width, raw head (no NMS inside). Raises FileNotFoundError without weights."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    from ultralytics import YOLO  # noqa: PLC0415

    if not weights.exists():
        raise FileNotFoundError(f"{weights}: train the detector first, or name a checkpoint with --weights")
    # ultralytics writes beside the checkpoint
    exported = YOLO(str(weights)).export(
        format="onnx", imgsz=IMAGE_SIZE, dynamic=True, simplify=True, nms=False, opset=17
    )
    target = folder / "detector.onnx"
    shutil.move(str(exported), target)
    _strip(target)
    (output,) = open_network(target, Engine.ONNXRUNTIME)(np.zeros((1, 3, 224, 384), np.float32))
    if output.shape[1] != 5:
        raise ValueError(f"the head gives {output.shape}, not (1, 5, places): export without end-to-end NMS")
    return target


def export_reader(weights: Path, folder: Path) -> Path:
    """The reader with a free batch size. Raises FileNotFoundError without weights."""
    example = torch.randn(2, 1, INPUT_HEIGHT, INPUT_WIDTH)
    return _export(PlateReader(), weights, folder / "reader.onnx", example, ("log_chances", "layout"))


def export_corners(weights: Path, folder: Path) -> Path:
    """The corner finder with a free batch size. Raises FileNotFoundError without weights."""
    example = torch.randn(2, 1, WINDOW_HEIGHT, WINDOW_WIDTH)
    return _export(CornerNet(), weights, folder / "corners.onnx", example, ("corners", "score"))


def _export(net: Any, weights: Path, target: Path, example: torch.Tensor, outputs: tuple[str, str]) -> Path:
    if not weights.exists():
        raise FileNotFoundError(f"{weights}: train first, or name a checkpoint with --weights")
    net.load_state_dict(torch.load(weights, weights_only=True)["net"])
    net.eval()
    torch.onnx.export(
        net,
        (example,),
        str(target),
        input_names=["pixels"],
        output_names=list(outputs),
        dynamic_axes={name: {0: "plates"} for name in ("pixels", *outputs)},
        opset_version=17,
        dynamo=False,
    )
    _strip(target)
    _compare(net, target, torch.randn(3, *example.shape[1:]))
    return target


def _strip(exported: Path) -> None:
    """Takes out what an exporter notes about the machine it ran on: paths, dates, the names of source files."""
    model = onnx.load(exported)
    model.ClearField("metadata_props")
    model.ClearField("doc_string")
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.save(model, exported)


def _compare(net: Any, exported: Path, pixels: torch.Tensor) -> None:
    with torch.no_grad():
        wanted = [output.numpy() for output in net(pixels)]
    given = open_network(exported, Engine.ONNXRUNTIME)(pixels.numpy())
    worst = max(float(np.abs(one - two).max()) for one, two in zip(wanted, given, strict=True))
    if worst > DIFFERENCE_MAX:
        raise ValueError(f"{exported} differs from the checkpoint by {worst}: do not ship it")
