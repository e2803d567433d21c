"""Random plates of every kind, in the proportions that training wants (rare kinds oversampled).

Comes in: a seeded generator. Goes out: `PlateSpec`. Pure but for the generator that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anpr.observation import Colour, Layout
from anpr.plate import BLUE_LETTERS, DIPLOMATIC_SERIES, PROVINCE_CODES, SERIES_LETTERS, SPECIAL_SERIES

_PROVINCES = tuple(sorted(PROVINCE_CODES))


@dataclass(frozen=True, slots=True)
class PlateSpec:
    """What stands on a plate: `lines` as printed (with dash and dot), `text` as stored."""

    text: str
    lines: tuple[str, ...]
    layout: Layout
    colour: Colour
    vehicle: str
    ink: str = "dark"
    """dark, light (on blue and red ground) or red."""


def random_spec(rng: np.random.Generator, kind: str | None = None) -> PlateSpec:
    """One plate; `kind` is car, motorbike, special, diplomatic, army or temporary, random when not given."""
    kinds, shares = (
        ("car", "motorbike", "special", "diplomatic", "army", "temporary"),
        (0.42, 0.26, 0.08, 0.12, 0.08, 0.04),
    )
    chosen = kind or str(rng.choice(kinds, p=shares))
    return {
        "car": _car,
        "motorbike": _motorbike,
        "special": _special,
        "diplomatic": _diplomatic,
        "army": _army,
        "temporary": _temporary,
    }[chosen](rng)


def _digits(rng: np.random.Generator, count: int) -> str:
    if rng.random() < 0.15:  # bought numbers: one digit many times, as half the photographs on the web show
        favourite = rng.integers(0, 10)
        return "".join(str(favourite if rng.random() < 0.7 else rng.integers(0, 10)) for _ in range(count))
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def _number(rng: np.random.Generator, five: float = 0.85) -> tuple[str, str]:
    """The number as stored and as printed."""
    if rng.random() < five:
        digits = _digits(rng, 5)
        return digits, f"{digits[:3]}.{digits[3:]}" if rng.random() < 0.93 else digits
    digits = _digits(rng, 4)
    return digits, digits


def _layout(rng: np.random.Generator, two_lines: float = 0.5) -> Layout:
    return "two-line" if rng.random() < two_lines else "one-line"


def _assemble(
    rng: np.random.Generator,
    head: str,
    number: tuple[str, str],
    layout: Layout,
    colours: tuple[Colour, str],
    vehicle: str = "car",
) -> PlateSpec:
    stored = "".join(c for c in head if c.isalnum()).replace("Đ", "D") + number[0]
    if layout == "one-line":
        lines: tuple[str, ...] = (f"{head}-{number[1]}" if rng.random() < 0.85 else f"{head} {number[1]}",)
    else:
        lines = (head, number[1])
    return PlateSpec(stored, lines, layout, colours[0], vehicle, colours[1])


def _car(rng: np.random.Generator) -> PlateSpec:
    colour: Colour = "white"
    draw = rng.random()
    if draw < 0.25:
        colour = "yellow"
    elif draw < 0.33:
        colour = "blue"
    letters = BLUE_LETTERS if colour == "blue" else SERIES_LETTERS + "R"
    head = str(rng.choice(_PROVINCES)) + str(rng.choice(list(letters)))
    ink = "light" if colour == "blue" else "dark"
    return _assemble(rng, head, _number(rng), _layout(rng, 0.42), (colour, ink))


def _special(rng: np.random.Generator) -> PlateSpec:
    series = str(rng.choice(SPECIAL_SERIES))
    if series == "TD" and rng.random() < 0.7:
        series = "TĐ"
    colours: tuple[Colour, str] = ("blue", "light") if series == "CD" else ("white", "dark")
    if series == "LD" and rng.random() < 0.3:
        colours = ("yellow", "dark")
    return _assemble(rng, str(rng.choice(_PROVINCES)) + series, _number(rng), _layout(rng), colours)


def _diplomatic(rng: np.random.Generator) -> PlateSpec:
    province, country = str(rng.choice(_PROVINCES)), f"{rng.integers(11, 1000):03d}"
    series, last = str(rng.choice(DIPLOMATIC_SERIES)), _digits(rng, 2)
    ink = "red" if series in ("NG", "QT") and rng.random() < 0.6 else "dark"
    layout = _layout(rng)
    if rng.random() < 0.5:
        text = province + country + series + last
        lines: tuple[str, ...] = (f"{province}-{country}", f"{series}-{last}")
    else:
        text = province + series + country + last
        lines = (f"{province}-{series}", f"{country}-{last}" if rng.random() < 0.6 else f"{country}.{last}")
    if rng.random() < 0.35:  # without the inner dashes: 80441-NG02, 80NG-441.02
        lines = (lines[0].replace("-", ""), lines[1] if lines[1][0].isdigit() else lines[1].replace("-", ""))
    if layout == "one-line":
        lines = (("-" if rng.random() < 0.85 else " ").join(lines),)
    return PlateSpec(text, lines, layout, "white", "car", ink)


def _army(rng: np.random.Generator) -> PlateSpec:
    head = str(rng.choice(list("ABHKPQT"))) + str(rng.choice(list("ABCDEHKLMNPSTVX")))
    digits = _digits(rng, 4)
    printed = f"{digits[:2]}-{digits[2:]}" if rng.random() < 0.7 else digits
    return _assemble(rng, head, (digits, printed), _layout(rng), ("red", "light"))


def _temporary(rng: np.random.Generator) -> PlateSpec:
    digits = _digits(rng, 5)
    head = "T" + str(rng.choice(_PROVINCES))
    return _assemble(rng, head, (digits, f"{digits[:3]}.{digits[3:]}"), _layout(rng), ("white", "dark"))


def _motorbike(rng: np.random.Generator) -> PlateSpec:
    province = str(rng.choice(_PROVINCES))
    draw = rng.random()
    letter = str(rng.choice(list(SERIES_LETTERS + "R" if draw < 0.84 else SERIES_LETTERS)))
    if draw < 0.84:
        series, five = letter + str(rng.integers(1, 10)), 0.6
    elif draw < 0.95:
        series, five = letter + str(rng.choice(list(SERIES_LETTERS + "R"))), 1.0
    else:
        series, five = ("MĐ" if rng.random() < 0.7 else "MD") + str(rng.integers(1, 10)), 1.0
    colours: tuple[Colour, str] = ("blue", "light") if rng.random() < 0.05 else ("white", "dark")
    return _assemble(rng, f"{province}-{series}", _number(rng, five), "two-line", colours, "motorbike")
