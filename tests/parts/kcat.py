"""Reading a topic with kcat (librdkafka): a client that shares no code with ours.

In: broker address and topic. Out: what really lies there. Must never be replaced by our own consumer.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from tests.parts.missing import PartFailedError, program


@dataclass(frozen=True, slots=True)
class KcatRecord:
    """One record as librdkafka hands it out."""

    partition: int
    offset: int
    key: str | None
    value: str | None


def read_topic(address: str, topic: str, within_s: float = 30.0) -> list[KcatRecord]:
    """Everything in the topic from the beginning to its present end. PartFailedError: kcat says why."""
    command = [str(program("kcat")), "-C", "-b", address, "-t", topic, "-o", "beginning", "-e", "-q", "-J"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
    if done.returncode:
        raise PartFailedError(f"kcat cannot read {topic} at {address}: {done.stderr.strip()}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [KcatRecord(row["partition"], row["offset"], row["key"], row["payload"]) for row in rows]
