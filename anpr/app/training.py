"""`anpr render`, `anpr train` and `anpr export`: the way from a seed to the weights in `anpr/models`."""

from __future__ import annotations

import json
import random
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Stage(StrEnum):
    """The two networks."""

    DETECTOR = "detector"
    READER = "reader"


class Sheet(StrEnum):
    """What a contact sheet shows."""

    PLATES = "plates"
    CROPS = "crops"
    SCENES = "scenes"


RUNS = Path("runs/anpr")
DETECTOR_SCENES = 3000


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
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint")]


@train_app.command("detector")
def train_detector(
    pool: Pool = None,
    runs: Runs = RUNS,
    seed: Seed = 1,
    epochs: Annotated[int, typer.Option()] = 9,
    threads: Threads = 1,
    resume: Resume = False,
) -> None:
    """Render the scenes and train the YOLO detector on them (and on the pool's pictures)."""
    from anpr.training.detector_data import write_detector_data  # noqa: PLC0415
    from anpr.training.train_detector import DetectorPlan  # noqa: PLC0415
    from anpr.training.train_detector import train_detector as train  # noqa: PLC0415

    data = write_detector_data(runs / "detector-data", DETECTOR_SCENES, seed, pool)
    best = train(DetectorPlan(epochs, seed, threads=threads), data, (runs / "detector").resolve(), resume)
    typer.echo(f"{best}: now `anpr export detector`")


@train_app.command("reader")
def train_reader(
    pool: Pool = None,
    exclude: Annotated[Path | None, typer.Option(help="labels.jsonl whose plates must not be trained on")] = None,
    runs: Runs = RUNS,
    seed: Seed = 1,
    steps: Annotated[int, typer.Option()] = 5500,
    threads: Threads = 1,
    resume: Resume = False,
) -> None:
    """Train the reader on plates rendered as it goes (and on the pool's crops)."""
    import cv2  # noqa: PLC0415

    from anpr.training.crops import CropSampler, load_crops  # noqa: PLC0415
    from anpr.training.train_reader import ReaderPlan  # noqa: PLC0415
    from anpr.training.train_reader import train_reader as train  # noqa: PLC0415

    cv2.setNumThreads(1)
    crops = load_crops(pool / "vn_plate_crops", excluded_texts(exclude)) if pool else []
    backgrounds: list[Any] = []
    if pool:
        pictures = sorted((pool / "openalpr_endtoend" / "images").glob("*.jpg"))[:200]
        backgrounds = [picture for path in pictures if (picture := cv2.imread(str(path))) is not None]
    # By plate, never by file: one plate stands on many photographs.
    texts = sorted({crop.text for crop in crops})
    random.Random(seed).shuffle(texts)  # noqa: S311  a split, no secret
    held = set(texts[: len(texts) // 12])
    sampler = CropSampler([crop for crop in crops if crop.text not in held], backgrounds)
    typer.echo(f"{len(crops)} real crops, {len(held)} plates held out, {len(backgrounds)} backgrounds")
    plan = ReaderPlan(steps, seed, threads=threads)
    train(plan, sampler, [crop for crop in crops if crop.text in held], runs / "reader", resume)
    typer.echo(f"{runs / 'reader' / 'best.pt'}: now `anpr export reader`")


def excluded_texts(labels: Path | None) -> frozenset[str]:
    """The texts of a labels.jsonl, further plates of its pictures included."""
    if labels is None:
        return frozenset()
    texts = set()
    for line in labels.read_text().splitlines():
        label = json.loads(line)
        texts.update([label["text"], *(other["text"] for other in label.get("others", []))])
    return frozenset(texts)


def export(
    stage: Annotated[Stage, typer.Argument(help="Which network")],
    weights: Annotated[Path | None, typer.Option(help="Checkpoint; default is the best of the run")] = None,
    out: Annotated[Path | None, typer.Option(help="Model folder; default is the package's own")] = None,
    runs: Annotated[Path, typer.Option(help="Where the checkpoints are")] = RUNS,
) -> None:
    """Export trained weights to ONNX, and check the file against the checkpoint. Needs the training environment."""
    from anpr.models import MODELS  # noqa: PLC0415
    from anpr.training.export import export_detector, export_reader  # noqa: PLC0415

    folder = out or MODELS
    folder.mkdir(parents=True, exist_ok=True)
    if stage is Stage.DETECTOR:
        written = export_detector(weights or runs / "detector" / "weights" / "best.pt", folder)
    else:
        written = export_reader(weights or runs / "reader" / "best.pt", folder)
    typer.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
