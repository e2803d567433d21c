"""Checkpoints to ONNX. Needs torch.

Must never happen: an exported file that gives other numbers than the checkpoint; both are run and compared.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import torch

from anpr.crop import INPUT_HEIGHT, INPUT_WIDTH
from anpr.detect import open_session
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
    (output,) = open_session(target).run(None, {"images": np.zeros((1, 3, 224, 384), np.float32)})
    if output.shape[1] != 5:
        raise ValueError(f"the head gives {output.shape}, not (1, 5, places): export without end-to-end NMS")
    return target


def export_reader(weights: Path, folder: Path) -> Path:
    """The reader with a free batch size. Raises FileNotFoundError without weights."""
    if not weights.exists():
        raise FileNotFoundError(f"{weights}: train the reader first, or name a checkpoint with --weights")
    net = PlateReader()
    net.load_state_dict(torch.load(weights, weights_only=True)["net"])
    net.eval()
    target = folder / "reader.onnx"
    example = torch.randn(2, 1, INPUT_HEIGHT, INPUT_WIDTH)
    names = {"pixels": {0: "crops"}, "log_chances": {0: "crops"}, "layout": {0: "crops"}}
    torch.onnx.export(
        net,
        (example,),
        str(target),
        input_names=["pixels"],
        output_names=["log_chances", "layout"],
        dynamic_axes=names,
        opset_version=17,
        dynamo=False,
    )
    _compare(net, target)
    return target


def _compare(net: PlateReader, exported: Path) -> None:
    pixels = torch.randn(3, 1, INPUT_HEIGHT, INPUT_WIDTH)
    with torch.no_grad():
        wanted = [output.numpy() for output in net(pixels)]
    given = open_session(exported).run(None, {"pixels": pixels.numpy()})
    worst = max(float(np.abs(one - two).max()) for one, two in zip(wanted, given, strict=True))
    if worst > DIFFERENCE_MAX:
        raise ValueError(f"{exported} differs from the checkpoint by {worst}: do not ship it")
