"""The headless command as a process: signals, a full disk, no backend."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import ROOT, Runner

SPEECH, PORTRAIT = "examples/speech.wav", "examples/portrait.png"


def command(out: Path, *options: str) -> list[str]:
    return [
        "-m",
        "addon",
        "dub",
        PORTRAIT,
        SPEECH,
        "-o",
        str(out),
        "--size",
        "256",
        "--extent",
        "crop",
        *options,
    ]


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("facewright: ")]
    return lines[-1] if lines else text


def small_files() -> None:
    """As on a full disk, every write beyond 300 kB fails."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


def interruptible() -> None:
    """As in a terminal: shells start what runs in the background with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(process: subprocess.Popen, text: str, seconds: float = 120) -> None:
    """Read a process's progress until it says ``text``."""
    until = time.monotonic() + seconds
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
        assert time.monotonic() < until
    pytest.fail(f"ended before {text!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_cleanly(tmp_path: Path, backend: str, number: signal.Signals) -> None:
    pytest.importorskip("bpy", reason="needs the blender extra")
    process = subprocess.Popen(
        [sys.executable, *command(tmp_path / "out.mp4", "--address", backend)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    )
    try:
        wait_for(process, "texturing")
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert last_line(rest) == "facewright: cancelled"
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_one_line(tmp_path: Path, backend: str) -> None:
    pytest.importorskip("bpy", reason="needs the blender extra")
    process = subprocess.run(
        [sys.executable, *command(tmp_path / "out.mp4", "--address", backend)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=small_files,
    )
    assert process.returncode == 5, process.stderr[-2000:]
    assert "File too large" in last_line(process.stderr)
    assert list(tmp_path.iterdir()) == []


def test_no_backend_says_how_to_install_one(tmp_path: Path, blender: Runner) -> None:
    done = blender(*command(tmp_path / "out.mp4"), FACEWRIGHT_BACKEND="no-such-program")
    assert done.returncode == 4
    assert last_line(done.stderr).endswith("there is no program 'no-such-program'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["dub", "drive", "texture", "export", "batch"])
def test_help_has_an_example(blender: Runner, name: str) -> None:
    if name != "dub" and blender.series != "5.0":
        pytest.skip("the same text in every Blender")
    done = blender("-m", "addon", name, "--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout and f"\n  {name} " in done.stdout


def test_a_wrong_command_line_is_one_line(blender: Runner) -> None:
    done = blender("-m", "addon", "dub", "a.png", "b.wav", "-o", "c.mp4", "--fps", "many")
    assert done.returncode == 2
    assert last_line(done.stderr) == (
        "facewright: fps: expected a number from 1 to 240, got 'many'; see facewright dub --help"
    )


def test_backend_ends_with_a_killed_blender(tmp_path: Path) -> None:
    """A Blender that crashes leaves no backend behind."""
    pytest.importorskip("bpy", reason="needs the blender extra")
    process = subprocess.Popen(
        [sys.executable, *command(tmp_path / "out.mp4")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(process, "fitting")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 60
    while _alive(process.pid):
        assert time.monotonic() < until, "the backend outlived Blender"
        time.sleep(0.2)


def _alive(session: int) -> bool:
    """Whether any process of a session lives."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        if int(fields[3]) == session and fields[0] != "Z":
            return True
    return False
