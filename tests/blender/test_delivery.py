"""Results appear whole or not at all, and nothing of the user's goes."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def delivery(core: None) -> ModuleType:
    from addon.headless import delivery

    return delivery


def deliver(delivery: ModuleType, folder: Path, said: bytes) -> None:
    """Deliver a movie and a scene with its files, all of which say the same."""
    targets = delivery.Targets.of(folder / "a.mp4", folder / "a.blend", None)
    with delivery.workplace(targets) as work:
        for path in (work.movie, work.blend, work.frames / "frames.json"):
            path.write_bytes(said)
        work.deliver(targets)


def test_a_later_run_takes_the_place_of_an_earlier(delivery: ModuleType, tmp_path: Path) -> None:
    for said in (b"first", b"second"):
        deliver(delivery, tmp_path, said)
        names = ("a.mp4", "a.blend", "a_files/frames/frames.json")
        assert [(tmp_path / name).read_bytes() for name in names] == [said] * 3
    names = {"a.mp4", "a.blend", "a.blend1", "a_files"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert (tmp_path / "a.blend1").read_bytes() == b"first"  # somebody's keys may be in it


def test_a_folder_of_the_users_stays(delivery: ModuleType, tmp_path: Path) -> None:
    own = tmp_path / "a_files" / "notes.txt"
    own.parent.mkdir()
    own.write_text("mine")
    from addon.core.errors import InputError

    with pytest.raises(InputError, match=r"blend: .*a_files is in the way"):
        deliver(delivery, tmp_path, b"first")
    assert own.read_text() == "mine"


def test_what_cannot_be_replaced_is_as_it_was(
    delivery: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from addon.core.errors import OutputError

    deliver(delivery, tmp_path, b"first")
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if path.is_dir():
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        deliver(delivery, tmp_path, b"second")
    names = ("a.mp4", "a.blend", "a_files/frames/frames.json")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"first"] * 3
    names = {"a.mp4", "a.blend", "a.blend1", "a_files"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_only_an_ended_process_is_tidied_up_after(
    core: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another computer's process of the same number works in the same folder."""
    from addon.headless import leftovers

    def begin(computer: str) -> Path:
        monkeypatch.setattr(leftovers.socket, "gethostname", lambda: computer)
        folder = tmp_path / f"{leftovers.prefix(os.getpid())}x"
        folder.mkdir()
        return folder

    theirs, ours = begin("node 1"), begin("node-2.local")
    leftovers.clear_away({"output": tmp_path / "a.mp4"}, os.getpid())
    assert theirs.is_dir() and not ours.exists()
