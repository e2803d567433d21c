"""What readers observe, as values that the lane can use without knowing LLRP.

Produced by `rfid.llrp`, consumed by the lane's device adapters. Associate on `received_mono_us` (this machine's
monotonic clock, microseconds); the reader's own stamps are evidence and may be wrong. No field knows about tolling.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TagObservation:
    """One tag in one report of a reader."""

    epc: str
    """Upper-case hexadecimal of the exact bytes, leading zeros kept."""
    epc_bits: int
    """Number of bits that count; 96 for EPC-96, any for EPCData."""
    tid: str | None
    """Tag identifier in upper-case hexadecimal, where it was read."""
    antenna: int
    """Counted from 1; 0 where the reader does not say."""
    rssi_dbm: float | None
    """The strongest read of this report."""
    seen_count: int
    """A hint only: some readers count within the report, others send a running total. Count reports instead."""
    reader_utc: datetime | None
    """The reader's stamp of the last read in this report; None where it sends uptime or nothing."""
    reader_uptime_us: int | None
    """The same from a reader without a UTC clock: microseconds since it started."""
    received_mono_us: int
    """When the report arrived, on this machine's monotonic clock."""
    reader: str
    """Name of the reader as configured."""
    age_us: int | None = None
    """How old the read was on arrival, by the reader's clock as measured on connecting; None without a stamp.
    A reader that held reports during an outage delivers old ones: drop those beyond the association window."""


@dataclass(frozen=True, slots=True)
class ReaderConnected:
    """The reader accepted the connection; reports may come from now on."""

    reader: str
    received_mono_us: int
    clock_offset_us: int | None
    """Reader UTC minus local UTC, measured once; None where the reader has no UTC clock."""


@dataclass(frozen=True, slots=True)
class ReaderReading:
    """The reader is configured and inventories tags."""

    reader: str
    received_mono_us: int
    model: str
    """Maker, model and firmware as reported, for people."""


class Loss(StrEnum):
    """Why a reader is not there."""

    UNREACHABLE = "unreachable"  # no TCP connection
    BUSY = "busy"  # the reader serves another client, or still holds a dead one
    SILENT = "silent"  # 3 keepalives missed
    GARBAGE = "garbage"  # the byte stream is no LLRP
    CLOSED = "closed"  # the other side closed
    GOODBYE = "goodbye"  # we closed
    REFUSED = "refused"  # a request without which we cannot read was refused or not answered
    STOPPED = "stopped"  # the reader stopped the inventory on its own
    DEFECT = "defect"  # our own program failed on it; the log has the trace


@dataclass(frozen=True, slots=True)
class ReaderLost:
    """The connection is over; the client tries again by itself."""

    reader: str
    received_mono_us: int
    loss: Loss
    reason: str


@dataclass(frozen=True, slots=True)
class AntennaChanged:
    """An antenna was plugged in or came off."""

    reader: str
    received_mono_us: int
    antenna: int
    connected: bool


@dataclass(frozen=True, slots=True)
class ReaderFault:
    """The reader reports trouble inside itself, such as lost reports; the connection goes on."""

    reader: str
    received_mono_us: int
    text: str


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """The reader answered a request with an error that we can live with."""

    reader: str
    received_mono_us: int
    request: str
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class FrameRejected:
    """A frame or a tag report in it could not be used; it is counted and skipped."""

    reader: str
    received_mono_us: int
    reason: str


ReaderObservation = (
    TagObservation
    | ReaderConnected
    | ReaderReading
    | ReaderLost
    | AntennaChanged
    | ReaderFault
    | RequestRefused
    | FrameRejected
)
