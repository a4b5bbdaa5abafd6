"""Which frames are sent: those whose keys are unknown, and what is in their reach."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

CLIP = range(1, 501)


def decisions(
    wanted: range | list[int],
    reach: int,
    known: set[str],
    digest: Callable[[int], bytes],
    clip: range = CLIP,
    sort: Callable[[int], object] = lambda frame: None,
) -> tuple[list[int], list[int], dict[int, str]]:
    """Frames sent for an answer, frames sent as context, key of each wanted frame."""
    from addon.core.plan import Plan

    plan, send, context, keys = Plan(wanted, clip, reach, "print"), [], [], {}

    def take() -> None:
        while (decision := plan.take()) is not None:
            assert not (decision.send and decision.context)
            if decision.send:
                send.append(decision.frame)
            if decision.context:
                context.append(decision.frame)

    for frame in plan.frames:
        for found, key in plan.digested(frame, digest(frame), sort(frame)):
            keys[found] = key
            plan.settled(found, key in known)
        take()
    assert plan.decided
    return send, context, keys


def plain(frame: int) -> bytes:
    return str(frame).encode()


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_twenty_edited_frames_of_five_hundred(core, reach):
    """At most 24 are made again, and no more than those and their edges are sent."""
    _, _, keys = decisions(CLIP, reach, set(), plain)
    known = set(keys.values())
    assert decisions(CLIP, reach, known, plain)[:2] == ([], [])

    def edited(frame: int) -> bytes:
        return plain(frame) + (b" edited" if 200 <= frame < 220 else b"")

    send, context, _ = decisions(CLIP, reach, known, edited)
    assert send == list(range(200 - reach, 220 + reach))
    assert len(send) <= 24
    low, high = 200 - reach, 219 + reach
    assert context == [*range(low - reach, low), *range(high + 1, high + 1 + reach)]


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_a_part_has_the_keys_of_the_whole(core, reach):
    _, _, whole = decisions(CLIP, reach, set(), plain)
    for part in (range(1, 4), range(100, 103), range(499, 501), [5, 9, 10]):
        send, context, keys = decisions(part, reach, set(), plain)
        assert send == list(part)
        assert keys == {frame: whole[frame] for frame in part}
        around = {f + k for f in part for k in range(-reach, reach + 1)} & set(CLIP)
        assert sorted({*send, *context}) == sorted(around)


def test_at_the_ends_the_edge_stands_in(core):
    """A clip that ends there has another key than one that goes on, unless it shows the same."""
    _, _, long = decisions(range(1, 11), 1, set(), plain, range(1, 11))
    _, _, short = decisions(range(1, 6), 1, set(), plain, range(1, 6))
    assert long[4] == short[4] and long[5] != short[5]
    _, _, still = decisions(range(1, 6), 2, set(), lambda frame: b"same", range(1, 6))
    assert len(set(still.values())) == 1


def test_frames_of_another_sort_are_no_neighbours(core):
    """As in the backend: what comes with rho does not join what comes without."""
    mixed = decisions(range(1, 7), 1, set(), plain, range(1, 7), lambda frame: frame > 3)[2]
    cut = decisions(range(1, 4), 1, set(), plain, range(1, 4))[2]
    assert mixed[3] == cut[3] and mixed[2] == cut[2]


def test_steps_and_negative_frames(core):
    clip = range(-7, 20, 3)
    send, context, keys = decisions(range(-1, 9, 3), 1, set(), plain, clip)
    assert send == [-1, 2, 5, 8] and context == [-4, 11]
    assert len(set(keys.values())) == 4


@pytest.fixture
def shelf(core, tmp_path):
    from addon.core.cache import FrameCache
    from addon.core.shelf import Shelf

    (tmp_path / "frames").mkdir()
    return Shelf(tmp_path / "frames", FrameCache(tmp_path / "cache", 1 << 20))


def test_a_shelf_remembers_what_made_its_pictures(shelf):
    from addon.core.shelf import Shelf, State

    shelf.deliver(7, "k7", b"picture 7")
    shelf.note(seed=3, fingerprint="print")
    shelf.save()
    again = Shelf(shelf.folder)
    assert again.asked == {"seed": 3, "fingerprint": "print"}
    assert again.fetch(7, "k7") and again.state(7, "k7") is State.FRESH
    assert again.state(7, "other") is State.STALE
    assert again.state(8, "k8") is State.MISSING
    assert again.path(7).read_bytes() == b"picture 7"


def test_a_file_that_was_touched_by_hand_is_mended(shelf):
    from addon.core.shelf import Shelf, State

    for damage in (
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"pictura 7"),
        lambda path: path.write_bytes(b"pict"),
    ):
        shelf.deliver(7, "k7", b"picture 7")
        damage(shelf.path(7))
        assert shelf.state(7, "k7") is State.CACHED
        assert Shelf(shelf.folder).fetch(7, "k7") is False  # without the cache: made again
        assert shelf.fetch(7, "k7")
        assert shelf.path(7).read_bytes() == b"picture 7"


def test_a_copied_folder_is_still_known(shelf, tmp_path):
    """With other times of its files, as copying makes them."""
    import shutil

    from addon.core.shelf import Shelf, State

    shelf.deliver(7, "k7", b"picture 7")
    shelf.save()
    shutil.copytree(shelf.folder, tmp_path / "moved", copy_function=shutil.copyfile)
    assert Shelf(tmp_path / "moved").state(7, "k7") is State.FRESH


def test_pictures_come_from_the_cache_or_from_a_twin(shelf, tmp_path):
    from addon.core.shelf import Shelf

    shelf.deliver(7, "k7", b"picture 7")
    (tmp_path / "other").mkdir()
    other = Shelf(tmp_path / "other", shelf._cache)
    assert other.fetch(9, "k7") and other.path(9).read_bytes() == b"picture 7"
    alone = Shelf(shelf.folder)
    assert not alone.fetch(8, "k7")  # not saved yet: it knows nothing
    shelf.save()
    alone = Shelf(shelf.folder)
    assert alone.fetch(8, "k7") and alone.path(8).read_bytes() == b"picture 7"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9}', '{"version": 1, "frames": 3}'])
def test_a_broken_record_counts_for_nothing(shelf, text):
    from addon.core.shelf import RECORD, Shelf

    shelf.deliver(7, "k7", b"picture 7")
    (shelf.folder / RECORD).write_text(text)
    again = Shelf(shelf.folder, shelf._cache)
    assert again.keys() == {} and again.fetch(7, "k7")
    again.save()
    assert json.loads((shelf.folder / RECORD).read_text())["frames"]["7"]["key"] == "k7"


def test_a_full_disk_is_said_and_breaks_nothing(shelf, monkeypatch):
    from addon.core import cache
    from addon.core.errors import OutputError

    shelf.deliver(7, "k7", b"picture 7")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Path, "replace", full)
    with pytest.raises(OutputError, match=r"frame_00007\.png: No space left on device"):
        shelf.deliver(7, "new", b"another")
    monkeypatch.undo()
    assert shelf.path(7).read_bytes() == b"picture 7" and shelf.fetch(7, "k7")
    assert not list(shelf.folder.glob(".*.part"))


def test_a_full_cache_disk_costs_nothing_but_time(shelf, tmp_path):
    from addon.core.cache import FrameCache
    from addon.core.shelf import Shelf

    (tmp_path / "file").write_text("")
    own = Shelf(shelf.folder, FrameCache(tmp_path / "file" / "below", 1000))
    own.deliver(3, "k3", b"picture 3")
    assert own.fetch(3, "k3")
