"""A simulated roadside PLC: loops, curtains, barrier, signal and display of one lane, on the real MQTT wire.

In: sensor changes and faults from a test, a traffic generator or a control topic; commands of the lane over MQTT.
Out: the topics of `etc/v1/PLAZA/LANE/…`, as a PLC would send them. It shares no code with the lane controller, so that
the two check each other.
"""

from simulators.field_io.arm import Arm
from simulators.field_io.device import Broker, SimulatedPlc
from simulators.field_io.plc import SENSORS, Plc

__all__ = ["SENSORS", "Arm", "Broker", "Plc", "SimulatedPlc"]
