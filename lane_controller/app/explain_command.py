"""`lane-controller explain`: why a passage ended as it did, for people and programs.

In: a passage id and a configuration, or a capsule file. Out: a page in Vietnamese and English, or one JSON object. Exit
status: 0 explained, 1 explained, but the journal's inputs do not give what was recorded, 2 not explained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lane_controller.app.capsule_command import capsule_of
from lane_controller.app.capsule_export import InputsGoneError
from lane_controller.app.capsule_file import CapsuleError, read
from lane_controller.app.explain_report import explain as explain_capsule
from lane_controller.app.explain_report import explain_records, told_of
from lane_controller.app.explain_text import page
from lane_controller.app.explain_words import LANGS, Lang
from lane_controller.app.options import configured
from lane_controller.app.refuse import fail
from lane_controller.contracts.values import parse_passage_id
from lane_controller.core.plain import PlainError
from lane_controller.outbox.inputs import InputReader
from lane_controller.outbox.journal import journal_path

RULE = "=" * 100


def explain(
    passage: Annotated[
        str | None, typer.Argument(metavar="[PASSAGE]", help="passage id such as CM-01-e1-000123 (mã lượt)")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="TOML file of the lanes (tệp cấu hình)")] = None,
    capsule: Annotated[Path | None, typer.Option("--capsule", help="a capsule instead (tệp lượt xe đã xuất)")] = None,
    lang: Annotated[str | None, typer.Option(help="vi or en; both without it (ngôn ngữ)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object (một đối tượng JSON)")] = False,
) -> None:
    """Explain one passage: evidence, rules, flags, and what would have changed it (giải thích một lượt xe).

    What would have changed the outcome is computed: the lane's own program runs the recorded inputs again with one
    thing changed at a time, and the changes that alter the decision are told.

    \b
    Exit status: 0 explained; 1 explained, but the inputs do not give what was recorded; 2 not explained.
    Example:     lane-controller explain CM-01-e1-000123 --config lanes.toml
                 lane-controller explain --capsule CM-01-e1-000123.json --lang vi
    """
    if lang is not None and lang not in LANGS:
        fail(f"--lang {lang}: write vi or en", 2)
    try:
        report = _report(passage, config, capsule)
    except (CapsuleError, PlainError) as error:
        fail(str(error), 2)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        wanted: tuple[Lang, ...] = tuple(one for one in LANGS if lang in (None, one))
        print(f"\n{RULE}\n".join(page(report, one) for one in wanted), end="")
    replay = report["proof"]["replay"]
    raise typer.Exit(0 if replay is None or replay["ok"] else 1)


def _report(passage: str | None, config: Path | None, capsule: Path | None) -> dict[str, Any]:
    if capsule is not None:
        return explain_capsule(read(capsule))
    if passage is None or config is None:
        fail("name a passage and --config, or --capsule (ghi mã lượt và --config, hoặc --capsule)", 2)
    try:
        return explain_capsule(capsule_of(passage, config))
    except InputsGoneError:
        return _from_records(passage, config)


def _from_records(passage: str, config: Path) -> dict[str, Any]:
    """The retention has taken the input events: the records stay for good."""
    lane, epoch, _ = parse_passage_id(passage)
    settings, _ = configured(config, [lane])
    reader = InputReader(journal_path(settings.data_dir, lane, epoch))
    try:
        told = told_of(passage, ((one.body, reader.message_of(one.number)) for one in reader.records_of(passage)))
        seal = None if told.closed is None else reader.seal_over(told.closed.passage.seq)
    finally:
        reader.close()
    return explain_records(passage, lane, told, None if seal is None else seal.decode(), "why_inputs")
