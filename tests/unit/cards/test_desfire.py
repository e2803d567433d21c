"""The reader's side of a card authentication, against the worked examples of the card's maker.

AN12196 (AuthenticateEV2First with a key of zeros) and AN10922 (AES-128 diversification) give every byte; none of them
came from this program.
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid.pcsc.apdu import CardError, expect, parse, uid_of
from rfid.pcsc.desfire import CardApplication, Ev2First, select
from rfid.pcsc.observation import Proof
from rfid.pcsc.reading import read_card
from simulators.card.picc import Picc

RND_A = bytes.fromhex("13C5DB8A5930439FC3DEF9A4C675360F")
FIRST = bytes.fromhex("A04C124213C186F22399D33AC2A3021591AF")
SECOND = "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D"
PROOF = bytes.fromhex("3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F081206639100")
APPLICATION = CardApplication(
    bytes.fromhex("3042F5"), 0, bytes.fromhex("00112233445566778899AABBCCDDEEFF"), bytes.fromhex("4E585020416275")
)


def test_the_published_exchange() -> None:
    work = Ev2First(bytes(16), 0, RND_A)
    assert work.begin().hex().upper() == "9071000002000000"
    assert work.challenge(FIRST).hex().upper() == f"90AF000020{SECOND}00"
    assert work.conclude(PROOF) == "9D00C4DF"


def test_the_published_card_key() -> None:
    key = APPLICATION.key_of(bytes.fromhex("04782E21801D80"))
    assert key.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


@given(position=st.integers(0, 31), flip=st.integers(1, 255))
def test_a_proof_with_one_byte_changed_is_refused_or_harmless(position: int, flip: int) -> None:
    changed = bytearray(PROOF)
    changed[position] ^= flip
    work = Ev2First(bytes(16), 0, RND_A)
    work.challenge(FIRST)
    with pytest.raises(CardError):
        work.conclude(bytes(changed[:32]) + b"\x91\x00")


@given(st.binary(max_size=40))
def test_no_answer_raises_anything_but_card_errors(raw: bytes) -> None:
    work = Ev2First(bytes(16), 0, RND_A)
    for part in (parse, uid_of, work.challenge, work.conclude, lambda answer: expect(answer, 0x9000)):
        with contextlib.suppress(CardError):
            part(raw)


@given(answers=st.lists(st.binary(max_size=40), min_size=8, max_size=8))
def test_a_card_that_answers_anything_never_proves_itself(answers: list[bytes]) -> None:
    left = iter([bytes.fromhex("047D2E21801D809000"), *answers])
    assert read_card(lambda _: next(left), APPLICATION, RND_A)[1] is not Proof.KEY


def test_a_true_card_proves_itself_a_copy_does_not() -> None:
    uid = bytes.fromhex("04782E21801D80")
    true = Picc(uid, APPLICATION.aid, APPLICATION.key_of(uid))
    copy = Picc(uid)
    forged = Picc(uid, APPLICATION.aid, bytes(16))
    other = Picc(bytes.fromhex("04AABBCCDDEE80"), APPLICATION.aid, APPLICATION.key_of(uid))
    proofs = [read_card(card.answer, APPLICATION, RND_A)[1] for card in (true, copy, forged, other)]
    assert proofs == [Proof.KEY, Proof.UID, Proof.FAILED, Proof.FAILED]


def test_the_application_is_named_least_significant_byte_first() -> None:
    assert select(APPLICATION).hex().upper() == "905A000003F5423000"
