"""What the lane publishes and what it accepts: the only part of the lane that other programs may import.

In: nothing. Out: value types (`values.py`) and messages of version 1 (`v1/`). A shipped version only ever gains
optional fields; anything else is a new version beside it (docs/adr/0001-producer-owned-contracts.md).
"""
