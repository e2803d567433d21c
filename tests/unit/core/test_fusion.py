"""Fusion: plates are compared as registered, confusions are counted, scores order tags as evidence does."""

import pytest

from lane_controller.contracts.values import TagStatus
from lane_controller.core.config import configure
from lane_controller.core.events import PlateRead
from lane_controller.core.fusion import confusions, plates_agree, score
from lane_controller.core.instant import Now
from lane_controller.core.records import StageTimes
from lane_controller.core.state import HeardTag, Neighbour, Standing, Track
from lane_controller.core.values import TagEntry

CFG = configure()
ENTRY = TagEntry("E2", None, "acc", "p", "30A12345", 1, TagStatus.ACTIVE, 0, None, 1)


def heard(reads: int = 10, median: int = -56, first_us: int = -500_000) -> HeardTag:
    return HeardTag("E2", None, ENTRY, Now(first_us, 0), 0, reads, (), median_dbm=median)


def vehicle(plate: str | None = None, confidence: float = 0.95) -> Track:
    read = PlateRead(plate, confidence) if plate else None
    return Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), plate=read)


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


@pytest.mark.parametrize(
    ("read", "registered", "count"),
    [
        ("30A12345", "30A12345", 0),
        ("3OA12345", "30A12345", 1),
        ("30A12845", "30A12B45", 1),
        ("30A1234", "30A12345", None),
    ],
)
def test_confusable_characters_are_counted(read: str, registered: str, count: int | None) -> None:
    assert confusions(read, registered) == count


def test_other_character_is_no_confusion() -> None:
    assert confusions("30A92345", "30A12345") is None


def test_each_piece_of_evidence_moves_the_score_its_way() -> None:
    base = score(heard(), vehicle(), None, CFG)
    assert score(heard(reads=20), vehicle(), None, CFG) > base
    assert score(heard(median=-66), vehicle(), None, CFG) < base
    assert score(heard(first_us=900_000), vehicle(), None, CFG) < base
    assert score(heard(), vehicle(), Neighbour("2", -50, True, 0, 0), CFG) < base
    assert score(heard(), vehicle(), Neighbour("2", -50, False, 0, 0), CFG) == base
    agreeing, close, other = (score(heard(), vehicle(p), None, CFG) for p in ("30A12345", "3OA12345", "51G99999"))
    assert agreeing > close > base > other
