"""Plates: exact, wrong and withheld texts by kind of photograph, calibration, milliseconds, memory, cold start.

In: labelled photographs (ETC_PHOTOGRAPHS, else ../shared/plates beside the repository; without them rendered vehicles).
Baselines of the same run, over the same pictures, one thread each: a detector of YOLOv5n's size (untrained: only its
time counts) where ETC_TRAIN_PYTHON or .venv-train has ultralytics, and RapidOCR over the whole picture with a filter
for Vietnamese plates where ETC_RAPIDOCR_PYTHON names an interpreter that has rapidocr-onnxruntime. Out: one report,
which says what was absent; progress goes to standard error. Beside another busy process the milliseconds mean nothing.
RapidOCR takes most of the time: with --keep its answers are written down, and a run that was cut off goes on with them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Final

import cv2
import numpy as np

from anpr.bench import FOUR_WHEEL, Label, Result, judge
from anpr.detect import letterbox
from anpr.engine import Engine, open_network
from anpr.image import read_image
from anpr.plate import is_plate, normalise
from anpr.recognise import Recogniser
from anpr.training.texts import random_spec
from bench.report import Report, Row, percentile

ROOT: Final = Path(__file__).parents[1]
PHOTOGRAPHS: Final = Path(os.environ.get("ETC_PHOTOGRAPHS", ROOT.parent / "shared" / "plates")) / "dev"
RENDERED: Final = 300
RENDERED_SEED: Final = 91_000_000
SURE: Final = 0.90
HOLD: Final = {
    "four-wheel": "exact ≥ 97 % (goal 99)",
    "web_car": "exact ≥ 93 % (goal 97)",
    "wrong": "≤ 0.7 % (goal 0.2)",
    "sure": "≥ 99.5 %",
    "ms": "median ≤ 60 ms (goal 40)",
    "start": "≤ 3 s",
    "memory": "≤ 400 MB",
}
_YOLO: Final = """
import os, sys, shutil
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
from ultralytics import YOLO
os.chdir(sys.argv[1])
shutil.move(YOLO("yolov5n.yaml", task="detect").export(format="onnx", imgsz=640, simplify=True, opset=17), "out.onnx")
"""
_OCR: Final = """
import json, sys, time
from rapidocr_onnxruntime import RapidOCR
import cv2
cv2.setNumThreads(1)
ocr = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
for path in json.load(open(sys.argv[1])):
    image = cv2.imread(path)
    started = time.perf_counter()
    found, _ = ocr(image)
    lines = [text for _, text, _ in found or []]
    print("RESULT " + json.dumps([lines, (time.perf_counter() - started) * 1000]), flush=True)
"""
_COLD: Final = """
import resource, sys, time
started = time.perf_counter()
from pathlib import Path
from anpr.detect import letterbox
from anpr.engine import Engine, open_network
from anpr.image import read_image
from anpr.recognise import Recogniser
recogniser = Recogniser()
recogniser.plates(read_image(Path(sys.argv[1])))
cold = time.perf_counter() - started
for path in sys.argv[1:]:
    recogniser.plates(read_image(Path(path)))
print(cold, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One picture on disk and what is in it."""

    path: Path
    label: Label


def photographs() -> list[Case]:
    """The labelled photographs, none where their folder is absent."""
    labels = PHOTOGRAPHS / "labels.jsonl"
    if not labels.exists():
        return []
    lines = labels.read_text(encoding="utf-8").splitlines()
    return [Case(PHOTOGRAPHS / label.file, label) for label in map(Label.from_json, map(json.loads, lines))]


def rendered(folder: Path, count: int) -> list[Case]:
    """Vehicles in the simulated lane; every kind of plate, seeds that no training has seen."""
    from simulators.camera.pictures import render_vehicle  # noqa: PLC0415

    cases = []
    for seed in range(RENDERED_SEED, RENDERED_SEED + count):
        spec = random_spec(np.random.default_rng(seed))
        vehicle = "motorbike" if spec.vehicle == "motorbike" else ("car", "van", "truck", "bus")[seed % 4]
        path = folder / f"{seed}.jpg"
        path.write_bytes(render_vehicle(spec.text, spec.layout, spec.colour, vehicle, seed=seed, strength=0.15))
        cases.append(Case(path, Label(path.name, spec.text, (0, 0, 960, 540), spec.layout, vehicle, "rendered")))
    return cases


def run_ours(cases: Sequence[Case]) -> list[Result]:
    """From file to text, one after the other."""
    recogniser = Recogniser()
    results: list[Result] = []
    for case in cases:
        progress("ours", len(results) + 1, len(cases))
        started = time.perf_counter()
        plates = recogniser.plates(read_image(case.path))
        ms = (time.perf_counter() - started) * 1000
        if case.label.domain == "rendered":  # one plate in the picture, and where it is was not noted
            plates = plates[:1]
            label = Label(**{**_fields(case.label), "bbox": plates[0].bbox if plates else (0, 0, 1, 1)})
        else:
            label = case.label
        results.append(judge(label, plates, ms))
    return results


def _fields(label: Label) -> dict[str, Any]:
    return {name: getattr(label, name) for name in Label.__slots__}


def rows_of(name: str, results: Sequence[Result], hold: str = "") -> list[Row]:
    """Exact, wrong and withheld of one group."""
    n = len(results)
    counts = {kind: sum(result.outcome == kind for result in results) for kind in ("exact", "wrong", "no-read")}
    return [
        Row(f"{name}: {kind}", round(100 * count / n, 2), "%", n, hold=hold if kind == "exact" else "")
        for kind, count in counts.items()
    ]


def calibration(results: Sequence[Result]) -> list[Row]:
    """How often texts are right, by the confidence they were given."""
    rows = []
    for low, high in ((SURE, 1.01), (0.6, SURE), (0.3, 0.6), (0.0, 0.3)):
        within = [result for result in results if result.found and low <= result.confidence < high]
        if within:
            right = sum(result.best == result.label.text for result in within)
            hold = HOLD["sure"] if low == SURE else ""
            what = f"right where the confidence is {low:.2f} to {min(high, 1.0):.2f}"
            rows.append(Row(what, round(100 * right / len(within), 2), "%", len(within), hold=hold))
    return rows


def yolo_ms(cases: Sequence[Case]) -> tuple[list[float], str]:
    """Milliseconds of a detector of YOLOv5n's size at 640, or none and why."""
    python = os.environ.get("ETC_TRAIN_PYTHON", str(ROOT / ".venv-train" / "bin" / "python"))
    if not Path(python).exists():
        return [], "no detector of YOLOv5n's size: ETC_TRAIN_PYTHON names no interpreter with ultralytics"
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([python, "-c", _YOLO, folder], capture_output=True, text=True, check=False, timeout=600)
        if made.returncode != 0:
            return [], f"no detector of YOLOv5n's size: {made.stderr.strip().splitlines()[-1]}"
        network = open_network(Path(folder) / "out.onnx", Engine.ONNXRUNTIME)
    times: list[float] = []
    for case in cases:
        progress("YOLOv5n-sized", len(times) + 1, len(cases))
        started = time.perf_counter()
        tensor, _ = letterbox(read_image(case.path), 640)
        square = np.full((1, 3, 640, 640), 0.447, np.float32)
        square[:, :, : tensor.shape[2], : tensor.shape[3]] = tensor
        network(square)
        times.append((time.perf_counter() - started) * 1000)
    return times, ""


@dataclass(frozen=True, slots=True)
class OcrAnswer:
    """The lines that general OCR found in one picture, and its milliseconds."""

    lines: list[str]
    ms: float


def rapidocr(cases: Sequence[Case], kept: Path | None = None) -> tuple[list[OcrAnswer], str]:
    """What general OCR makes of the whole pictures, or none and why. `kept`: answers of a run that was cut off."""
    python = os.environ.get("ETC_RAPIDOCR_PYTHON", "")
    if not python:
        return [], "no RapidOCR: ETC_RAPIDOCR_PYTHON names no interpreter that has rapidocr-onnxruntime"
    answers = _kept_answers(kept)
    left = [case for case in cases if case.label.file not in answers]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        for case, answer in zip(left, _ask_ocr(python, left, complaints), strict=False):
            answers[case.label.file] = answer
            _keep(kept, case.label.file, answer)
            progress("RapidOCR", len(answers), len(cases))
        complaints.seek(0)
        failure = complaints.read().strip().splitlines() or ["no output"]
    if any(case.label.file not in answers for case in cases):
        return [], f"RapidOCR failed: {failure[-1]}"
    return [answers[case.label.file] for case in cases], ""


def _ask_ocr(python: str, cases: Sequence[Case], complaints: IO[str]) -> Iterator[OcrAnswer]:
    """An answer a picture, as they come; ends early when the interpreter does."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as listed:
        json.dump([str(case.path) for case in cases], listed)
        listed.flush()
        with subprocess.Popen(
            [python, "-c", _OCR, listed.name], stdout=subprocess.PIPE, stderr=complaints, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                if line.startswith("RESULT "):
                    yield OcrAnswer(*json.loads(line[7:]))


def _kept_answers(kept: Path | None) -> dict[str, OcrAnswer]:
    if kept is None or not kept.exists():
        return {}
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return {row["file"]: OcrAnswer(row["lines"], row["ms"]) for row in rows}


def _keep(kept: Path | None, file: str, answer: OcrAnswer) -> None:
    if kept is not None:
        with kept.open("a", encoding="utf-8") as rows:
            rows.write(json.dumps({"file": file, "lines": answer.lines, "ms": answer.ms}) + "\n")


def progress(what: str, done: int, count: int) -> None:
    """A line now and then on standard error; standard output is the report's."""
    if done % 50 == 0 or done == count:
        sys.stderr.write(f"{what}: {done} of {count}\n")
        sys.stderr.flush()


def plate_in(lines: Sequence[str]) -> str | None:
    """The first line, or two lines below each other, that is a Vietnamese plate."""
    texts = [normalise(line) for line in lines]
    for text in (*texts, *(one + two for one, two in pairwise(texts))):
        if is_plate(text):
            return text
    return None


def cold_start(cases: Sequence[Case]) -> tuple[float, float]:
    """Seconds from imports to the first text in a fresh process, and its largest resident memory in MB."""
    paths = [str(case.path) for case in cases[:20]]
    done = subprocess.run(
        [sys.executable, "-c", _COLD, *paths], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    seconds, megabytes = (float(word) for word in done.stdout.split())
    return seconds, megabytes


def report(cases: Sequence[Case], note: str, kept: Path | None = None) -> Report:
    """Everything, over one set of pictures."""
    results = run_ours(cases)
    groups = {"all": results, "four-wheel": [r for r in results if r.label.vehicle in FOUR_WHEEL]}
    for domain in sorted({result.label.domain for result in results}):
        groups[domain] = [result for result in results if result.label.domain == domain]
    rows = [row for name, group in groups.items() if group for row in rows_of(name, group, HOLD.get(name, ""))]
    rows += calibration(results)
    notes = [note]
    answers, absent = rapidocr(cases, kept)
    ocr_ms = [answer.ms for answer in answers]
    if answers:
        texts = [plate_in(answer.lines) for answer in answers]
        rows += _ocr_rows(groups, dict(zip((case.label.file for case in cases), texts, strict=True)))
    yolo, absent_yolo = yolo_ms(cases)
    notes += [reason for reason in (absent, absent_yolo) if reason]
    ours = [result.ms for result in results]
    for name, percent, hold in (("median", 50.0, HOLD["ms"]), ("95th percentile", 95.0, "")):
        mine = round(percentile(ours, percent), 1)
        if yolo:
            other = percentile(yolo, percent)
            rows.append(
                Row(f"file to text, {name}", mine, "ms", len(ours), other, "YOLOv5n-sized detector alone", hold)
            )
        if ocr_ms:
            other = percentile(ocr_ms, percent)
            rows.append(Row(f"file to text, {name}", mine, "ms", len(ours), other, "RapidOCR, whole picture", hold))
        if not yolo and not ocr_ms:
            rows.append(Row(f"file to text, {name}", mine, "ms", len(ours), hold=hold))
    seconds, megabytes = cold_start(cases)
    rows += [
        Row("cold start, imports to first text", round(seconds, 2), "s", 1, hold=HOLD["start"]),
        Row("resident memory at most, 21 pictures", round(megabytes, 1), "MB", 1, hold=HOLD["memory"]),
    ]
    return Report("Plates", rows, note="; ".join(notes), how="One thread. Exact, wrong, no-read: shares of all plates.")


def _ocr_rows(groups: dict[str, list[Result]], texts: dict[str, str | None]) -> list[Row]:
    rows = []
    for name in ("all", "four-wheel", "web_car", "rendered"):
        group = groups.get(name, [])
        read = [(result, texts[result.label.file]) for result in group]
        counts = {
            "exact": sum(text == result.label.text for result, text in read),
            "wrong": sum(text is not None and text != result.label.text for result, text in read),
        }
        for outcome, count in counts.items() if group else ():
            mine = 100 * sum(result.outcome == outcome for result in group) / len(group)
            other = 100 * count / len(group)
            rows.append(Row(f"{name}: {outcome} beside OCR", round(mine, 2), "%", len(group), other, "RapidOCR"))
    return rows


def main() -> None:
    """One report on standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.plates", description=__doc__)
    parser.add_argument("--rendered", type=int, default=0, help="measure on this many rendered vehicles instead")
    parser.add_argument("--every", type=int, default=1, help="only every n-th photograph: OCR takes long")
    parser.add_argument("--keep", type=Path, help="file for RapidOCR's answers; a run that was cut off goes on with it")
    arguments = parser.parse_args()
    count = arguments.rendered
    cv2.setNumThreads(1)
    cases = [] if count else photographs()[:: arguments.every]
    with tempfile.TemporaryDirectory() as folder:
        note = "Photographs that took no part in the training"
        if arguments.every > 1:
            note += f", every {arguments.every}th of them"
        if not cases:
            cases = rendered(Path(folder), count or RENDERED)
            note = "Rendered vehicles: no photographs were asked for, or their folder is absent"
        report(cases, note, arguments.keep).print()


if __name__ == "__main__":
    main()
