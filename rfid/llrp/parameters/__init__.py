"""The parameters of LLRP 1.0.1, one module per chapter of the standard; importing this enters all of them."""

from rfid.llrp.parameters import accessspec, basic, c1g2, c1g2_access, capabilities, config, events, reporting, rospec

__all__ = ["accessspec", "basic", "c1g2", "c1g2_access", "capabilities", "config", "events", "reporting", "rospec"]
