"""A backend that goes away in the middle: what came is kept, and it goes on from there."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import bpy
import pytest
from textured import FRAMES, Bench, backend, build, captured

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


def test_killed_in_the_middle_it_goes_on_where_it_stopped(bench, mortal):
    """The same pixels as an unbroken run, to the bit, and no picture made twice."""
    whole = bench(animator="blended")
    assert whole.textured == len(FRAMES)
    want = bench.bytes()
    for path in bench.folder.iterdir():
        path.unlink()
    who, killed = bench.who, []

    def open_stream(report):
        started = mortal()
        return started.with_subject(
            who.subject_id, who.photo, who.crop_camera.size[0],
            lambda: wish.open(started, who.subject_id),
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


class Wire:
    """A connection to the shared backend that can be cut."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for end in (self._server, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        host, port = os.environ["FACEWRIGHT_ADDRESS"].rsplit(":", 1)
        with suppress(OSError):
            while True:
                near = self._server.accept()[0]
                far = socket.create_connection((host, int(port)))
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)


def test_a_backend_that_stays_away_leaves_what_came(bench, monkeypatch):
    monkeypatch.setattr(run, "PAUSE", 0.01)
    wire, tries = Wire(), []
    connected = Backend(wire.address)

    def open_stream(report):
        tries.append(1)
        if len(tries) > 1:
            raise BackendGoneError("nobody answers")
        return wish.open(connected, bench.who.subject_id)

    def progress(stage: str, fraction: float, left: float) -> None:
        if stage == "texturing" and fraction > 0.3:
            wire.cut()

    wish = Wish(FRAMES, size=256, kind="vertices", animator="reproject")
    outcome = Outcome(len(FRAMES))
    with pytest.raises(BackendGoneError, match=r"\d+ of 12 frames came and are kept"):
        for _ in run.run(
            bpy.context.scene, bench.who, wish, bench.folder, open_stream, outcome, report=progress
        ):
            pass
    connected.close()
    assert len(tries) == run.RETRIES and 3 < len(outcome.came) < len(FRAMES)
    shown = sequence.frame_strips(bpy.context.scene, bench.folder)
    assert sum(len(strip.elements) for strip in shown) == len(outcome.came)
    rest = bench()  # a later press, with a backend that is there
    assert rest.textured == len(FRAMES) - len(outcome.came)


def test_what_was_cancelled_is_kept(bench):
    wish = Wish(FRAMES, size=256, kind="vertices", animator="blended")
    outcome, frame = Outcome(len(FRAMES)), bpy.context.scene.frame_current
    steps = run.run(
        bpy.context.scene,
        bench.who,
        wish,
        bench.folder,
        lambda report: wish.open(backend(), bench.who.subject_id),
        outcome,
        report=lambda stage, fraction, left: told.append((stage, fraction)),
    )
    told: list[tuple[str, float]] = []
    for _ in steps:
        if told and told[-1][1] > 0.3:
            break
    steps.close()
    assert 3 < len(outcome.came) < len(FRAMES)
    assert bpy.context.scene.frame_current == frame
    (strip,) = sequence.frame_strips(bpy.context.scene, bench.folder)
    assert len(strip.elements) == len(outcome.came)
    assert bench(animator="blended").textured == len(FRAMES) - len(outcome.came)
