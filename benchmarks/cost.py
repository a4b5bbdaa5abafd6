"""What networks cost: seconds, operations, and whether what is promised of them is kept."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn


class Promises:
    """Prints lines, and remembers whether what they promise was kept."""

    kept = True

    def tell(self, text: str, kept: bool = True) -> None:
        """One line; it says so where a promise is missed."""
        self.kept = self.kept and kept
        print(text + ("" if kept else "  MISSED"), flush=True)


class Stopwatch:
    """Seconds inside a network's calls, the device's own work included."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.seconds, self._device, self._since = 0.0, device, 0.0
        network.register_forward_pre_hook(self._start)
        network.register_forward_hook(self._stop)

    def of(self, work: Callable[[], object]) -> float:
        """The network's seconds in ``work``."""
        before = self.seconds
        work()
        return self.seconds - before

    def _start(self, *_: object) -> None:
        wait(self._device)
        self._since = time.perf_counter()

    def _stop(self, *_: object) -> None:
        wait(self._device)
        self.seconds += time.perf_counter() - self._since


def matrix_rate(device: torch.device, side: int = 8192, repeats: int = 20) -> float:
    """Operations a second of a large bf16 matrix product on the device."""
    a, b = torch.randn(2, side, side, device=device).to(torch.bfloat16)
    for _ in range(3):
        a @ b
    wait(device)
    seconds = timed(lambda: ([a @ b for _ in range(repeats)][-1], wait(device)))
    return 2 * side**3 * repeats / seconds


def operations(work: Callable[[], object]) -> float:
    """Floating-point operations of the matrix products and convolutions in ``work``."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def wait(device: torch.device) -> None:
    """Until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
