"""Traffic of a toll plaza, from a seed: who comes, when, with which tag, and what each sensor sees of it.

In: a seed, a clock in milliseconds and the state of arm and signal. Out: vehicles, accounts, sensor edges and reads.
Pure: no clock, no input or output; the same seed and the same answers of the lane give the same traffic, always.
"""
