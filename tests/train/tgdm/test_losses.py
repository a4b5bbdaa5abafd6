"""Eq. 18-21, the switch, and the perceptual loss without weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from facewright.animate.tgdm.schedule import noised
from facewright.errors import BackendError, InputError
from facewright.train.tgdm.losses import DenoisingLosses, Weights
from facewright.train.tgdm.perceptual import Lpips, Structural, laplacian, ms_ssim, perceptual
from torch import Tensor


def _pictures(seed: int = 0, side: int = 32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    smooth = torch.rand(2, 3, side // 4, side // 4, generator=generator, dtype=torch.float64)
    picture = torch.nn.functional.interpolate(2 * smooth - 1, (side, side), mode="bilinear")
    noise = torch.randn(picture.shape, generator=generator, dtype=torch.float64)
    return picture, noise


def _unit(values: Tensor) -> np.ndarray:
    return (0.5 + 0.5 * values).numpy()


def _square(made: Tensor, truth: Tensor) -> Tensor:
    return (made - truth).abs().mean((1, 2, 3))


def test_losses_are_equations_18_to_21():
    picture, noise = _pictures()
    time = torch.tensor([10, 400])
    noisy = noised(picture, noise, time)
    losses = DenoisingLosses(_square).eval()
    losses.switched.fill_(True)
    parts = losses(noise + 0.1, noise, noisy, picture, time)
    kept = losses.schedule.alpha_bar(time).double()
    off = 0.1 * ((1 - kept) / kept).sqrt()  # eq. 5 of noise that is off by 0.1
    made = (picture - off[:, None, None, None]).clamp(-1, 1)
    want_rec = (made - picture).square().mean()
    want_p = (made - picture).abs().mean()
    assert float(parts["simple"]) == pytest.approx(0.01)
    assert float(parts["reconstruction"]) == pytest.approx(float(want_rec), rel=1e-4)
    assert float(parts["perceptual"]) == pytest.approx(float(want_p), rel=1e-4)
    assert float(parts["loss"]) == pytest.approx(10 * 0.01 + float(want_rec + want_p), rel=1e-4)


def test_image_losses_start_when_the_running_noise_loss_falls_under_the_switch():
    picture, noise = _pictures()
    time = torch.tensor([100, 200])
    noisy = noised(picture, noise, time)
    losses = DenoisingLosses(_square, Weights(memory=0.9)).train()
    good = noise + 0.1  # a noise loss of 0.01
    running, steps = 1.0, 0
    while not losses.switched:
        parts = losses(good, noise, noisy, picture, time)
        running, steps = 0.9 * running + 0.1 * 0.01, steps + 1
        assert float(parts["running"]) == pytest.approx(running, rel=1e-4)
        if running >= 0.05:
            assert float(parts["loss"]) == pytest.approx(10 * 0.01)
    assert running < 0.05 and steps > 10
    assert float(parts["loss"]) > 10 * 0.01  # the step that switches has them already
    losses(noise + 3, noise, noisy, picture, time)
    assert losses.switched  # and they stay
    assert set(losses.state_dict()) == {"running", "switched"}


def test_evaluation_does_not_move_the_running_loss():
    picture, noise = _pictures()
    losses = DenoisingLosses(_square).eval()
    losses(noise, noise, picture, picture, torch.tensor([1, 2]))
    assert float(losses.running) == 1


def test_gradients_of_the_whole_loss():
    picture, noise = _pictures(side=12)
    time = torch.tensor([10, 300])
    noisy = noised(picture, noise, time)
    losses = DenoisingLosses(Structural(), limit=None).eval()
    losses.switched.fill_(True)
    start = (noise + 0.05 * torch.randn_like(noise)).requires_grad_()

    def loss(predicted: Tensor) -> Tensor:
        return losses(predicted, noise, noisy, picture, time)["loss"]

    assert torch.autograd.gradcheck(loss, start, fast_mode=True)


@pytest.mark.parametrize("measure", [ms_ssim, laplacian, Structural()])
def test_gradients_of_the_perceptual_loss(measure):
    truth, noise = _pictures(side=24)
    made = (truth + 0.1 * noise).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: measure(x, truth), made, fast_mode=True)


def test_equal_pictures_do_not_differ():
    picture, _ = _pictures(side=64)
    torch.testing.assert_close(ms_ssim(picture, picture), torch.ones(2).double())
    assert torch.equal(laplacian(picture, picture), torch.zeros(2).double())


def test_one_scale_is_ssim():
    """At 11..21 pixels one scale fits: MS-SSIM is SSIM to the exponents' sum, about 1."""
    from skimage.metrics import structural_similarity

    picture, noise = _pictures(side=20)
    other = picture + 0.2 * noise
    found = ms_ssim(picture, other)
    for b in range(2):
        per_channel = []
        for c in range(3):
            _, local = structural_similarity(
                _unit(picture[b, c]), _unit(other[b, c]), gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False, data_range=1, full=True,
            )  # fmt: skip
            # There luminance and structure are multiplied before the mean, here after.
            per_channel.append(local[5:-5, 5:-5].mean())
        assert float(found[b]) == pytest.approx(np.mean(per_channel), abs=0.02)


def test_structure_counts_more_than_brightness():
    picture, noise = _pictures(side=64)
    brighter = picture + 0.1
    noisier = picture + 0.1 * noise  # the same mean square error
    assert (1 - ms_ssim(picture, noisier) > 4 * (1 - ms_ssim(picture, brighter))).all()


def test_the_pyramid_sees_all_scales():
    coarse = torch.zeros(1, 3, 64, 64)
    coarse[:, :, :, 32:] = 0.2
    fine = torch.zeros(1, 3, 64, 64)
    fine[:, :, ::2, ::2] = 0.2
    nothing = torch.zeros_like(coarse)
    assert float(laplacian(coarse, nothing)) > 0.02
    assert float(laplacian(fine, nothing)) > 0.02


def test_lpips_says_what_it_needs(tmp_path: Path):
    assert isinstance(perceptual(None), Structural)
    with pytest.raises(InputError, match=r"LPIPS weights: .*none\.safetensors does not exist"):
        perceptual(tmp_path / "none.safetensors")
    pickled = tmp_path / "vgg16.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, pickled)
    with pytest.raises(InputError, match=r"not a safetensors file .* pickles are not read"):
        Lpips(pickled)


def test_lpips_takes_the_users_weights(tmp_path: Path):
    from safetensors.torch import save_file

    path = tmp_path / "vgg16.safetensors"
    save_file(_vgg16(), path)
    try:
        measure = Lpips(path)
    except BackendError as error:
        assert "torchvision" in str(error)
        pytest.skip("lpips or torchvision is not installed")
    picture, noise = _pictures(side=64)
    picture, noise = picture.float(), noise.float()
    near, far = measure(picture + 0.05 * noise, picture), measure(picture + noise, picture)
    assert (near < far).all() and torch.equal(measure(picture, picture), torch.zeros(2))
    assert not any(p.requires_grad for p in measure.parameters())


def _vgg16() -> dict[str, Tensor]:
    """VGG-16's convolutions with random weights, named as torchvision names them."""
    generator = torch.Generator().manual_seed(0)
    widths = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512]
    index, inputs, tensors = 0, 3, {}
    for width in widths:
        if width:
            scale = (2 / (9 * inputs)) ** 0.5
            weight = torch.randn(width, inputs, 3, 3, generator=generator) * scale
            tensors[f"features.{index}.weight"] = weight
            tensors[f"features.{index}.bias"] = torch.zeros(width)
            inputs = width
        index += 2 if width else 1
    return tensors


@pytest.mark.parametrize("name", ["simple", "switch", "memory"])
def test_bad_weights_are_refused(name):
    with pytest.raises(InputError, match=name):
        Weights(**{name: -1.0})


def test_pictures_of_different_shapes_are_refused():
    with pytest.raises(InputError, match="pictures: expected two of one shape"):
        ms_ssim(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 17))
    with pytest.raises(InputError, match="at least 11 pixels"):
        ms_ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))
