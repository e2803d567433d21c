"""Adds up episodes in the order of their numbers into one result.

In: the summaries of episodes. Out: `Tally`: counts, causes, incidents worth a look, one digest of the whole run.
Never: anything that depends on how many processes worked, or on the time of day.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from lane_controller.world.bounds import bounds
from lane_controller.world.episode import Run
from lane_controller.world.judge import Incident

SHOWN = {"invariant": 10_000, "wrong_debit": 10_000, "overcharged": 1_000, "wrong_opening": 100, "ghost": 100}
"""Incidents that are kept to be looked at, the worst first, and how many of each: all that cost somebody money."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One episode, small enough to send between processes."""

    index: int
    passages: int
    crossings: int
    debits: int
    debits_due: int
    opens: int
    good: int
    unfinished: int
    steps: int
    reads: int
    boots: int
    faults: tuple[str, ...]
    outcomes: tuple[tuple[str, int], ...]
    incidents: tuple[Incident, ...]
    digest: str


def summary_of(index: int, run: Run) -> Summary:
    """What counts of a run."""
    v = run.verdicts
    return Summary(
        index=index,
        passages=v.passages,
        crossings=v.crossings,
        debits=v.debits,
        debits_due=v.debits_due,
        opens=v.opens,
        good=v.good,
        unfinished=run.evidence.unfinished,
        steps=run.steps,
        reads=run.reads,
        boots=run.boots,
        faults=tuple(trouble.kind for trouble in run.evidence.troubles),
        outcomes=tuple(sorted(v.outcomes.items())),
        incidents=tuple(v.incidents),
        digest=run.digest,
    )


@dataclass(slots=True)
class Tally:
    """The whole run so far."""

    seed: int
    episodes: int = 0
    beginnings: int = 0
    """Episodes with a wrong debit. Most come in rows: one vehicle too many or too few, and what follows."""
    passages: int = 0
    crossings: int = 0
    debits: int = 0
    debits_due: int = 0
    opens: int = 0
    good: int = 0
    unfinished: int = 0
    steps: int = 0
    reads: int = 0
    boots: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[int, Incident]] = field(default_factory=list)
    """Episode and incident; of each kind as many as SHOWN says, in the order of the episodes."""
    _hash: Any = field(default_factory=sha256)

    def add(self, one: Summary) -> None:
        """The next episode."""
        self.episodes += 1
        self.beginnings += any(incident.kind == "wrong_debit" for incident in one.incidents)
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(one, name))
        self.faults.update(one.faults)
        self.outcomes.update(dict(one.outcomes))
        for incident in one.incidents:
            self.kinds[incident.kind] += 1
            self.causes[incident.kind, _short(incident)] += 1
            if self.kinds[incident.kind] <= SHOWN.get(incident.kind, 0):
                self.shown.append((one.index, incident))
        self._hash.update(one.digest.encode())

    @property
    def digest(self) -> str:
        """sha256 over the digests of all episodes, in order."""
        return str(self._hash.hexdigest())

    def failures(self) -> list[tuple[int, Incident]]:
        """What is shown, the worst kind first, then in the order of what happened."""
        worst = list(SHOWN)
        return sorted(self.shown, key=lambda item: (worst.index(item[1].kind), item[0], item[1].at_us))

    def rows(self) -> list[tuple[int, Incident, int]]:
        """Where wrong debits begin: the episode, the first of its wrong debits, and how many it has."""
        wrong = [item for item in self.failures() if item[1].kind == "wrong_debit"]
        counts = Counter(index for index, _ in wrong)
        firsts = dict(reversed(wrong))
        return [(index, firsts[index], n) for index, n in sorted(counts.items())]

    @property
    def failed(self) -> bool:
        """An invariant was broken."""
        return self.kinds["invariant"] > 0

    def rate(self, kind: str) -> dict[str, float]:
        """Per million passages, with 95 % bounds."""
        low, high = bounds(min(self.kinds[kind], self.passages), max(1, self.passages))
        million = 1_000_000
        return {
            "per_million": round(self.kinds[kind] * million / max(1, self.passages), 2),
            "low": round(low * million, 2),
            "high": round(high * million, 2),
        }

    def causes_of(self, kind: str) -> list[tuple[str, int]]:
        """Causes of one kind, the most frequent first."""
        found = [(cause, n) for (of, cause), n in self.causes.items() if of == kind]
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def plain(self) -> dict[str, Any]:
        """For `--json`; the same run gives the same object, whatever the machine."""
        kinds = ("wrong_debit", "overcharged", "missed_debit", "wrong_opening", "held_good", "ghost")
        return {
            "seed": self.seed,
            "passages": self.passages,
            "wrong_debits": self.kinds["wrong_debit"],
            "wrong_debit_beginnings": self.beginnings,
            "overcharged": self.kinds["overcharged"],
            "missed_debits": self.kinds["missed_debit"],
            "wrong_openings": self.kinds["wrong_opening"],
            "held_good": self.kinds["held_good"],
            "ghost_passages": self.kinds["ghost"],
            "invariants_broken": self.kinds["invariant"],
            "vehicles_not_through": self.unfinished,
            "episodes": self.episodes,
            "crossings": self.crossings,
            "debits": self.debits,
            "debits_due": self.debits_due,
            "openings": self.opens,
            "good_vehicles": self.good,
            "steps": self.steps,
            "tag_reads": self.reads,
            "boots": self.boots,
            "outcomes": dict(sorted(self.outcomes.items())),
            "faults": dict(sorted(self.faults.items())),
            "rates_per_million": {kind: self.rate(kind) for kind in kinds},
            "causes": {kind: dict(self.causes_of(kind)) for kind in (*kinds, "invariant")},
            "incidents": [
                {"episode": i, "kind": one.kind, "cause": one.cause, "at_s": one.at_us / 1e6, "passage": one.passage_id}
                for i, one in self.shown
            ],
            "wrong_debit_rows": [
                {
                    "episode": i,
                    "debits": n,
                    "cause": first.cause,
                    "at_s": first.at_us / 1e6,
                    "passage": first.passage_id,
                }
                for i, first, n in self.rows()
            ],
            "digest": self.digest,
        }


COUNTED = (
    "passages",
    "crossings",
    "debits",
    "debits_due",
    "opens",
    "good",
    "unfinished",
    "steps",
    "reads",
    "boots",
)


def _short(incident: Incident) -> str:
    """Broken invariants are grouped by their number; the text names one passage."""
    return incident.cause.split(" ", 1)[0].rstrip(":") if incident.kind == "invariant" else incident.cause
