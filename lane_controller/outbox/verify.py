"""Proves, from the files alone, that a lane's journal is whole.

In: a journal file. Out: a report with every record that is missing, altered or out of order, and every seal that does
not fit. It only reads; a journal in use can be checked.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lane_controller.contracts.v1 import MessageError, SealV1
from lane_controller.outbox.chain import Finding, check_chain, check_passages
from lane_controller.outbox.journal import JournalError, JournalReader
from lane_controller.outbox.seals import check_seal


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and what was found."""

    records: int = 0
    passages: int = 0
    seals: int = 0
    public_keys: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    def summary(self) -> str:
        """One line for people."""
        state = "ok" if not self.findings else f"{len(self.findings)} FINDINGS (phát hiện)"
        return f"{state}; {self.records} records, {self.passages} passages, {self.seals} seals"

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        found = [{"kind": one.kind, "number": one.number, "text": one.text} for one in self.findings]
        return {
            "ok": not self.findings, "records": self.records, "passages": self.passages, "seals": self.seals,
            "public_keys": list(self.public_keys), "findings": found,
        }  # fmt: skip


def verify_journal(path: Path) -> Report:
    """Check records, passages and seals of one journal."""
    try:
        reader = JournalReader(path)
    except JournalError as error:
        return Report(findings=(Finding("unreadable", 0, str(error)),))
    try:
        return _verify(reader)
    except sqlite3.DatabaseError as error:
        return Report(findings=(Finding("unreadable", 0, f"{path}: {error}"),))
    finally:
        reader.close()


def _verify(reader: JournalReader) -> Report:
    links = list(reader.links())
    passages = reader.passages()
    findings = check_chain(links)
    findings += check_passages((passage.seq, passage.message) for passage in passages)
    findings += _mismatched_columns(reader)
    seals, keys = reader.seals(), []
    expected = 1
    for number, data in seals:
        try:
            seal = SealV1.decode(data)
        except MessageError as error:
            findings.append(Finding("unreadable", number, f"seal {number}: {error}"))
            continue
        if seal.first_seq != expected:
            text = f"seal {number} begins at {seal.first_seq}, the seal before ends at {expected - 1}"
            findings.append(Finding("missing", seal.first_seq, text))
        covered = [passage for passage in passages if seal.first_seq <= passage.seq <= seal.last_seq]
        findings += check_seal(seal, covered)
        expected = seal.last_seq + 1
        keys.append(seal.public_key)
    return Report(len(links), len(passages), len(seals), tuple(dict.fromkeys(keys)), tuple(findings))


def _mismatched_columns(reader: JournalReader) -> list[Finding]:
    """The columns beside a message, and its record in the chain, must say the same as the message."""
    found = []
    records = {record.number: record for record in reader.records() if record.kind == "PassageClosed"}
    said = set()
    for passage, number in reader.passages_with_records():
        message = _loads(passage.message)
        columns = (passage.passage_id, passage.outcome, passage.fare_vnd, passage.hash)
        named = ("passage_id", "outcome", "fare_vnd", "record_hash")
        if tuple(message.get(name) for name in named) != columns:
            found.append(Finding("altered", passage.seq, f"passage {passage.seq}: row and message differ"))
        record = records.get(number)
        body = {} if record is None else _loads(record.body).get("passage", {})
        if body.get("passage_id") != passage.passage_id or body.get("seq") != passage.seq:
            found.append(Finding("altered", passage.seq, f"passage {passage.seq} is not what record {number} says"))
        said.add(number)
    found += [
        Finding("missing", number, f"record {number} closes a passage that is not there")
        for number in records.keys() - said
    ]
    return found


def _loads(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
