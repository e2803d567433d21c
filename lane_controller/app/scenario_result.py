"""What the lane made of a scenario, and how it differs from what was expected.

In: a world that has run. Out: the result object of `replay --json`.
Never: a difference left out because another came first; an invariant not looked at.
"""

from typing import Any

from lane_controller.app.scenario_file import Scenario
from lane_controller.app.scenario_world import World
from lane_controller.core.effects import EnterState, RaiseFlag, Record, SetSignal, ShowDisplay
from lane_controller.core.records import Abandoned, Passage, PassageClosed

Result = dict[str, Any]


def result_of(world: World) -> Result:
    """The result object, differences included."""
    names = {tag.epc: name for name, tag in world.scenario.tags.items()}
    records = [effect.record for _, effect in world.log if isinstance(effect, Record)]
    passages = [r.passage for r in records if isinstance(r, PassageClosed)]
    flags = [effect.flag.value for _, effect in world.log if isinstance(effect, RaiseFlag)]
    states = [effect.state.value for _, effect in world.log if isinstance(effect, EnterState)]
    result: Result = {
        "scenario": world.scenario.id,
        "ok": True,
        "differences": [],
        "passages": [_passage(passage, names) for passage in passages],
        "abandoned": sum(isinstance(r, Abandoned) for r in records),
        "charges": sum(passage.committed for passage in passages),
        "barrier": [{"at": _s(a.at_us), "command": a.command, "cause": a.cause} for a in world.plc.arm.acted],
        "signal": [{"at": _s(at), "aspect": e.aspect.value} for at, e in world.log if isinstance(e, SetSignal)],
        "display": [
            {"at": _s(at), "code": e.code.value, "lines": list(e.lines)}
            for at, e in world.log
            if isinstance(e, ShowDisplay)
        ],
        "flags": list(dict.fromkeys(flags)),
        "state_at_end": states[-1] if states and world.lane is not None else None,
    }
    result["differences"] = [*world.checker.violations, *differences(world.scenario, result, world.plc.arm.at_end())]
    result["ok"] = not result["differences"]
    return result


def _s(at_us: int) -> float:
    return round(at_us / 1_000_000, 3)


def _passage(passage: Passage, names: dict[str, str]) -> dict[str, Any]:
    finding = passage.finding
    return {
        "seq": passage.seq,
        "outcome": finding.outcome.value,
        "tag": names.get(finding.epc or ""),
        "epc": finding.epc,
        "plate": finding.plate_read,
        "class": finding.class_charged or finding.class_registered or finding.class_measured,
        "fare_vnd": finding.fare_vnd,
        "flags": [flag.value for flag in passage.flags],
    }


def differences(scenario: Scenario, result: Result, arm_at_end: str) -> list[str]:
    """Every difference between `expect` and the result."""
    expect = scenario.expect
    found = [*_passages(expect, result), *_barrier(expect.get("barrier", {}), result, arm_at_end)]
    for key in ("abandoned", "charges", "state_at_end"):
        if key in expect and expect[key] != result[key]:
            found.append(f"{key}: expected {expect[key]}, got {result[key]}")
    signal = result["signal"][-1]["aspect"] if result["signal"] else None
    if "signal_at_end" in expect and expect["signal_at_end"] != signal:
        found.append(f"signal_at_end: expected {expect['signal_at_end']}, got {signal}")
    raised = {*result["flags"], *(flag for passage in result["passages"] for flag in passage["flags"])}
    found += [f"flags: {flag} was not raised" for flag in expect.get("flags", []) if flag not in raised]
    found += [f"no_flags: {flag} was raised" for flag in expect.get("no_flags", []) if flag in raised]
    return found + _display(expect.get("display", []), result)


def _passages(expect: dict[str, Any], result: Result) -> list[str]:
    if "passages" not in expect:
        return []
    wanted, got = expect["passages"], result["passages"]
    found = []
    if len(wanted) != len(got):
        outcomes = ", ".join(passage["outcome"] for passage in got) or "none"
        found.append(f"passages: expected {len(wanted)}, got {len(got)} ({outcomes})")
    for i, (want, have) in enumerate(zip(wanted, got, strict=False), start=1):
        for key, value in want.items():
            if key == "flags":
                found += [f"passage {i}: {flag} is missing" for flag in value if flag not in have["flags"]]
            elif value != have[key]:
                found.append(f"passage {i}: {key} expected {value}, got {have[key]}")
    return found


def _barrier(expect: dict[str, Any], result: Result, at_end: str) -> list[str]:
    found = []
    opens = [act["at"] for act in result["barrier"] if act["command"] == "open"]
    closes = [act["at"] for act in result["barrier"] if act["command"] == "close"]
    for key, acts in (("opens", opens), ("closes", closes)):
        if key in expect and not _counts(expect[key], len(acts)):
            found.append(f"barrier: {key} expected {expect[key]}, got {len(acts)} (at {acts})")
    first = opens[0] if opens else None
    if "first_open_by" in expect and (first is None or first > expect["first_open_by"]):
        found.append(f"barrier: first open expected by {expect['first_open_by']} s, got {first}")
    if "first_open_after" in expect and (first is None or first < expect["first_open_after"]):
        found.append(f"barrier: first open expected after {expect['first_open_after']} s, got {first}")
    if expect.get("at_end", "any") not in ("any", at_end):
        found.append(f"barrier: at_end expected {expect['at_end']}, got {at_end}")
    return found


def _counts(expected: Any, got: int) -> bool:
    if isinstance(expected, list):
        return bool(expected[0] <= got <= expected[1])
    return bool(expected == got)


def _display(wanted: list[str], result: Result) -> list[str]:
    codes = iter([shown["code"] for shown in result["display"]])
    for code in wanted:
        if code not in codes:
            return [f"display: {code} did not appear in its place (expected order {', '.join(wanted)})"]
    return []
