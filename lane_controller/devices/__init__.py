"""The lane's devices: each adapter turns one wire into core events and core effects into that wire.

In: bytes of readers, PLCs, cameras and neighbouring lanes. Out: events of `lane_controller.core.events`. No rule of the
lane lives here; nothing that a device sends can stop the lane.
"""
