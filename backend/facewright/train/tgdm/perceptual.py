"""How different two pictures look: LPIPS where its weights are, else without weights.

Pictures are (B, 3, H, W) in -1 .. 1; each measure gives (B,), 0 for equal pictures.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright.errors import BackendError, InputError

#: Exponents of Wang et al. 2003, from the finest scale to the coarsest.
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_SIGMA, _WINDOW = 1.5, 11
_C1, _C2 = 0.01**2, 0.03**2
_LEVELS = 5
_LEAST = 1e-4  # what a similarity counts at least, so that its power has a gradient


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Multi-scale structural similarity; (B,), 1 for equal pictures.

    Wang, Simoncelli & Bovik, "Multiscale structural similarity for image quality
    assessment" (2003), eq. 7. Pictures too small for five scales use fewer, their
    exponents scaled to the same sum. Windows lie wholly inside the picture.

    Raises:
        InputError: for pictures of less than 11 pixels, or of different shapes.
    """
    _check(a, b)
    fitting = sum(min(a.shape[-2:]) >> k >= _WINDOW for k in range(len(_SCALES)))
    if not fitting:
        raise InputError(f"pictures: expected at least {_WINDOW} pixels, got {tuple(a.shape)}")
    weights = torch.tensor(_SCALES[:fitting], dtype=a.dtype, device=a.device)
    weights = weights / weights.sum() * sum(_SCALES)
    a, b = 0.5 + 0.5 * a, 0.5 + 0.5 * b  # luminance is compared as a ratio
    similar = a.new_ones(len(a))
    for scale in range(fitting):
        luminance, structure = _similarity(a, b)
        value = structure if scale < fitting - 1 else luminance * structure
        # Per channel, then averaged, as the exponents are not for negative numbers.
        similar = similar * (value.mean((2, 3)).clamp_min(_LEAST) ** weights[scale]).mean(1)
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return similar


def laplacian(a: Tensor, b: Tensor, levels: int = _LEVELS) -> Tensor:
    """(B,) mean absolute difference of Laplacian pyramids, bands weighted alike.

    Burt & Adelson, "The Laplacian pyramid as a compact image code" (1983).
    """
    _check(a, b)
    difference = a - b  # the pyramid is linear
    found = difference.new_zeros(len(difference))
    used = 0
    while used < levels - 1 and min(difference.shape[-2:]) >= 4:
        coarse = _reduced(difference)
        up = F.interpolate(coarse, difference.shape[-2:], mode="bilinear", align_corners=False)
        found = found + (difference - up).abs().mean((1, 2, 3))
        difference, used = coarse, used + 1
    return (found + difference.abs().mean((1, 2, 3))) / (used + 1)


class Structural(nn.Module):
    """1 - MS-SSIM plus the Laplacian pyramids' difference: a perceptual loss without weights.

    It stands in for LPIPS (eq. 20) where VGG's weights are not at hand, and is no LPIPS:
    it knows structure and detail at all scales, but nothing of what pictures show.
    """

    name = "MS-SSIM + Laplacian pyramid"

    def forward(self, made: Tensor, truth: Tensor) -> Tensor:
        """(B,) the difference."""
        return 1 - ms_ssim(made, truth) + laplacian(made, truth)


class Lpips(nn.Module):
    """LPIPS over VGG-16 (eq. 20; Zhang et al. 2018), by the ``lpips`` package.

    Its linear weights come with the package; those of VGG-16 are the user's: torchvision's
    ``vgg16`` state, as safetensors.
    """

    name = "LPIPS (VGG-16)"

    def __init__(self, weights: Path) -> None:
        """Load the network.

        Raises:
            InputError: for a file that is not VGG-16's weights in safetensors.
            BackendError: where ``lpips`` cannot be imported.
        """
        super().__init__()
        tensors = _vgg16(weights)
        try:
            import lpips
        except (ImportError, RuntimeError) as error:
            raise BackendError(
                f"LPIPS needs the packages lpips and torchvision, which cannot be imported "
                f"({error}): install facewright[lpips], with a torchvision that is built for "
                "this torch, or leave the weights out and use MS-SSIM + Laplacian pyramid"
            ) from error
        network = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
        slices = [getattr(network.net, f"slice{k}") for k in range(1, 6)]
        for part in slices:
            for index, layer in part.named_children():
                if isinstance(layer, nn.Conv2d):
                    _fill(layer, tensors, f"features.{index}", weights)
        self.network = network.eval().requires_grad_(False)

    def forward(self, made: Tensor, truth: Tensor) -> Tensor:
        """(B,) the distance."""
        return self.network(made, truth).flatten(1).mean(1)


def perceptual(weights: Path | None) -> Structural | Lpips:
    """LPIPS with the given VGG-16 weights, or the loss without weights."""
    return Structural() if weights is None else Lpips(weights)


def _vgg16(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError(f"LPIPS weights: {path} does not exist")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(
            f"LPIPS weights: {path} is not a safetensors file ({error}); convert torchvision's "
            "vgg16 state, for pickles are not read"
        ) from error


def _fill(layer: nn.Conv2d, tensors: dict[str, Tensor], name: str, path: Path) -> None:
    assert layer.bias is not None
    for part, parameter in (("weight", layer.weight), ("bias", layer.bias)):
        given = tensors.get(f"{name}.{part}")
        if given is None or given.shape != parameter.shape:
            got = "nothing" if given is None else f"{tuple(given.shape)}"
            raise InputError(
                f"LPIPS weights: {path}: expected {name}.{part} of shape "
                f"{tuple(parameter.shape)}, got {got}"
            )
        with torch.no_grad():
            parameter.copy_(given)


def _similarity(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure maps of SSIM (Wang et al. 2004)."""
    mean_a, mean_b = _local(a), _local(b)
    var_a, var_b = _local(a * a) - mean_a**2, _local(b * b) - mean_b**2
    covariance = _local(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    return luminance, (2 * covariance + _C2) / (var_a + var_b + _C2)


def _local(values: Tensor) -> Tensor:
    """Gaussian means, one axis after the other, where the window fits."""
    at = torch.arange(_WINDOW, dtype=values.dtype, device=values.device) - _WINDOW // 2
    window = torch.exp(-0.5 * (at / _SIGMA) ** 2)
    window = (window / window.sum()).expand(values.shape[1], 1, -1)
    groups = values.shape[1]
    rows = F.conv2d(values, window[:, :, None], groups=groups)
    return F.conv2d(rows, window[:, :, :, None], groups=groups)


def _reduced(values: Tensor) -> Tensor:
    """Half the size, after Burt & Adelson's 5-tap window."""
    taps = torch.tensor([1, 4, 6, 4, 1], dtype=values.dtype, device=values.device) / 16
    window = taps.expand(values.shape[1], 1, -1)
    groups = values.shape[1]
    padded = F.pad(values, (2, 2, 2, 2), mode="replicate")
    rows = F.conv2d(padded, window[:, :, None], groups=groups, stride=(1, 2))
    return F.conv2d(rows, window[:, :, :, None], groups=groups, stride=(2, 1))


def _check(a: Tensor, b: Tensor) -> None:
    if a.ndim != 4 or a.shape != b.shape:
        raise InputError(
            f"pictures: expected two of one shape (B, C, H, W), got {tuple(a.shape)} "
            f"and {tuple(b.shape)}"
        )
