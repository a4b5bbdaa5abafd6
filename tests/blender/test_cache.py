"""Pictures by what made them: found again, bounded, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURE = b"\x89PNG" + bytes(range(256)) * 40


@pytest.fixture
def cache(core, tmp_path):
    from addon.core.cache import FrameCache

    return FrameCache(tmp_path / "pictures é", 1 << 20)


def name(number: int) -> str:
    from addon.core.cache import key

    return key("print", [str(number).encode()])


def test_keys_tell_everything_apart(core):
    from addon.core.cache import key

    digests = [b"a" * 32, b"b" * 32, b"c" * 32]
    base = key("print", digests)
    assert base == key("print", list(digests)) and len(base) == 64
    others = [
        key("other", digests),
        key("print", digests[::-1]),
        key("print", digests[:2]),
        key("print", [b"a" * 32, b"b" * 32, b"d" * 32]),
        key("print", [b"".join(digests)]),
    ]
    assert len({base, *others}) == 6


def test_what_was_put_is_found_after_a_restart(cache, tmp_path):
    from addon.core.cache import FrameCache

    assert cache.find(name(1)) is None and cache.read(name(1)) is None
    path = cache.put(name(1), PICTURE)
    assert path.read_bytes().startswith(PICTURE)
    again = FrameCache(cache.folder, cache.limit_bytes)
    assert again.find(name(1)) == path
    assert again.read(name(1)) == PICTURE


def test_another_process_finds_it(cache):
    cache.put(name(1), PICTURE)
    program = (
        "import sys; from pathlib import Path; from addon.core.cache import FrameCache;"
        "sys.stdout.buffer.write(FrameCache(Path(sys.argv[1]), 1 << 20).read(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(cache.folder), name(1)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert done.stdout == PICTURE


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: data + b"more",
        lambda data: PICTURE,
    ],
    ids=["cut", "half", "empty", "bit", "longer", "bare"],
)
def test_damage_is_found_out_and_mended(cache, damage):
    path = cache.put(name(1), PICTURE)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.find(name(1)) is None
    assert not path.exists()
    cache.put(name(1), PICTURE)
    assert cache.read(name(1)) == PICTURE


def test_it_stays_below_its_limit_and_the_least_used_go(core, tmp_path):
    from addon.core.cache import FrameCache

    cache = FrameCache(tmp_path, 100_000)
    for number in range(5):
        cache.put(name(number), PICTURE)
        os.utime(cache.path(name(number)), (1000 + number, 1000 + number))
    assert cache.read(name(0)) == PICTURE  # of use: the others are older now
    for number in range(5, 40):
        cache.put(name(number), PICTURE)
        assert cache.size() <= 100_000
        if number == 9:
            assert cache.read(name(0)) == PICTURE and cache.find(name(1)) is None
    assert cache.read(name(39)) == PICTURE


def test_what_others_put_counts_too(core, tmp_path):
    from addon.core.cache import FrameCache

    one, two = FrameCache(tmp_path, 100_000), FrameCache(tmp_path, 100_000)
    for number in range(60):
        (one if number % 2 else two).put(name(number), PICTURE)
    assert one.size() <= 100_000 + 2 * 0.1 * 100_000 + 2 * len(PICTURE)


def test_a_picture_larger_than_the_limit_is_kept_alone(core, tmp_path):
    from addon.core.cache import FrameCache

    cache = FrameCache(tmp_path, 100)
    cache.put(name(1), PICTURE)
    cache.put(name(2), PICTURE)
    assert cache.read(name(2)) == PICTURE and cache.read(name(1)) is None


def test_many_at_once(cache):
    """Writers and readers of the same pictures see all of one or none."""
    wrong: list[object] = []

    def work(turn: int) -> None:
        for number in range(30):
            body = PICTURE + str(number).encode()
            cache.put(name(number), body)
            found = cache.read(name((number * 7 + turn) % 30))
            if found is not None and not found.startswith(PICTURE):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(cache.read(name(number)) == PICTURE + str(number).encode() for number in range(30))
    assert not list(cache.folder.rglob("*.part"))


def test_a_full_disk_leaves_nothing_behind(cache, monkeypatch):
    from addon.core import cache as module

    cache.put(name(1), PICTURE)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        cache.put(name(2), PICTURE)
    monkeypatch.undo()
    assert cache.find(name(2)) is None and cache.read(name(1)) == PICTURE
    assert not list(cache.folder.rglob("*.part"))


def test_a_folder_that_cannot_be_made_says_so(core, tmp_path):
    from addon.core.cache import FrameCache

    (tmp_path / "file").write_text("")
    cache = FrameCache(tmp_path / "file" / "below", 1000)
    assert cache.find(name(1)) is None
    with pytest.raises(OSError):
        cache.put(name(1), PICTURE)


def test_abandoned_pieces_go(cache):
    path = cache.put(name(1), PICTURE)
    piece = path.with_name(f".{path.name}.abc.part")
    piece.write_bytes(b"half")
    os.utime(piece, (1, 1))
    type(cache)(cache.folder, cache.limit_bytes).put(name(2), PICTURE)
    assert not piece.exists()


def test_clearing(cache):
    cache.put(name(1), PICTURE)
    cache.clear()
    assert cache.size() == 0 and cache.find(name(1)) is None


def test_what_is_not_a_picture_of_ours_is_never_touched(core, tmp_path):
    from addon.core.cache import FrameCache

    others = [tmp_path / "ui/photo.png", tmp_path / "db/notes.txt", tmp_path / "ad/work.part"]
    others.append(tmp_path / "ff" / f"{'e' * 64}.png")  # in another's folder
    for other in others:
        other.parent.mkdir()
        other.write_bytes(PICTURE)
        os.utime(other, (0, 0))
    cache = FrameCache(tmp_path, 2 * len(PICTURE))
    for number in range(8):
        cache.put(name(number), PICTURE)
    assert cache.size() <= cache.limit_bytes
    cache.clear()
    assert cache.size() == 0
    assert all(other.read_bytes() == PICTURE for other in others)
