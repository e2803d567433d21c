"""The task that checks seals: is what the lane vouched for what is here?

In: toll.seals.v1. Out: a verdict per seal in table `seals`, an alarm for each that is not good. A seal may come before
the passages that it covers: then it waits and is looked at again. The first key seen of a lane is kept; another one
later, without being configured, is an alarm.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from backoffice.ingest import metrics, rows
from backoffice.ingest.decode import Rejection
from backoffice.ingest.notices import seal_alarm
from backoffice.storage.alarms import AlarmBoard
from backoffice.storage.clock import to_us
from backoffice.storage.database import Database, Worker
from lane_controller.contracts.v1 import MessageError, SealV1
from lane_controller.stream.port import Consumer, Record

_POLL_S: Final = 0.5
WAIT_S: Final = 60.0
"""How long passages of a seal may lag behind it before it is an alarm; it is still looked at again afterwards."""
_AGAIN_S: Final = 5.0

Verdict = Literal["good", "waiting", "bad signature", "unknown key", "mismatch"]

log = structlog.get_logger("seals")

_RUN_SQL: Final = """
SELECT count(), sumIf(fare_vnd, outcome = 'charged'), argMax(record_hash, seq), max(seq) FROM passages FINAL
WHERE plaza = %(plaza)s AND lane = %(lane)s AND epoch = %(epoch)s AND seq >= %(first)s AND seq <= %(last)s
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables hold of a sealed run."""

    count: int
    sum_vnd: int
    head_hash: str


def signature_holds(seal: SealV1) -> bool:
    """True when the signature is of the key in the seal."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.public_key))
        key.verify(bytes.fromhex(seal.signature), seal.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


def judge(seal: SealV1, stored: Stored, trusted_key: str) -> tuple[Verdict, str]:
    """Verdict and, unless good, what differs. `trusted_key` empty: this is the first seal of the lane."""
    if not signature_holds(seal):
        return "bad signature", "the signature is not of the key in the seal"
    if trusted_key and seal.public_key != trusted_key:
        return "unknown key", f"signed with {seal.public_key[:16]}…, trusted is {trusted_key[:16]}…"
    return _compare(seal, stored)


def _compare(seal: SealV1, stored: Stored) -> tuple[Verdict, str]:
    if seal.count != seal.last_seq - seal.first_seq + 1:
        return "mismatch", f"{seal.count} passages from {seal.first_seq} to {seal.last_seq} in the seal itself"
    if stored.count < seal.count:
        return "waiting", f"{seal.count - stored.count} of {seal.count} passages are not here yet"
    if stored.sum_vnd != seal.sum_vnd:
        return "mismatch", f"sealed {seal.sum_vnd:,} VND, stored {stored.sum_vnd:,} VND"
    if seal.count and stored.head_hash != seal.head_hash:
        return "mismatch", f"the hash of passage {seal.last_seq} is not the sealed one"
    return "good", ""


class SealIngest:
    """Runs until cancelled."""

    def __init__(self, consumer: Consumer, database: Database, alarms: AlarmBoard, keys: Mapping[str, str]) -> None:
        self._consumer = consumer
        self._database = database
        self._alarms = alarms
        self._configured = dict(keys)
        self._waiting: dict[tuple[str, str, int, int, int, str], tuple[SealV1, float]] = {}
        self._sealed: dict[tuple[str, str, int], int] = {}
        self._worker = Worker("seals")

    def sealed_through(self, plaza: str, lane: str, epoch: int) -> int:
        """The last passage that a good seal vouches for; 0 without any."""
        return self._sealed.get((plaza, lane, epoch), 0)

    async def run(self) -> None:
        """Check for ever."""
        try:
            await self._worker.do(self._load_waiting)
            again_at = time.monotonic() + _AGAIN_S
            while True:
                records = await self._consumer.poll(_POLL_S)
                await self._worker.do(self._take_all, records)
                if records:
                    await self._consumer.commit(records)
                if time.monotonic() >= again_at:
                    again_at = time.monotonic() + _AGAIN_S
                    await self._worker.do(self._look_again)
        finally:
            self._worker.close()

    def _load_waiting(self) -> None:
        """Seals of an earlier run: how far the good ones reach, and those that were not good yet."""
        reached = "SELECT plaza, lane, epoch, max(last_seq) FROM seals FINAL WHERE verdict = 'good' GROUP BY 1, 2, 3"
        self._sealed = {(plaza, lane, epoch): last for plaza, lane, epoch, last in self._database.rows(reached)}
        names = "plaza, lane, epoch, first_seq, last_seq, count, sum_vnd, head_hash, toString(sealed_at), public_key, "
        names += "signature"
        sql = f"SELECT {names} FROM seals FINAL WHERE verdict = 'waiting'"  # noqa: S608 - constants only
        for row in self._database.rows(sql):
            fields = dict(zip(SealV1.model_fields, row, strict=True))
            seal = SealV1.model_validate(fields | {"sealed_at_utc": f"{row[8].replace(' ', 'T')}Z"})
            self._waiting[_key(seal)] = (seal, time.monotonic())

    def _take_all(self, records: Sequence[Record]) -> None:
        rejections: list[Rejection] = []
        for record in records:
            try:
                seal = SealV1.decode(record.value or b"")
            except MessageError as error:
                metrics.REJECTED.labels(record.topic, "malformed").inc()
                rejections.append(Rejection(record, "malformed", str(error)))
            else:
                self._check(seal, time.monotonic())
        self._database.insert("rejected_messages", rows.rejection_columns(rejections, time.time_ns() // 1000))

    def _look_again(self) -> None:
        for seal, since in list(self._waiting.values()):
            self._check(seal, since)

    def _check(self, seal: SealV1, since: float) -> None:
        place = {"plaza": seal.plaza, "lane": seal.lane, "epoch": seal.epoch}
        run = self._database.rows(_RUN_SQL, place | {"first": seal.first_seq, "last": seal.last_seq})[0]
        verdict, detail = judge(seal, Stored(run[0], run[1], run[2]), self._trusted_key(seal))
        known = self._waiting.pop(_key(seal), None)
        if verdict == "waiting":
            self._waiting[_key(seal)] = (seal, since)
        if verdict != "waiting" or known is None:
            metrics.SEALS.labels(verdict).inc()
            self._write(seal, verdict, detail)
        self._tell(seal, verdict, detail, overdue=time.monotonic() - since > WAIT_S)

    def _tell(self, seal: SealV1, verdict: Verdict, detail: str, *, overdue: bool) -> None:
        alarm = seal_alarm(seal.lane, seal.epoch, seal.first_seq, verdict, detail)
        if verdict == "good":
            place = (seal.plaza, seal.lane, seal.epoch)
            self._sealed[place] = max(self._sealed.get(place, 0), seal.last_seq)
            self._alarms.clear(alarm.key)
        elif verdict != "waiting" or overdue:
            log.warning("seal_not_good", lane=seal.lane, verdict=verdict, detail=detail)
            self._alarms.report(alarm)

    def _trusted_key(self, seal: SealV1) -> str:
        if seal.lane in self._configured:
            return self._configured[seal.lane]
        sql = """
        SELECT argMin(public_key, checked_at) FROM seals FINAL
        WHERE plaza = %(plaza)s AND lane = %(lane)s AND verdict IN ('good', 'waiting')
        """
        key: str = self._database.rows(sql, {"plaza": seal.plaza, "lane": seal.lane})[0][0]
        return key

    def _write(self, seal: SealV1, verdict: Verdict, detail: str) -> None:
        row: dict[str, Any] = {
            "plaza": seal.plaza, "lane": seal.lane, "epoch": seal.epoch, "first_seq": seal.first_seq,
            "last_seq": seal.last_seq, "count": seal.count, "sum_vnd": seal.sum_vnd, "head_hash": seal.head_hash,
            "sealed_at": to_us(seal.sealed_at_utc), "public_key": seal.public_key, "signature": seal.signature,
            "verdict": verdict, "detail": detail, "checked_at": time.time_ns() // 1000,
        }  # fmt: skip
        self._database.insert("seals", {name: [value] for name, value in row.items()})


def _key(seal: SealV1) -> tuple[str, str, int, int, int, str]:
    return seal.plaza, seal.lane, seal.epoch, seal.first_seq, seal.last_seq, seal.signature
