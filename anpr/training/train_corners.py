"""Trains the corner finder. Needs torch; resumable at any checkpoint.

Comes in: stages of `corner_data`, a seed, a number of steps. Goes out: `last.pt` in the run's folder and `log.jsonl`
with the loss and the held-out error (mean distance of a corner, as a share of the plate's height).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from anpr.training.corner_data import CornerSample, CornerSampler
from anpr.training.corner_net import CornerNet
from anpr.training.lessons import batches

Batch = tuple[Tensor, Tensor, Tensor, Tensor]
HELD_OUT_SEED = 10**9


@dataclass(frozen=True, slots=True)
class CornerPlan:
    """One training run. `device` is torch's name of it; `processes` draw the lessons beside the one that learns."""

    steps: int
    seed: int = 1
    rate: float = 2e-3
    threads: int = 1
    check_every: int = 250
    batch: int = 48
    processes: int = 1
    device: str = "cpu"


def _collate(samples: list[CornerSample]) -> Batch:
    """Pixels, corners, whether they are exact, whether there is a plate."""
    return (
        torch.from_numpy(np.stack([sample.pixels for sample in samples])),
        torch.from_numpy(np.stack([sample.corners for sample in samples])),
        torch.tensor([sample.exact for sample in samples]),
        torch.tensor([sample.plate for sample in samples]),
    )


def corner_loss(given: Tensor, scores: Tensor, batch: Batch) -> Tensor:
    """Distance in sides of the plate, so that a flat one's height counts as much as its width; plus the odds' loss."""
    _, wanted, exact, plate = batch
    low, high = wanted.amin(1), wanted.amax(1)
    side = (high - low).clamp_min(0.05)
    by_corner = (torch.nn.functional.smooth_l1_loss(given, wanted, beta=0.02, reduction="none") / side[:, None]).mean(
        dim=(1, 2)
    )
    box = torch.cat([given.amin(1) - low, given.amax(1) - high], dim=1) / torch.cat([side, side], dim=1)
    by_box = torch.nn.functional.smooth_l1_loss(box, torch.zeros_like(box), beta=0.05, reduction="none").mean(dim=1)
    # Of an upright box the corners are only roughly known: the sides teach, the corners keep their order.
    each = torch.where(exact, by_corner, by_box + 0.1 * by_corner) * plate
    odds = torch.nn.functional.binary_cross_entropy_with_logits(scores, plate.float())
    return each.sum() / plate.sum().clamp_min(1) + 0.1 * odds


def train_corners(plan: CornerPlan, sampler: CornerSampler, held_out: CornerSampler, run: Path, resume: bool) -> None:
    """Trains for `plan.steps` steps in all."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    run.mkdir(parents=True, exist_ok=True)
    net = CornerNet().to(plan.device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=0.01)
    step = 0
    if resume and (run / "last.pt").exists():
        state = torch.load(run / "last.pt", weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.rate, total_steps=plan.steps + 1, pct_start=0.05, last_epoch=step - 1 if step else -1
    )
    check = _placed(_collate([held_out.sample(HELD_OUT_SEED + number) for number in range(384)]), plan.device)
    lessons = batches(sampler, plan.seed * 10_000_000 + step * plan.batch, plan.batch, _collate, plan.processes)
    started, losses = time.monotonic(), []
    while step < plan.steps:
        losses.append(_step(net, optimiser, _placed(next(lessons), plan.device)))
        schedule.step()
        step += 1
        if step % plan.check_every == 0 or step == plan.steps:
            log = {"step": step, "loss": float(np.mean(losses)), **_figures(net, check)}
            log["s"] = round(time.monotonic() - started)
            with (run / "log.jsonl").open("a") as lines:
                lines.write(json.dumps(log) + "\n")
            print(json.dumps(log), flush=True)
            losses.clear()
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, run / "last.pt")


def _placed(batch: Batch, device: str) -> Batch:
    pixels, corners, exact, plate = (part.to(device) for part in batch)
    return pixels, corners, exact, plate


def _step(net: CornerNet, optimiser: torch.optim.Optimizer, batch: Batch) -> float:
    net.train()
    given, scores = net(batch[0].contiguous(memory_format=torch.channels_last))
    loss = corner_loss(given, scores, batch)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimiser.step()
    return float(loss.detach())


@torch.no_grad()  # type: ignore[untyped-decorator]
def _figures(net: CornerNet, batch: Batch) -> dict[str, float]:
    net.eval()
    given, scores = net(batch[0])
    _, wanted, exact, plate = batch
    low, high = wanted.amin(1), wanted.amax(1)
    side = high - low
    off = ((given - wanted).abs() / side[:, None]).mean(dim=(1, 2))
    sides = (torch.cat([given.amin(1) - low, given.amax(1) - high], 1).abs() / torch.cat([side, side], 1)).mean(1)
    return {
        "corner_error": float(off[exact & plate].mean()),
        "side_error_real": float(sides[~exact & plate].mean()) if bool((~exact & plate).any()) else 0.0,
        "plate_right": float(((scores > 0) == plate).float().mean()),
    }
