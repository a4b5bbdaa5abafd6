"""Batches on their way to the network, whatever they hold."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


def in_order(
    batches: Dataset[Any], numbers: list[int], *, workers: int, pinned: bool
) -> Iterator[Any]:
    """``batches[n]`` for each number in order, made by ``workers`` processes if not 0."""
    yield from DataLoader(
        batches,
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        pin_memory=pinned,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_one_thread,
        # A process that runs threads must not be forked.
        multiprocessing_context="spawn" if workers else None,
    )


def moved(batch: Any, device: torch.device) -> Any:
    """The batch on a device: tensors, and tuples, lists and dicts of them."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: moved(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(moved(value, device) for value in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(moved(value, device) for value in batch)
    return batch


def images(batch: Any) -> int:
    """How many a batch holds: the length of its first tensor that has one."""
    if isinstance(batch, Tensor):
        return len(batch) if batch.ndim else 0
    values = batch.values() if isinstance(batch, dict) else batch
    if isinstance(batch, dict | list | tuple):
        return next((count for count in map(images, values) if count), 0)
    return 0


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
    # Ctrl-C reaches all processes of a terminal: the one that trains ends the run in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
