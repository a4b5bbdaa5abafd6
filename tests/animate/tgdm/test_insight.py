"""Attention maps of TexAtt, and the picture that shows them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.animate.tgdm import insight
from facewright.animate.tgdm.layers import TexAtt
from facewright.animate.tgdm.paper import PRESETS, PaperTGDM
from facewright.errors import InputError
from torch import nn


class Twin(nn.Module):
    """Attention between codes of places."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.attend = TexAtt(8)
        rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        angles = [rows / side * torch.pi, columns / side * torch.pi]
        code = torch.stack([f(a) for a in angles for f in (torch.cos, torch.sin)])
        self.code = torch.cat([code, torch.zeros(4, side, side)])[None]
        with torch.no_grad():
            for conv in (self.attend.query, self.attend.key):
                conv.weight.zero_()
                conv.bias.zero_()
            # Two inner channels see the code's four by a fixed, generic mixture.
            mix = torch.tensor([[1.0, 0.2, 0.0, 0.0], [0.0, 0.0, 1.0, 0.2]]) * 9
            self.attend.query.weight[:, :4, 0, 0] = mix
            self.attend.key.weight[:, :4, 0, 0] = mix

    def forward(self, target: torch.Tensor) -> torch.Tensor:
        return self.attend(target, self.code)


def test_a_networks_layers_are_heard_and_its_result_is_unchanged():
    torch.manual_seed(0)
    config = PRESETS["tiny"]
    network = PaperTGDM(config).eval()
    picture = torch.randn(2, 3, config.side, config.side)
    rho = torch.randn(2, config.window, config.coefficients)

    def run() -> torch.Tensor:
        time = torch.tensor([5, 500])
        with torch.no_grad():
            return network(picture, time, picture, network.encode(picture), rho)

    plain = run()
    with insight.listening(network) as looks:
        assert torch.equal(run(), plain)
    names = [n for n, m in network.named_modules() if isinstance(m, TexAtt)]
    assert sorted(look.name for look in looks) == sorted(names)
    for look in looks:
        side = look.map.shape[1]
        assert look.map.shape == (2, side, side, side, side) and side in (8, 16)
        np.testing.assert_allclose(look.map.sum((3, 4)), 1, rtol=1e-4)
    run()
    assert len(looks) == len(names)  # nobody listens any longer


def test_the_map_is_the_points():
    network = Twin(4)
    with insight.listening(network) as looks:
        network(network.code)
    look = looks[0]
    layer, code = network.attend, network.code
    whole = layer.attention(code, code).detach().view(4, 4, 4, 4).numpy()
    # Pixel (5, 2) of 8 x 8 lies in column 2, row 1 of 4 x 4.
    np.testing.assert_allclose(insight.attention_at(look, (5.0, 2.0), (8, 8)), whole[1, 2])


def test_the_picture_marks_points_and_lights_what_is_taken():
    attention = np.zeros((1, 4, 4, 4, 4), np.float32)
    attention[0, :, :, 0, 0] = 1  # everything comes from the upper left corner
    look = insight.Look("middle", attention, 0.5)
    grey = np.full((32, 32, 3), 90, np.uint8)
    sheet = insight.picture(look, [(4, 4), (28, 20)], grey, grey, side=64)
    assert sheet.dtype == np.uint8 and sheet.ndim == 3
    top = sheet.shape[0] - 64 - 22 - 6  # below the title
    first = sheet[top : top + 64, 6:70].astype(int)
    assert (np.abs(first - insight.COLOURS[0]).sum(-1) < 30).any()
    assert (np.abs(first - insight.COLOURS[1]).sum(-1) < 30).any()
    taken = sheet[top : top + 64, 6 + 70 : 6 + 134].astype(int)
    assert taken[6:12, 6:12].mean() > taken[40:56, 40:56].mean() + 60


@pytest.mark.parametrize("point", [(32, 4), (4, 40), (-1, 4), (float("nan"), 0)])
def test_points_outside_are_refused(point):
    look = insight.Look("x", np.ones((1, 2, 2, 2, 2), np.float32) / 4, 0.0)
    grey = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="points"):
        insight.picture(look, [point], grey, grey)


def test_a_network_without_attention_is_refused():
    with (
        pytest.raises(InputError, match="Linear has no TexAtt"),
        insight.listening(nn.Linear(1, 1)),
    ):
        pass
