"""The country's tag list: memory, look-ups, start, a delta of 10,000, a merge; beside a dictionary and searchsorted.

In: --rows (default 7 million), --folder (about 2 GB free). Out: one report. Every table is measured in a process of its
own, all on the same rows; look-ups draw tags evenly over the whole list, which is worse than any road.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.report import Report, Row, percentile
from lane_controller.contracts.v1 import TagEntryV1, TagListChangeV1
from lane_controller.lists.country import jobs
from lane_controller.lists.country.base import BaseFile, rows_in, spread
from lane_controller.lists.country.row import compose, entry_of, key_of, pack
from lane_controller.lists.country.shelf import Draft, Shelf
from lane_controller.lists.country.upkeep import CountryList, open_list
from lane_controller.lists.records import change_by_model, change_of

ROWS: Final = 7_000_000
LOOKUPS: Final = 200_000
DELTA: Final = 10_000
BEAT_S: Final = 0.001
HOLD_RSS: Final = "≤ 300 MB (goal 200)"
HOLD_LOOKUP: Final = "p99 ≤ 10 µs (goal 5)"
HOLD_START: Final = "≤ 1 s (goal 0.2)"


def epc_of(number: int) -> str:
    """96-bit EPCs in runs of serial numbers."""
    return f"3414257BF7194E{number:010X}"


def plate_of(number: int) -> str:
    """One plate to a tag."""
    return f"{11 + number % 89}{'ABCDEFGHKLMNPSTUVXYZ'[number // 89 % 20]}{number // 1780:05d}"


def entry_text(number: int, available_vnd: int) -> str:
    """An entry as the back office publishes it."""
    provider = ("VETC", "VDTC")[number % 2]
    return (
        f'{{"epc":"{epc_of(number)}","tid":"E2801160{number:016X}","account":"{provider}-{number:08d}",'
        f'"provider":"{provider}","plate":"{plate_of(number)}","vehicle_class":{number % 5 + 1},"status":"active",'
        f'"available_vnd":{available_vnd}}}'
    )


def plain_rows(rows: int) -> Iterator[bytes]:
    """Rows as `pack` makes them, without going through the message each time: every 50,000th is compared."""
    for number in range(rows):
        text = entry_text(number, number % 2_000_000).encode()
        key, tid = bytes.fromhex(epc_of(number)), bytes.fromhex(f"E2801160{number:016X}")
        provider = (b"VETC", b"VDTC")[number % 2]
        parts = (key, tid, b"%b-%08d" % (provider, number), provider, plate_of(number).encode(), b"")
        digest = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
        row = compose(1 | (number % 5 + 1) << 4, number + 1, digest, number % 2_000_000, parts)
        if number % 50_000 == 0 and row != pack(epc_of(number), number + 1, TagEntryV1.decode(text)):
            raise SystemExit("the benchmark's rows are not those of the list")
        yield row


def make_list(root: Path, rows: int) -> dict[str, float]:
    """Write the list; how long it took."""
    shelf = Shelf(root)
    draft: Draft = shelf.draft()
    began = time.perf_counter()
    for row in plain_rows(rows):
        draft.add_row(row)
    draft.flush()
    packed = time.perf_counter()
    asyncio.run(jobs.run(*draft.job(0)))
    built = time.perf_counter()
    child_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    opened = shelf.take(draft.finish())
    size_mb = opened.table.base().header.size / 1e6
    opened.close()
    shelf.close()
    return {"pack_s": packed - began, "build_s": built - packed, "build_mb": child_mb, "file_mb": size_mb}


def rss_mb() -> float:
    """Resident memory of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def timed(ask: Callable[[Any], object], questions: list[Any]) -> list[float]:
    """Microseconds of each call."""
    samples = []
    for question in questions:
        began = time.perf_counter_ns()
        found = ask(question)
        samples.append((time.perf_counter_ns() - began) / 1000)
        if found is None:
            raise SystemExit(f"{question!r} is not found")
    return samples


def spread_of(samples: list[float]) -> dict[str, float]:
    """Median and p99."""
    return {"p50": percentile(samples, 50), "p99": percentile(samples, 99)}


def questions(rows: int, seed: int, count: int = LOOKUPS) -> list[int]:
    """Numbers of tags, drawn evenly."""
    lots = random.Random(seed)  # noqa: S311 – which tags are asked for
    return [lots.randrange(rows) for _ in range(count)]


# -- each in a process of its own -----------------------------------------------------------------------------------


def measure_table(root: Path, rows: int) -> dict[str, Any]:
    """Our table."""
    return asyncio.run(_measure_table(root, rows))


async def _measure_table(root: Path, rows: int) -> dict[str, Any]:
    found: dict[str, Any] = {"rss_before_mb": rss_mb()}
    tag_list, found["start_ms"] = _opened(root)
    found["rss_open_mb"] = rss_mb()
    _warm(tag_list.table.base().path)
    asked = questions(rows, 1)
    epcs, plates = [epc_of(one) for one in asked], [plate_of(one) for one in asked[: LOOKUPS // 4]]
    for epc in epcs[:1000]:
        tag_list.table.by_epc(epc)
    found["epc"] = spread_of(timed(tag_list.table.by_epc, epcs))
    found["plate"] = spread_of(timed(tag_list.table.by_plate, plates))
    del asked, epcs, plates
    found["rss_asked_mb"] = rss_mb()
    gc.collect()
    gc.freeze()  # as the lane does when it starts
    found["idle"] = await _beats(asyncio.sleep(1.0))
    texts = list(_delta(rows))
    cpu = time.thread_time()
    for key, text in texts:
        change_by_model(key, text)
    found["decode_cpu_ms"] = (time.thread_time() - cpu) * 1e3
    began, cpu = time.perf_counter(), time.thread_time()
    found["delta"] = await _beats(_apply(tag_list, texts))
    found["delta_ms"], found["delta_cpu_ms"] = found["delta"]["wall_ms"], (time.thread_time() - cpu) * 1e3
    await tag_list.close()
    found["durable_ms"] = (time.perf_counter() - began) * 1e3
    tag_list, found["start_delta_ms"] = _opened(root, merge_rows=DELTA // 4)
    found["merge"] = await _beats(_merge(tag_list, rows))
    found["rss_merged_mb"] = rss_mb()
    await tag_list.close()
    for path in (*root.glob("list-*/base-*"), *root.glob("list-*/delta-*")):
        _forget(path)
    tag_list, found["start_cold_ms"] = _opened(root)
    found["cold"] = spread_of(timed(tag_list.table.by_epc, [epc_of(one) for one in questions(rows, 2, 2_000)]))
    await tag_list.close()
    return found


def _opened(root: Path, merge_rows: int = 1 << 60) -> tuple[CountryList, float]:
    began = time.perf_counter()
    tag_list = open_list(root, merge_rows)
    return tag_list, (time.perf_counter() - began) * 1e3


def _delta(rows: int) -> Iterator[tuple[str, bytes]]:
    at = datetime.now(UTC)
    for version, number in enumerate(questions(rows, 3, DELTA), rows + 1):
        entry = TagEntryV1.decode(entry_text(number, 1).encode())
        change = TagListChangeV1(version=version, epc=entry.epc, entry=entry, changed_at_utc=at)
        yield entry.epc, change.encode()


async def _apply(tag_list: CountryList, texts: list[tuple[str, bytes]]) -> None:
    """From the stream's bytes to in force; the disk follows."""
    await tag_list.take(change_of(key, text) for key, text in texts)
    tag_list.store_soon()


async def _merge(tag_list: CountryList, rows: int) -> None:
    entry = TagEntryV1.decode(entry_text(0, 1).encode())
    tag_list.table.apply(entry.epc, rows + DELTA + 1, entry)
    await tag_list.store()
    await tag_list.merged()
    if tag_list.merges != 1:
        raise SystemExit("the merge failed")


async def _beats(work: Any) -> dict[str, float]:
    """How late a beat every millisecond is while the work goes on."""
    late_ms: list[float] = []
    done = asyncio.ensure_future(work)
    began = time.perf_counter()
    while not done.done():
        due = time.perf_counter() + BEAT_S
        await asyncio.sleep(BEAT_S)
        late_ms.append((time.perf_counter() - due) * 1e3)
    await done
    wall_ms = (time.perf_counter() - began) * 1e3
    return {"wall_ms": wall_ms, "late_p99_ms": percentile(late_ms, 99), "late_max_ms": max(late_ms), "n": len(late_ms)}


def _warm(path: Path) -> None:
    """Into the page cache, as the check does that the lane runs after its start."""
    os.sync()
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def _forget(path: Path) -> None:
    """Out of the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _all_rows(root: Path) -> Iterator[bytes]:
    (path,) = root.glob("list-*/base-*.tags")
    base = BaseFile(path)
    for bucket in range(base.header.buckets):
        yield from rows_in(base.block(bucket))
    base.close()


def measure_dict(root: Path, rows: int) -> dict[str, Any]:
    """A dictionary of the same rows: EPC bytes → row bytes."""
    began = time.perf_counter()
    table = {key_of(row): row for row in _all_rows(root)}
    start_ms = (time.perf_counter() - began) * 1e3
    found = {"start_ms": start_ms, "rss_mb": rss_mb()}
    epcs = [epc_of(one) for one in questions(rows, 1)]
    return {**found, **spread_of(timed(lambda epc: entry_of(table[bytes.fromhex(epc)]), epcs))}


def measure_searchsorted(root: Path, rows: int) -> dict[str, Any]:
    """Sorted hashes and offsets in arrays, rows in one mapping; no checksum, and one row per hash is looked at."""
    keys, offsets, heap = np.empty(rows, np.uint64), np.empty(rows, np.int64), root / "heap"
    at = 0
    with heap.open("wb") as file:
        for number, row in enumerate(_all_rows(root)):
            keys[number], offsets[number] = _wide(key_of(row)), at
            at += file.write(row)
    order = np.argsort(keys)
    keys, offsets = keys[order], offsets[order]
    mapping = np.memmap(heap, np.uint8, "r")

    def ask(epc: str) -> object:
        key = bytes.fromhex(epc)
        begin = int(offsets[int(np.searchsorted(keys, np.uint64(_wide(key))))])
        row = mapping[begin : begin + 400].tobytes()
        return entry_of(row) if key_of(row) == key else ()

    samples = timed(ask, [epc_of(one) for one in questions(rows, 1)])
    return {"rss_mb": rss_mb(), **spread_of(samples)}


def _wide(key: bytes) -> int:
    return spread(key) << 32 | spread(key[::-1])


PARTS: Final = {"table": measure_table, "dict": measure_dict, "searchsorted": measure_searchsorted}


def in_process(part: str, root: Path, rows: int) -> dict[str, Any]:
    """What a part measured."""
    command = [sys.executable, "-m", "bench.tag_list", "--rows", str(rows), "--folder", str(root), "--part", part]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def report(rows: int, made: dict[str, float], parts: dict[str, dict[str, Any]]) -> Report:
    """The rows of the page."""
    table, plain, array = parts["table"], parts["dict"], parts["searchsorted"]
    idle, delta, merge = table["idle"], table["delta"], table["merge"]
    lines = [
        Row("resident after start", table["rss_open_mb"], "MB", 1, plain["rss_mb"], "dict", HOLD_RSS),
        Row("of this, Python and its modules", table["rss_before_mb"], "MB", 1),
        Row("resident after the look-ups", table["rss_asked_mb"], "MB", 1, array["rss_mb"], "searchsorted", HOLD_RSS),
        Row("resident after delta and merge", table["rss_merged_mb"], "MB", 1, hold=HOLD_RSS),
        Row("base file", made["file_mb"], "MB", rows),
        Row("look-up by EPC, median", table["epc"]["p50"], "µs", LOOKUPS, plain["p50"], "dict"),
        Row("look-up by EPC, p99", table["epc"]["p99"], "µs", LOOKUPS, plain["p99"], "dict", HOLD_LOOKUP),
        Row("look-up by EPC, p99", table["epc"]["p99"], "µs", LOOKUPS, array["p99"], "searchsorted", HOLD_LOOKUP),
        Row("look-up by plate, p99", table["plate"]["p99"], "µs", LOOKUPS // 4),
        Row("look-up by EPC, nothing in the page cache, p99", table["cold"]["p99"], "µs", 2_000),
        Row("start", table["start_ms"] / 1e3, "s", 1, plain["start_ms"] / 1e3, "dict from the file", HOLD_START),
        Row("start, nothing in the page cache", table["start_cold_ms"] / 1e3, "s", 1, hold=HOLD_START),
        Row("start with a delta of 10,000 in the log", table["start_delta_ms"] / 1e3, "s", 1, hold=HOLD_START),
        Row("delta of 10,000, bytes to in force", table["delta_ms"], "ms", DELTA, hold="≤ 200 ms"),
        Row("… processor time of it", table["delta_cpu_ms"], "ms", DELTA, table["decode_cpu_ms"],
            "reading them by the message's model alone"),
        Row("… and on disk", table["durable_ms"], "ms", DELTA),
        Row("beat late during the delta, max", delta["late_max_ms"], "ms", delta["n"], idle["late_max_ms"],
            "no work", "≤ 5 ms"),
        Row("beat late during the delta, p99", delta["late_p99_ms"], "ms", delta["n"], idle["late_p99_ms"], "no work"),
        Row("merge of it", merge["wall_ms"] / 1e3, "s", 1),
        Row("beat late during the merge, p99", merge["late_p99_ms"], "ms", merge["n"], idle["late_p99_ms"], "no work"),
        Row("making the rows and spooling them", made["pack_s"], "s", rows),
        Row("building the base file, in its own process", made["build_s"], "s", rows),
        Row("resident memory of that job", made["build_mb"], "MB", 1),
    ]  # fmt: skip
    load = os.getloadavg()[0]
    note = f"Load average at the end: {load:.1f} on {os.cpu_count()} cores; times grow with it, memory does not."
    return Report(f"Tag list of {rows:,}", lines, note, __doc__.split("\n\n", 1)[1] if __doc__ else "")


def main() -> None:
    """Make the list, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m bench.tag_list", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--part", choices=PARTS)
    asked = parser.parse_args()
    if asked.part is not None:
        sys.stdout.write(json.dumps(PARTS[asked.part](asked.folder, asked.rows)))
        return
    root = Path(tempfile.mkdtemp(prefix="tag-list-", dir=asked.folder))
    try:
        made = make_list(root, asked.rows)
        parts = {part: in_process(part, root, asked.rows) for part in PARTS}
        report(asked.rows, made, parts).print()
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
