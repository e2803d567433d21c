"""`anpr bench`: runs the recogniser over a labelled folder and prints the figures of `anpr.bench`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import typer

from anpr.bench import Label, Result, breakdown, judge, sweep
from anpr.engine import Engine
from anpr.image import UnreadableError, read_image
from anpr.recognise import Recogniser

THRESHOLDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)


def read_labels(path: Path) -> list[Label]:
    """The labels of a folder. A bad line ends the bench with its number: figures on half the labels would mislead."""
    if not path.exists():
        raise typer.BadParameter(f"{path} is missing; a bench folder holds labels.jsonl and the pictures it names")
    labels = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            labels.append(Label.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise typer.BadParameter(f"{path} line {number}: {type(error).__name__} {error}") from error
    return labels


def run_bench(
    folder: Path, engine: Engine | None = None, weights: Path | None = None
) -> tuple[list[Result], list[str]]:
    """Results of all labelled plates, and a line for each picture that could not be read."""
    labels = read_labels(folder / "labels.jsonl")
    recogniser = Recogniser(engine=engine, weights=weights)
    results, unreadable = [], []
    for label in labels:
        started = time.perf_counter()
        try:
            plates = recogniser.plates(read_image(folder / label.file))
        except UnreadableError as error:
            unreadable.append(f"{label.file}: {error.reason}: {error}")
            plates = []
        results.append(judge(label, plates, (time.perf_counter() - started) * 1000))
    return results, unreadable


def print_bench(results: list[Result], *, as_json: bool, errors: bool, sweep: bool) -> None:
    """The figures as a table or as JSON."""
    figures = breakdown(results)
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
    else:
        _table(figures)
    if errors:
        for result in sorted(results, key=lambda result: (result.outcome, result.label.file)):
            if result.outcome != "exact":
                label = result.label
                typer.echo(
                    f"{result.outcome:8} {label.file} {label.domain} {label.layout} label {label.text} "
                    f"best {result.best or '-'} {result.confidence:.3f} found {result.found}"
                )
    if sweep:
        _print_sweep(results)


def _table(figures: dict[str, dict[str, float]]) -> None:
    columns = ("n", "exact", "wrong", "no-read", "found", "characters", "extra_texts", "ms_median", "ms_p95")
    typer.echo(f"{'':24}" + "".join(f"{column:>12}" for column in columns))
    for name, row in figures.items():
        typer.echo(f"{name:24}" + "".join(f"{row.get(column, ''):>12}" for column in columns))


def _print_sweep(results: list[Result]) -> None:
    typer.echo("threshold   exact   wrong")
    for threshold, exact, wrong in sweep(results, THRESHOLDS):
        typer.echo(f"{threshold:9.3f} {exact:7.4f} {wrong:7.4f}")
