"""A frame is textured once: what changed is sent, and nothing else."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from desk import pixels
from textured import FRAMES, Bench, build, captured, curve, edit

from addon.core.cache import FrameCache
from addon.core.errors import OutputError
from addon.core.shelf import Shelf, State
from addon.film import sequence
from addon.texture import run
from addon.texture.reel import Reel
from addon.texture.wish import Outcome, Wish


@pytest.fixture
def bench(scene, tmp_path) -> Bench:
    cache = FrameCache(tmp_path / "cache", 1 << 28)
    return Bench(build(captured(), tmp_path / "her"), tmp_path / "frames", cache)


def test_the_second_time_nothing_is_sent(bench):
    first = bench()
    assert (first.textured, first.came) == (len(FRAMES), set(FRAMES))
    before = bench.bytes()
    again = bench()
    assert (again.textured, again.context, again.came) == (0, 0, set(FRAMES))
    assert again.reused == len(FRAMES) and bench.bytes() == before


@pytest.mark.parametrize(("animator", "reach"), [("reproject", 0), ("blended", 1)])
def test_edited_keys_are_made_again_with_what_looks_at_them(bench, animator, reach):
    bench(animator=animator)
    before = bench.bytes()
    edit(bench.who, range(5, 8))
    after = bench(animator=animator)
    changed = set(range(5 - reach, 8 + reach))
    assert (after.textured, after.context) == (len(changed), 2 * reach)
    now = bench.bytes()
    assert {frame for frame in FRAMES if now[frame] != before[frame]} == changed
    # It is what texturing all of it anew gives.
    bench.cache = None
    for path in bench.folder.iterdir():
        path.unlink()
    assert bench(animator=animator).textured == len(FRAMES)
    assert bench.bytes() == now


def test_an_edit_taken_back_costs_nothing(bench):
    bench()
    before, keys = (
        bench.bytes(),
        [point.co.y for point in curve(bench.who, "jawOpen").keyframe_points],
    )
    edit(bench.who, range(5, 8))
    assert bench().textured == 3
    found = curve(bench.who, "jawOpen")
    for point, value in zip(found.keyframe_points, keys, strict=True):
        point.co.y = value
    found.update()
    assert bench().textured == 0 and bench.bytes() == before


def test_other_settings_make_other_pictures_and_the_first_are_kept(bench):
    assert bench(animator="blended").textured == len(FRAMES)
    assert bench(animator="blended", seed=5).textured == len(FRAMES)
    assert bench(animator="blended", steps=9).textured == len(FRAMES)
    assert bench(animator="blended", quality="preview").textured == len(FRAMES)
    before = bench.bytes()
    assert bench(animator="blended").textured == 0
    assert bench.bytes() != before


def test_deleted_and_damaged_files_come_back(bench):
    bench()
    before = bench.bytes()
    bench.folder.joinpath(Shelf.name(3)).unlink()
    bench.folder.joinpath(Shelf.name(4)).write_bytes(b"scribbled over")
    assert bench().textured == 0 and bench.bytes() == before
    bench.cache = None
    bench.folder.joinpath(Shelf.name(3)).unlink()
    bench.folder.joinpath(Shelf.name(4)).write_bytes(b"scribbled over")
    assert bench().textured == 2 and bench.bytes() == before


def test_a_cache_that_was_damaged_is_made_again(bench, tmp_path):
    bench()
    before = bench.bytes()
    for path in bench.folder.iterdir():
        path.unlink()
    pictures = sorted((tmp_path / "cache").rglob("*.png"))
    assert len(pictures) == len(FRAMES)
    pictures[0].write_bytes(pictures[0].read_bytes()[:1000])
    assert bench().textured == 1 and bench.bytes() == before


def test_frames_that_show_the_same_are_made_once(bench):
    bpy.context.scene.frame_end = 30  # the last key holds
    held = bench(range(12, 31))
    assert (held.textured, len(held.came)) == (1, 19)
    assert len(set(bench.bytes(range(12, 31)).values())) == 1


def test_another_range_finds_what_is_there(bench):
    bench(range(3, 6), animator="blended")
    whole = bench(animator="blended")
    assert whole.textured == len(FRAMES) - 3
    assert bench(range(4, 9), animator="blended").textured == 0


def test_negative_frames_and_steps(bench):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_step = -9, 3
    for strip in (s for data in bpy.data.objects for s in _strips(data)):
        strip.frame_start -= 10
    frames = range(-9, 10, 3)
    done = bench(frames, animator="blended")
    assert done.came == set(frames) and (bench.folder / "frame_-0009.png").exists()
    assert bench(frames, animator="blended").textured == 0
    shown = sequence.frame_strips(scene, bench.folder)
    assert sum(len(strip.elements) for strip in shown) == 3 * len(frames)
    assert shown[0].frame_start == -9
    assert [e.filename for e in shown[0].elements[:4]] == [
        *["frame_-0009.png"] * 3,
        "frame_-0006.png",
    ]


def _strips(thing: bpy.types.Object) -> list[bpy.types.NlaStrip]:
    owners = [thing.animation_data]
    keys = getattr(thing.data, "shape_keys", None)
    owners.append(keys.animation_data if keys else None)
    return [s for owner in owners if owner for track in owner.nla_tracks for s in track.strips]


def test_checking_tells_without_a_backend(bench, tmp_path):
    bench(animator="blended")
    edit(bench.who, range(5, 8))
    bench.folder.joinpath(Shelf.name(11)).unlink()
    asked, states = Shelf(bench.folder).asked, {}
    wish = Wish(FRAMES, size=256, kind="vertices", animator="blended")
    assert {name: asked[name] for name in wish.asked} == wish.asked
    steps = run.check(
        bpy.context.scene, bench.who, wish, bench.folder, reach=asked["reach"],
        fingerprint=asked["fingerprint"], cache=bench.cache, notice=states.__setitem__,
    )  # fmt: skip
    for _ in steps:
        pass
    assert {frame for frame in FRAMES if states[frame] is State.STALE} == set(range(4, 9))
    assert states[11] is State.CACHED and states[1] is State.FRESH


def test_two_subjects_have_folders_and_strips_of_their_own(bench, tmp_path):
    first = bench()
    other = Bench(build(captured(), tmp_path / "twin", "twin"), tmp_path / "twin frames é")
    second = other()
    assert first.textured == second.textured == len(FRAMES)
    scene = bpy.context.scene
    channels = {
        strip.channel
        for folder in (bench.folder, other.folder)
        for strip in sequence.frame_strips(scene, folder)
    }
    assert len(channels) == 2


def test_the_strip_grows_without_gaps(bench):
    scene = bpy.context.scene
    bench(range(4, 7))
    bench(range(9, 11))
    assert len(sequence.frame_strips(scene, bench.folder)) == 2
    bench()
    (strip,) = sequence.frame_strips(scene, bench.folder)
    assert [element.filename for element in strip.elements] == [Shelf.name(f) for f in FRAMES]
    assert (round(strip.frame_start), strip.frame_final_end) == (FRAMES[0], FRAMES[-1] + 1)


def test_both_parts_of_a_strip_that_was_cut_show_new_pictures(bench, tmp_path):
    bench(range(1, 11))
    (strip,) = sequence.frame_strips(bpy.context.scene, bench.folder)
    strip.split(frame=6, split_method="SOFT")
    other = bench.folder / "other.png"
    other.write_bytes((bench.folder / Shelf.name(1)).read_bytes())
    reel = Reel(bpy.context.scene, bench.folder, size_of(other), 1, 10)
    reel.show({4: other.name, 8: other.name})
    assert len(sequence.frame_strips(bpy.context.scene, bench.folder)) == 2
    for frame in (4, 8):
        np.testing.assert_array_equal(rendered(frame, tmp_path), pixels(other))


def size_of(path: Path) -> tuple[int, int]:
    """(width, height) of a picture."""
    height, width, _ = pixels(path).shape
    return width, height


def rendered(frame: int, folder: Path) -> np.ndarray:
    """What the sequencer shows at a frame."""
    scene = bpy.context.scene
    scene.frame_set(frame)
    scene.render.filepath = str(folder / "shown.png")
    bpy.ops.render.render(write_still=True)
    return pixels(folder / "shown.png")


def test_what_was_refused_was_not_there_before():
    outcome = Outcome(10, came=set(range(8)), textured=8, failed={8: "why", 9: "why"})
    assert outcome.reused == 0


def test_a_folder_that_cannot_be_written_is_said(bench, monkeypatch):
    from addon.core import cache

    bench(range(1, 4))
    before = bench.bytes(range(1, 4))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        bench()
    monkeypatch.undo()
    assert bench.bytes(range(1, 4)) == before
    assert not list(bench.folder.glob(".*"))
    assert bench().textured == len(FRAMES) - 3
