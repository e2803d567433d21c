"""How well a tag fits a vehicle: log-likelihood ratios, where rules.md leaves room.

In: what was heard of a tag, when the vehicle came onto L1, what plate was read. Out: one score in millinats (integer,
so that
an explanation is the same bytes everywhere).
Never: a decision. The hard thresholds of rules.md decide; the score orders tags of one account and explains.
"""

from lane_controller.core.config import LaneConfig
from lane_controller.core.state import HeardTag, Neighbour, Track

READS_CAP = 20
NEARER_DB_CAP = 12

PARAMETERS: dict[str, tuple[int, str]] = {
    "read": (150, "per read up to 20: a tag of the lane is read 20–40 times a second, a stray now and then"),
    "rssi_db": (
        120,
        "per dB of the median above median_dbm, at most 12 dB either way: lane tags scatter about -56 dBm",
    ),
    "before_l1": (600, "first read before L1 on: the RF zone begins 5 m upstream of L1"),
    "late": (-900, "first read after late_read_ms: more often the next vehicle's tag"),
    "neighbour_db": (-200, "per dB that a neighbour with a vehicle hears it better than we do, at most 12"),
    "plate_agrees": (4_000, "times confidence: exact agreement by chance is about 1 in 10,000"),
    "plate_close": (1_500, "times confidence: one confusable character apart"),
    "plate_differs": (-3_500, "times confidence: a confident other plate"),
}
"""Name → (millinats, reason). Sources: rules.md Geometry and Tag evidence; hardware.md's read rates; ADR 0010."""

CONFUSABLE = ("0DOQ", "1IL", "2Z", "5S", "6G", "8B", "4A", "7T", "3B8", "UV", "MN", "KX", "PR", "CG")
"""Characters that plate readers mix up, as sets (domain: usual confusions of Vietnamese plates)."""


def normal_plate(text: str) -> str:
    """Letters and digits only, upper case, Đ as D: the form in which plates are compared."""
    return "".join(c for c in text.upper().replace("Đ", "D") if c.isalnum())


def plates_agree(read: str | None, registered: str | None) -> bool:
    """Exact agreement of the compared form."""
    return read is not None and registered is not None and normal_plate(read) == normal_plate(registered)


def confusions(read: str, registered: str) -> int | None:
    """Number of confusable characters between two plates; None where they differ otherwise."""
    a, b = normal_plate(read), normal_plate(registered)
    if len(a) != len(b):
        return None
    different = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    if any(not any(x in group and y in group for group in CONFUSABLE) for x, y in different):
        return None
    return len(different)


def score(tag: HeardTag, track: Track, neighbour: Neighbour | None, cfg: LaneConfig) -> int:
    """Log-likelihood ratio that this tag is on this vehicle, millinats."""
    total = PARAMETERS["read"][0] * min(tag.reads, READS_CAP)
    nearer = max(-NEARER_DB_CAP, min(NEARER_DB_CAP, tag.median_dbm - cfg.median_dbm))
    total += PARAMETERS["rssi_db"][0] * nearer
    total += _timing(tag, track, cfg)
    if neighbour is not None and neighbour.vehicle:
        louder = max(0, min(NEARER_DB_CAP, neighbour.rssi_dbm - tag.median_dbm))
        total += PARAMETERS["neighbour_db"][0] * louder
    return total + _plate(tag, track)


def _timing(tag: HeardTag, track: Track, cfg: LaneConfig) -> int:
    l1_on = track.times.l1_on
    if l1_on is None:
        return 0
    late_us = tag.first.mono_us - l1_on.mono_us
    if late_us < 0:
        return PARAMETERS["before_l1"][0]
    return PARAMETERS["late"][0] if late_us > cfg.late_read_ms * 1000 else 0


def _plate(tag: HeardTag, track: Track) -> int:
    plate = track.plate
    if plate is None or plate.text is None or tag.entry is None or tag.entry.plate is None:
        return 0
    if plates_agree(plate.text, tag.entry.plate):
        weight = PARAMETERS["plate_agrees"][0]
    elif confusions(plate.text, tag.entry.plate) == 1:
        weight = PARAMETERS["plate_close"][0]
    else:
        weight = PARAMETERS["plate_differs"][0]
    return round(weight * plate.confidence)
