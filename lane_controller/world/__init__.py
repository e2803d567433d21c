"""A seeded world of traffic, radio, cameras, field devices and faults around the real core, in virtual time.

In: a seed and the table of parameters. Out: events for the core, and the truth to judge it by.
Never: a clock of the machine, unseeded randomness, I/O; the core does not know that it is simulated.
"""
