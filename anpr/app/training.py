"""`anpr render`, `anpr train` and `anpr export`: the way from a seed to the weights in `anpr/models`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from anpr.checkpoints import RUNS


class Stage(StrEnum):
    """The three networks."""

    DETECTOR = "detector"
    CORNERS = "corners"
    READER = "reader"


class Sheet(StrEnum):
    """What a contact sheet shows."""

    PLATES = "plates"
    CROPS = "crops"
    SCENES = "scenes"


def render(
    out: Annotated[Path, typer.Argument(help="Picture to write, .png or .jpg")],
    what: Annotated[Sheet, typer.Option(help="Flat plates, the reader's crops, or whole scenes")] = Sheet.PLATES,
    seed: Annotated[int, typer.Option(help="Same seed, same picture")] = 1,
    count: Annotated[int, typer.Option(min=1, max=1000)] = 40,
) -> None:
    """Draw a contact sheet of rendered plates, to see what training sees."""
    import cv2  # noqa: PLC0415

    from anpr.training.sheet import contact_sheet  # noqa: PLC0415

    if not cv2.imwrite(str(out), contact_sheet(what.value, seed, count)):
        raise typer.BadParameter(f"{out} cannot be written; give a path that ends in .png or .jpg")
    typer.echo(f"{out}: {count} {what.value}, seed {seed}")


train_app = typer.Typer(
    no_args_is_help=True,
    help="""Train a network. Needs the training environment (requirements/train.txt); nothing is fetched.

    Start it with MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 in the environment: else the kernel spends
    as much time on fresh pages as the training on numbers.
    """,
)
Pool = Annotated[Path | None, typer.Option(help="Folder of real crops and pictures (see the model card)")]
Runs = Annotated[Path, typer.Option(help="Where checkpoints go")]
Seed = Annotated[int, typer.Option(help="Of the data and of the weights")]
Threads = Annotated[int, typer.Option(help="More than one pays only on an idle machine")]
Processes = Annotated[int, typer.Option(min=1, help="That draw the lessons beside the one that learns")]
Batch = Annotated[int, typer.Option(min=1, help="Lessons of one step; with a GPU some 256")]
Device = Annotated[str, typer.Option(help="cpu, or cuda with a GPU")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint")]


@train_app.command("detector")
def train_detector(  # noqa: PLR0913, PLR0917  each is one option of the command
    pool: Pool = None,
    runs: Runs = RUNS,
    seed: Seed = 1,
    epochs: Annotated[int, typer.Option()] = 9,
    scenes: Annotated[int, typer.Option(help="Drawn pictures")] = 3000,
    replated: Annotated[int, typer.Option(help="Pictures of each foreign photograph, under other plates")] = 2,
    threads: Threads = 1,
    processes: Processes = 1,
    batch: Batch = 16,
    device: Device = "cpu",
    resume: Resume = False,
) -> None:
    """Render the scenes and train the YOLO detector on them (and on the pool's pictures)."""
    from anpr.training.detector_data import write_detector_data  # noqa: PLC0415
    from anpr.training.train_detector import DetectorPlan  # noqa: PLC0415
    from anpr.training.train_detector import train_detector as train  # noqa: PLC0415

    data = write_detector_data(runs / "detector-data", scenes, seed, pool, replated, processes)
    # One process prepares its pictures itself: another one would only wait for them.
    plan = DetectorPlan(epochs, seed, batch, threads, processes if processes > 1 else 0, device)
    best = train(plan, data, (runs / "detector").resolve(), resume)
    typer.echo(f"{best}: now `anpr export detector`")


@train_app.command("corners")
def train_corners(  # noqa: PLR0913, PLR0917  each is one option of the command
    pool: Pool = None,
    runs: Runs = RUNS,
    seed: Seed = 1,
    steps: Annotated[int, typer.Option()] = 5000,
    stages: Annotated[int, typer.Option(help="Pictures of one plate each, made before the training")] = 8000,
    threads: Threads = 1,
    processes: Processes = 1,
    batch: Batch = 48,
    device: Device = "cpu",
    resume: Resume = False,
) -> None:
    """Train the network that finds a plate's four corners in the detector's box."""
    import cv2  # noqa: PLC0415

    from anpr.training.corner_data import CornerSampler, load_scenery, make_stages  # noqa: PLC0415
    from anpr.training.train_corners import CornerPlan  # noqa: PLC0415
    from anpr.training.train_corners import train_corners as train  # noqa: PLC0415

    cv2.setNumThreads(1)
    scenery = load_scenery(pool) if pool else []
    held = scenery[::12]
    scenery = [scene for number, scene in enumerate(scenery) if number % 12]
    lessons = CornerSampler(make_stages(scenery, (seed,), stages, processes))
    checks = CornerSampler(make_stages(held, (seed, 2), 300, processes))
    typer.echo(f"{len(scenery)} photographs, {len(held)} held out, {stages} stages")
    plan = CornerPlan(steps, seed, threads=threads, batch=batch, processes=processes, device=device)
    train(plan, lessons, checks, runs / "corners", resume)
    typer.echo(f"{runs / 'corners' / 'last.pt'}: now `anpr export corners`")


@train_app.command("reader")
def train_reader(  # noqa: PLR0913, PLR0917  each is one option of the command
    pool: Pool = None,
    exclude: Annotated[Path | None, typer.Option(help="labels.jsonl whose plates must not be trained on")] = None,
    runs: Runs = RUNS,
    seed: Seed = 1,
    steps: Annotated[int, typer.Option()] = 11000,
    rate: Annotated[float, typer.Option(help="Highest learning rate; larger batches bear a higher one")] = 1.5e-3,
    threads: Threads = 1,
    processes: Processes = 1,
    batch: Batch = 32,
    device: Device = "cpu",
    resume: Resume = False,
    reread: Annotated[
        Path | None, typer.Option(help="Model folder of an earlier round; its reader judges the pool's labels")
    ] = None,
) -> None:
    """Train the reader on plates rendered as it goes (and on the pool's crops)."""
    import cv2  # noqa: PLC0415

    from anpr.training.reader_lessons import reader_lessons  # noqa: PLC0415
    from anpr.training.train_reader import ReaderPlan  # noqa: PLC0415
    from anpr.training.train_reader import train_reader as train  # noqa: PLC0415

    cv2.setNumThreads(1)
    lessons = reader_lessons(pool, exclude, reread, seed)
    typer.echo(lessons.summary)
    plan = ReaderPlan(steps, seed, rate, threads, batch=batch, processes=processes, device=device)
    train(plan, lessons.sampler, lessons.held_out, runs / "reader", resume)
    typer.echo(f"{runs / 'reader' / 'best.pt'}: now `anpr export reader`")


@train_app.command("calibration")
def calibration(
    pool: Annotated[Path, typer.Option(help="Folder of real crops and pictures (see the model card)")],
    exclude: Annotated[Path | None, typer.Option(help="labels.jsonl whose plates take no part")] = None,
    models: Annotated[Path | None, typer.Option(help="Model folder; default is the package's own")] = None,
    seed: Seed = 1,
    rendered: Annotated[int, typer.Option(help="Rendered plates beside the real ones held out")] = 200,
) -> None:
    """Find the temperature that makes confidences honest on plates that were held out, and write settings.json."""
    import cv2  # noqa: PLC0415

    from anpr.models import MODELS  # noqa: PLC0415
    from anpr.training.calibrate import best_temperature, held_plates, judged, right_above, surprise  # noqa: PLC0415
    from anpr.training.reader_lessons import held_out_crops  # noqa: PLC0415

    cv2.setNumThreads(1)
    folder = models or MODELS
    held = held_plates(folder, pool, held_out_crops(pool, exclude, seed), rendered, seed)
    temperature = best_temperature(held)
    results = judged(held, temperature)
    for confidence in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98):
        count, right = right_above(results, confidence)
        typer.echo(f"confidence ≥ {confidence:.2f}: {count} of {len(held)}, right {right}")
    typer.echo(f"temperature {temperature}, surprise {surprise(results):.3f}")
    path = folder / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "temperature": temperature}, indent=2) + "\n")


def export(
    stage: Annotated[Stage, typer.Argument(help="Which network")],
    weights: Annotated[Path | None, typer.Option(help="Checkpoint; default is the best of the run")] = None,
    out: Annotated[Path | None, typer.Option(help="Model folder; default is the package's own")] = None,
    runs: Annotated[Path, typer.Option(help="Where the checkpoints are")] = RUNS,
) -> None:
    """Export trained weights to ONNX, and check the file against the checkpoint. Needs the training environment."""
    from anpr.models import MODELS  # noqa: PLC0415
    from anpr.training.export import export_corners, export_detector, export_reader  # noqa: PLC0415

    folder = out or MODELS
    folder.mkdir(parents=True, exist_ok=True)
    if stage is Stage.DETECTOR:
        written = export_detector(weights or runs / "detector" / "weights" / "best.pt", folder)
    elif stage is Stage.CORNERS:
        written = export_corners(weights or runs / "corners" / "last.pt", folder)
    else:
        written = export_reader(weights or runs / "reader" / "best.pt", folder)
    typer.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
