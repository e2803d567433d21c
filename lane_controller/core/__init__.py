"""Decision core of one barrier lane: `step(lane, event, now) -> (lane, effects)`; no clock, no I/O, no randomness."""
