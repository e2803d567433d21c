"""`anpr read`: files and folders in, one JSON line a file out.

Must never happen: one bad file stops the others. It gets its own line with what is wrong and what to do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anpr.image import UnreadableError, read_image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files named, and of folders all pictures below them in order of name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.suffix.lower() in SUFFIXES)
        else:
            yield path


def read_file(recogniser: Any, path: Path, drawings: Path | None) -> dict[str, Any]:
    """The JSON of one file: its plates and the milliseconds from bytes to text, or an error."""
    started = time.perf_counter()
    try:
        image = read_image(path)
    except UnreadableError as error:
        return {"file": str(path), "error": {"reason": error.reason, "message": str(error)}}
    plates = recogniser.plates(image)
    ms = (time.perf_counter() - started) * 1000
    if drawings is not None:
        _save_drawing(drawings / f"{path.stem}.jpg", image, plates)
    return {"file": str(path), "plates": [_wire(plate.as_json()) for plate in plates], "ms": round(ms, 2)}


def _wire(plate: dict[str, Any]) -> dict[str, Any]:
    """Single pictures have no frame number and no vote."""
    names = ("text", "confidence", "layout", "colour", "bbox", "chars", "raw_text")
    return {name: plate[name] for name in names}


def _save_drawing(path: Path, image: Any, plates: Any) -> None:
    import cv2  # noqa: PLC0415

    from anpr.draw import draw_plates  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), draw_plates(image, plates))
