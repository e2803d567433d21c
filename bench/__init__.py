"""Benchmarks: each module here measures one thing beside a baseline in the same run, and prints one JSON object.

In: nothing but the machine. Out: `docs/benchmarks.md`, written by `make bench`. Timings are reported, never asserted.
"""
