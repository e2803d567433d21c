"""The card register and the key file: what is accepted, and what each error names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from lane_controller.core.events import CardTapped, Event
from lane_controller.core.instant import Now
from lane_controller.core.values import CardRole
from lane_controller.devices.card_register import RegisterError, read_register
from lane_controller.devices.cards import CardPlace, LaneCards
from lane_controller.devices.ports import PlcPosition
from rfid.pcsc.keyfile import CardKeyError, read_application
from rfid.pcsc.observation import CardSeen, CardUnreadable, Proof

CARD = '[[card]]\nuid = "04782E21801D80"\nrole = "priority"\nholder = "Xe chữa cháy"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cards.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "one [[card]] table"),
        ("card = 3", "one [[card]] table"),
        ("[[card]", "not TOML"),
        (CARD + CARD, "number 2: uid 04782E21801D80 stands twice"),
        (CARD.replace("04782E", "04782e"), "number 1, field uid"),
        (CARD.replace("priority", "boss"), "number 1, field role"),
        (CARD + 'proof = "uid"\n', "number 1, field proof: a priority card opens the barrier"),
        (CARD + "colour = 1\n", "number 1, field colour"),
    ],
)
def test_a_register_error_names_the_place(tmp_path: Path, text: str, names: str) -> None:
    with pytest.raises(RegisterError, match="cards") as raised:
        read_register(written(tmp_path, text))
    assert names in str(raised.value)
    assert "cards.toml" in str(raised.value)


def test_validity_includes_both_days(tmp_path: Path) -> None:
    card = read_register(written(tmp_path, CARD + "first_day = 2026-11-01\nlast_day = 2026-11-30\n")).find(
        "04782E21801D80"
    )
    assert card is not None
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)]
    assert [card.valid_on(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("text", "mode", "names"),
    [
        ('aid = "3042F5"\n', 0o600, "field master_key: write 16 bytes"),
        ('aid = "3042"\nmaster_key = "00112233445566778899AABBCCDDEEFF"\n', 0o600, "field aid: write 3 bytes"),
        ('aid = "3042F5"\nmaster_key = "zz"\n', 0o600, "field master_key"),
        ('aid = "3042F5"\nmaster_key = "00112233445566778899AABBCCDDEEFF"\nkey_number = 14\n', 0o600, "key_number"),
        ("key = 1\n", 0o600, "no such field: key"),
        ("", 0o644, "chmod 600"),
    ],
)
def test_a_key_file_error_names_the_field_and_never_the_key(tmp_path: Path, text: str, mode: int, names: str) -> None:
    path = written(tmp_path, text)
    path.chmod(mode)
    with pytest.raises(CardKeyError, match="cards") as raised:
        read_application(path)
    assert names in str(raised.value)
    assert "CCDDEEFF" not in str(raised.value)


class Moment:
    """26 November 2026, 00:00 in Vietnam is 17:00 UTC of the day before."""

    def __init__(self, utc_us: int) -> None:
        self.utc_us = utc_us

    def now(self) -> Now:
        return Now(0, self.utc_us)


def desk(register: Path, utc_us: int) -> tuple[Callable[[str, Proof], None], list[Event], list[str], LaneCards]:
    events: list[Event] = []
    refused: list[str] = []

    def sink(event: Event, position: PlcPosition | None = None) -> None:
        events.append(event)

    cards = LaneCards(CardPlace("", register), sink, Moment(utc_us), lambda s, reason, d: refused.append(reason))

    def tap(uid: str, proof: Proof) -> None:
        cards.take(CardSeen(uid, "3B", proof, "", "r", 0))

    return tap, events, refused, cards


def test_only_a_proved_valid_registered_card_is_an_event(tmp_path: Path) -> None:
    register = written(tmp_path, CARD + "last_day = 2026-11-25\n")
    last_second_us = 1_795_625_999_000_000  # 2026-11-25 23:59:59 in Vietnam
    tap, events, refused, cards = desk(register, last_second_us)
    for uid, proof in (
        ("04782E21801D80", Proof.UID),
        ("04782E21801D80", Proof.FAILED),
        ("04000000", Proof.KEY),
        ("04782E21801D80", Proof.KEY),
    ):
        tap(uid, proof)
    cards.take(CardUnreadable("r", "gone", 0))
    assert events == [CardTapped("04782E21801D80", CardRole.PRIORITY, "Xe chữa cháy")]
    assert refused == ["card without proof", "forged card", "unknown card", "unreadable"]
    tap_next_day, events_next_day, refused_next_day, _ = desk(register, last_second_us + 1_000_000)
    tap_next_day("04782E21801D80", Proof.KEY)
    assert (events_next_day, refused_next_day) == ([], ["card not valid today"])


def test_a_broken_register_leaves_the_old_one_in_force_and_is_counted(tmp_path: Path) -> None:
    register = written(tmp_path, CARD)
    tap, events, refused, _ = desk(register, 0)
    register.write_text("[[card]", encoding="utf-8")
    tap("04782E21801D80", Proof.KEY)
    assert len(events) == 1
    assert refused == ["register"]
    register.unlink()
    tap("04782E21801D80", Proof.KEY)
    assert refused == ["register", "register"]
    register.write_text(CARD.replace("priority", "operator"), encoding="utf-8")
    tap("04782E21801D80", Proof.KEY)
    assert [event.role for event in events if isinstance(event, CardTapped)][-1] is CardRole.OPERATOR


def test_a_lane_without_a_usable_register_runs_and_says_so(tmp_path: Path) -> None:
    tap, events, refused, _ = desk(tmp_path / "nothing.toml", 0)
    tap("04782E21801D80", Proof.KEY)
    assert events == []
    assert "register" in refused
