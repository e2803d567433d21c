"""Writes the detector's data set in ultralytics' layout: rendered scenes, replated photographs, labelled photographs.

Comes in: a folder for the result, counts, a seed, and the pool of photographs where there is one.
Goes out: images/{train,val}, labels/{train,val} (class 0 = plate; centre and size as shares), data.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import Box
from anpr.training.scenes import Scene, bounds, random_scene, replated_photograph

Image = NDArray[np.uint8]
LONG_SIDE = 448
"""A little more than the detector's input, so that mosaic and scaling have something to work with."""


def write_detector_data(
    folder: Path, scenes: int, seed: int, pool: Path | None, replated: int = 2, processes: int = 1
) -> Path:
    """Writes everything and gives the path of data.yaml. Existing pictures stay, so a broken run can be continued.

    `scenes` are drawn; each foreign photograph of the pool is shown `replated` times under other plates.
    """
    for part in ("train", "val"):
        (folder / "images" / part).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / part).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as beside:
        list(beside.map(partial(_write_scene, folder, seed), range(scenes), chunksize=50))
    if pool is not None:
        _write_pool(folder, pool, seed, replated)
    data = folder / "data.yaml"
    data.write_text(f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\nnames:\n  0: plate\n")
    return data


def _path(folder: Path, part: str, name: str) -> Path:
    return folder / "images" / part / f"{name}.jpg"


def _write_scene(folder: Path, seed: int, number: int) -> None:
    part = "val" if number % 40 == 0 else "train"
    if not _path(folder, part, f"s{number:05d}").exists():
        _write(folder, part, f"s{number:05d}", _scene(seed, number))


def _scene(seed: int, number: int) -> Scene:
    rng = np.random.default_rng((seed, number))
    ratio = float(rng.choice([0.5625, 0.75, 1.0, 0.66]))
    return random_scene(rng, LONG_SIDE, round(LONG_SIDE * ratio))


def _write(folder: Path, part: str, name: str, scene: Scene) -> None:
    _write_boxes(folder, part, name, scene.image, [bounds(quad) for _, quad in scene.plates])


def _write_boxes(folder: Path, part: str, name: str, image: Image, boxes: list[Box]) -> None:
    height, width = image.shape[:2]
    lines = []
    for box in boxes:
        x1, x2 = (min(max(side, 0.0), float(width)) for side in (box[0], box[2]))
        y1, y2 = (min(max(side, 0.0), float(height)) for side in (box[1], box[3]))
        if x2 - x1 > 4 and y2 - y1 > 3:
            shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
            lines.append("0 " + " ".join(f"{share:.5f}" for share in shares))
    cv2.imwrite(str(_path(folder, part, name)), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    (folder / "labels" / part / f"{name}.txt").write_text("\n".join(lines) + ("\n" if lines else ""))


def _write_pool(folder: Path, pool: Path, seed: int, replated: int) -> None:
    for number, (image, boxes) in enumerate(_labelled(pool / "vn_det_384")):
        part = "val" if number % 12 == 0 else "train"
        _write_boxes(folder, part, f"v{number:05d}", image, boxes)
        if part == "train":  # squeezed to a square upstream: once more with a natural width
            natural = np.asarray(cv2.resize(image, (LONG_SIDE, round(LONG_SIDE * 0.75))), np.uint8)
            scale = (natural.shape[1] / image.shape[1], natural.shape[0] / image.shape[0])
            _write_boxes(folder, part, f"w{number:05d}", natural, [_scaled(box, scale) for box in boxes])
    for number, (image, boxes) in enumerate(_foreign(pool / "openalpr_endtoend")):
        part = "val" if number % 20 == 0 else "train"
        for copy in range(replated):
            rng = np.random.default_rng((seed, 7, number, copy))
            _write(folder, part, f"r{number:05d}{copy}", replated_photograph(image, boxes, rng))


def _scaled(box: Box, scale: tuple[float, float]) -> Box:
    return box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1]


def _labelled(folder: Path) -> Iterator[tuple[Image, list[Box]]]:
    for path in sorted((folder / "images").glob("*.jpg")):
        read = cv2.imread(str(path))
        if read is None:
            continue
        image = np.asarray(read, np.uint8)
        height, width = image.shape[:2]
        boxes: list[Box] = []
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            x, y, w, h = (float(word) for word in line.split()[1:5])
            boxes.append(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height))
        yield image, boxes


def _foreign(folder: Path) -> Iterator[tuple[Image, list[Box]]]:
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        read = cv2.imread(str(folder / label["file"]))
        if read is None:
            continue
        scale = LONG_SIDE / max(read.shape[:2])
        image = np.asarray(cv2.resize(read, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        yield image, [_scaled(tuple(plate["bbox"]), (scale, scale)) for plate in label["plates"]]
