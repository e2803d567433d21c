"""What is Impinj's own and matters to a lane: finer levels, the tag identifier, and letting go of dead clients.

Numbers of Impinj's LLRP extensions. Without link monitoring an Impinj reader keeps a client that vanished and refuses
our own reconnect with ConnectionAttemptEvent 2 (support article 360010785700). Every step here may be refused.
"""

from rfid.llrp import messages as m
from rfid.llrp.element import Element
from rfid.llrp.parameters.basic import Custom
from rfid.llrp.settings import ReaderSettings

IMPINJ = 25882  # IANA enterprise number
ENABLE_EXTENSIONS = 21  # custom message; its answer is 22
LINK_MONITOR_CONFIGURATION = 38  # u16 mode (1: enabled), u16 keepalives that may stay unacknowledged
SERIALIZED_TID = 55  # u16 count, then 16-bit words
PEAK_RSSI = 57  # s16 in 1/100 dBm


def enable_extensions() -> m.CustomMessage:
    """Ask for Impinj's own parameters to be understood and sent; four reserved bytes."""
    return m.CustomMessage(IMPINJ, ENABLE_EXTENSIONS, bytes(4))


def monitor_link(settings: ReaderSettings) -> m.SetReaderConfig:
    """Ask the reader to drop us when we vanish: after as many keepalives as we allow the reader to miss."""
    monitoring = (1).to_bytes(2) + settings.keepalives_missed.to_bytes(2)
    return m.SetReaderConfig(False, (Custom(IMPINJ, LINK_MONITOR_CONFIGURATION, monitoring),))


def extension(element: Element, subtype: int) -> bytes | None:
    """The data of one Impinj parameter directly inside `element`, or None."""
    for custom in element.every(Custom):
        if (custom.vendor_identifier, custom.parameter_subtype) == (IMPINJ, subtype):
            return custom.data
    return None
