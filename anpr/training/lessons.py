"""An endless stream of lessons for torch, each a function of its seed, drawn by as many processes as there are cores.

Comes in: a sampler, the seed of the first lesson, the size of a batch. Goes out: batches in the order of their seeds.
Must never happen: the number of processes changes what is learned, or in what order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

T = TypeVar("T")
Lesson_co = TypeVar("Lesson_co", covariant=True)


class Sampler(Protocol[Lesson_co]):
    """Draws the lesson of a seed."""

    def sample(self, seed: int) -> Lesson_co:
        """The same seed, the same lesson."""


class _Stream(IterableDataset[Any]):  # type: ignore[misc]  # torch is absent where types are checked
    """Each process draws whole batches: of n processes the k-th one every n-th, from the k-th on."""

    def __init__(self, sampler: Sampler[Any], first_seed: int, batch: int) -> None:
        self._sampler, self._first_seed, self._batch = sampler, first_seed, batch

    def __iter__(self) -> Iterator[Any]:
        torch.set_num_threads(1)
        here = get_worker_info()
        number, processes = (here.id, here.num_workers) if here is not None else (0, 1)
        while True:
            first = self._first_seed + number * self._batch
            for seed in range(first, first + self._batch):
                yield self._sampler.sample(seed)
            number += processes


def batches(
    sampler: Sampler[Lesson_co], first_seed: int, batch: int, collate: Callable[[list[Lesson_co]], T], processes: int
) -> Iterator[T]:
    """Batches for ever, beginning with the lesson of `first_seed`."""
    stream = _Stream(sampler, first_seed, batch)
    return iter(DataLoader(stream, batch_size=batch, num_workers=processes, collate_fn=collate, prefetch_factor=4))
