"""The log of aiokafka, made fit for a plaza: each message once a minute, and the last ones kept for error texts.

In: log records of `aiokafka.*`. Out: the same under `lane_controller.stream.kafka`, once per minute and message.
aiokafka raises a bare KafkaConnectionError for a wrong password or certificate and logs the reason only; without what
is kept here an operator would be told nothing but "cannot connect".
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Final

AGAIN_AFTER_S: Final = 60.0
"""An unreachable broker makes aiokafka log several lines per second and connection."""
REASON_AGE_S: Final = 30.0
"""Older messages do not explain an error of now."""
KEPT: Final = 256
"""Different messages remembered: more than a broken cluster produces in a minute."""

_log = logging.getLogger("lane_controller.stream.kafka")


class QuietLog(logging.Handler):
    """Takes the place of every handler above `aiokafka`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}
        self._recent: deque[tuple[float, str]] = deque(maxlen=8)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the message on unless it was said within the last minute."""
        now = time.monotonic()
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        self._recent.append((now, text))
        said = self._said.get(text)
        if said is not None and now - said < AGAIN_AFTER_S:
            return
        if len(self._said) >= KEPT:
            self._said.pop(next(iter(self._said)))
        self._said[text] = now
        _log.warning("%s", text)

    def reason(self) -> str:
        """The newest message of the last half minute, or an empty text."""
        if self._recent and time.monotonic() - self._recent[-1][0] < REASON_AGE_S:
            return self._recent[-1][1]
        return ""


_quiet = QuietLog()


def quieten() -> QuietLog:
    """Route the log of aiokafka through the one QuietLog of the process; may be called any number of times."""
    log = logging.getLogger("aiokafka")
    if _quiet not in log.handlers:
        log.addHandler(_quiet)
        log.propagate = False
        log.setLevel(logging.WARNING)
    return _quiet
