"""What must hold for any frames of a vehicle."""

from hypothesis import given
from hypothesis import strategies as st

from anpr.observation import PlateObservation
from anpr.plate import ALPHABET
from anpr.vote import candidate, vote

READ = 0.8


def _frame(text: str, confidence: float, index: int = 0) -> PlateObservation:
    return PlateObservation(
        text=text if confidence >= READ else None,
        confidence=confidence,
        layout="one-line",
        colour="white",
        bbox=(0, 0, 10, 5),
        chars=tuple((character, confidence) for character in text),
        frame_index=index,
    )


TEXTS = st.sampled_from(["30A12345", "30A12346", "80A12345", "51G00700"])
CONFIDENCES = st.floats(0.0, 1.0)
FRAMES = st.lists(st.tuples(TEXTS, CONFIDENCES), min_size=1, max_size=6)


@given(FRAMES, st.randoms())
def test_the_order_of_frames_does_not_matter(drawn, random) -> None:
    frames = [_frame(text, confidence, index) for index, (text, confidence) in enumerate(drawn)]
    shuffled = list(frames)
    random.shuffle(shuffled)
    assert vote(frames, READ) == vote(shuffled, READ)


@given(FRAMES)
def test_the_winner_stood_in_a_frame_and_its_confidence_is_a_chance(drawn) -> None:
    frames = [_frame(text, confidence) for text, confidence in drawn]
    result = vote(frames, READ)
    assert result is not None
    assert candidate(result) in {candidate(frame) for frame in frames}
    assert 0.0 <= result.confidence <= 1.0
    assert result.frames_read in (1, len(frames))
    assert (result.text is not None) == (result.confidence >= READ)


@given(TEXTS, CONFIDENCES)
def test_one_frame_is_the_result(text: str, confidence: float) -> None:
    frame = _frame(text, confidence)
    assert vote([frame], READ) is frame


@given(TEXTS, st.floats(0.55, 0.999), st.integers(2, 5))
def test_agreement_makes_surer_and_doubt_stays_doubt(text: str, confidence: float, count: int) -> None:
    sure = vote([_frame(text, confidence, index) for index in range(count)], READ)
    doubtful = vote([_frame(text, 0.2, index) for index in range(count)], READ)
    assert sure is not None
    assert doubtful is not None
    assert sure.confidence >= confidence - 1e-9
    assert doubtful.text is None
    assert doubtful.confidence <= 0.2 + 1e-9


@given(st.floats(0.5, 0.99))
def test_two_equally_sure_texts_give_no_read(confidence: float) -> None:
    result = vote([_frame("30A12345", confidence), _frame("30A12346", confidence)], READ)
    assert result is not None
    assert result.text is None


@given(st.lists(st.sampled_from(ALPHABET), min_size=6, max_size=9).map("".join), CONFIDENCES)
def test_json_round_trip(text: str, confidence: float) -> None:
    frame = _frame(text, round(confidence, 4))
    assert PlateObservation.from_json(frame.as_json()) == frame


def test_no_frames_no_plate() -> None:
    assert vote([], READ) is None
