"""The explanation of one passage as plain values: evidence, candidates, versions, rules, flags, and what would have
changed the outcome.

In: a capsule (or, where the input events are gone, the passage's records alone). Out: one object, ready for JSON; the
sentences in it are in both languages. Pure.
How: what is told of the passage comes from its records, so it is what the back office has. What would have changed it
comes from running the core again with one thing changed: if the run decides otherwise, that thing mattered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lane_controller.app.capsule_file import Capsule
from lane_controller.app.capsule_run import Comparison, compare
from lane_controller.app.explain_changes import variants
from lane_controller.app.explain_follow import Decision, alive, follow, vehicle_of
from lane_controller.app.explain_scene import Variant, scene_of
from lane_controller.app.explain_words import LANGS, Lang, change, say, vnd, word
from lane_controller.contracts.v1 import SealV1
from lane_controller.contracts.values import Outcome
from lane_controller.core.events import CardTapped, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.plain import record_from_plain, to_plain
from lane_controller.core.records import Authorised, Finding, PassageClosed, Record, StageTimes
from lane_controller.outbox.agreement import message_disagrees
from lane_controller.outbox.chain import json_object

Plain = dict[str, Any]
LINGER_US: Final = 10_000_000
"""A changed run goes on this long after the last input: a decision may come later than it did."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """What the records of a passage say."""

    records: tuple[Record, ...]
    body: Plain | None
    message: Plain | None

    @property
    def closed(self) -> PassageClosed | None:
        """The record of the crossing."""
        return next((one for one in self.records if isinstance(one, PassageClosed)), None)

    @property
    def finding(self) -> Finding | None:
        """The last finding that was recorded."""
        if self.closed is not None:
            return self.closed.passage.finding
        return next((one.finding for one in reversed(self.records) if isinstance(one, Authorised)), None)

    @property
    def times(self) -> StageTimes:
        """The stages that were recorded."""
        if self.closed is not None:
            return self.closed.passage.times
        return next((one.times for one in reversed(self.records) if isinstance(one, Authorised)), StageTimes())

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags, in the order they were raised."""
        last = self.closed.passage if self.closed is not None else self.records[-1]
        found: Sequence[str] = getattr(last, "flags", ()) or next(
            (flags for one in reversed(self.records) if (flags := getattr(one, "flags", ()))), ()
        )
        return tuple(str(flag) for flag in found)


def told_of(passage_id: str, stored: Iterable[tuple[bytes, bytes | None]]) -> Told:
    """From (record body, message) of the journal. Errors: PlainError."""
    records, last_body, message = [], None, None
    for body, data in stored:
        plain = json_object(body) or {}
        inner = plain.get("passage", plain)
        if not isinstance(inner, dict) or inner.get("passage_id") != passage_id:
            continue
        records.append(record_from_plain(plain))
        if data is not None:
            last_body, message = plain, json_object(data)
    return Told(tuple(records), last_body, message)


def explain(capsule: Capsule) -> Plain:
    """Everything about the passage of a capsule."""
    told = told_of(capsule.passage_id, ((one.body, one.message) for one in capsule.records))
    moments = list(alive(capsule.start, capsule.steps))
    vehicle = vehicle_of(moments, capsule.passage_id)
    decisions = [] if vehicle is None else list(follow(moments, vehicle))
    scene = None if vehicle is None else scene_of(capsule, moments, vehicle, decisions)
    report = _told(capsule.passage_id, capsule.lane, told, scene.finding if scene is not None else None)
    report["evidence"]["heard"] = _heard(capsule)
    report["evidence"]["cards"] = [_card(s.event) for s in capsule.steps if isinstance(s.event, CardTapped)]
    report["decisions"] = [_decision(one) for one in decisions]
    if scene is None or vehicle is None:
        report["not_computed"] = "why_vehicle"
    else:
        tried = [_try(variant, decisions, vehicle) for variant in variants(scene)]
        report["changes"] = [one for one in tried if one["alters"]]
        report["no_change"] = [one for one in tried if not one["alters"]]
    return report | {"proof": _proof(told, capsule.seal, compare(capsule))}


def explain_records(passage_id: str, lane: str, told: Told, seal: str | None, why: str) -> Plain:
    """The same from the records alone; `why` (`label.WHY`) there is no more."""
    report = _told(passage_id, lane, told, None)
    return report | {"not_computed": why, "proof": _proof(told, seal, None)}


def _told(passage_id: str, lane: str, told: Told, run: Finding | None) -> Plain:
    found, closed = told.finding or run or Finding(Outcome.VIOLATION), told.closed
    times = {stage.name: at for stage in fields(StageTimes) if (at := getattr(told.times, stage.name)) is not None}
    if closed is not None:
        times["closed"] = closed.passage.closed
    return {
        "passage_id": passage_id,
        "lane": lane,
        "seq": closed.passage.seq if closed is not None else None,
        "outcome": found.outcome.value if told.finding is not None else None,
        "fare_vnd": found.fare_vnd,
        "charged": closed is not None and closed.passage.committed,
        "evidence": _evidence(found),
        "trace": to_plain(closed)["passage"]["trace"] if closed is not None else [],
        "versions": {
            "list": found.list_version, "entry": found.entry_version, "tariff": found.tariff_version,
            "offline": found.offline,
        },
        "times": _times(times),
        "rules": [_both(rule, f"rule.{rule}") for rule in dict.fromkeys(found.rules)],
        "flags": [_both(flag, f"flag.{flag}") for flag in told.flags],
        "would_change": list(found.would_change),
        "decisions": [],
        "changes": [],
        "no_change": [],
        "not_computed": None,
    }  # fmt: skip


def _evidence(found: Finding) -> Plain:
    return {
        "tag": {"epc": found.epc, "tid": found.tid, "account": found.account, "provider": found.provider},
        "candidates": _candidates(found),
        "plate": {
            "read": found.plate_read, "confidence": found.plate_confidence, "registered": found.plate_registered,
        },
        "class": {
            "registered": found.class_registered, "measured": found.class_measured, "charged": found.class_charged,
        },
        "ticket_no": found.ticket_no,
        "operator": found.operator,
        "reason": found.reason,
        "heard": [],
        "cards": [],
    }  # fmt: skip


def _candidates(found: Finding) -> list[Plain]:
    """The tags that were weighed, as they were recorded, with their scores in millinats (fusion.py)."""
    plain: list[Plain] = json.loads(json.dumps([asdict(one) for one in found.candidates]))
    return plain


def _heard(capsule: Capsule) -> list[Plain]:
    """Every tag that the readers reported in the time of the capsule."""
    reads: dict[str, list[tuple[Now, TagSeen]]] = {}
    for step in capsule.steps:
        if isinstance(step.event, TagSeen):
            reads.setdefault(step.event.epc, []).append((step.now, step.event))
    return [
        {
            "epc": epc,
            "reads": len(found),
            "strongest_dbm": max(event.rssi_dbm for _, event in found),
            "weakest_dbm": min(event.rssi_dbm for _, event in found),
            "antennas": sorted({event.antenna for _, event in found}),
            "first_utc": _utc(found[0][0]),
            "last_utc": _utc(found[-1][0]),
        }
        for epc, found in reads.items()
    ]


def _card(event: CardTapped) -> Plain:
    return {"uid": event.uid, "role": event.role.value, "holder": event.holder}


def _times(times: dict[str, Now]) -> dict[str, Plain]:
    """Each stage in UTC, and seconds after L1 on (or after the first stage there is)."""
    zero = times.get("l1_on") or min(times.values(), key=lambda at: at.utc_us, default=None)
    return {
        name: {"utc": _utc(at), "s": round((at.utc_us - zero.utc_us) / 1e6, 3)}
        for name, at in sorted(times.items(), key=lambda item: item[1].utc_us)
        if zero is not None
    }


def _try(variant: Variant, decisions: list[Decision], vehicle: Any) -> Plain:
    """Run it, up to the first decision that is another one than it was."""
    run = follow(alive(variant.lane, variant.steps, LINGER_US), vehicle)
    i, other = _first_other(decisions, run)
    alters = i is not None
    was = decisions[i] if i is not None and i < len(decisions) else None
    return {
        "change": variant.key, "values": variant.values, "alters": alters,
        "text": {lang: change(lang, variant.key, variant.values) for lang in LANGS},
        "instead_of": None if was is None else _decision(was),
        "then": None if i is None else _then(i, was, other),
        "but": None if alters else _decision(other) if other is not None else None,
    }  # fmt: skip


def _first_other(decisions: list[Decision], run: Iterator[Decision]) -> tuple[int | None, Decision | None]:
    """(index, decision) of the first one with another verdict; (None, the one that is held for other reasons)."""
    but = None
    for i, was in enumerate(decisions):
        now = next(run, None)
        if now is None or now.boots != was.boots:
            return i, None  # after a restart the recorded authorisation comes back, whatever this run decided
        if now.verdict != was.verdict:
            return i, now
        if now.kind == "held" and now.reasons != was.reasons:
            but = but or now
    return None, but


def _then(i: int, was: Decision | None, other: Decision | None) -> Plain:
    waits = i > 0 and was is not None and was.kind == "authorised" and (other is None or other.kind == "passed")
    if waits:
        return {"kind": "waits", "text": {lang: say(lang, "kind.waits") for lang in LANGS}}
    if other is None:
        return {"kind": "nothing", "text": {lang: say(lang, "kind.nothing") for lang in LANGS}}
    return _decision(other)


def _decision(one: Decision) -> Plain:
    found = one.finding if one.kind in ("authorised", "passed") else None
    return {
        "kind": one.kind, "passage_id": one.passage_id, "at_utc": _utc(Now(one.mono_us, one.utc_us)),
        "outcome": None if found is None else found.outcome.value,
        "fare_vnd": None if found is None else found.fare_vnd,
        "epc": None if found is None else found.epc, "reasons": list(one.reasons), "flags": list(one.flags),
        "rules": [] if one.finding is None else list(one.finding.rules),
        "text": {lang: _decision_text(lang, one, found) for lang in LANGS},
    }  # fmt: skip


def _decision_text(lang: Lang, one: Decision, found: Finding | None) -> str:
    reasons = "; ".join(word(lang, "flag", reason) for reason in one.reasons)
    if found is None:
        return say(lang, f"kind.{one.kind}", reasons=reasons)
    fare = f", {vnd(lang, found.fare_vnd)}" if found.fare_vnd else ""
    epc = f" ({found.epc})" if found.epc and found.outcome is not Outcome.VIOLATION else ""
    outcome = word(lang, "outcome", found.outcome.value)
    return say(lang, f"kind.{one.kind}", outcome=outcome, fare=fare, epc=epc)


def _proof(told: Told, seal: str | None, comparison: Comparison | None) -> Plain:
    message = told.message or {}
    sealed = None if seal is None else SealV1.decode(seal.encode())
    return {
        "record_hash": message.get("record_hash"),
        "published_disagrees": [] if told.body is None else message_disagrees(told.body, message),
        "replay": None if comparison is None else {
            "ok": comparison.ok, "records": comparison.proved, "difference": comparison.difference,
        },
        "seal": None if sealed is None else {
            "first_seq": sealed.first_seq, "last_seq": sealed.last_seq, "head_hash": sealed.head_hash,
            "sealed_at_utc": sealed.sealed_at_utc.isoformat(), "public_key": sealed.public_key,
        },
    }  # fmt: skip


def _both(name: str, key: str) -> Plain:
    family, _, rest = key.partition(".")
    return {"id": name} | {lang: word(lang, family, rest) for lang in LANGS}


def _utc(at: Now) -> str:
    return (_EPOCH + timedelta(microseconds=at.utc_us)).isoformat()
