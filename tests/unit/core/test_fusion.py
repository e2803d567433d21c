"""Fusion: plates are compared as registered, a reading weighs as the character model says, scores order tags."""

from pathlib import Path

import pytest

from lane_controller.contracts.values import TagStatus
from lane_controller.core.config import configure
from lane_controller.core.events import ClassMeasured, PlateRead
from lane_controller.core.fusion import markdown, parts, score
from lane_controller.core.instant import Now
from lane_controller.core.plates import ln, plate_ratio, plates_agree
from lane_controller.core.records import StageTimes
from lane_controller.core.state import HeardTag, Neighbour, Standing, Track
from lane_controller.core.values import TagEntry

CFG = configure()
ENTRY = TagEntry("E2", None, "acc", "p", "30A12345", 1, TagStatus.ACTIVE, 0, None, 1)
PAGE = Path(__file__).parents[3] / "docs" / "lane-fusion.md"


def heard(reads: int = 10, median: int = -56, first_us: int = -500_000) -> HeardTag:
    return HeardTag("E2", None, ENTRY, Now(first_us, 0), 0, reads, ((0, median),))


def vehicle(plate: str | None = None, confidence: float = 0.95, measured: int | None = None) -> Track:
    read = PlateRead(plate, confidence) if plate else None
    seen = ClassMeasured(measured) if measured else None
    return Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), plate=read, measured=seen)


def ratio(read: str, registered: str = "30A12345", confidence: float = 0.95) -> int:
    return plate_ratio(read, confidence, (), registered)


@pytest.mark.parametrize(
    ("read", "registered", "agree"),
    [
        ("30A-123.45", "30A12345", True),
        ("30a 123 45", "30A12345", True),
        ("29MĐ01234", "29MD01234", True),
        ("30A12346", "30A12345", False),
        (None, "30A12345", False),
        ("30A12345", None, False),
    ],
)
def test_plates_are_compared_without_separators(read: str | None, registered: str | None, agree: bool) -> None:
    assert plates_agree(read, registered) is agree


def test_logarithms_are_whole_millinats() -> None:
    assert [ln(permille) for permille in (1000, 999, 500, 100, 10, 1)] == [0, -1, -693, -2303, -4605, -6908]


def test_exact_reading_by_hand() -> None:
    """Seven digits against 1/10 and one letter against 1/22 (45 permille), each character 994 permille sure."""
    assert ratio("30A12345") == 8 * ln(994) - 7 * ln(100) - ln(45) + ln(980)


def test_look_alike_before_similar_before_any_other_before_another_plate() -> None:
    found = [ratio(read) for read in ("30A12345", "3OA12345", "30A12845", "30A12745", "51G99999")]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 5
    assert found[3] > 0 > found[4] == ln(20)


def test_lost_and_added_characters_are_likelier_than_another_plate() -> None:
    for read in ("0A12345", "30A1234", "30A112345", "30A123451"):
        assert 0 < ratio(read) < ratio("30A12345")


def test_doubt_of_the_reader_about_one_character_makes_its_error_cheap() -> None:
    sure = tuple((c, 0.99) for c in "30A12845")
    doubtful = tuple((c, 0.6 if i == 5 else 0.99) for i, (c, _) in enumerate(sure))
    assert plate_ratio("30A12845", 0.9, doubtful, "30A12345") > plate_ratio("30A12845", 0.9, sure, "30A12345")


def test_chances_that_are_not_of_this_text_are_not_used() -> None:
    other = (("9", 0.1), ("9", 0.1))
    assert plate_ratio("30A12345", 0.95, other, "30A12345") == ratio("30A12345")


def test_each_piece_of_evidence_moves_the_score_its_way() -> None:
    base = score(heard(), vehicle(), None, CFG)
    assert score(heard(reads=20), vehicle(), None, CFG) > base
    assert score(heard(median=-66), vehicle(), None, CFG) < base
    assert score(heard(first_us=1_400_000), vehicle(), None, CFG) < base
    assert score(heard(), vehicle(), Neighbour("2", -50, True, 0, 0), CFG) < base
    assert score(heard(), vehicle(), Neighbour("2", -50, False, 0, 0), CFG) == base
    agreeing, close, other = (score(heard(), vehicle(p), None, CFG) for p in ("30A12345", "3OA12345", "51G99999"))
    assert agreeing > close > base > other
    same, next_class, far = (score(heard(), vehicle(measured=c), None, CFG) for c in (1, 2, 4))
    assert same > base > next_class > far


def test_score_is_the_sum_of_its_parts() -> None:
    found = parts(heard(), vehicle("30A12345", measured=1), Neighbour("2", -50, True, 0, 0), CFG)
    assert [name for name, _ in found] == ["reads", "rssi", "timing", "neighbour", "plate", "class"]
    assert sum(points for _, points in found) == score(
        heard(), vehicle("30A12345", measured=1), Neighbour("2", -50, True, 0, 0), CFG
    )


def test_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m lane_controller.app.fusion_page"
