"""The command `anpr`: read, bench, render, train, export.

Heavy libraries are imported inside the commands, so that `--help` answers at once and reading never loads torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from anpr.app import training
from anpr.checkpoints import RUNS, CheckpointError
from anpr.engine import Engine, EngineMissingError, EngineNameError

app = typer.Typer(
    no_args_is_help=True,
    help="Read Vietnamese number plates (đọc biển số): photographs or camera frames in, texts with confidence out.",
)
app.command("render")(training.render)
app.add_typer(training.train_app, name="train")
app.command("export")(training.export)

EXIT_SOME_UNREADABLE = 3
EngineOption = Annotated[
    Engine | None,
    typer.Option(help="What computes the networks; default is ETC_ANPR_ENGINE, else onnxruntime / Bộ tính mạng nơ-ron"),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        help=f"Runs folder of `anpr train` for --engine ultralytics; default is {RUNS} / Thư mục trọng số (.pt)"
    ),
]
T = TypeVar("T")


def _opened(work: Callable[[], T], engine: Engine | None, weights: Path | None) -> T:
    """`work` done, or the absence of the engine or its weights as a clear end of the command."""
    if weights is not None and engine is not Engine.ULTRALYTICS:
        raise typer.BadParameter("checkpoints are run by --engine ultralytics alone", param_hint="--weights")
    try:
        return work()
    except EngineNameError as error:
        raise typer.BadParameter(str(error), param_hint="ETC_ANPR_ENGINE") from error
    except EngineMissingError as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from error
    except CheckpointError as error:
        raise typer.BadParameter(str(error), param_hint="--weights") from error


@app.command("read")
def read(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures / Ảnh hoặc thư mục ảnh")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line / Mỗi dòng một đối tượng JSON")
    ] = False,
    draw: Annotated[
        Path | None, typer.Option(help="Folder for copies with boxes drawn in / Thư mục ảnh có khung")
    ] = None,
    engine: EngineOption = None,
    weights: WeightsOption = None,
) -> None:
    """Read every plate in pictures. Ends with 3 when some file could not be read; the others are read all the same.

    Example: anpr read frames/ --json --draw /tmp/drawn
    """
    from anpr.app.reading import files_of, read_file  # noqa: PLC0415
    from anpr.recognise import Recogniser  # noqa: PLC0415

    recogniser = _opened(lambda: Recogniser(engine=engine, weights=weights), engine, weights)
    failed = False
    for path in files_of(paths):
        result = read_file(recogniser, path, draw)
        failed = failed or "error" in result
        typer.echo(json.dumps(result, ensure_ascii=False) if as_json else _for_people(result))
    if failed:
        raise typer.Exit(EXIT_SOME_UNREADABLE)


def _for_people(result: dict[str, Any]) -> str:
    if "error" in result:
        error = result["error"]
        return f"{result['file']}: không đọc được / unreadable ({error['reason']}): {error['message']}"
    texts = [
        f"{plate['text'] or '?'} ({plate['confidence']:.2f}, {plate['layout']}, {plate['colour']})"
        for plate in result["plates"]
    ]
    return f"{result['file']}: {'; '.join(texts) or 'không có biển số / no plate'}  [{result['ms']} ms]"


@app.command("bench")
def bench(
    folder: Annotated[Path, typer.Argument(help="Folder with labels.jsonl and the pictures it names")],
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="List every plate that was not read exactly")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Exact and wrong for other confidence thresholds")] = False,
    engine: EngineOption = None,
    weights: WeightsOption = None,
) -> None:
    """Measure on labelled photographs: exact, wrong, no read, characters and milliseconds, by domain and layout."""
    from anpr.app.benching import print_bench, run_bench  # noqa: PLC0415

    results, unreadable = _opened(lambda: run_bench(folder, engine, weights), engine, weights)
    print_bench(results, as_json=as_json, errors=errors, sweep=sweep)
    for line in unreadable:
        typer.echo(line, err=True)
    if unreadable:
        raise typer.Exit(EXIT_SOME_UNREADABLE)


def main() -> None:
    """Console entry."""
    app()


if __name__ == "__main__":
    main()
