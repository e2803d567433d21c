"""Rendering of plates and scenes (also used by the simulated camera, no torch) and training of the two networks."""
