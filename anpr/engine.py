"""Runs a network of an ONNX file on one thread: ONNX Runtime, or OpenVINO where it is installed and asked for.

Comes in: a model file and the name of an engine. Goes out: a function from the input array to the output arrays.
Must never happen: more than one thread (lanes share a small machine); torch is imported, unless a command asked for
the engine `ultralytics` by its option: the environment, which a lane's process reads too, cannot ask for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Network = Callable[[Floats], list[Floats]]
"""One input, in batches; the outputs in the order of the file. Not to be shared between threads."""


class Engine(StrEnum):
    """What computes the networks. All give the same texts; OpenVINO is faster on Intel and 200 MB larger.

    ULTRALYTICS runs training checkpoints through torch, on a GPU where there is one: for work on the networks.
    """

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    ULTRALYTICS = "ultralytics"


LANE_ENGINES: Final = (Engine.ONNXRUNTIME, Engine.OPENVINO)


class EngineMissingError(RuntimeError):
    """The engine asked for is not installed; the text says what to do."""


class EngineNameError(ValueError):
    """ETC_ANPR_ENGINE names no engine that a lane may use."""


def default_engine() -> Engine:
    """ETC_ANPR_ENGINE, else ONNX Runtime. Raises EngineNameError on another word, and on `ultralytics`."""
    name = os.environ.get("ETC_ANPR_ENGINE", Engine.ONNXRUNTIME.value)
    if name not in LANE_ENGINES:
        raise EngineNameError(
            f"ETC_ANPR_ENGINE={name}: give {' or '.join(LANE_ENGINES)}; `ultralytics` is for `anpr read --engine` and "
            "`anpr bench --engine` alone, no lane loads torch"
        )
    return Engine(name)


def open_network(model: Path, engine: Engine | None = None) -> Network:
    """Loads a model file. Raises the engine's own error on a bad file, EngineMissingError without the engine."""
    chosen = engine or default_engine()
    if chosen is Engine.ULTRALYTICS:
        from anpr.checkpoints import open_checkpoint  # noqa: PLC0415  it knows this module

        return open_checkpoint(model)
    return _openvino(model) if chosen is Engine.OPENVINO else _onnxruntime(model)


def _onnxruntime(model: Path) -> Network:
    import onnxruntime  # noqa: PLC0415  150 ms that commands without a model need not wait for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Floats) -> list[Floats]:
        outputs: list[Floats] = session.run(None, {name: pixels})
        return outputs

    return run


def _openvino(model: Path) -> Network:
    try:
        import openvino  # noqa: PLC0415  optional
    except ImportError as error:
        raise EngineMissingError(
            "OpenVINO is not installed: pip install 'etc-plaza[openvino]', or leave --engine out"
        ) from error
    # f32 even where the CPU has bfloat16: the thresholds were measured with the exact chances.
    hints: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    compiled = openvino.Core().compile_model(str(model), "CPU", hints)
    request = compiled.create_infer_request()

    def run(pixels: Floats) -> list[Floats]:
        request.infer([pixels])
        return [np.array(request.get_output_tensor(number).data) for number in range(len(compiled.outputs))]

    return run
