"""Contact sheets."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.media.sheet import Tile, contact_sheet, spread, stacked


def test_tiles_lie_in_order_and_keep_their_shape():
    tiles = [
        Tile(np.full((50, 100, 3), (255, 0, 0), np.uint8), "wide"),
        Tile(np.full((100, 50, 3), (0, 255, 0), np.uint8), "tall"),
        Tile(np.full((80, 80, 3), (0, 0, 255), np.uint8), "a label much longer than its tile " * 9),
    ]
    sheet = contact_sheet(tiles, columns=2, side=100)
    centres = {0: (56, 56), 1: (56, 162), 2: (184, 56)}  # 6 + 50, + 106 across, + 128 down
    for index, (y, x) in centres.items():
        assert sheet[y, x].tolist() == tiles[index].pixels[0, 0].tolist()
    assert (sheet[:, :, 0] == 255).sum() == 100 * 50
    assert (sheet[:, :, 1] == 255).sum() == 50 * 100
    assert sheet.shape == (2 * 128 + 6, 2 * 106 + 6, 3)
    assert sheet[106:128, 6:60].max() > 150  # the label's ink


def test_a_title_adds_a_line_and_nothing_is_refused():
    tile = Tile(np.zeros((10, 10, 3), np.uint8))
    assert contact_sheet([tile], title="t").shape[0] > contact_sheet([tile]).shape[0]
    with pytest.raises(InputError, match="at least one"):
        contact_sheet([])


def test_spread():
    assert spread(10, 4) == [0, 3, 6, 9]
    assert spread(2, 5) == [0, 1]
    assert spread(1, 3) == [0]


def test_sheets_are_stacked_on_the_left():
    red, green = np.zeros((20, 40, 3), np.uint8), np.zeros((10, 60, 3), np.uint8)
    red[..., 0], green[..., 1] = 255, 255
    both = stacked([red, green])
    assert both.shape == (30, 60, 3)
    assert (both[:20, :40] == red).all() and (both[20:] == green).all()
    assert both[:20, 40:].max() < 60  # the sheet's own dark ground
    with pytest.raises(InputError, match="sheets"):
        stacked([])
