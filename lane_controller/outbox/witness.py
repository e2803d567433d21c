"""Holds a journal against what was published of it: the one thing that a journal cannot prove about itself is its end.

In: passages and seals as they stand on the stream or in a file (one JSON object a line), and the journal. Out:
findings: what was published and is not in the journal, or is another one there. Messages of other lanes are passed
over. Nothing is kept but counts: a stream of any length can be held against a journal of any length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lane_controller.contracts.hashes import passage_hash
from lane_controller.contracts.v1 import MessageError, SealV1
from lane_controller.outbox.chain import Finding, json_object
from lane_controller.outbox.journal import JournalReader
from lane_controller.outbox.seals import signature_holds
from lane_controller.outbox.verify import Findings


@dataclass(slots=True)
class Witness:
    """One journal against one source. `place`: plaza, lane, epoch; `trusted_key`: public key, hex, of the lane."""

    reader: JournalReader
    place: tuple[str, str, int]
    trusted_key: str | None = None
    passages: int = 0
    seals: int = 0
    others: int = 0
    findings: Findings = field(default_factory=Findings)

    def see(self, data: bytes) -> None:
        """The next published message."""
        message = json_object(data)
        if message is None:
            text = f"message {self.passages + self.seals + self.others + 1} of the witness is no JSON object"
            self.findings.add([Finding("unreadable", 0, text, "journal")])
        elif tuple(message.get(name) for name in ("plaza", "lane", "epoch")) != self.place:
            self.others += 1
        elif "signature" in message:
            self.seals += 1
            self.findings.add(self._seal(data))
        else:
            self.passages += 1
            self.findings.add(self._passage(message))

    def _passage(self, message: dict[str, Any]) -> list[Finding]:
        seq, name = message.get("seq"), message.get("passage_id")
        if not isinstance(seq, int) or message.get("record_hash") != _hash(message):
            text = f"the published passage {name} does not match its own hash: the witness itself was changed"
            return [Finding("unreadable", seq if isinstance(seq, int) else 0, text, "passage")]
        stored = self.reader.passage(seq)
        if stored is None:
            return [Finding("missing", seq, f"passage {seq} ({name}) was published and is not here", "passage")]
        if stored.hash != message["record_hash"]:
            text = f"passage {seq} ({name}) was published with another content than it has here"
            return [Finding("altered", seq, text, "passage")]
        return []

    def _seal(self, data: bytes) -> list[Finding]:
        try:
            seal = SealV1.decode(data)
        except MessageError as error:
            return [Finding("unreadable", 0, f"published seal: {error}", "seal")]
        where = f"the published seal over {seal.first_seq}..{seal.last_seq}"
        if not signature_holds(seal) or seal.public_key != (self.trusted_key or seal.public_key):
            return [Finding("bad seal", seal.last_seq, f"{where} is not signed by this lane", "seal")]
        self.trusted_key = seal.public_key
        here = self.reader.run_of(seal.first_seq, seal.last_seq)
        found = []
        if here[:2] != (seal.count, seal.sum_vnd):
            text = f"{where}: {seal.count} passages of {seal.sum_vnd} VND; here are {here[0]} of {here[1]} VND"
            found.append(Finding("missing" if here[0] < seal.count else "altered", seal.last_seq, text, "seal"))
        elif seal.count and here[2] != seal.head_hash:
            found.append(Finding("altered", seal.last_seq, f"{where}: the last passage is another one here", "seal"))
        if not self.reader.has_seal(seal.first_seq, seal.last_seq, seal.signature):
            found.append(Finding("missing", seal.last_seq, f"{where} is not in the journal", "seal"))
        return found


def _hash(message: dict[str, Any]) -> str | None:
    try:
        return passage_hash(message)
    except (ValueError, RecursionError):
        return None
