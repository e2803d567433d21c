"""The corner finder's network: four heat maps over a window around a rough box, and whether there is a plate.

In: N × 1 × 96 × 128, grey, normalised. Out: corners N × 4 × 2 in shares of the window, plate scores N (log odds).

A corner is the mean place of its heat map (integral regression, Sun et al. 2018), so that it is found to fractions of
a cell and may lie a little outside the window. Needs torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from anpr.corners import WINDOW_HEIGHT, WINDOW_WIDTH
from anpr.training.reader_net import Residual, conv

CELLS_HIGH, CELLS_WIDE = WINDOW_HEIGHT // 4, WINDOW_WIDTH // 4
BEYOND = 0.1
"""How far outside the window a corner may lie, as a share of the window."""


class CornerNet(nn.Module):  # type: ignore[misc]  # torch is absent where types are checked
    """About 0.45 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(conv(1, 16, 2), conv(16, 24, 2), Residual(24))
        self.middle = nn.Sequential(conv(24, 48, 2), Residual(48))
        self.coarse = nn.Sequential(conv(48, 96, 2), Residual(96), Residual(96))
        self.coarse_to_middle = nn.Conv2d(96, 48, 1)
        self.middle_to_fine = nn.Sequential(conv(48, 24, 1))
        self.heat = nn.Sequential(conv(24, 24), nn.Conv2d(24, 4, 1))
        self.plate = nn.Linear(96, 1)
        self.register_buffer("across", torch.linspace(-BEYOND, 1 + BEYOND, CELLS_WIDE))
        self.register_buffer("down", torch.linspace(-BEYOND, 1 + BEYOND, CELLS_HIGH))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(pixels)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = middle + nn.functional.interpolate(self.coarse_to_middle(coarse), scale_factor=2.0)
        fine = fine + nn.functional.interpolate(self.middle_to_fine(middle), scale_factor=2.0)
        heat = torch.softmax(self.heat(fine).flatten(2), dim=-1).unflatten(2, (CELLS_HIGH, CELLS_WIDE))
        corners = torch.stack([(heat.sum(2) * self.across).sum(-1), (heat.sum(3) * self.down).sum(-1)], dim=-1)
        return corners, self.plate(coarse.mean(dim=(2, 3)))[:, 0]
