"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest
from facewright.errors import InputError, OutputError
from facewright.media.files import atomic_output, check_writable, open_source, write_bytes


def test_the_file_appears_when_all_is_well(tmp_path):
    target = tmp_path / "result.bin"
    with atomic_output(target) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".bin"
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["result.bin"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_on_any_failure_the_old_file_stays_and_nothing_is_left(tmp_path, error):
    target = tmp_path / "result.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_output(target) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.bin"]


def test_errors_of_input_pass_unchanged(tmp_path):
    with pytest.raises(InputError, match="the speech"), atomic_output(tmp_path / "a"):
        raise InputError("the speech")


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("path", ["missing/a.bin", ".", "/dev/null", "x" * 300, "a\0b"])
def test_impossible_targets_are_named_before_any_work(tmp_path, path):
    for act in (check_writable, lambda target: write_bytes(target, b"")):
        with pytest.raises(OutputError) as caught:
            act(tmp_path / path)
        assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == []


def test_a_full_disk_is_told_with_the_space_left(tmp_path):
    """A file-size limit stands in for the full disk: the same path through the code."""
    child = (
        "import resource, sys\n"
        "from facewright.errors import OutputError\n"
        "from facewright.media.files import write_bytes\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: write_bytes(sys.argv[1], bytes(10**6))\n"
        "except OutputError as error: print(error)\n"
    )
    target = tmp_path / "big.bin"
    done = subprocess.run(
        [sys.executable, "-c", child, target], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{target}: over a file size limit")
    assert "MiB are free in" in done.stdout and done.stdout.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == []


def test_reading_a_file_without_permission(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    secret.chmod(0)
    with pytest.raises(InputError, match="Permission denied"), open_source(secret, "portrait"):
        pass


def test_an_error_of_another_file_is_not_blamed_on_the_output(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_output(tmp_path / "a"):
        (tmp_path / "weights").read_bytes()
    broken = pytest.raises(OutputError, match="a: cannot be written")
    with broken, atomic_output(tmp_path / "a") as temporary:
        temporary.unlink()
        temporary.mkdir()
        try:
            temporary.write_bytes(b"")
        finally:
            temporary.rmdir()
