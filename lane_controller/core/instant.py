"""The two clocks of an event, read once by the shell and handed in.

In: what the shell read when the event arrived. Out: one value passed down through the core.
Never: logic on `utc_us`. It dates tickets and tariffs and stamps records; a step of wall time moves nothing else (I10).
"""

from dataclasses import dataclass

from lane_controller.core.evolve import maker, quick

SAME_SCAN_US = 20_000
"""Edges this close together are one scan of the PLC: nobody drives the 2 m of L1 up to LC1 in this time."""


@quick
@dataclass(frozen=True, slots=True)
class Now:
    """One instant on both clocks, microseconds: `mono_us` drives logic, `utc_us` (Unix epoch) only stamps and dates."""

    mono_us: int
    utc_us: int

    def back(self, mono_us: int) -> "Now":
        """The instant of an earlier (or later) monotonic time on the same clocks."""
        return _now(mono_us, self.utc_us - (self.mono_us - mono_us))


_now = maker(Now)
