"""The reader: a small convolutional net that reads a plate's rows as one sequence (CTC). Needs torch.

In: N × 1 × 64 × 160, grey, normalised. Out: log chances N × 80 × 33 (blank first, then `ALPHABET`) and layout
scores N × 2 (one line, two lines).

The last feature map has two rows of 40 columns; the rows are laid end to end. On a two-line plate the upper row reads
the province and series, the lower row the number; on a one-line plate the net is free to use either. Two attention
layers over the 80 places tell the rows apart when a plate is tilted.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from anpr.plate import ALPHABET

ROWS, COLUMNS = 2, 40
CLASSES = len(ALPHABET) + 1


def conv(inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    """3 × 3, normalised over the batch, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):  # type: ignore[misc]  # torch is absent where types are checked
    """Two convolutions beside a bare connection (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.second(self.first(features)))


class _Attention(nn.Module):  # type: ignore[misc]
    """Pre-norm self-attention and MLP, written out so that the ONNX graph stays plain."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, places: Tensor) -> Tensor:
        count, length, width = places.shape
        split = self.queries_keys_values(self.norm_attention(places))
        split = split.reshape(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = split[0], split[1], split[2]
        weights = torch.softmax(queries @ keys.transpose(-2, -1) * (width // self.heads) ** -0.5, dim=-1)
        mixed = (weights @ values).transpose(1, 2).reshape(count, length, width)
        places = places + self.merge(mixed)
        return places + self.mlp(self.norm_mlp(places))


class PlateReader(nn.Module):  # type: ignore[misc]
    """About one million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            conv(1, 16, 2),
            conv(16, 32, 2),
            Residual(32),
            conv(32, 64, (2, 1)),
            Residual(64),
            conv(64, 96, (2, 1)),
            Residual(96),
            conv(96, 128, (2, 1)),
            Residual(128),
        )
        self.places = nn.Parameter(torch.zeros(1, ROWS * COLUMNS, 128))
        self.attention = nn.Sequential(_Attention(128), _Attention(128))
        self.characters = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, CLASSES))
        self.layout = nn.Linear(128, 2)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(pixels).flatten(2).transpose(1, 2)
        features = self.attention(features + self.places)
        return torch.log_softmax(self.characters(features), dim=-1), self.layout(features.mean(dim=1))
