"""The engine `ultralytics`: the three networks from their training checkpoints, through torch, on a GPU where one is.

Comes in: a checkpoint of a runs folder (`anpr train`). Goes out: the same function that `anpr.engine` makes of an ONNX
file. Needs the training environment (requirements/train.txt).
Must never happen: torch is imported before this engine was asked for; anything is fetched from a network.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from anpr.engine import EngineMissingError, Floats, Network

RUNS: Final = Path("runs/anpr")
FILES: Final = {
    "detector": Path("detector/weights/best.pt"),
    "corners": Path("corners/last.pt"),
    "reader": Path("reader/best.pt"),
}
"""Where `anpr train` leaves each network below the runs folder; the first folder names the network."""
_DAMAGED: Final = (RuntimeError, pickle.UnpicklingError, KeyError, TypeError, AttributeError, EOFError, ValueError)


class CheckpointError(RuntimeError):
    """A checkpoint is missing or is none; the text says what to do."""


def open_checkpoint(checkpoint: Path) -> Network:
    """Loads one of FILES. Raises CheckpointError on a missing or bad file, EngineMissingError without ultralytics."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    stage = next((part for part in reversed(checkpoint.parts) if part in FILES), "detector")
    # Before the imports: they take seconds, and a missing file needs none of them.
    if not checkpoint.is_file():
        raise CheckpointError(
            f"{checkpoint} is missing: train it with `anpr train {stage}`, or name another runs folder with --weights"
        )
    try:
        import torch  # noqa: PLC0415  seconds and 260 MB that no other engine needs
        import ultralytics  # noqa: F401, PLC0415  the detector's checkpoint holds its classes
    except ImportError as error:
        raise EngineMissingError(
            "ultralytics is not installed: pip install -r requirements/train.txt in an environment of its own "
            "(extra `train`), or leave --engine out"
        ) from error
    torch.set_num_threads(1)
    try:
        net = _LOADERS[stage](checkpoint)
    except _DAMAGED as error:
        raise CheckpointError(
            f"{checkpoint} is no checkpoint of the {stage} ({type(error).__name__}): train it again with "
            f"`anpr train {stage}`"
        ) from error
    return _runner(net, "cuda" if torch.cuda.is_available() else "cpu")


def _detector(checkpoint: Path) -> Any:
    from ultralytics import YOLO  # noqa: PLC0415

    return YOLO(str(checkpoint), task="detect").model.float()


def _corners(checkpoint: Path) -> Any:
    from anpr.training.corner_net import CornerNet  # noqa: PLC0415

    return _with_state(CornerNet(), checkpoint)


def _reader(checkpoint: Path) -> Any:
    from anpr.training.reader_net import PlateReader  # noqa: PLC0415

    return _with_state(PlateReader(), checkpoint)


def _with_state(net: Any, checkpoint: Path) -> Any:
    import torch  # noqa: PLC0415

    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["net"])
    return net


_LOADERS: Final[dict[str, Callable[[Path], Any]]] = {"detector": _detector, "corners": _corners, "reader": _reader}


def _runner(net: Any, device: str) -> Network:
    import torch  # noqa: PLC0415

    placed = net.to(device).eval()

    def run(pixels: Floats) -> list[Floats]:
        with torch.inference_mode():
            outputs = placed(torch.from_numpy(pixels).to(device))
        # The detector gives its boxes and, second, the feature maps that its loss would want.
        wanted = outputs[:1] if isinstance(outputs[-1], dict | list) else outputs
        return [output.float().cpu().numpy() for output in wanted]

    return run
