"""`lane-controller capsule`: writes the capsule of one passage; and what `replay` says about one.

In: a passage id and a configuration, or a capsule file. Out: a file; a line or a JSON object. Exit status of `capsule`:
0 written and run to the same bytes, 1 written, but the run differs, 2 not written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lane_controller.app.capsule_export import Place, export
from lane_controller.app.capsule_file import Capsule, CapsuleError, encode, read
from lane_controller.app.capsule_run import Comparison, compare
from lane_controller.app.options import Config, configured
from lane_controller.app.program import core_fingerprint
from lane_controller.app.refuse import fail
from lane_controller.contracts.values import parse_passage_id
from lane_controller.outbox.journal import journal_path

PassageId = Annotated[str, typer.Argument(metavar="PASSAGE", help="passage id such as CM-01-e1-000123 (mã lượt)")]


def capsule(
    passage: PassageId,
    config: Config,
    out: Annotated[Path, typer.Option("--out", help="file to write (tệp kết quả)")],
) -> None:
    """Write one passage with everything it was decided on into a file (xuất một lượt xe để chứng minh).

    The file holds the lane before the vehicle came, every input event until it was gone, and the records as they stand
    in the journal. `lane-controller replay FILE` runs it to the same bytes on any machine, without the journal.

    \b
    Exit status: 0 written, and it runs to the same bytes; 1 written, but it does not; 2 not written.
    Example:     lane-controller capsule CM-01-e1-000123 --config lanes.toml --out CM-01-e1-000123.json
    """
    try:
        made = capsule_of(passage, config)
        data = encode(made)
    except CapsuleError as error:
        fail(str(error), 2)
    try:
        out.write_bytes(data)
    except OSError as error:
        fail(f"--out {out}: {error.strerror}", 2)
    print(f"{out}: {len(made.steps)} inputs, {len(made.records)} records, {len(data):,} bytes")
    comparison = compare(made)
    print(line_of(made, comparison))
    raise typer.Exit(0 if comparison.ok else 1)


def capsule_of(passage_id: str, config: Path) -> Capsule:
    """The capsule of a passage in one of the journals of a configuration. Errors: CapsuleError."""
    try:
        lane, epoch, _ = parse_passage_id(passage_id)
    except ValueError as error:
        raise CapsuleError(str(error)) from error
    settings, tables = configured(config, [lane])
    path = journal_path(settings.data_dir, lane, epoch)
    return export(path, Place(settings.plaza, lane, epoch), passage_id, tables[0].core_config())


def replay_capsule(file: Path) -> tuple[Capsule, Comparison]:
    """Run a capsule file. Errors: CapsuleError."""
    found = read(file)
    return found, compare(found)


def line_of(found: Capsule, comparison: Comparison) -> str:
    """`CM-01-e1-000123 ok: …`, or FAILED with the first record that differs."""
    if comparison.ok:
        told = f"{found.passage_id} ok: {comparison.proved} records ran to the same bytes"
        told += "" if comparison.record_hash is None else f"; record_hash {comparison.record_hash}"
    else:
        told = f"{found.passage_id} FAILED after {comparison.proved} records: {comparison.difference}"
    if found.core != core_fingerprint():
        told += f"\n  the core of this program is another one than that of version {found.version} which exported it"
    return told


def as_json(found: Capsule, comparison: Comparison) -> dict[str, Any]:
    """The same for programs."""
    return {
        "capsule": found.passage_id, "ok": comparison.ok, "records": comparison.proved,
        "difference": comparison.difference, "record_hash": comparison.record_hash,
        "same_core": found.core == core_fingerprint(),
    }  # fmt: skip
