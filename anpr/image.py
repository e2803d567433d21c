"""From bytes of a file or frame to pixels, or to a refusal that says what is wrong with them.

Comes in: bytes from anywhere. Goes out: a BGR image of 8 bits. Must never happen: an image whose header claims a
gigapixel takes the memory; half a picture passes for a whole one; bytes of any kind raise anything but UnreadableError.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from anpr import metrics

Image = NDArray[np.uint8]
PIXELS_MAX: Final = 64_000_000
"""Twice the largest camera in sight (8K is 33 million); more is a mistake or an attack."""
BYTES_MAX: Final = 64 * 1024 * 1024
SIDE_MIN: Final = 16
_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


class UnreadableError(Exception):
    """The bytes are no picture that can be read. `reason` is one of a few words, the message says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_image(path: Path) -> Image:
    """A file's pixels. Raises UnreadableError, also for a file that cannot be opened."""
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise _refusal("too large", f"{size} bytes, at most {BYTES_MAX}; give single photographs, not archives")
        return decode_image(path.read_bytes())
    except OSError as error:
        raise _refusal("cannot be opened", f"{error.strerror or error}; check the path and its rights") from error


def decode_image(data: bytes) -> Image:
    """Pixels of JPEG, PNG, GIF (first picture), WebP, BMP or TIFF bytes. Raises UnreadableError."""
    if not data:
        raise _refusal("empty", "no bytes; the file or frame was never written")
    kind, width, height = _header(data)
    if width * height > PIXELS_MAX:
        raise _refusal("too large", f"{width} x {height} pixels, at most {PIXELS_MAX} in all; scale it down first")
    if min(width, height) < SIDE_MIN:
        raise _refusal("too small", f"{width} x {height} pixels, at least {SIDE_MIN} a side")
    if kind == "JPEG" and b"\xff\xd9" not in data[-4096:]:
        raise _refusal("truncated", f"the JPEG ends without its end marker after {len(data)} bytes; fetch it again")
    image = _pixels(data)
    if image is None:
        raise _refusal("damaged", f"the {kind} header is whole but its pixels cannot be decoded")
    return image


def _refusal(reason: str, detail: str) -> UnreadableError:
    metrics.IMAGES_REJECTED.labels(reason).inc()
    return UnreadableError(reason, detail)


def _header(data: bytes) -> tuple[str, int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PillowImage.open(io.BytesIO(data)) as header:
                return str(header.format), header.width, header.height
    except PillowImage.DecompressionBombError as error:
        raise _refusal("too large", f"{error}; scale it down first") from error
    except Exception as error:  # Pillow's plugins raise whatever their format's parser raises
        if data.startswith(_BEGINNINGS):
            raise _refusal("damaged", f"begins like a picture, but its header is cut or broken ({error})") from error
        raise _refusal(
            "not an image", "no picture format that we know; give JPEG, PNG, WebP, BMP, TIFF or GIF"
        ) from error


def _pixels(data: bytes) -> Image | None:
    """OpenCV first (twice as fast, honours the EXIF orientation), Pillow for what OpenCV does not know."""
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is not None:
        return np.asarray(decoded, np.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PillowImage.open(io.BytesIO(data)) as picture:
                return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[:, :, ::-1])
    except Exception:
        return None
