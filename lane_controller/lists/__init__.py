"""The tag list and the tariff as a lane holds them: complete, versioned, on local disk, asked in microseconds.

In: toll.tag-list.v1 and toll.tariff.v1. Out: look-ups, and the changes that a lane must hear of. A stale list stays in
force; an entry is never invented, skipped or guessed.
"""
