"""Grammar of Vietnamese plates: which strings are plates, of which kind, and how likely a string is before any pixel.

Comes in: text without pixels. Goes out: parsed plates and a prior for whole strings.
Must never happen: a character is replaced by position. A wrong length or an unknown province stays what was read,
and only its chance falls; the reader weighs that against the pixels.

Sources: TT 79/2024, TT 13/2025 and TT 51/2025 (provinces and series), TT 169/2021/TT-BQP (army), QCVN 08:2024/BCA.
The tables are data: a new series or province is one entry here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from anpr.observation import Layout

SERIES_LETTERS: Final = "ABCDEFGHKLMNPSTUVXYZ"
"""First letter of a civil series on white and yellow plates (20; I, J, O, Q, W are used nowhere, R below)."""
BLUE_LETTERS: Final = "ABCDEFGHKLM"
SPECIAL_SERIES: Final = ("LD", "DA", "KT", "HC", "CD", "MK", "TD", "RM")
"""TĐ is stored as TD: optical readers cannot be relied on for the bar of Đ."""
DIPLOMATIC_SERIES: Final = ("NG", "QT", "NN", "CV")
ALPHABET: Final = "0123456789ABCDEFGHKLMNPQRSTUVXYZ"
"""Every character that a plate can carry, Đ as D; Q stands on army plates alone (QH, the navy)."""
UNUSED_CODES: Final = frozenset({13, 42, 44, 45, 46, 87, 91, 96})
PROVINCE_CODES: Final = frozenset(f"{code}" for code in range(11, 100) if code not in UNUSED_CODES)
"""81 codes of TT 51/2025, 80 (central bodies) among them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of plate. `weight` is its rough share of what a toll camera sees (prior, not law)."""

    kind: str
    expression: re.Pattern[str]
    vehicle: str
    weight: float


@dataclass(frozen=True, slots=True)
class Plate:
    """A string read under one pattern. `line_break` is where the second line of a two-line plate begins."""

    text: str
    kind: str
    vehicle: str
    province: str | None
    series: str
    number: str
    line_break: int


def _pattern(kind: str, expression: str, vehicle: str, weight: float) -> Pattern:
    return Pattern(kind, re.compile(expression), vehicle, weight)


_PROVINCE = r"(?P<province>\d\d)"
_SPECIAL = "|".join(SPECIAL_SERIES)
_DIPLOMATIC = "|".join(DIPLOMATIC_SERIES)
PATTERNS: Final = (
    _pattern("civil", rf"{_PROVINCE}(?P<series>[{SERIES_LETTERS}])(?P<number>\d{{5}})", "car", 0.62),
    _pattern("civil-old", rf"{_PROVINCE}(?P<series>[{SERIES_LETTERS}])(?P<number>\d{{4}})", "car", 0.1),
    _pattern("trailer", rf"{_PROVINCE}(?P<series>R)(?P<number>\d{{4,5}})", "trailer", 0.02),
    _pattern("special", rf"{_PROVINCE}(?P<series>{_SPECIAL})(?P<number>\d{{4,5}})", "car", 0.02),
    _pattern("diplomatic", rf"{_PROVINCE}(?P<number>\d{{3}}(?P<series>{_DIPLOMATIC})\d\d)", "car", 0.005),
    _pattern("diplomatic", rf"{_PROVINCE}(?P<series>{_DIPLOMATIC})(?P<number>\d{{5}})", "car", 0.005),
    _pattern("temporary", rf"(?P<series>T){_PROVINCE}(?P<number>\d{{5}})", "car", 0.005),
    _pattern("army", r"(?P<series>[ABHKPQT][A-HKLMNPSTVX])(?P<number>\d{4})", "car", 0.005),
    # R is no first letter in the circular, but stands on motorbikes registered before it meant trailers (54-R3 9587).
    _pattern("motorbike", rf"{_PROVINCE}(?P<series>[{SERIES_LETTERS}R][1-9])(?P<number>\d{{4,5}})", "motorbike", 0.2),
    _pattern(
        "motorbike",
        rf"{_PROVINCE}(?P<series>[{SERIES_LETTERS}][{SERIES_LETTERS}R])(?P<number>\d{{5}})",
        "motorbike",
        0.03,
    ),
    _pattern("motorbike", rf"{_PROVINCE}(?P<series>MD[1-9])(?P<number>\d{{5}})", "motorbike", 0.01),
)
_WEIGHTS: Final = {pattern.kind: pattern.weight for pattern in reversed(PATTERNS)}
INVALID_WEIGHT: Final = 1e-4
"""A string outside the grammar: a future series, a foreign plate, or (nearly always) a read error. Never zero."""


def normalise(text: str) -> str:
    """Upper case, Đ as D, letters and digits only: the form in which plates are stored and compared."""
    return re.sub(r"[^0-9A-Z]", "", text.upper().replace("Đ", "D"))


def parse(text: str, layout: Layout | None = None) -> tuple[Plate, ...]:
    """Every reading of a normalised text under the grammar, likeliest first; empty when it is no Vietnamese plate.

    54Y88180 is a car's (54Y-881.80) as well as a motorbike's (54-Y8 8180): both come back. Motorbike plates have two
    lines, so `layout="one-line"` leaves the car's alone.
    """
    plates = []
    for pattern in PATTERNS:
        found = pattern.expression.fullmatch(text)
        if found is None or (layout == "one-line" and pattern.vehicle == "motorbike"):
            continue
        parts = found.groupdict()
        province = parts.get("province")
        if province is not None and province not in PROVINCE_CODES:
            continue
        plates.append(
            Plate(text, pattern.kind, pattern.vehicle, province, parts["series"], parts["number"], _line_break(found))
        )
    return tuple(plates)


def _line_break(found: re.Match[str]) -> int:
    """The number of a two-line plate stands below; of 80-441-NG-02 the first line ends before NG."""
    series_at, number_at = found.start("series"), found.start("number")
    return series_at if series_at > number_at else number_at


def is_plate(text: str, layout: Layout | None = None) -> bool:
    """Whether the normalised text is a plate under the grammar."""
    return bool(parse(text, layout))


def prior(text: str, layout: Layout | None = None) -> float:
    """How much a string deserves belief before the pixels: in (0, 1], comparable between strings of any length.

    The weight is that of the likeliest pattern, not spread over the pattern's strings: the reader's own chances
    already are chances of whole strings.
    """
    plates = parse(text, layout)
    if not plates:
        return INVALID_WEIGHT
    # Rare kinds get a floor: their owners pay toll as well, and the pixels of NG or R are clear enough.
    return max(0.25, max(_WEIGHTS[plate.kind] for plate in plates) / max(_WEIGHTS.values()))
