"""Counters of everything that ANPR refuses or loses, for the process that runs it (prometheus)."""

from __future__ import annotations

from prometheus_client import Counter

STREAM_FRAMES = Counter("anpr_stream_frames_total", "JPEG frames received from a camera", ["camera"])
STREAM_REJECTED = Counter(
    "anpr_stream_rejected_total", "Parts of a camera stream that were not a whole JPEG", ["camera", "reason"]
)
STREAM_CONNECTS = Counter("anpr_stream_connects_total", "Connections to a camera, by outcome", ["camera", "outcome"])
IMAGES_REJECTED = Counter("anpr_images_rejected_total", "Image files or frames that could not be decoded", ["reason"])
READS = Counter("anpr_worker_reads_total", "Requests to the recogniser process, by outcome", ["outcome"])
RESTARTS = Counter("anpr_worker_restarts_total", "Recogniser processes started again after they died")
