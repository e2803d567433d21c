"""A whole plaza on one machine: every program as a process of its own, and a world of vehicles that drives them.

In: a data directory, a speed, a seed. Out: the live page, passages in the terminal. The world speaks to lanes and back
office only over their real wires: LLRP, MQTT, MJPEG and HTTP.
"""
