"""Plates as text: how they are compared, and how likely a reading is when a registered plate was in view.

In: what was read, with a chance for each character where the reader gives them, and a registered plate. Out: a
log-likelihood ratio in millinats (1/1000 of a natural logarithm), an integer, so that it is the same on every machine.
Never: a decision. rules.md compares plates exactly (`plates_agree`); the ratio weighs evidence where it leaves room.

The model. The reader saw the registered plate R, or some other plate. If R, each character was read right with its own
chance; else as a look-alike far more often than as anything else; now and then a character is added or lost. If some
other, every character of a plate's alphabet was equally likely. The best alignment of reading and R counts
(Levenshtein's recursion with likelihoods for costs); vehicles that show another plate bound what a difference says.
"""

from decimal import Context, Decimal
from functools import cache, lru_cache

DIGITS = "0123456789"
LETTERS = "ABCDEFGHKLMNPQRSTUVXYZ"
"""Letters of Vietnamese plates (TT 79/2024; Đ is read as D)."""

ALPHABET = DIGITS + LETTERS

LOOK_ALIKE = ("0ODQ", "1I", "2Z", "5S", "8B", "6G")
"""Genetec, Security Center Administrator Guide 5.12, "ALPR matcher technique: OCR equivalence", default Latin sets."""

SIMILAR = (
    *("38", "39", "35", "49", "4A", "68", "58", "08", "PB", "PR", "CG", "KX", "VU", "VY", "XY", "EF"),
    *("7T", "MN", "1L"),
)
"""Further pairs mixed up on a tilted, dirty or broken plate: first row from the literature that cites "Smart Car Plate
Recognition System"; second row by the shapes of the Vietnamese typeface (QCVN 08:2024/BCA)."""

_CONTEXT = Context(prec=20)

PERMILLE: dict[str, tuple[int, str]] = {
    "surest": (999, "a character is never taken as surer than this, whatever the reader says"),
    "look_alike": (600, "share of wrong characters that are a look-alike"),
    "similar": (250, "share of wrong characters that are a similar one; the rest is spread over the alphabet"),
    "added": (5, "chance that a character was read that is not there (a bolt, the edge of the plate)"),
    "lost": (10, "chance that a character was not read (dirt, the end of the plate in shadow)"),
    "other_plate": (
        20,
        "share of vehicles that show another plate than the tag's: moved tag, old row, a plate beside it",
    ),
}
"""Name → (permille, meaning). Estimates; docs/model-card-anpr.md has what is measured (94–98 % of characters right)."""


def normal_plate(text: str) -> str:
    """Letters and digits only, upper case, Đ as D: the form in which plates are compared."""
    return "".join(c for c in text.upper().replace("Đ", "D") if c.isalnum())


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    return normal_plate(text)


def plates_agree(read: str | None, registered: str | None) -> bool:
    """Exact agreement of the compared form."""
    return read is not None and registered is not None and (read == registered or _normal(read) == _normal(registered))


@cache
def ln(permille: int) -> int:
    """Natural logarithm of a chance, millinats; by `decimal`, whose results are the same on every machine."""
    return _ln(Decimal(permille) / 1000)


def _ln(number: Decimal) -> int:
    return int((_CONTEXT.ln(number) * 1000).to_integral_value(context=_CONTEXT))


def chances(text: str, confidence: float, chars: tuple[tuple[str, float], ...]) -> tuple[int, ...]:
    """Chance of each character of the compared form, permille.

    The reader's own where it gives one for every character; else the doubt about the whole is spread evenly.
    """
    plain = _normal(text)
    own = [(c, chance) for char, chance in chars for c in _normal(char)]
    if [c for c, _ in own] == list(plain):
        return tuple(_clamp(round(chance * 1000)) for _, chance in own)
    doubt = 1000 - round(confidence * 1000)
    return (_clamp(1000 - doubt // max(1, len(plain))),) * len(plain)


def _clamp(permille: int) -> int:
    return max(1, min(PERMILLE["surest"][0], permille))


def plate_ratio(text: str, confidence: float, chars: tuple[tuple[str, float], ...], registered: str) -> int:
    """How much likelier the reading is if the registered plate was in view than if any other was, millinats."""
    return _ratio(_normal(text), chances(text, confidence, chars), _normal(registered))


def shows_another(text: str, confidence: float, chars: tuple[tuple[str, float], ...], registered: str) -> bool:
    """It is likelier that any other plate was in view than the registered one, misread."""
    return plate_ratio(text, confidence, chars, registered) < 0


@lru_cache(maxsize=4096)
def _ratio(read: str, sure: tuple[int, ...], registered: str) -> int:
    if not read or not registered:
        return 0
    other = PERMILLE["other_plate"][0]
    least, most = ln(other), ln(1000 - other) - sum([_by_chance(c) for c in read])
    if most + _at_most(read, sure, registered) <= least:
        return least
    return max(most + _aligned(read, sure, registered), least)


def _at_most(read: str, sure: tuple[int, ...], registered: str) -> int:
    """No alignment is likelier: it has no more characters right than the two have in common, in order."""
    wrong = len(read) - _in_common(read, registered)
    if not wrong:
        return 0
    added = ln(PERMILLE["added"][0])
    costs = [max(ln(1000 - permille), added + _by_chance(c)) for c, permille in zip(read, sure, strict=True)]
    return sum(sorted(costs, reverse=True)[:wrong])


def _in_common(one: str, other: str) -> int:
    """Length of the longest common subsequence, by bit vectors (Hyyrö, Bit-parallel LCS-length computation, 2004)."""
    places: dict[str, int] = {}
    for j, c in enumerate(other):
        places[c] = places.get(c, 0) | 1 << j
    every = row = (1 << len(other)) - 1
    for c in one:
        found = row & places.get(c, 0)
        row = (row + found | row - found) & every
    return len(other) - row.bit_count()


def _aligned(read: str, sure: tuple[int, ...], registered: str) -> int:
    """Log-likelihood of the reading under the best alignment with the registered plate."""
    added, lost = ln(PERMILLE["added"][0]), ln(PERMILLE["lost"][0])
    if read == registered:
        straight = sum([ln(permille) for permille in sure])
        if straight >= added + lost:
            # Every other alignment has a character added and one lost, and nothing weighs more than 0.
            return straight
    return _best_alignment(read, sure, registered)


def _best_alignment(read: str, sure: tuple[int, ...], registered: str) -> int:
    added, lost = ln(PERMILLE["added"][0]), ln(PERMILLE["lost"][0])
    row = [lost * j for j in range(len(registered) + 1)]
    for c, permille in zip(read, sure, strict=True):
        extra = added + _by_chance(c)
        above = row[0]
        left = above + extra
        new = [left]
        for r, up in zip(registered, row[1:], strict=True):
            best, left, more = above + _seen(c, permille, r), left + lost, up + extra
            left = max(left, best)
            left = max(left, more)
            new.append(left)
            above = up
        row = new
    return row[-1]


@cache
def _by_chance(c: str) -> int:
    """Log-chance of a character of any other plate: a digit is one of 10, a letter one of 22."""
    return ln(100) if c in DIGITS else ln(1000 // len(LETTERS))


@lru_cache(maxsize=65_536)
def _seen(c: str, sure: int, r: str) -> int:
    """Log-likelihood that `r` was read as `c`, which the reader holds to be right with `sure` permille."""
    return ln(sure) if c == r else ln(1000 - sure) + _wrong(c, r)


@cache
def _wrong(c: str, r: str) -> int:
    """Log-share of the wrong readings of `r` that are `c`."""
    alike, similar = _partners(r, LOOK_ALIKE), _partners(r, SIMILAR) - _partners(r, LOOK_ALIKE)
    if c in alike:
        return ln(PERMILLE["look_alike"][0]) - _ln_count(len(alike))
    if c in similar:
        return ln(PERMILLE["similar"][0]) - _ln_count(len(similar))
    rest = 1000 - (PERMILLE["look_alike"][0] if alike else 0) - (PERMILLE["similar"][0] if similar else 0)
    return ln(rest) - _ln_count(len(ALPHABET) - 1 - len(alike) - len(similar))


def _partners(r: str, groups: tuple[str, ...]) -> set[str]:
    return {c for group in groups if r in group for c in group if c != r}


def _ln_count(count: int) -> int:
    return _ln(Decimal(count))
