"""A UHF reader without hardware: speaks LLRP over TCP, fed by the traffic of the simulated plaza."""
