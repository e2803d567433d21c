"""Exact confidence bounds for a count of rare things (Clopper–Pearson), without a library.

In: how often it happened in how many trials. Out: lower and upper bound of the rate.
Never: an approximation that fails for small counts; for 0 in n the upper bound is the rule of three.
Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934). For rates this small the binomial is the Poisson law to
more digits than are printed.
"""

from math import exp, lgamma, log

CONFIDENCE = 0.95
STEPS = 200


def bounds(count: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bounds of the rate, each side with half of what is left of the confidence. Errors: ValueError on no trials."""
    if trials <= 0 or not 0 <= count <= trials:
        raise ValueError(f"{count} of {trials} is no count of trials")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _root(lambda p: 1 - _at_most(count - 1, trials, p), tail, rising=True)
    high = 1.0 if count == trials else _root(lambda p: _at_most(count, trials, p), tail, rising=False)
    return low, high


def _root(chance, tail: float, *, rising: bool) -> float:  # type: ignore[no-untyped-def]
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if (chance(middle) < tail) is rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, trials: int, p: float) -> float:
    """Chance of at most so many, summed from the largest term down so that nothing is lost."""
    if p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 1.0 if count >= trials else 0.0
    total = 0.0
    for k in range(count, -1, -1):
        term = exp(_log_choose(trials, k) + k * log(p) + (trials - k) * log(1 - p))
        total += term
        if term < total * 1e-17:
            break
    return min(1.0, total)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
