"""`facewright batch` as processes: what is made, resumed, told, cancelled and mended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Runner
from .test_command import interruptible, last_line, wait_for

SOME_FAILED, SOME_FLAGGED = 6, 7
SMALL = ("--size", "256", "--extent", "crop", "--fps", "8")


def inputs(folder: Path, seconds: float = 1.2) -> Path:
    """A portrait, a few words, and something that is no picture."""
    folder.mkdir()
    shutil.copyfile(ROOT / "examples/portrait.png", folder / "anna.png")
    words, speech = str(folder / "words.wav"), str(ROOT / "examples/speech.wav")
    with wave.open(speech) as source, wave.open(words, "wb") as part:
        part.setparams(source.getparams())
        part.writeframes(source.readframes(int(seconds * source.getframerate())))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def listed(folder: Path, *rows: str) -> Path:
    path = folder / "films.csv"
    path.write_text("\n".join(["portrait,speech,emotion,output,blend", *rows]) + "\n")
    return path


def report_of(path: Path) -> dict[str, Any]:
    return json.loads((path.parent / "films_csv_batch/report.json").read_text("utf-8"))


def test_a_list_is_made_resumed_and_reported(blender: Runner, backend: str, tmp_path: Path) -> None:
    if blender.series == "4.2":
        pytest.skip("the bpy 4.2 wheel is built without sound")
    folder = inputs(tmp_path / "ein Ördner")
    path = listed(
        folder,
        "anna.png,words.wav,,out/a.mp4,out/a.blend",
        "broken.png,words.wav,,out/b.mp4,",
        "anna.png,words.wav,happy,out/c.mp4,",
    )
    command = ["-m", "addon", "batch", str(path), *SMALL, "--address", backend]
    done = blender(*command, "--jobs", "2")
    assert done.returncode == SOME_FAILED, done.stderr[-3000:]
    assert "2 of 3 done, 1 failed, 0 waiting" in done.stdout
    assert "row 2, b.mp4: failed: " in done.stderr
    assert sorted(p.name for p in (folder / "out").iterdir()) == [
        "a.blend", "a.mp4", "a_files", "c.mp4"
    ]  # fmt: skip
    first = report_of(path)
    good, bad, _ = first["items"]
    assert good["review"]["frames"] == good["frames"] and good["skipped"] == 0
    assert good["review"]["identity"] > 0.7
    assert bad["exit"] == 2 and "picture" in bad["message"]
    assert "not a picture" in Path(bad["log"]).read_text("utf-8")
    assert first["totals"]["frames"] == good["frames"] * 2

    # What is unchanged is skipped; what failed and what changed is made.
    shutil.copyfile(folder / "anna.png", folder / "broken.png")
    path.write_text(path.read_text().replace("happy", "sad"))
    done = blender(*command)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "row 1, a.mp4: unchanged, skipped" in done.stderr
    assert "3 of 3 done" in done.stdout
    second = report_of(path)
    assert [item["status"] for item in second["items"]] == ["done"] * 3
    assert second["items"][0]["took"] == good["took"]
    done = blender(*command, "--fail-on-flags", "--min-identity", "1.01", "--report-only")
    assert done.returncode == SOME_FLAGGED
    assert "row 1, a.mp4: identity is" in done.stdout
    done = blender(*command)
    assert done.returncode == 0 and "all 3 items are made and unchanged" in done.stdout


def test_a_bad_list_begins_nothing(blender: Runner, tmp_path: Path) -> None:
    folder = inputs(tmp_path / "lists")
    path = listed(folder, "anna.png,words.wav,,a.mp4,", "gone.png,words.wav,,b.avi,")
    done = blender("-m", "addon", "batch", str(path), FACEWRIGHT_BACKEND="no-such-program")
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if line.startswith("facewright: ")]
    assert len(told) == 2 and all("films.csv:3: " in line for line in told), told
    assert not (folder / "films_csv_batch").exists()
    done = blender("-m", "addon", "batch", str(listed(folder, "anna.png,words.wav,,a.mp4,")),
                   "--check")  # fmt: skip
    assert done.returncode == 0 and "1 items, nothing wrong" in done.stdout


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    pytest.importorskip("bpy", reason="needs the blender extra")
    return subprocess.Popen(
        [sys.executable, "-m", "addon", "batch", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelling_ends_the_workers_and_the_rest_is_made_later(
    tmp_path: Path, backend: str, number: signal.Signals
) -> None:
    folder = inputs(tmp_path / "films", seconds=5.0)
    path = listed(folder, "anna.png,words.wav,,a.mp4,", "anna.png,words.wav,,b.mp4,")
    process = start(str(path), "--jobs", "2", *SMALL, "--address", backend)
    try:
        wait_for(process, "at work: a.mp4, b.mp4")
        log = folder / "films_csv_batch/logs"
        until = time.monotonic() + 60
        while not any("texturing" in p.read_text("utf-8") for p in log.glob("*.log")):
            assert time.monotonic() < until
            time.sleep(0.1)
        children = children_of(process.pid)
        assert len(children) == 2
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert last_line(rest) == "facewright: cancelled"
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert {p.name for p in folder.iterdir()} == {
        "anna.png", "broken.png", "words.wav", "films.csv", "films_csv_batch"
    }  # fmt: skip
    assert report_of(path)["totals"]["waiting"] == 2


def test_a_backend_that_dies_is_started_again(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("facewright"))
    folder = inputs(tmp_path / "films", seconds=4.0)
    path = listed(folder, "anna.png,words.wav,,a.mp4,")
    process = start(str(path), *SMALL, "--no-review", FACEWRIGHT_BACKEND=program)
    try:
        wait_for(process, "at work: a.mp4")
        log = folder / "films_csv_batch/logs"
        until = time.monotonic() + 90
        while not any("driving" in p.read_text("utf-8") for p in log.glob("*.log")):
            assert time.monotonic() < until
            time.sleep(0.05)
        (server,) = [pid for pid in children_of(process.pid) if b"serve" in command_of(pid)]
        os.kill(server, signal.SIGKILL)
        _, rest = process.communicate(timeout=150)
    finally:
        process.kill()
    assert process.returncode == 0, rest[-3000:]
    assert (folder / "a.mp4").is_file()
    assert "once more" in rest


def children_of(parent: int) -> list[int]:
    """Processes that live and were started by another."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def command_of(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()
