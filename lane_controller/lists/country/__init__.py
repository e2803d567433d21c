"""The tag list of the whole country on local disk: seven million rows, a few megabytes of memory.

An immutable base file in buckets, a log of what changed since, and an overlay of those changes in memory; a process of
its own merges log and base from time to time. Every look-up checks the checksum of the block it read and compares the
whole EPC. Reading order: row, base, build, delta, merge, table, store, upkeep.
"""
