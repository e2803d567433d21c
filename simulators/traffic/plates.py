"""Plates of four-wheel vehicles by the present grammar (TT 79/2024/TT-BCA; province codes of TT 51/2025).

In: a seeded generator and the owner. Out: plates as painted and as stored (letters and digits only). Never a code or a
letter that is not in use: 13, 42, 44, 45, 46, 87, 91, 96 are free, and I, J, O, Q, R, W begin no car series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

UNUSED_CODES: Final = frozenset({13, 42, 44, 45, 46, 87, 91, 96})
PROVINCE_CODES: Final = tuple(code for code in range(11, 100) if code not in UNUSED_CODES and code != 80)
"""The 80 provincial codes; 80 belongs to central bodies."""

NEARBY_CODES: Final = (20, 20, 20, 97, 97, 29, 30, 30, 98, 99, 88, 19, 22, 11)
"""Codes met most at the plaza: Thái Nguyên and Bắc Kạn first, then the neighbours and Hà Nội."""

SERIES_LETTERS: Final = "ABCDEFGHKLMNPSTUVXYZ"
BLUE_LETTERS: Final = "ABCDEFGHKLM"
ARMY_PAIRS: Final = ("TM", "TC", "TH", "QH", "KA", "KB", "AA", "BB")


class Ground(StrEnum):
    """Colour of the plate's ground; it tells the kind of owner."""

    WHITE = "white"
    YELLOW = "yellow"
    BLUE = "blue"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate. `lines` are the painted lines, one or two; `text` is what is stored: letters and digits only."""

    lines: tuple[str, ...]
    ground: Ground

    @property
    def text(self) -> str:
        """The plate without separators, as it stands on tag lists."""
        return "".join(character for line in self.lines for character in line if character.isalnum())


def civil_plate(random: Random, ground: Ground, two_lines: bool) -> Plate:
    """A civil plate such as 20A-123.45, or an old one of four digits; from nearby in two cases of three."""
    code = random.choice(NEARBY_CODES if random.random() < 0.66 else PROVINCE_CODES)
    series = random.choice(BLUE_LETTERS if ground is Ground.BLUE else SERIES_LETTERS)
    return _painted(f"{code}{series}", _number(random), ground, two_lines)


def army_plate(random: Random, two_lines: bool) -> Plate:
    """An army plate: two letters and four digits on red."""
    pair, number = random.choice(ARMY_PAIRS), f"{random.randrange(1, 100):02d}-{random.randrange(1, 100):02d}"
    return Plate((pair, number) if two_lines else (f"{pair} {number}",), Ground.RED)


def other_plate(random: Random, plate: Plate, taken: Sequence[str]) -> Plate:
    """A civil plate of the same look as `plate` that differs from every plate in `taken`."""
    while True:
        other = civil_plate(random, plate.ground, len(plate.lines) == 2)
        if other.text not in taken:
            return other


def _number(random: Random) -> str:
    if random.random() < 0.06:
        return f"{random.randrange(1, 10_000):04d}"
    digits = f"{random.randrange(1, 100_000):05d}"
    return f"{digits[:3]}.{digits[3:]}"


def _painted(head: str, number: str, ground: Ground, two_lines: bool) -> Plate:
    return Plate((head, number) if two_lines else (f"{head}-{number}",), ground)
