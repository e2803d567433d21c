"""Files that are no good pictures, and odd ones that are: each has a clear answer, none raises anything else."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from anpr.image import BYTES_MAX, UnreadableError, decode_image, read_image

RED = PillowImage.new("RGB", (64, 48), (200, 30, 20))


def _coded(picture: PillowImage.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(100))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (body, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"not a picture at all\n" * 20, "not an image"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "damaged"),
        (_coded(RED, "JPEG")[:-200], "damaged"),
        (_png_header(60_000, 60_000), "too large"),
        (_png_header(12_000, 9_000), "too large"),
        (_coded(PillowImage.new("RGB", (8, 8)), "PNG"), "too small"),
        (_coded(RED, "JPEG")[:-20], "truncated"),
    ],
)
def test_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as refusal:
        decode_image(data)
    assert refusal.value.reason == reason
    assert str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        _coded(RED, "JPEG"),
        _coded(RED, "PNG"),
        _coded(RED, "BMP"),
        _coded(RED, "WEBP", lossless=True),
        _coded(RED, "TIFF"),
        _coded(RED.convert("CMYK"), "JPEG"),
        _coded(RED.convert("RGBA"), "PNG"),
        _coded(RED, "GIF", save_all=True, append_images=[PillowImage.new("RGB", (64, 48), (0, 0, 255))]),
        _coded(RED.convert("P", palette=PillowImage.Palette.ADAPTIVE), "PNG"),
    ],
    ids=["jpeg", "png", "bmp", "webp", "tiff", "cmyk", "rgba", "animated", "palette"],
)
def test_odd_but_good_pictures_have_their_colours(data: bytes) -> None:
    image = decode_image(data)
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    blue, green, red = image[24, 32]
    assert red > 150
    assert green < 80
    assert blue < 80


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "TIFF", "GIF", "JPEG"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_half_a_picture_never_passes_for_a_whole_one(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    data = _coded(PillowImage.fromarray(noise), kind)
    with pytest.raises(UnreadableError) as refusal:
        decode_image(data[: int(len(data) * share)])
    assert refusal.value.reason in {"damaged", "truncated"}


def test_a_file_larger_than_any_picture_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as sparse:
        sparse.truncate(BYTES_MAX + 1)
    with pytest.raises(UnreadableError) as refusal:
        read_image(path)
    assert refusal.value.reason == "too large"


def test_16_bits_become_8() -> None:
    deep = np.full((40, 50), 32768, np.uint16)
    _, coded = cv2.imencode(".png", deep)
    image = decode_image(coded.tobytes())
    assert image.dtype == np.uint8
    assert 120 <= int(image[20, 20, 0]) <= 136


def test_a_camera_turned_on_its_side_is_turned_back() -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # rotate 90 degrees clockwise to view
    assert decode_image(_coded(RED, "JPEG", exif=exif)).shape == (64, 48, 3)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.jpg", tmp_path):
        with pytest.raises(UnreadableError) as refusal:
            read_image(path)
        assert refusal.value.reason == "cannot be opened"


def _picture_or_reason(data: bytes) -> str:
    """Any other exception fails the test."""
    try:
        return str(decode_image(data).shape)
    except UnreadableError as refusal:
        return refusal.reason


@given(st.binary(max_size=300), st.integers(0, 3))
@hypothesis_settings(deadline=None, max_examples=150)
def test_no_bytes_raise_anything_else(tail: bytes, start: int) -> None:
    starts = (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a\x40\x00\x30\x00")
    assert _picture_or_reason(starts[start] + tail)


@given(st.integers(20, 700), st.integers(0, 255))
@hypothesis_settings(deadline=None, max_examples=100)
def test_a_damaged_jpeg_gives_a_picture_or_a_refusal(at: int, value: int) -> None:
    data = bytearray(_coded(RED, "JPEG"))
    data[at % len(data)] = value
    assert _picture_or_reason(bytes(data))
