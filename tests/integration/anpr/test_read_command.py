"""`anpr read` on rendered plates of seeds never trained on, and on bad files."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from anpr.app.main import app
from anpr.detect import PlateDetector
from anpr.image import decode_image
from anpr.models import MODELS
from anpr.observation import overlap
from anpr.recognise import Recogniser
from anpr.training.texts import random_spec
from simulators.camera.pictures import idle_picture, render_vehicle

UNSEEN = 77_000_000


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


def test_rendered_vehicles_are_read(recogniser: Recogniser) -> None:
    exact = wrong = 0
    count = 30
    for number in range(count):
        spec = random_spec(np.random.default_rng(UNSEEN + number), "car")
        vehicle = ("car", "van", "truck", "bus")[number % 4]
        jpeg = render_vehicle(spec.text, spec.layout, spec.colour, vehicle, seed=UNSEEN + number, strength=0.15)
        texts = [plate.text for plate in recogniser.plates(decode_image(jpeg)) if plate.text]
        exact += spec.text in texts
        wrong += any(text != spec.text for text in texts)
    assert exact >= 0.8 * count
    assert wrong <= 2


def test_a_plate_that_the_detector_hardly_sees_is_read(recogniser: Recogniser) -> None:
    """Red characters on a dull plate, or lettering that looks more like a plate than the plate does."""
    detector = PlateDetector(
        MODELS / "detector.onnx", recogniser.settings.detector_side, recogniser.settings.detector_score
    )
    for text, vehicle, seed in (("89NG22144", "car", 1_600_000_000), ("68QT53243", "truck", 1_600_000_222)):
        picture = decode_image(render_vehicle(text, "one-line", "white", vehicle, seed=seed, strength=0.1))
        found = recogniser.plates(picture)
        (plate,) = (plate for plate in found if plate.text)
        assert plate.text == text
        likely = detector.likely(detector.look(picture))
        assert all(overlap(detection.box, plate.bbox) < 0.3 for detection in likely)


def test_an_empty_lane_has_no_plate(recogniser: Recogniser) -> None:
    assert [plate.text for plate in recogniser.plates(decode_image(idle_picture())) if plate.text] == []


def test_pictures_of_any_shape(recogniser: Recogniser) -> None:
    for shape in ((16, 16), (17, 900), (900, 17), (2160, 3840), (33, 64)):
        assert isinstance(recogniser.plates(np.full((*shape, 3), 90, np.uint8)), list)


def test_json_lines_and_a_clear_result_for_each_bad_file(tmp_path: Path) -> None:
    good = render_vehicle("30A12345", seed=4, strength=0.0)
    (tmp_path / "a_good.jpg").write_bytes(good)
    (tmp_path / "b_cut.jpg").write_bytes(good[: len(good) // 2])
    (tmp_path / "c_empty.jpg").write_bytes(b"")
    (tmp_path / "d_text.jpg").write_text("xin chào\n")
    drawn = tmp_path / "drawn"
    result = CliRunner().invoke(
        app, ["read", str(tmp_path), str(tmp_path / "missing.png"), "--json", "--draw", str(drawn)]
    )
    assert result.exit_code == 3
    lines = {Path(line["file"]).name: line for line in map(json.loads, result.stdout.splitlines())}
    assert [plate["text"] for plate in lines["a_good.jpg"]["plates"]] == ["30A12345"]
    plate = lines["a_good.jpg"]["plates"][0]
    assert plate["layout"] == "one-line"
    assert plate["colour"] == "white"
    assert len(plate["bbox"]) == 4
    assert [character for character, _ in plate["chars"]] == list("30A12345")
    assert lines["a_good.jpg"]["ms"] > 0
    reasons = {name: line["error"]["reason"] for name, line in lines.items() if "error" in line}
    assert reasons == {
        "b_cut.jpg": "truncated",
        "c_empty.jpg": "empty",
        "d_text.jpg": "not an image",
        "missing.png": "cannot be opened",
    }
    assert (drawn / "a_good.jpg").stat().st_size > 1000


def test_good_files_end_with_0_and_people_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(render_vehicle("30A12345", seed=4, strength=0.0))
    result = CliRunner().invoke(app, ["read", str(tmp_path)])
    assert result.exit_code == 0
    assert "30A12345" in result.stdout


def test_bench_names_a_bad_label(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"file": "x.jpg"}\n')
    result = CliRunner().invoke(app, ["bench", str(tmp_path)])
    assert result.exit_code == 2
    assert "line 1" in " ".join(result.output.split())
