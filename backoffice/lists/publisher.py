"""Publishes the tag list: one version per change, on disk first, then on the stream.

In: tags and balances as they change in the database (whoever changed them). Out: TagListChangeV1 with versions that
rise by exactly one, heartbeats with count and checksum. A version is written to `tag_changes` before it is appended,
so a crash repeats what was not yet marked as appended and never skips or reuses a number. One process publishes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from backoffice.contracts.ledger import customer
from backoffice.lists.registry import Registry, TagRow, batched
from backoffice.storage.clock import from_us
from backoffice.storage.database import Database
from lane_controller.contracts.v1 import TagEntryV1, TagListChangeV1, checksum_text, entry_digest

VERSION = Gauge("lists_tag_list_version", "Newest version of the tag list")
CHANGES = Counter("lists_tag_list_changes_total", "Changes of the tag list that were published")
UNUSABLE = Counter("lists_unusable_tags_total", "Tags whose row makes no valid entry; they keep their last one")

OVERLAP_US: Final = 10_000_000
"""How far back each look reaches: an insert may become visible this much after its time stamp."""
CHUNK: Final = 5_000
_MARK: Final = "tag_list_appended"

log = structlog.get_logger("lists")


@dataclass(slots=True)
class ListState:
    """The list as of its newest version; `checksum` is the XOR of the digests of all entries."""

    version: int = 0
    entries: int = 0
    checksum: int = 0


class TagListStore:
    """The durable side of the list. Blocking; one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry = Registry(database)
        self._tags_since_us = 0
        self._money_since_us = 0
        self._looked_at: dict[str, int] = {}
        self.state = ListState()

    def load(self) -> None:
        """Learn the newest version; call again after any failure."""
        sql = "SELECT version, entries, checksum FROM tag_changes ORDER BY version DESC LIMIT 1"
        rows = self._database.rows(sql)
        self.state = ListState(rows[0][0], rows[0][1], int(rows[0][2], 16)) if rows else ListState()
        self._tags_since_us = self._money_since_us = 0
        self._looked_at.clear()
        VERSION.set(self.state.version)

    def not_appended(self) -> Iterator[list[TagListChangeV1]]:
        """Versions that are on disk and not marked as appended."""
        rows = self._database.rows("SELECT value FROM progress_marks FINAL WHERE name = %(name)s", {"name": _MARK})
        yield from self._changes_after(rows[0][0] if rows else 0)

    def whole_list(self) -> Iterator[list[TagListChangeV1]]:
        """The newest change of every tag, by version: for a stream that has none of them."""
        sql = """
        SELECT version, epc, entry, toUnixTimestamp64Micro(changed_at) FROM tag_changes
        WHERE version IN (SELECT max(version) FROM tag_changes GROUP BY epc) AND version > %(after)s
        ORDER BY version LIMIT %(limit)s
        """
        yield from self._pages(sql, 0)

    def _changes_after(self, version: int) -> Iterator[list[TagListChangeV1]]:
        sql = """
        SELECT version, epc, entry, toUnixTimestamp64Micro(changed_at) FROM tag_changes
        WHERE version > %(after)s ORDER BY version LIMIT 1 BY version LIMIT %(limit)s
        """
        yield from self._pages(sql, version)

    def _pages(self, sql: str, after: int) -> Iterator[list[TagListChangeV1]]:
        while rows := self._database.rows(sql, {"after": after, "limit": CHUNK}):
            yield [_change(*row) for row in rows]
            after = rows[-1][0]

    def mark_appended(self, version: int) -> None:
        """Every version up to this one is on the stream."""
        now = time.time_ns() // 1000
        self._database.insert("progress_marks", {"name": [_MARK], "value": [version], "at": [now]})

    def next_changes(self, now_us: int) -> Iterator[list[TagListChangeV1]]:
        """What changed since the last look, written as new versions; each list is on disk when it is given out."""
        tags_since, money_since = self._tags_since_us, self._money_since_us
        for epcs in batched(self._changed_tags(tags_since)):
            if changes := self._write(self._registry.tags(epcs), now_us):
                yield changes
        for accounts in batched(self._changed_accounts(money_since)):
            if changes := self._write(self._registry.tags_of(accounts), now_us):
                yield changes
        self._forget_old_looks()

    def _changed_tags(self, since_us: int) -> list[str]:
        sql = """
        SELECT epc, toUnixTimestamp64Micro(changed_at) FROM tags FINAL
        WHERE changed_at >= fromUnixTimestamp64Micro(%(since)s)
        """
        rows = self._database.rows(sql, {"since": max(0, since_us - OVERLAP_US)})
        self._tags_since_us = max([since_us, *(at for _, at in rows)])
        return self._not_looked_at("tag:", rows)

    def _changed_accounts(self, since_us: int) -> list[str]:
        sql = """
        SELECT account, toUnixTimestamp64Micro(max(stored_at)) FROM account_postings
        WHERE stored_at >= fromUnixTimestamp64Micro(%(since)s) GROUP BY account
        """
        rows = self._database.rows(sql, {"since": max(0, since_us - OVERLAP_US)})
        self._money_since_us = max([since_us, *(at for _, at in rows)])
        return self._not_looked_at("", [(name.removeprefix(customer("")), at) for name, at in rows])

    def _not_looked_at(self, prefix: str, rows: Iterable[tuple[Any, ...]]) -> list[str]:
        fresh = [(key, at) for key, at in rows if self._looked_at.get(prefix + key) != at]
        self._looked_at.update((prefix + key, at) for key, at in fresh)
        return [key for key, _ in fresh]

    def _forget_old_looks(self) -> None:
        oldest = min(self._tags_since_us, self._money_since_us) - 2 * OVERLAP_US
        if len(self._looked_at) > 4 * CHUNK:
            self._looked_at = {key: at for key, at in self._looked_at.items() if at >= oldest}

    def _write(self, wanted: Sequence[TagRow], now_us: int) -> list[TagListChangeV1]:
        """New versions for the tags whose entry differs from the published one."""
        published = self._published([tag.epc for tag in wanted])
        available = self._registry.available_vnd(sorted({tag.account for tag in wanted}))
        changes: list[TagListChangeV1] = []
        rows: list[tuple[Any, ...]] = []
        after = ListState(self.state.version, self.state.entries, self.state.checksum)
        for tag in wanted:
            text = _wanted_text(tag, available[tag.account])
            before = published.get(tag.epc, "")
            if text is None or text == before:
                continue
            _advance(after, before, text)
            changes.append(_change(after.version, tag.epc, text, now_us))
            rows.append((after.version, tag.epc, text, now_us, after.entries, checksum_text(after.checksum)))
        if rows:
            names = ("version", "epc", "entry", "changed_at", "entries", "checksum")
            self._database.insert("tag_changes", dict(zip(names, zip(*rows, strict=True), strict=True)))
            self.state = after
            VERSION.set(after.version)
            CHANGES.inc(len(rows))
        return changes

    def _published(self, epcs: Sequence[str]) -> dict[str, str]:
        if not epcs:
            return {}
        sql = "SELECT epc, entry FROM tag_entries FINAL WHERE epc IN %(epcs)s"
        return dict(self._database.rows(sql, {"epcs": tuple(epcs)}))


def _wanted_text(tag: TagRow, available_vnd: int) -> str | None:
    """The entry as JSON; empty: the tag leaves the list; None: the row makes no entry and the last one stays."""
    try:
        entry = tag.entry(available_vnd)
    except ValueError as error:
        UNUSABLE.inc()
        log.warning("unusable_tag", epc=tag.epc, error=str(error).splitlines()[0])
        return None
    return entry.encode().decode() if entry else ""


def _change(version: int, epc: str, entry: str, changed_us: int) -> TagListChangeV1:
    value = TagEntryV1.decode(entry.encode()) if entry else None
    return TagListChangeV1(version=version, epc=epc, entry=value, changed_at_utc=from_us(changed_us))


def _advance(state: ListState, before: str, after: str) -> None:
    state.version += 1
    for text, step in ((before, -1), (after, +1)):
        if text:
            state.checksum ^= entry_digest(TagEntryV1.decode(text.encode()))
            state.entries += step
