"""The recogniser's process: the other end of `anpr.worker`'s pipe.

Comes in: on standard input a length and a JSON header {"sizes": [...], "budget_s": seconds}, then the JPEGs.
Goes out: on standard output a length and {"plate": {...} | null} or {"error": "..."}; first of all {"ready": true}.
Must never happen: a bad frame ends the process; a library prints into the pipe; the process outlives its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from anpr.image import UnreadableError, decode_image
from anpr.observation import PlateObservation
from anpr.recognise import Recogniser
from anpr.vote import vote

NICENESS = 10
"""Behind the lane, which decides while pictures are read and does not wait for them beyond its evidence_wait."""
AUTOGROUP = Path("/proc/self/autogroup")
SURE = 0.995
"""Two frames that agree beyond this end the reading early: the third would change nothing."""


def read_vehicle(recogniser: Recogniser, jpegs: Sequence[bytes], budget_s: float) -> PlateObservation | None:
    """The voted plate of one vehicle; stops when the time is over and votes with what it has.

    A frame that is no image is left out (and counted). Raises UnreadableError when none could be decoded.
    """
    started = time.monotonic()
    seen: list[PlateObservation] = []
    refused: UnreadableError | None = None
    decoded = 0
    for index, jpeg in enumerate(jpegs):
        if decoded and time.monotonic() - started > budget_s * 0.8:
            break
        try:
            plates = recogniser.plates(decode_image(jpeg))
        except UnreadableError as error:
            refused = error
            continue
        decoded += 1
        seen.extend(replace(plate, frame_index=index) for plate in plates[:1])
        if sum(plate.confidence > SURE for plate in seen) >= 2 and len({plate.text for plate in seen}) == 1:
            break
    if not decoded and refused is not None:
        raise refused
    return vote(seen, recogniser.settings.read_confidence)


def _read_exactly(source: BinaryIO, count: int) -> bytes:
    data = source.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _send(sink: BinaryIO, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    sink.write(len(body).to_bytes(4, "big") + body)
    sink.flush()


def _answer(recogniser: Recogniser, source: BinaryIO) -> dict[str, Any]:
    header = json.loads(_read_exactly(source, int.from_bytes(_read_exactly(source, 4), "big")))
    jpegs = [_read_exactly(source, size) for size in header["sizes"]]
    try:
        plate = read_vehicle(recogniser, jpegs, float(header["budget_s"]))
    except UnreadableError as error:
        return {"error": f"{error.reason}: {error}"}
    return {"plate": plate.as_json() if plate is not None else None}


def _step_back() -> None:
    """Behind the lane, and behind the broker that carries its open command."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # the lane that starts this one runs in real time
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with suppress(OSError):  # where the kernel groups by session, niceness counts only within this one's own
        AUTOGROUP.write_text(f"{NICENESS}\n")


def serve() -> None:
    """Answers until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back()
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints goes to standard error
    recogniser = Recogniser()
    _send(pipe, {"ready": True})
    while True:
        try:
            _send(pipe, _answer(recogniser, sys.stdin.buffer))
        except (EOFError, BrokenPipeError):
            return


if __name__ == "__main__":
    serve()
