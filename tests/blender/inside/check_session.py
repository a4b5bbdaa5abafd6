"""The session: connecting beside others, files, a backend that is started here."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import bpy
import pytest

from addon.core.errors import BackendError, Cancelled, InputError
from addon.core.tasks import Task
from addon.ui import connection, jobs, session
from addon.ui.preferences import backend as backend_ui
from addon.ui.preferences import cache, storage

ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
PROGRAM = os.environ.get("FACEWRIGHT_BACKEND", "")
ROOT = Path(__file__).resolve().parents[3]

needs_backend = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)

#: Prints what `facewright serve` would, and no more.
LISTENS = """
import sys, threading
if "--version" in sys.argv:
    print("facewright 9.9"); sys.exit()
print("loading", flush=True)
{before}
print("listening on 127.0.0.1:7", flush=True)
{after}
sys.stdin.read()
"""


def nothing(*step: object) -> None:
    """A progress that nobody sees."""


def script(folder: Path, before: str = "", after: str = "") -> str:
    """A command that behaves like a backend as far as its console goes."""
    path = folder / "program.py"
    path.write_text(LISTENS.format(before=before, after=after))
    return f"{sys.executable} {path}"


@pytest.fixture(autouse=True)
def alone() -> None:
    """Each test begins and ends without a session."""
    session.close()
    yield
    session.close()


@needs_backend
def test_threads_that_connect_at_once_share_one_connection() -> None:
    found: list[object] = []
    settings = session.Settings(ADDRESS)
    threads = [
        threading.Thread(target=lambda: found.append(session.connect(settings, nothing)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len({id(one) for one in found}) == 1
    assert ADDRESS in session.state.summary
    assert session.state.missing("fingerprints") == ""


@needs_backend
def test_disconnecting_meanwhile_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = session.Backend.hello

    def slow(self: session.Backend, *arguments: object) -> object:
        answer = hello(self, *arguments)
        session.disconnect()  # as the user's button does
        return answer

    monkeypatch.setattr(session.Backend, "hello", slow)
    with pytest.raises(Cancelled):
        session.connect(session.Settings(ADDRESS), nothing)
    assert session.state.backend is None and session.state.capabilities is None


@needs_backend
def test_the_connection_survives_another_file(tmp_path: Path) -> None:
    session.connect(session.Settings(ADDRESS), nothing)
    before = session.state.backend
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    assert session.state.backend is before and before is not None
    assert before.hello().animators


@needs_backend
def test_another_scene_and_window_share_the_session() -> None:
    session.connect(session.Settings(ADDRESS), nothing)
    other = bpy.data.scenes.new("other")
    with bpy.context.temp_override(scene=other):
        assert bpy.ops.facewright.cancel() == {"FINISHED"}  # there is nothing to cancel
    assert session.state.summary


def test_another_file_ends_what_runs() -> None:
    """As where a file is opened while a modal operator works on the scene."""
    ended = []

    class Waits(jobs.JobOperator):
        report = staticmethod(lambda *_: None)

        def job(self, context: bpy.types.Context) -> jobs.Job:
            try:
                while True:
                    yield jobs.LATER
            finally:
                ended.append(True)

    operator = Waits()
    operator._begin(bpy.context)
    assert operator._advance() == {"RUNNING_MODAL"} and session.state.busy
    assert not connection.Connect.poll(bpy.context)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert ended == [True] and not session.state.busy
    assert connection.Connect.poll(bpy.context)


def test_a_backend_that_ends_while_starting_says_its_last_line(tmp_path: Path) -> None:
    command = script(tmp_path, before="print('no room on the disk'); sys.exit(3)")
    with pytest.raises(BackendError, match="ended with status 3: no room on the disk"):
        session.connect(session.Settings(command=command), nothing)
    assert session.state.process is None


def test_closing_ends_a_backend_that_is_still_starting(tmp_path: Path) -> None:
    command = script(tmp_path, before="threading.Event().wait(60)")
    task = Task(lambda report: session.connect(session.Settings(command=command), report))
    until = time.monotonic() + 30
    while not (session.state.started_here and session.state.process.lines):
        assert time.monotonic() < until
        time.sleep(0.01)
    session.close()
    with pytest.raises(Cancelled):
        task.result()
    assert session.state.process is None and session.state.backend is None


def test_a_backend_that_died_is_seen_and_replaced(tmp_path: Path) -> None:
    command = script(tmp_path, after="print('out of memory', flush=True); sys.exit(1)")
    with pytest.raises(BackendError, match="the backend has ended: out of memory"):
        session.connect(session.Settings(command=command), nothing)
    first = session.state.process
    until = time.monotonic() + 30
    while session.state.started_here:
        assert time.monotonic() < until
        time.sleep(0.01)
    with pytest.raises(BackendError):
        session.connect(session.Settings(command=command), nothing)
    assert session.state.process is not first


def test_a_backend_ends_with_a_blender_that_forgets_it(tmp_path: Path) -> None:
    """Neither closed nor unregistered: the process just ends."""
    marker = tmp_path / "ended"
    command = script(tmp_path, after=f"sys.stdin.read(); open({str(marker)!r}, 'w').close()")
    words = "import addon; addon.register()\nfrom addon.ui import session\n"
    words += "process = session.BackendProcess(__import__('shlex').split(sys.argv[1]))\n"
    words += "process.start(); session.state.process = process; print('started', flush=True)\n"
    words += "os._exit(0)"  # no exit handler runs, as where Blender crashes
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys, bpy\n{words}", command],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "started" in done.stdout, done.stderr
    until = time.monotonic() + 30
    while not marker.exists():
        assert time.monotonic() < until, "the backend outlived Blender"
        time.sleep(0.05)


def test_settings_keep_the_token_to_themselves(tmp_path: Path) -> None:
    settings = session.Settings("host:1", token="secret-secret-secret")
    assert "secret-secret" not in repr(settings)
    with pytest.raises(InputError, match=r"certificate: .*no\.pem cannot be read: No such file"):
        session.Settings("host:1", certificate=tmp_path / "no.pem").pem()


def test_online_access_is_asked_for_other_computers_alone() -> None:
    assert not bpy.app.online_access  # as Blender is by default
    for address in ("", "127.0.0.1:1", "localhost:1", "[::1]:1"):
        assert session.offline(address) == ""
    for address in ("192.0.2.1:1", "example.org:1", "10.0.0.1:1", "127.0.0.1.example.org:1"):
        assert "allow online access" in session.offline(address)


class TestCheck:
    """The button beside the program's path."""

    @pytest.fixture
    def check(self, monkeypatch: pytest.MonkeyPatch):
        def run(command: str) -> str:
            monkeypatch.setenv("FACEWRIGHT_BACKEND", command)
            try:
                bpy.ops.facewright.check_backend()
            except RuntimeError as error:
                return str(error)
            return backend_ui.Checked.text

        return run

    @pytest.mark.skipif(not PROGRAM, reason="needs a program in FACEWRIGHT_BACKEND")
    def test_the_real_program(self, check) -> None:
        assert PROGRAM in check(PROGRAM) and backend_ui.Checked.good
        assert backend_ui.Checked.text.startswith("Facewright ")

    def test_a_program_of_another_name_with_a_blank(self, check, tmp_path: Path) -> None:
        folder = tmp_path / "päth with blanks"
        folder.mkdir()
        program = folder / "facewright"
        program.write_text("#!/bin/sh\necho facewright 1.2.3\n")
        program.chmod(0o755)
        assert check(str(program)) == f"Facewright 1.2.3: {program}"

    def test_what_is_no_such_program(self, check, tmp_path: Path) -> None:
        assert "there is no program" in check(str(tmp_path / "nowhere"))
        text = check(f"{sys.executable} -c pass")
        assert "is not Facewright's program" in text and not backend_ui.Checked.good
        assert "ended with status 2" in check(f"{sys.executable} -c import\\ sys;sys.exit(2)")

    def test_one_that_takes_too_long(self, check, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backend_ui, "CHECK_SECONDS", 0.5)
        text = check(f"{sys.executable} -c import\\ time;time.sleep(60)")
        assert "did not answer within 0.5 s" in text


@pytest.mark.skipif(not PROGRAM, reason="needs a program in FACEWRIGHT_BACKEND")
@pytest.mark.skipif(bpy.app.version[:2] != (5, 0), reason="slow to start; once is enough")
def test_start_and_stop_buttons() -> None:
    assert not backend_ui.StopBackend.poll(bpy.context)
    assert bpy.ops.facewright.start_backend() == {"FINISHED"}
    process = session.state.process
    assert process.running and process.address in session.state.summary
    assert any("listening on" in line for line in process.lines)
    assert bpy.ops.facewright.stop_backend() == {"FINISHED"}
    assert not process.running and session.state.process is None
    assert session.state.summary == ""


def test_clearing_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path / "cache")
    kept = cache.FrameCache(tmp_path / "cache", 1 << 20)
    paths = [kept.put(f"{index:064x}", b"x" * 1000) for index in range(3)]
    assert cache.size.count(tmp_path / "cache") > 3000
    assert bpy.ops.facewright.clear_cache() == {"FINISHED"}
    assert not any(path.exists() for path in paths)
    assert cache.size.count(tmp_path / "cache") == 0


def test_the_cache_is_counted_beside_the_interface(tmp_path: Path) -> None:
    kept = cache.FrameCache(tmp_path, 1 << 20)
    kept.put("a" * 64, b"x" * 1000)
    counted = cache._Size()
    assert counted.of(tmp_path) in (-1, kept.size())  # told when it is known, never waited for
    until = time.monotonic() + 30
    while counted.of(tmp_path) != kept.size():
        assert time.monotonic() < until
        time.sleep(0.01)
