"""LPIPS (Zhang et al., "The unreasonable effectiveness of deep features", 2018, eq. 1).

The network is built here from the weights' own shapes, so that neither the ``lpips``
package nor torchvision has to be there. The file is made where they are:

    state = {k: v.clone() for k, v in lpips.LPIPS(net="alex").state_dict().items()}
    safetensors.torch.save_file(state, "lpips.safetensors")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facewright.checks import UInt8
from facewright.errors import InputError
from facewright.evaluate.judges import Found, Judge, View

if TYPE_CHECKING:
    from torch import Tensor

# Of pictures in -1..1: mean and deviation that the backbones were trained with.
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
# Convolutions of the five slices by their place in the backbone; (stride, padding) of each,
# and in front of which a maximum is pooled.
_ALEX = ((0,), (3,), (6,), (8,), (10,))
_VGG = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
_ALEX_STRIDES = {0: (4, 2), 3: (1, 2)}
_ALEX_POOLED, _VGG_POOLED = (3, 6), (5, 10, 17, 24)
_PARTS = ("weight", "bias")


class Lpips(Judge):
    """LPIPS to the truth, and tLP: LPIPS between consecutive frames of a row.

    Raises:
        InputError: for a file that is not LPIPS's state in safetensors.
    """

    def __init__(self, weights: Path) -> None:
        self._tensors = _loaded(weights)
        self._vgg = any(name.startswith("net.slice1.2.") for name in self._tensors)
        slices = _VGG if self._vgg else _ALEX
        names = {f"net.slice{k + 1}.{c}.weight" for k, convs in enumerate(slices) for c in convs}
        names |= {f"lin{k}.model.1.weight" for k in range(len(slices))}
        if missing := sorted(names - set(self._tensors)):
            raise InputError(
                f"{weights}: expected the state of lpips.LPIPS (alex or vgg), lacks {missing[0]}"
            )
        self._slices = slices

    def frame(self, view: View) -> Found:
        """``lpips`` and ``tlp``."""
        from facewright.evaluate.compare import TRUTH

        found: Found = {}
        if view.row != TRUTH and self._has_truth:
            found["lpips"] = self.distance(view.frame, view.truth)
        if view.before is not None:
            found["tlp"] = self.distance(view.before, view.frame)
        return found

    def start(self, task: object) -> None:
        """Whether the task's frames have a truth to be held against."""
        self._has_truth = bool(getattr(task, "has_truth", False))

    def distance(self, a: UInt8, b: UInt8) -> float:
        """LPIPS of two (H, W, 3) pictures.

        Raises:
            InputError: for weights that do not fit together.
        """
        import torch

        with torch.inference_mode():
            try:
                pairs = zip(self._features(a), self._features(b), strict=True)
                parts = [
                    (torch.square(x - y) * self._tensors[f"lin{k}.model.1.weight"]).sum(1).mean()
                    for k, (x, y) in enumerate(pairs)
                ]
            except RuntimeError as error:
                raise InputError(f"lpips: weights do not fit together ({error})") from error
        return float(sum(parts))

    def _features(self, picture: UInt8) -> list[Tensor]:
        """Five maps, each pixel's channels of length 1."""
        import torch
        from torch.nn import functional as F

        x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        x = (x - torch.tensor(_SHIFT).view(3, 1, 1)) / torch.tensor(_SCALE).view(3, 1, 1)
        found = []
        for k, convs in enumerate(self._slices):
            for c in convs:
                if c in (_VGG_POOLED if self._vgg else _ALEX_POOLED):
                    x = F.max_pool2d(x, 2 if self._vgg else 3, 2)
                stride, padding = (1, 1) if self._vgg else _ALEX_STRIDES.get(c, (1, 1))
                weight, bias = (self._tensors[f"net.slice{k + 1}.{c}.{n}"] for n in _PARTS)
                x = F.relu(F.conv2d(x, weight, bias, stride, padding))
            found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found


def _loaded(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: tensor.float() for name, tensor in load_file(path).items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a safetensors file ({error})") from error
