"""Methods by name, and that each frame is made as in the whole clip."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from facewright.animate import base
from facewright.animate.base import CoefficientGeometry, window
from facewright.errors import InputError
from facewright.evaluate.options import rows_of
from facewright.evaluate.rows import STILL, Maker, Row, parts


class Windowed:
    """Frames whose brightness tells which neighbours were there."""

    name, sizes, reach = "windowed", (256,), 1
    steps, preview_steps = (1, 2, 8), 1

    def prepare(self, subject, size):
        return size

    def __call__(self, geometry, state, seed=0, *, steps=None, check=None):
        yaw = np.asarray(geometry.pose)[window(geometry, 1), 1]
        values = (yaw @ [1, 10, 100]).astype(np.uint8)
        return np.broadcast_to(values[:, None, None, None], (len(values), state, state, 3))


@pytest.fixture(autouse=True)
def windowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(base._FACTORIES, "windowed", Windowed)


def geometry(numbers: list[int]) -> CoefficientGeometry:
    count = len(numbers)
    pose = np.zeros((count, 6), np.float32)
    pose[:, 1] = np.arange(count) % 2
    return CoefficientGeometry(np.array(numbers), np.zeros((count, 64)), pose, np.zeros((count, 4)))


def test_rows_are_read_as_they_are_written(tmp_path: Path) -> None:
    assert Row.parse("tgdm") == Row("tgdm", "tgdm")
    assert Row.parse("tgdm@4") == Row("tgdm@4", "tgdm", 4)
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"a")
    row = Row.parse(f"tgdm@2={weights}")
    assert (row.label, row.animator, row.steps, row.weights) == (
        "tgdm@2=w.safetensors", "tgdm", 2, weights,
    )  # fmt: skip
    before = row.fingerprint()
    weights.write_bytes(b"b")
    assert row.fingerprint() != before


@pytest.mark.parametrize("text", ["", "@4", "tgdm@", "tgdm@x", "tgdm@-1", "tgdm="])
def test_other_rows_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="animator: expected NAME"):
        Row.parse(text)


def test_still_and_the_row_held_against_come_first_and_once() -> None:
    rows = rows_of(["tgdm@1", "tgdm", "reproject"], 4, "reproject")
    assert [row.label for row in rows] == [STILL, "reproject", "tgdm@1", "tgdm@4"]


def test_two_rows_of_one_name_are_refused(tmp_path: Path) -> None:
    texts = [f"tgdm={tmp_path / name / 'tgdm.safetensors'}" for name in ("a", "b")]
    with pytest.raises(InputError, match=r"animator: two rows .* 'tgdm=tgdm\.safetensors'"):
        rows_of(texts, None, "reproject")
    assert len(rows_of([texts[0]] * 2, None, "reproject")) == 3


def test_rows_that_cannot_be_made_name_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'nobody' is not one of"):
        Maker(Row.parse("nobody"), 256)
    with pytest.raises(InputError, match="steps"):
        Maker(Row.parse("reproject@4"), 256)
    with pytest.raises(InputError, match="steps: expected values <= 8"):
        Maker(Row.parse("windowed@9"), 256)
    with pytest.raises(InputError, match="size"):
        Maker(Row.parse("windowed"), 512)
    (tmp_path / "w").write_bytes(b"")
    with pytest.raises(InputError, match="takes no weights"):
        Maker(Row.parse(f"reproject={tmp_path / 'w'}"), 256)


def test_frames_are_those_of_the_whole_clip_whichever_are_asked_for() -> None:
    maker = Maker(Row.parse("windowed"), 256)
    maker.prepare(SimpleNamespace(crop=np.zeros((256, 256, 3), np.uint8)))
    clip = geometry([0, 1, 2, 3, 5, 6, 7])  # frame 4 shows no face
    numbers = clip.indices.tolist()
    whole = maker(clip, numbers)[:, 0, 0, 0]
    # Yaw is 0 1 0 1 | 0 1 0; an absent neighbour is the frame itself.
    assert whole.tolist() == [100, 10, 101, 11 + 99, 100, 10, 1]
    alone = [int(maker(clip, [number])[0, 0, 0, 0]) for number in numbers]
    assert alone == whole.tolist()
    some = [0, 2, 3, 5, 7]
    made = maker(clip, some)
    assert made[:, 0, 0, 0].tolist() == [int(whole[numbers.index(n)]) for n in some]


def test_neighbours_are_context_and_not_answered() -> None:
    clip = geometry(list(range(10)))
    first, middle = parts(clip, [0, 1, 6], 1)
    assert (first.indices.tolist(), first.context) == ([0, 1, 2], (0, 1))
    assert (middle.indices.tolist(), middle.context) == ([5, 6, 7], (1, 1))
    (single,) = parts(clip, [0, 1, 6], 0)
    assert single.indices.tolist() == [0, 1, 6]
