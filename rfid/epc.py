"""EPCs of any bit length: text ↔ bytes.

An EPC is opaque here: exact bytes plus a bit count. Its text is upper-case hexadecimal of those bytes, leading zeros
kept; where the bit count is not the whole of the bytes, `/bits` follows (`…C0/198`). It must never be treated as a
number.
"""

from dataclasses import dataclass


class EpcError(ValueError):
    """Text or bytes that cannot be an EPC."""


@dataclass(frozen=True, slots=True, order=True)
class Epc:
    """`hex`: upper-case hexadecimal of the exact bytes; `bits`: how many of them count, from the first on."""

    hex: str
    bits: int

    @classmethod
    def of(cls, data: bytes, bits: int | None = None) -> "Epc":
        """From bytes as a tag gives them; EpcError if `bits` does not belong to that many bytes."""
        count = len(data) * 8 if bits is None else bits
        if (count + 7) // 8 != len(data):
            raise EpcError(f"{count} bits need {(count + 7) // 8} bytes, not {len(data)}")
        return cls(data.hex().upper(), count)

    @classmethod
    def parse(cls, text: str) -> "Epc":
        """From text as people write it: hexadecimal, any case, blanks and dashes allowed, `/bits` optional."""
        digits, slash, bits = text.partition("/")
        try:
            data = bytes.fromhex(digits.replace("-", " "))
            count = int(bits) if slash else None
        except ValueError as error:
            raise EpcError(f"{text!r} is no EPC: write pairs of hexadecimal digits, then /bits if needed") from error
        return cls.of(data, count)

    @property
    def data(self) -> bytes:
        """The exact bytes."""
        return bytes.fromhex(self.hex)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return self.hex if self.bits == len(self.hex) * 4 else f"{self.hex}/{self.bits}"
