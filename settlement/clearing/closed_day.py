"""A closed day (ngày đã chốt): its items, its minutes, and the bytes that both parties sign.

In: values of a settled day. Out: canonical bytes, digests, leaf hashes. The same day gives the same bytes on every
machine; what is not in these bytes is not part of the day. A closed day is never changed: there is no function for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from settlement.clearing.agreement import ClassTotal
from settlement.clearing.key_tree import KeyTree, leaf_hash

FORM: Final = "etc-plaza closed day 1"
"""First words of what is signed; another form of the minutes gets another number."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
NO_TIME: Final = -1


def canonical(content: Any) -> bytes:
    """The one way in which JSON is hashed: sorted keys, no spaces, UTF-8, no floating point."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def moment_of(us: int) -> datetime | None:
    """Aware UTC datetime of microseconds since 1970; None for `NO_TIME`."""
    return None if us == NO_TIME else _EPOCH + us * _MICROSECOND


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """One item of a closed day: a pair, or a row alone (reconciliation, Classes and Money).

    `key` names it within provider and day: `p:PLAZA/PASSAGE_ID`; `h:PLAZA/HASH` for a passage typed by hand without an
    id; `c:CHARGE_ID` for a charge alone. Times are microseconds since 1970 UTC, -1 where the item lacks the side.
    Classes 0: not known. `ticket_no`: the station's, of a charge alone the provider's. `status`: the charge's own.
    `claim_vnd`: the fare where it is charged. `taken_vnd`: what is left of a posted debit, a pending amount, 0 of a
    rejected one. `left_vnd`: what posted credits leave. `agreed_vnd` and `disputed_vnd` are what the parties owe and
    argue about. `joint_key`: under which both parties hold an agreed item (docs/adr/0020), else empty.
    """

    key: str
    code: str
    also: str
    note: str
    plaza: str
    lane: str
    passage_id: str
    charge_id: str
    passed_us: int
    charged_us: int
    outcome: str
    status: str
    epc: str
    station_plate: str
    provider_plate: str
    station_class: int
    provider_class: int
    ticket_no: str
    station_rows: int
    provider_rows: int
    station_vnd: int
    provider_vnd: int
    claim_vnd: int
    taken_vnd: int
    left_vnd: int
    agreed_vnd: int
    disputed_vnd: int
    joint_key: str

    @property
    def passed_at(self) -> datetime | None:
        """When the vehicle passed."""
        return moment_of(self.passed_us)

    @property
    def charged_at(self) -> datetime | None:
        """When the provider charged."""
        return moment_of(self.charged_us)

    @property
    def leaf(self) -> str:
        """Leaf hash over every field of the item."""
        return leaf_hash(self.key, canonical(list(astuple(self))))


ITEM_FIELDS: Final = tuple(one.name for one in fields(ClosedItem))
_ITEM_TYPES: Final = {one.name: (int if one.type == "int" else str) for one in fields(ClosedItem)}


def item_from(content: Mapping[str, Any]) -> ClosedItem:
    """The item of a JSON object; ValueError names a field that is missing or of another type."""
    for name, kind in _ITEM_TYPES.items():
        if type(content.get(name)) is not kind:
            raise ValueError(f"item: {name} must be {kind.__name__}, not {content.get(name)!r}")
    return ClosedItem(**{name: content[name] for name in ITEM_FIELDS})


def item_tree(items: Iterable[ClosedItem]) -> KeyTree:
    """Tree over the items; its root stands in the minutes."""
    return KeyTree({item.key: item.leaf for item in items})


@dataclass(frozen=True, slots=True)
class Correction:
    """What a late row or a decision changes of a closed day; the next open day takes it in, exactly once.

    `number`: from 1 without a gap within provider and original day. `originals`: keys of the items of the closed day
    that it corrects. `late`: keys that the closed day did not have. `agreed_vnd`, `disputed_vnd`: signed changes.
    `fee_vnd`, `vat_vnd`: of the change, at the terms of the original day. `items`: how the items stand since.
    `previous`: digest of correction number - 1 of the same day, empty for the first.
    """

    provider: str
    original_day: str
    number: int
    cause: str
    """`late rows` or `decision`."""
    dispute_id: str
    originals: tuple[str, ...]
    late: tuple[str, ...]
    agreed_vnd: int
    disputed_vnd: int
    fee_vnd: int
    vat_vnd: int
    note: str
    booked_by: str
    booked_us: int
    items: tuple[ClosedItem, ...]
    previous: str

    @property
    def correction_id(self) -> str:
        """Names it everywhere: `2026-06-15/VETC/k1`."""
        return f"{self.original_day}/{self.provider}/k{self.number}"

    @property
    def net_vnd(self) -> int:
        """What it adds to the net payable of the day that takes it in."""
        return self.agreed_vnd - self.fee_vnd

    @property
    def digest(self) -> str:
        """SHA-256 over every field."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()


def correction_from(content: Mapping[str, Any]) -> Correction:
    """The correction of a JSON object as `asdict` gives it; ValueError where it is none."""
    try:
        lists = {name: tuple(content[name]) for name in ("originals", "late")}
        items = tuple(item_from(one) for one in content["items"])
        return Correction(**{**content, **lists, "items": items})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a correction: {error}") from error


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What a lane vouched for with its seals: passages of one lane and epoch that reach into the day."""

    plaza: str
    lane: str
    epoch: int
    first_seq: int
    last_seq: int
    seals: int
    head_hash: str
    """Hash of the last sealed passage: the root of the lane's hash chain (docs/lane/hardware.md)."""
    seal_root: str
    """SHA-256 over the signatures of these seals in order."""
    public_key: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Something that would have kept the day open, and that a person accepted with a reason."""

    kind: str
    """`rejected rows` or `station incomplete`."""
    findings: tuple[str, ...]
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows of one side came from."""

    side: str
    name: str
    rows_read: int
    rejected: int
    other_day: int
    other_provider: int
    """Passages alone that name another provider: part of that provider's closing."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a day (biên bản đối soát ngày): everything that both parties sign.

    Money is whole VND. `previous`: digest of the closing of the day before, empty for the first. `corrections`: those
    of earlier days that this day takes in; `corrections_vnd` is the sum of their `net_vnd` and part of `net_vnd`.
    `joint_root`: over what both parties hold of every agreed item (docs/adr/0020).
    """

    form: str
    provider: str
    day: str
    plazas: tuple[str, ...]
    cutoff: str
    made_us: int
    reconciled_us: int
    previous: str
    sources: tuple[Source, ...]
    classes: dict[str, ClassTotal]
    agreed_vnd: int
    disputed_vnd: int
    fee_bp: int
    fee_vnd: int
    vat_rate_bp: int
    vat_vnd: int
    corrections_vnd: int
    net_vnd: int
    demonstration: bool
    corrections: tuple[Correction, ...]
    accepted: tuple[Accepted, ...]
    seals: tuple[SealedRun, ...]
    item_count: int
    item_root: str
    agreed_count: int
    joint_root: str
    operator_key: str
    provider_key: str
    """Public keys that may sign, 64 hex digits each."""

    @property
    def content(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @property
    def signed_bytes(self) -> bytes:
        """What Ed25519 signs: canonical JSON of all fields."""
        return canonical(self.content)

    @property
    def digest(self) -> str:
        """SHA-256 of `signed_bytes`: the name of this closing, and what the next day names."""
        return hashlib.sha256(self.signed_bytes).hexdigest()


def minutes_from(text: str | bytes) -> Minutes:
    """The minutes of their JSON; ValueError says what is wrong."""
    try:
        content = json.loads(text)
        nested = {
            "plazas": tuple(content["plazas"]),
            "sources": tuple(Source(**one) for one in content["sources"]),
            "classes": {code: ClassTotal(**one) for code, one in content["classes"].items()},
            "corrections": tuple(correction_from(one) for one in content["corrections"]),
            "accepted": tuple(Accepted(**{**one, "findings": tuple(one["findings"])}) for one in content["accepted"]),
            "seals": tuple(SealedRun(**one) for one in content["seals"]),
        }
        found = Minutes(**{**content, **nested})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the minutes of a closed day: {error}") from error
    if found.form != FORM:
        raise ValueError(f"minutes of another form: {found.form!r}; this program reads {FORM!r}")
    return found


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day that both parties signed. `items` in order of `key`; signatures are 128 hex digits."""

    minutes: Minutes
    operator_signature: str
    provider_signature: str
    items: tuple[ClosedItem, ...] = field(default=())

    @property
    def provider(self) -> str:
        """Code of the provider (nhà cung cấp)."""
        return self.minutes.provider

    @property
    def day(self) -> date:
        """The accounting day."""
        return date.fromisoformat(self.minutes.day)

    @property
    def closed_at(self) -> datetime:
        """When the minutes were made, UTC."""
        return _EPOCH + self.minutes.made_us * _MICROSECOND

    @property
    def net_vnd(self) -> int:
        """What the provider owes the operator for this day, corrections included."""
        return self.minutes.net_vnd
