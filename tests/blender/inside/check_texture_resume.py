"""A backend that goes away in the middle: what came is kept, and it goes on from there."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import pytest
from textured import FRAMES, Bench, build, captured

from addon.core.backend_process import BackendProcess
from addon.core.client import Backend
from addon.core.errors import BackendGoneError
from addon.film import sequence
from addon.texture import run
from addon.texture.wish import Outcome, Wish


@pytest.fixture
def bench(scene, tmp_path) -> Bench:
    return Bench(build(captured(), tmp_path / "her"), tmp_path / "frames")


@pytest.fixture
def mortal():
    """A backend of the test's own, which may be killed, and is started again when asked."""
    python = Path(os.environ["FACEWRIGHT_BACKEND"]).with_name("python")
    command = [str(python), str(Path(__file__).resolve().parents[1] / "backend.py")]
    running: list[tuple[BackendProcess, Backend]] = []

    def connect() -> Backend:
        if running and running[-1][0].running:
            return running[-1][1]
        process = BackendProcess(command)
        process.start()
        running.append((process, Backend(process.address)))
        return running[-1][1]

    connect.running = running
    yield connect
    for process, connected in running:
        connected.close()
        process.stop()


def test_killed_in_the_middle_it_goes_on_where_it_stopped(bench, mortal, monkeypatch):
    """The same pixels as an unbroken run, to the bit, and no picture made twice."""
    whole = bench(animator="blended")
    assert whole.textured == len(FRAMES)
    want = bench.bytes()
    for path in bench.folder.iterdir():
        path.unlink()
    who, killed = bench.who, []

    def open_stream(report):
        backend = mortal()
        return backend.with_subject(
            who.subject_id, who.photo, who.crop_camera.size[0],
            lambda: wish.open(backend, who.subject_id),
        )  # fmt: skip

    def progress(stage: str, fraction: float, left: float) -> None:
        if stage == "texturing" and fraction > 0.3 and not killed:
            process = mortal.running[-1][0]._process
            process.kill()
            process.wait()
            killed.append(fraction)

    wish = Wish(FRAMES, size=256, kind="vertices", animator="blended")
    outcome = run.texture_range(
        bpy.context.scene, who, wish, bench.folder, open_stream, progress=progress
    )
    assert killed and outcome.broken == 1 and len(mortal.running) == 2
    assert outcome.came == set(FRAMES)
    assert outcome.textured == len(FRAMES)  # none twice
    assert bench.bytes() == want


def test_a_backend_that_stays_away_leaves_what_came(bench, mortal, monkeypatch):
    monkeypatch.setattr(run, "PAUSE", 0.01)
    who, tries = bench.who, []

    def open_stream(report):
        tries.append(1)
        if len(tries) > 1:
            raise BackendGoneError("nobody answers")
        backend = mortal()
        return backend.with_subject(
            who.subject_id, who.photo, who.crop_camera.size[0],
            lambda: wish.open(backend, who.subject_id),
        )  # fmt: skip

    def progress(stage: str, fraction: float, left: float) -> None:
        if stage == "texturing" and fraction > 0.3:
            mortal.running[-1][0]._process.kill()

    wish = Wish(FRAMES, size=256, kind="vertices", animator="reproject")
    outcome = Outcome(len(FRAMES))
    with pytest.raises(BackendGoneError, match=r"\d+ of 12 frames came and are kept"):
        for _ in run.run(
            bpy.context.scene, who, wish, bench.folder, open_stream, outcome, report=progress
        ):
            pass
    assert 3 < len(outcome.came) <= len(FRAMES)
    shown = sequence.frame_strips(bpy.context.scene, bench.folder)
    assert sum(len(strip.elements) for strip in shown) == len(outcome.came)
    rest = bench()  # a later press, with the shared backend
    assert rest.textured == len(FRAMES) - len(outcome.came)
