"""What the process tells about itself: counters, latencies and depths for Prometheus, and rate-limited logs.

In: calls of the runner and the adapters. Out: `/metrics` on an HTTP port, and the same counts for the lane's status. A
counter must never be able to stop the lane.
"""

from __future__ import annotations

import logging
import time
from collections import Counter as Tally
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

log = logging.getLogger(__name__)

LOG_EVERY_S: Final = 10.0
"""The same reason is logged this often at most; the counter has them all."""
_SECONDS: Final = (0.001, 0.002, 0.004, 0.006, 0.008, 0.010, 0.015, 0.020, 0.025, 0.050, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        lane = ["lane"]
        self.rejected = Counter(
            "lane_inputs_rejected", "inputs that were no use", [*lane, "source", "reason"], registry=registry
        )
        self.decision = Histogram(
            "lane_evidence_to_open_seconds", "last evidence received to OPEN handed to the broker", lane,
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.commit = Histogram(
            "lane_journal_commit_seconds", "one durable commit", lane, buckets=_SECONDS, registry=registry
        )
        self.commit_retries = Counter(
            "lane_journal_write_refused", "writes that the disk refused", lane, registry=registry
        )
        self.records = Gauge("lane_journal_records", "records in the journal", lane, registry=registry)
        self.passages = Gauge("lane_passages", "passages in the journal", lane, registry=registry)
        self.waiting = Gauge(
            "lane_outbox_waiting", "passages that the stream has not confirmed", lane, registry=registry
        )
        self.evidence_bytes = Gauge(
            "lane_evidence_waiting_bytes", "images that wait for the back office", registry=registry
        )
        self.up = Gauge("lane_device_up", "1 when the device answers", [*lane, "device"], registry=registry)
        self.crashes = Counter("lane_crashes", "restarts of a lane after an error", lane, registry=registry)
        self.list_version = Gauge("lane_list_version", "version of the tag list in force", registry=registry)
        self.list_tags = Gauge("lane_list_tags", "tags on the list in force", registry=registry)

    def serve(self, host: str, port: int) -> int:
        """Answer /metrics from a thread; the port that was taken."""
        server, _ = start_http_server(port, host, self.registry)
        return int(server.server_port)


@dataclass(slots=True)
class LaneHealth:
    """The counters of one lane."""

    lane: str
    metrics: Metrics
    rejected: Tally[str] = field(default_factory=Tally)
    _logged: dict[tuple[str, str], float] = field(default_factory=dict)

    def reject(self, source: str, reason: str, detail: str) -> None:
        """See devices.ports.Reject."""
        self.metrics.rejected.labels(self.lane, source, reason).inc()
        self.rejected[f"{source}: {reason}"] += 1
        now = time.monotonic()
        if now - self._logged.get((source, reason), -LOG_EVERY_S) >= LOG_EVERY_S:
            self._logged[source, reason] = now
            log.warning("%s: %s: %s: %s", self.lane, source, reason, detail)

    def committed(self, took_s: float, records: int, passages: int) -> None:
        """A commit reached the disk."""
        self.metrics.commit.labels(self.lane).observe(took_s)
        self.metrics.records.labels(self.lane).set(records)
        self.metrics.passages.labels(self.lane).set(passages)

    def opened(self, took_s: float) -> None:
        """An OPEN went to the broker this long after its last evidence came in."""
        self.metrics.decision.labels(self.lane).observe(took_s)

    def write_refused(self, error: Exception) -> None:
        """The disk refused a write."""
        self.metrics.commit_retries.labels(self.lane).inc()
        self.rejected[f"journal: {type(error).__name__}"] += 1

    def device(self, name: str, state: str) -> None:
        """State of a device."""
        self.metrics.up.labels(self.lane, name).set(1 if state == "ok" else 0)
