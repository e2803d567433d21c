"""A million damaged inputs to the LLRP codec: nothing but its own error, no hang, memory bounded.

Unlike the hypothesis tests beside it this one has no shrinking and no strategies, so that it is fast: frames that real
readers sent and frames of every kind that we know are damaged by the means that protocols die of, from a fixed seed.
"""

from __future__ import annotations

import random
import resource
import time
from typing import Final

import pytest

from rfid.llrp.codec import decode_frame, decode_message, encode_frame
from rfid.llrp.element import MESSAGES, TLVS, TVS
from rfid.llrp.errors import LlrpError
from rfid.llrp.framing import FrameBuffer, FrameHeader
from tests.unit.rfid import vectors

FULL: Final = 1_000_000
SHORT: Final = 6_000
SEED: Final = 20261123
HANG_S: Final = 5.0
"""No single input of a few kilobytes may take this long, on the slowest of machines: a guard against endless loops."""
GROWTH_MIB: Final = 64

FRAMES = sorted({bytes(frame) for frame in vectors.frames(vectors.SESSION)})
KINDS = sorted({*MESSAGES, 0, 999, 1023})
NUMBERS = sorted({*TLVS, *TVS, 0, 127, 1023})
EDGES = (0, 1, 3, 4, 5, 0x7F, 0x80, 0xFF, 0x3FF, 0x7FFF, 0xFFFF)


def nested(draw: random.Random, depth: int) -> bytes:
    """A parameter that may hold parameters; lengths are mostly right, so that the decoder goes deep."""
    if depth == 0 or draw.random() < 0.4:
        body = draw.randbytes(draw.choice((0, 1, 2, 4, 8, 12, 33)))
    else:
        body = b"".join(nested(draw, depth - 1) for _ in range(draw.randrange(1, 4)))
    if draw.random() < 0.2:
        return bytes([0x80 | draw.randrange(128)]) + body
    length = len(body) + 4 if draw.random() < 0.9 else draw.choice(EDGES)
    return draw.choice(NUMBERS).to_bytes(2) + (length & 0xFFFF).to_bytes(2) + body


def damaged(draw: random.Random) -> bytes:
    """One input: a real frame with damage, a made frame, or noise."""
    way = draw.randrange(4)
    if way == 0:
        payload = b"".join(nested(draw, draw.randrange(20)) for _ in range(draw.randrange(3)))[:4000]
        return FrameHeader(1, draw.choice(KINDS), 10 + len(payload), draw.getrandbits(32)).encode() + payload
    frame = bytearray(draw.choice(FRAMES))
    if way == 1:
        for _ in range(draw.randrange(1, 6)):
            frame[draw.randrange(len(frame))] = draw.randrange(256)
    elif way == 2:
        at = draw.randrange(len(frame))
        frame[at : at + 2] = draw.choice(EDGES).to_bytes(2)
    else:
        other, cut = draw.choice(FRAMES), draw.randrange(len(frame))
        frame = frame[:cut] + other[draw.randrange(len(other)) :]
    if draw.random() < 0.7:
        frame[2:6] = len(frame).to_bytes(4)  # so that the damage is met behind the header, too
    return bytes(frame)


def survives(raw: bytes, kind: int) -> bool:
    """True when it was understood; any error but LlrpError fails the test. What was understood can be said again."""
    try:
        frame = decode_frame(raw)
        assert decode_frame(encode_frame(frame)) == frame
        understood = True
    except LlrpError:
        understood = False
    buffer = FrameBuffer(4096)
    for part in (lambda: decode_message(kind, raw[10:]), lambda: list(buffer.feed(raw))):
        try:
            part()
        except LlrpError:
            continue
    assert len(buffer) <= len(raw)
    return understood


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_a_million_damaged_inputs(long_run: bool) -> None:
    draw = random.Random(SEED)
    rounds = FULL if long_run else SHORT
    for _ in range(min(rounds, 2_000)):
        survives(damaged(draw), draw.choice(KINDS))
    before_kib, understood, slowest_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0, 0.0
    for _ in range(rounds):
        raw, kind = damaged(draw), draw.choice(KINDS)
        began = time.process_time()
        understood += survives(raw, kind)
        slowest_s = max(slowest_s, time.process_time() - began)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    counted = f"{rounds:,} inputs, {understood:,} understood, slowest {slowest_s:.3f} s"
    print(f"{counted}; memory grew by {grown_mib:.0f} MiB")  # noqa: T201 - the proof is shown (make prove)
    assert slowest_s < HANG_S
    assert grown_mib < GROWTH_MIB
    assert rounds // 100 < understood < rounds, "damage must be met by the decoder, not only by the header check"
