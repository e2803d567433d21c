"""How the lane wants its reader to work: plain values, no I/O."""

from dataclasses import dataclass

from rfid.llrp.framing import FRAME_LENGTH_MAX


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Defaults suit a lane; see rfid/README.md for the reasons."""

    antennas: tuple[int, ...] = (0,)
    """Antennas to inventory, counted from 1; (0,) means all."""
    session: int = 0
    """Gen2 session. S0 lets a tag answer again at once, S1 after 0.5 to 5 s; S2 and S3 would silence it in the lane."""
    tag_population: int = 4
    """Tags expected at once: sets the first number of slots. A lane sees a vehicle or two."""
    read_tid: bool = False
    """Also read the tag identifier of every tag, at the price of a slower inventory."""
    reset_to_factory_default: bool = False
    """Undo what another client has configured. Some readers take seconds over it."""
    keepalive_ms: int = 1000
    """Keepalive period; the reader is dead after `keepalives_missed` of them."""
    keepalives_missed: int = 3
    answer_timeout_ms: int = 3000
    """How long one request may take while the reader is otherwise alive."""
    frame_length_max: int = FRAME_LENGTH_MAX

    def __post_init__(self) -> None:
        if self.session not in (0, 1):
            raise ValueError(f"session={self.session}: a lane needs repeated reads, so only S0 or S1 will do")
        if not self.antennas or any(not 0 <= antenna <= 0xFFFF for antenna in self.antennas):
            raise ValueError(f"antennas={self.antennas}: give numbers from 1 on, or 0 alone for all")
        if not 100 <= self.keepalive_ms <= 60_000 or self.keepalives_missed < 1:
            raise ValueError(f"keepalive_ms={self.keepalive_ms}: allowed are 100…60000, missed at least 1")

    @property
    def silence_us(self) -> int:
        """Silence after which the reader is dead; a fifth of a period is allowed for the network."""
        return (self.keepalives_missed * 1000 + 200) * self.keepalive_ms
