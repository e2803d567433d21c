"""Prometheus counters of what a reader does to us: the adapter that sees every observation go by.

In: observations. Out: metrics in a registry. One object per process; readers are labels.
"""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from rfid.observation import (
    FrameRejected,
    ReaderConnected,
    ReaderFault,
    ReaderLost,
    ReaderObservation,
    RequestRefused,
    TagObservation,
)


class ReaderMetrics:
    """Counts observations by kind."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        label = ("reader",)
        self._tags = Counter("rfid_tag_observations", "Tag reports received", label, registry=registry)
        self._rejected = Counter("rfid_frames_rejected", "Frames that could not be used", label, registry=registry)
        self._refused = Counter("rfid_requests_refused", "Requests refused by the reader", label, registry=registry)
        self._faults = Counter("rfid_reader_faults", "Faults announced by the reader", label, registry=registry)
        self._dropped = Counter("rfid_observations_dropped", "Tags dropped: slow consumer", label, registry=registry)
        self._lost = Counter("rfid_reader_lost", "Connections lost, by cause", ("reader", "loss"), registry=registry)
        self._up = Gauge("rfid_reader_connected", "1 while the reader is connected", label, registry=registry)

    def count(self, observation: ReaderObservation) -> None:
        """Count one observation."""
        reader = observation.reader
        match observation:
            case TagObservation():
                self._tags.labels(reader).inc()
            case FrameRejected():
                self._rejected.labels(reader).inc()
            case RequestRefused():
                self._refused.labels(reader).inc()
            case ReaderFault():
                self._faults.labels(reader).inc()
            case ReaderConnected():
                self._up.labels(reader).set(1)
            case ReaderLost():
                self._up.labels(reader).set(0)
                self._lost.labels(reader, observation.loss.value).inc()

    def dropped(self, reader: str) -> None:
        """Count one tag that the consumer was too slow for."""
        self._dropped.labels(reader).inc()
