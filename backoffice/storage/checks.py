"""Questions whose answer must be "none": what would show that a passage or an amount is missing, doubled or altered.

In: a Database. Out: Findings, each naming what it is about. Every query asks the whole ledger; none changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from backoffice.storage.database import Database

LIMIT: Final = 1000
"""Findings of one kind that are listed at most."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be."""

    check: str
    subject: str
    detail: str


def unbalanced_passages(database: Database) -> Iterator[Finding]:
    """Every charged passage has exactly two legs over its fare, customer or suspense against the operator's payable."""
    sql = """
    SELECT p.passage_id, p.fare_vnd, l.legs, l.sum_vnd, l.debit_vnd, l.payable
    FROM (SELECT passage_id, plaza, provider, fare_vnd FROM passages FINAL WHERE outcome = 'charged') AS p
    LEFT JOIN (
        SELECT passage_id, count() AS legs, sum(amount_vnd) AS sum_vnd,
               sumIf(amount_vnd, startsWith(account, 'customer:') OR startsWith(account, 'suspense:')) AS debit_vnd,
               anyIf(account, startsWith(account, 'operator_payable:')) AS payable
        FROM postings FINAL WHERE kind = 'charge' GROUP BY passage_id
    ) AS l ON l.passage_id = p.passage_id
    WHERE l.legs != 2 OR l.sum_vnd != 0 OR l.debit_vnd != p.fare_vnd
       OR l.payable != concat('operator_payable:', p.plaza, ':', p.provider)
    ORDER BY p.passage_id LIMIT %(limit)s
    """
    for passage_id, fare, legs, total, debit, payable in database.rows(sql, {"limit": LIMIT}):
        detail = f"fare {fare:,} VND, but {legs} legs, debit {debit:,}, sum {total:,}, payable {payable or 'none'}"
        yield Finding("charge", passage_id, detail)


def postings_without_passage(database: Database) -> Iterator[Finding]:
    """No charge is booked for a passage that is not here or did not end as charged."""
    sql = """
    SELECT DISTINCT passage_id FROM postings FINAL WHERE kind = 'charge'
    AND passage_id NOT IN (SELECT passage_id FROM passages FINAL WHERE outcome = 'charged')
    ORDER BY passage_id LIMIT %(limit)s
    """
    for (passage_id,) in database.rows(sql, {"limit": LIMIT}):
        yield Finding("stranger", passage_id, "charged in the ledger, but no charged passage has this id")


def unbalanced_corrections(database: Database) -> Iterator[Finding]:
    """Top-ups, openings, reversals and corrections add up to zero by subject; a reversal takes back what it names."""
    sql = """
    SELECT r.posting_id, r.reverses FROM (SELECT * FROM postings FINAL WHERE reverses != '') AS r
    LEFT JOIN (SELECT posting_id, account, amount_vnd FROM postings FINAL) AS o ON o.posting_id = r.reverses
    WHERE o.account != r.account OR o.amount_vnd != -r.amount_vnd ORDER BY r.posting_id LIMIT %(limit)s
    """
    for posting_id, reverses in database.rows(sql, {"limit": LIMIT}):
        yield Finding("reversal", posting_id, f"does not take back {reverses} exactly")
    sql = """
    SELECT reverses, count() FROM postings FINAL WHERE reverses != '' GROUP BY reverses HAVING count() > 1
    ORDER BY reverses LIMIT %(limit)s
    """
    for posting_id, times in database.rows(sql, {"limit": LIMIT}):
        yield Finding("reversal", posting_id, f"is taken back {times} times; once is right")
    total = database.rows("SELECT sum(amount_vnd) FROM postings FINAL")[0][0]
    if total:
        yield Finding("sum", "postings", f"all legs add up to {total:,} VND, not to 0")


def balances_by_account(database: Database) -> Iterator[Finding]:
    """The balances that lanes are told are those of the ledger."""
    sql = """
    SELECT account, sum(a) AS told, sum(b) AS booked FROM (
        SELECT account, sum(amount_vnd) AS a, 0 AS b FROM account_postings FINAL GROUP BY account
        UNION ALL
        SELECT account, 0, sum(amount_vnd) FROM postings FINAL WHERE startsWith(account, 'customer:') GROUP BY account
    ) GROUP BY account HAVING told != booked ORDER BY account LIMIT %(limit)s
    """
    for account, told, booked in database.rows(sql, {"limit": LIMIT}):
        yield Finding("balance", account, f"told to lanes {-told:,} VND, booked {-booked:,} VND")


def gaps(database: Database) -> Iterator[Finding]:
    """The crossings of every lane and epoch are numbered from 1 without a hole."""
    sql = """
    SELECT lane, epoch, before + 1, seq - 1 FROM (
        SELECT lane, epoch, seq, lagInFrame(seq, 1, 0) OVER (
            PARTITION BY plaza, lane, epoch ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before FROM (SELECT DISTINCT plaza, lane, epoch, seq FROM passages)
    ) WHERE seq > before + 1 ORDER BY lane, epoch, seq LIMIT %(limit)s
    """
    for lane, epoch, first, last in database.rows(sql, {"limit": LIMIT}):
        yield Finding("gap", f"{lane} epoch {epoch}", f"passages {first} to {last} are not here")


def broken_chains(database: Database) -> Iterator[Finding]:
    """Each passage names the hash of the one before it."""
    sql = """
    SELECT passage_id, seq FROM (
        SELECT passage_id, seq, previous_hash,
               lagInFrame(seq, 1, 0) OVER w AS before, lagInFrame(record_hash, 1, '') OVER w AS hash_before
        FROM (SELECT plaza, lane, epoch, seq, passage_id, previous_hash, record_hash FROM passages FINAL)
        WINDOW w AS (PARTITION BY plaza, lane, epoch ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ) WHERE before = seq - 1 AND hash_before != '' AND hash_before != previous_hash ORDER BY passage_id LIMIT %(limit)s
    """
    for passage_id, seq in database.rows(sql, {"limit": LIMIT}):
        yield Finding("chain", passage_id, f"does not follow passage {seq - 1} in the lane's hash chain")


def repeated_ids(database: Database) -> Iterator[Finding]:
    """A passage id stands for one crossing."""
    sql = """
    SELECT passage_id, count() FROM passages FINAL GROUP BY passage_id HAVING count() > 1
    ORDER BY passage_id LIMIT %(limit)s
    """
    for passage_id, count in database.rows(sql, {"limit": LIMIT}):
        yield Finding("id", passage_id, f"stands for {count} crossings")


def bad_seals(database: Database) -> Iterator[Finding]:
    """Every seal vouches for what is here."""
    sql = """
    SELECT lane, epoch, first_seq, last_seq, verdict, detail FROM seals FINAL WHERE verdict != 'good'
    ORDER BY lane, epoch, first_seq LIMIT %(limit)s
    """
    for lane, epoch, first, last, verdict, detail in database.rows(sql, {"limit": LIMIT}):
        yield Finding("seal", f"{lane} epoch {epoch}", f"passages {first} to {last}: {verdict}: {detail}")


def rejected(database: Database) -> Iterator[Finding]:
    """No message waits for a person."""
    sql = """
    SELECT topic, partition, offset, message_key, reason FROM rejected_messages FINAL
    ORDER BY topic, partition, offset LIMIT %(limit)s
    """
    for topic, partition, offset, key, reason in database.rows(sql, {"limit": LIMIT}):
        yield Finding("rejected", f"{topic} {partition}/{offset} {key}", reason[:300])


CHECKS: Final[tuple[Callable[[Database], Iterator[Finding]], ...]] = (
    unbalanced_passages, postings_without_passage, unbalanced_corrections, balances_by_account, gaps, broken_chains,
    repeated_ids, bad_seals, rejected,
)  # fmt: skip
