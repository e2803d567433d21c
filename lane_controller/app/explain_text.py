"""An explanation as a page of plain text for people, in one language.

In: the object that explain_report.py made. Out: lines. Nothing is computed here, and nothing of the object's meaning is
left out except what only programs want (ids of every read).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from lane_controller.app.explain_words import Lang, decimal, say, vnd, word

Plain = dict[str, Any]
_LOCAL: Final = timezone(timedelta(hours=7))


def page(report: Plain, lang: Lang) -> str:
    """The whole page."""
    return "\n".join(_lines(report, lang)) + "\n"


def _lines(report: Plain, lang: Lang) -> Iterator[str]:
    yield from _head(report, lang)
    yield from _evidence(report, lang)
    yield from _times(report, lang)
    if report["decisions"]:
        yield f"{say(lang, 'label.decisions')}:"
        yield from (f"  {_clock(one['at_utc'])}  {one['text'][lang]}" for one in report["decisions"])
    yield from _sentences(report["rules"], "rules", lang)
    yield from _sentences(report["flags"], "flags", lang)
    yield from _changes(report, lang)
    yield from _proof(report["proof"], lang)


def _head(report: Plain, lang: Lang) -> Iterator[str]:
    number = f", {say(lang, 'label.number')} {report['seq']}" if report["seq"] is not None else ""
    yield f"{say(lang, 'label.passage')} {report['passage_id']}, {say(lang, 'label.lane')} {report['lane']}{number}"
    parts = []
    if report["outcome"] is not None:
        parts.append(word(lang, "outcome", report["outcome"]))
        parts += [vnd(lang, report["fare_vnd"])] if report["fare_vnd"] else []
    if report["seq"] is None:
        parts.append(say(lang, "label.not_crossed"))
    yield f"{say(lang, 'label.result')}: {', '.join(parts)}"


def _evidence(report: Plain, lang: Lang) -> Iterator[str]:
    evidence = report["evidence"]
    heard = {one["epc"]: one for one in evidence["heard"]}
    candidates = evidence["candidates"]
    yield f"{say(lang, 'label.tags')}:" + ("" if candidates or heard else f" {say(lang, 'label.no_tags')}")
    for one in candidates:
        yield f"  {_candidate(one, evidence['tag']['epc'], lang)}"
        if one["epc"] in heard:
            yield f"    {_reads(heard[one['epc']], lang)}"
    weighed = {one["epc"] for one in candidates}
    yield from (f"  {epc}: {_reads(one, lang)}" for epc, one in heard.items() if epc not in weighed)
    yield f"{say(lang, 'label.plate')}: {_plate(evidence['plate'], lang)}"
    yield f"{say(lang, 'label.class')}: {say(lang, 'label.classes', **_dashes(evidence['class']))}"
    for card in evidence["cards"]:
        yield f"{say(lang, 'label.card')}: {card['role']} {card['holder'] or card['uid']}"
    if evidence["operator"] or evidence["reason"]:
        reason = f" ({say(lang, 'label.reason')}: {evidence['reason']})" if evidence["reason"] else ""
        yield f"{say(lang, 'label.operator')}: {evidence['operator'] or '-'}{reason}"
    versions = report["versions"]
    offline = f"; {say(lang, 'label.offline')}" if versions["offline"] else ""
    yield say(lang, "label.versions", **_dashes(versions)) + offline


def _candidate(one: Plain, chosen: str | None, lang: Lang) -> str:
    parts = [
        say(lang, "label.reads", reads=one["reads"], dbm=one["median_rssi_dbm"]),
        say(lang, "label.credible" if one["credible"] else "label.not_credible"),
        _score(one, lang),
        word(lang, "verdict", one["verdict"]),
    ]
    parts += [say(lang, "label.chosen")] if one["epc"] == chosen else []
    return f"{one['epc']}: {', '.join(parts)}"


def _score(one: Plain, lang: Lang) -> str:
    """`score 7900 (reads 1500, rssi 720), for other vehicles in the lane: 310`."""
    told = say(lang, "label.score", score=one["score"])
    parts = ", ".join(f"{word(lang, 'part', name)} {millinats:+}" for name, millinats in one.get("parts", ()))
    rivals = ", ".join(str(millinats) for _, millinats in one.get("rivals", ()))
    told += f" ({parts})" if parts else ""
    return told + (f", {say(lang, 'label.rivals', scores=rivals)}" if rivals else "")


def _reads(one: Plain, lang: Lang) -> str:
    antennas = ", ".join(str(antenna) for antenna in one["antennas"])
    return say(
        lang, "label.all_reads", reads=one["reads"], weakest=one["weakest_dbm"], strongest=one["strongest_dbm"],
        antennas=antennas,
    )  # fmt: skip


def _plate(plate: Plain, lang: Lang) -> str:
    if plate["read"] is None:
        told = say(lang, "label.plate_none")
    else:
        confidence = decimal(lang, f"{plate['confidence']:.2f}")
        told = say(lang, "label.plate_read", plate=plate["read"], confidence=confidence)
    if plate["registered"] is not None:
        told += f"; {say(lang, 'label.plate_registered', plate=plate['registered'])}"
    return told


def _times(report: Plain, lang: Lang) -> Iterator[str]:
    if not report["times"]:
        return
    yield f"{say(lang, 'label.times')}:"
    for name, at in report["times"].items():
        yield f"  {at['s']:>+9.3f}  {_clock(at['utc'])}  {word(lang, 'time', name)}"
    if report["trace"]:
        edges = " ".join(f"{edge['sensor']}{'+' if edge['on'] else '-'}" for edge in report["trace"])
        yield f"{say(lang, 'label.sensors')}: {edges}"


def _sentences(found: list[Plain], label: str, lang: Lang) -> Iterator[str]:
    yield f"{say(lang, f'label.{label}')}:" + ("" if found else f" {say(lang, 'label.none')}")
    yield from (f"  {one['id']}: {one[lang]}" for one in found)


def _changes(report: Plain, lang: Lang) -> Iterator[str]:
    if report["not_computed"]:
        yield say(lang, "label.not_computed", why=say(lang, f"label.{report['not_computed']}"))
        return
    yield f"{say(lang, 'label.changed')}:" + ("" if report["changes"] else f" {say(lang, 'label.none')}")
    for one in report["changes"]:
        yield "  " + say(lang, "label.if", change=one["text"][lang], result=one["then"]["text"][lang])
    if report["no_change"]:
        yield f"{say(lang, 'label.unchanged')}:"
        yield from (f"  {_but(one, lang)}" for one in report["no_change"])


def _but(one: Plain, lang: Lang) -> str:
    change: str = one["text"][lang]
    return change if one["but"] is None else say(lang, "label.but", change=change, result=one["but"]["text"][lang])


def _proof(proof: Plain, lang: Lang) -> Iterator[str]:
    yield f"{say(lang, 'label.proof')}:"
    replay = proof["replay"]
    if replay is not None and replay["ok"]:
        yield f"  {say(lang, 'label.same_bytes', count=replay['records'])}"
    elif replay is not None:
        yield f"  {say(lang, 'label.not_same', why=replay['difference'])}"
    if proof["record_hash"] is not None:
        yield f"  {say(lang, 'label.record_hash', hash=proof['record_hash'])}"
        seal = proof["seal"]
        if seal is None:
            yield f"  {say(lang, 'label.unsealed')}"
        else:
            at = _clock(seal["sealed_at_utc"])
            yield f"  {say(lang, 'label.sealed', first=seal['first_seq'], last=seal['last_seq'], at=at)}"


def _clock(utc: str) -> str:
    """Local time of the plaza, to the millisecond."""
    return datetime.fromisoformat(utc).astimezone(_LOCAL).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _dashes(values: Plain) -> Plain:
    return {name: "–" if value is None else value for name, value in values.items()}
