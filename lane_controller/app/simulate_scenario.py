"""A simulated episode as a scenario file for `lane-controller replay`.

In: a (small) plan. Out: YAML in the scenario format, and what the format could not hold.
Never: an event the devices did not give; the arm of the scenario answers by itself, so it may differ by milliseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_result import result_of
from lane_controller.app.scenario_world import World
from lane_controller.core import events as ev
from lane_controller.core.values import TagEntry
from lane_controller.world.episode import Episode, Run
from lane_controller.world.judge import Incident
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.plan import EpisodePlan

Entry = dict[str, Any]
SILENT = (ev.TimerFired, ev.SensorLevels, ev.BarrierReported, ev.BarrierAcked, ev.PlcOnline, ev.PlcOffline, ev.Booted)


def scenario_text(
    plan: EpisodePlan, parameters: WorldParameters, name: str, incident: Incident
) -> tuple[str, list[str]]:
    """The file, and the kinds of events that it cannot hold."""
    world = Episode(plan, parameters, trace=True)
    run = world.run()
    names = {epc: f"T{i}" for i, epc in enumerate(plan.table, start=1)}
    writer = _Writer(names, world.computer.base_us)
    for at_us, event, _ in run.trace:
        writer.add(at_us, event)
    timeline = sorted([*writer.entries, *_faults(run, plan)], key=lambda entry: float(entry["at"]))
    wrong = sum(one.kind == "wrong_debit" for one in run.verdicts.incidents)
    used = writer.used
    scenario = {
        "id": name,
        "title": f"{incident.kind}: {incident.cause}",
        "geometry": plan.config.geometry.value,
        "operator": None,
        "tags": {names[epc]: _row(entry) for epc, entry in plan.table.items() if epc in used},
        "barrier": {"opens_in": parameters.opens_s + parameters.inertia_s, "closes_in": parameters.closes_s},
        "timeline": timeline,
        "until": round(max((float(entry["at"]) for entry in timeline), default=0.0) + 30.0, 3),
        "expect": {"charges": run.verdicts.debits - wrong},
    }
    text = yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False, width=160, default_flow_style=None)
    return text, sorted(writer.missing)


def shows(file: Path) -> bool:
    """Whether replaying the file fails, as it should."""
    return not result_of(World(load(file)).run())["ok"]


def _row(entry: TagEntry) -> Entry:
    row: Entry = {
        "epc": entry.epc,
        "account": entry.account,
        "plate": entry.plate,
        "class": entry.vehicle_class,
        "status": entry.status.value,
        "available_vnd": entry.available_vnd,
    }
    if entry.ticket is not None:
        row["ticket"] = {"from": entry.ticket.valid_from, "to": entry.ticket.valid_to}
    return row


class _Writer:
    """Events as entries of a time line."""

    def __init__(self, names: dict[str, str], base_us: int) -> None:
        self.names, self.base_us = names, base_us
        self.entries: list[Entry] = []
        self.used: set[str] = set()
        self.missing: set[str] = set()

    def add(self, at_us: int, event: ev.Event) -> None:
        """One event, if the format can hold it."""
        if isinstance(event, SILENT):
            return
        made = self._entry(at_us, event)
        if made is None:
            self.missing.add(type(event).__name__)
        else:
            self.entries.append({"at": round(at_us / 1e6, 6), **made})

    def _entry(self, at_us: int, event: ev.Event) -> Entry | None:  # noqa: PLR0911 - one line for each event
        match event:
            case ev.TagSeen():
                return {**self._tag(event.epc), "rssi": event.rssi_dbm}
            case ev.SensorChanged():
                recovered = {"recovered": True, "happened": round((event.happened_mono_us - self.base_us) / 1e6, 6)}
                return {"sensor": event.sensor.value, "on": event.on, **(recovered if event.recovered else {})}
            case ev.PlateRead():
                return {"plate": event.text, "confidence": event.confidence, "corrects": event.corrects}
            case ev.ClassMeasured():
                return {"avc": {"class": event.vehicle_class, "kind": event.kind.value, "length": event.length_m}}
            case ev.NeighbourHeard():
                heard = {"reads": event.reads, "rssi": event.rssi_dbm, "vehicle": event.vehicle}
                return {"neighbour": event.lane, **self._tag(event.epc), **heard}
            case ev.CardTapped():
                return {"card": {"role": event.role.value, "uid": event.uid, "holder": event.holder}}
            case _:
                return self._rare(event)

    def _rare(self, event: ev.Event) -> Entry | None:  # noqa: PLR0911 - one line for each event
        match event:
            case ev.OperatorLoggedIn():
                return {"operator": {"login": event.operator}}
            case ev.OperatorLoggedOut():
                return {"operator": {"logout": True}}
            case ev.ReleaseRequested():
                return {"operator": {"release": True, "reason": event.reason, "class": event.vehicle_class}}
            case ev.ModeRequested():
                return {"mode": event.mode.value}
            case ev.ListHeartbeat():
                return {"list": {"age": event.age_us / 1e6}}
            case ev.ListEntryChanged() if event.entry is not None and event.epc in self.names:
                self.used.add(event.epc)
                return {"list": {"set": self.names[event.epc], "available_vnd": event.entry.available_vnd}}
            case ev.ReaderLost():
                return {"reader": "lost"}
            case ev.ReaderConnected():
                return {"reader": "back"}
            case ev.ClockStepped():
                return {"clock_step": event.step_us / 1e6}
            case _:
                return None

    def _tag(self, epc: str) -> Entry:
        if epc not in self.names:
            return {"tag": None, "epc": epc}
        self.used.add(epc)
        return {"tag": self.names[epc]}


def _faults(run: Run, plan: EpisodePlan) -> list[Entry]:
    """Power, PLC link and arm, which the scenario's own devices play."""
    entries: list[Entry] = []
    for one in plan.faults:
        at, until = round(one.at_s, 6), round(one.at_s + one.lasts_s, 6)
        match one.kind:
            case "power_cut":
                entries += [{"at": at, "power": "off"}, {"at": until + 2.0, "power": "on"}]
            case "plc_silence" if one.lasts_s > 3.0:
                entries += [{"at": at, "plc": "offline"}, {"at": until + 0.2, "plc": "online"}]
            case "arm_stuck" if one.what == "stuck":
                entries += [{"at": at, "arm": {"fault": "stuck"}}, {"at": until, "arm": {"ok": True}}]
            case "arm_broken":
                entries += [{"at": at, "arm": {"fault": "broken"}}, {"at": until, "arm": {"ok": True}}]
            case "arm_by_hand":
                entries += [{"at": at, "arm": {"raised_by_hand": True}}]
            case _:
                pass
    return entries
