"""Pictures of the simulated camera."""

import numpy as np
import pytest

from anpr.image import decode_image
from simulators.camera.pictures import idle_picture, plate_spec, render_vehicle


def test_same_arguments_same_bytes() -> None:
    assert render_vehicle("30A12345", seed=3) == render_vehicle("30A12345", seed=3)
    assert render_vehicle("30A12345", seed=3) != render_vehicle("30A12345", seed=4)


def test_every_class_and_layout_is_drawn() -> None:
    idle = decode_image(idle_picture()).astype(int)
    for vehicle in ("car", "van", "truck", "bus", "trailer", "motorbike"):
        layout = "two-line" if vehicle in ("trailer", "motorbike") else "one-line"
        shown = decode_image(render_vehicle("51R12345", layout, "yellow", vehicle, seed=1))
        assert shown.shape == (540, 960, 3)
        assert np.abs(shown - idle).mean() > 3


@pytest.mark.parametrize(
    ("text", "layout", "lines"),
    [
        ("30A12345", "one-line", ("30A-123.45",)),
        ("30A12345", "two-line", ("30A", "123.45")),
        ("29A1234", "two-line", ("29A", "1234")),
        ("29D137168", "two-line", ("29-D1", "371.68")),
        ("20LD01234", "one-line", ("20LD-012.34",)),
        ("80441NG02", "one-line", ("80-441-NG-02",)),
        ("80NN44102", "two-line", ("80-NN", "441-02")),
        ("TM1234", "one-line", ("TM-12-34",)),
        ("T2912345", "one-line", ("T29-123.45",)),
        ("ABCDEFGHI", "two-line", ("ABCD", "EFGHI")),
    ],
)
def test_how_a_text_is_printed(text: str, layout: str, lines: tuple[str, ...]) -> None:
    assert plate_spec(text, layout, "white").lines == lines


def test_embassies_have_red_characters_on_white() -> None:
    inks = {
        text: plate_spec(text, "one-line", "white").ink for text in ("80441NG02", "80QT44102", "80441NN02", "30A12345")
    }
    assert inks == {"80441NG02": "red", "80QT44102": "red", "80441NN02": "dark", "30A12345": "dark"}


def test_unknown_class_and_characters_are_named() -> None:
    with pytest.raises(ValueError, match="hovercraft"):
        render_vehicle("30A12345", vehicle_class="hovercraft")
    with pytest.raises(ValueError, match="W"):
        render_vehicle("30W12345")
