"""The add-on's core, which needs no Blender."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("core")


def test_core_imports_without_blender() -> None:
    """A Python that has neither bpy, torch nor the backend can use the core."""
    names = sorted(file.stem for file in (ROOT / "addon/core").glob("[!_]*.py"))
    assert len(names) > 7
    script = (
        "import sys\n"
        "for name in ('bpy', 'torch', 'facewright'): sys.modules[name] = None\n"
        + "".join(f"import addon.core.{name}\n" for name in names)
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class TestRotation:
    def test_matrix_is_rodrigues(self) -> None:
        from addon.core import rotation

        vectors = np.random.default_rng(0).normal(0, 1.5, (50, 3))
        vectors[0] = 0.0
        want = Rotation.from_rotvec(vectors).as_matrix()
        np.testing.assert_allclose(rotation.matrix_from_vector(vectors), want, atol=1e-12)

    def test_euler_rebuilds_the_matrix(self) -> None:
        from addon.core import rotation

        vectors = np.random.default_rng(1).normal(0, 1.0, (50, 3))
        vectors[0] = [np.pi / 2, 0, 0]  # straight down: the order degenerates
        matrices = rotation.matrix_from_vector(vectors)
        x, y, z = np.moveaxis(rotation.euler_from_matrix(matrices), -1, 0)
        again = Rotation.from_euler("zxy", np.stack([z, x, y], -1)).as_matrix()
        np.testing.assert_allclose(again, matrices, atol=1e-7)

    def test_curves_do_not_jump(self) -> None:
        from addon.core import rotation

        angles = np.linspace(0, 4 * np.pi, 200)
        vectors = np.stack([0 * angles, angles, 0 * angles], -1)
        curves = rotation.euler_curves(vectors)
        assert np.abs(np.diff(curves, axis=0)).max() < 0.1
        assert curves[-1, 1] == pytest.approx(4 * np.pi)


class TestTask:
    def test_reports_and_returns(self) -> None:
        from addon.core.tasks import Task

        seen = []

        def work(report):
            report("a", 0.5, 3.0)
            report("b", 1.0, 0.0)
            return 7

        assert Task(work).wait(lambda *step: seen.append(step)) == 7
        task = Task(work)
        assert task.result() == 7 and task.done
        step = task.poll()
        assert (step.stage, step.fraction, step.seconds_left) == ("b", 1.0, 0.0)

    def test_errors_reach_the_caller(self) -> None:
        from addon.core.errors import InputError
        from addon.core.tasks import Task

        def work(report):
            raise InputError("photo: no")

        with pytest.raises(InputError, match="photo: no"):
            Task(work).wait()

    def test_cancel_is_passed_on(self) -> None:
        from addon.core.tasks import Task

        asked = threading.Event()
        task = Task(lambda report: asked.wait(20), asked.set)
        task.cancel()
        assert task.result() is True


SERVER = """
import sys, time
print("loading", flush=True)
{body}
"""


class TestBackendProcess:
    def command(self, tmp_path: Path, body: str) -> list[str]:
        script = tmp_path / "server.py"
        script.write_text(SERVER.format(body=body))
        return [sys.executable, str(script)]

    def test_starts_and_stops(self, tmp_path: Path) -> None:
        from addon.core.backend_process import BackendProcess

        body = "print('listening on 127.0.0.1:4321', flush=True)\ntime.sleep(60)"
        lines: list[str] = []
        with BackendProcess(self.command(tmp_path, body), lines.append) as process:
            assert process.address == "127.0.0.1:4321"
            assert process.running
        assert not process.running
        assert lines[0] == "loading"

    def test_is_told_to_end_with_standard_input(self, tmp_path: Path) -> None:
        from addon.core.backend_process import BackendProcess

        body = (
            "assert sys.argv[1:] == ['serve', '--host', '127.0.0.1', '--port', '0',"
            " '--stop-with-stdin'], sys.argv\n"
            "print('listening on 127.0.0.1:1', flush=True)\nsys.stdin.read()"
        )
        process = BackendProcess(self.command(tmp_path, body))
        process.start()
        child = process._process
        assert child is not None and child.stdin is not None
        child.stdin.close()
        assert child.wait(20) == 0
        process.stop()

    def test_early_end_says_why(self, tmp_path: Path) -> None:
        from addon.core.backend_process import BackendProcess
        from addon.core.errors import BackendError

        body = "print('no room', flush=True)\nsys.exit(5)"
        with pytest.raises(BackendError, match="ended with status 5: no room"):
            BackendProcess(self.command(tmp_path, body)).start()

    def test_silence_is_ended(self, tmp_path: Path) -> None:
        from addon.core.backend_process import BackendProcess
        from addon.core.errors import BackendError

        process = BackendProcess(self.command(tmp_path, "time.sleep(60)"))
        with pytest.raises(BackendError, match="did not start within 2 s: loading"):
            process.start(timeout=2)
        assert not process.running

    def test_command_is_found_in_order(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        from addon.core import backend_process
        from addon.core.errors import BackendError

        monkeypatch.setenv(backend_process.VARIABLE, f"{sys.executable} -m facewright")
        assert backend_process.find_command() == [sys.executable, "-m", "facewright"]
        assert backend_process.find_command(sys.executable) == [sys.executable]
        blank = tmp_path / "with blank"
        blank.write_text("")
        blank.chmod(0o755)
        assert backend_process.find_command(str(blank)) == [str(blank)]
        with pytest.raises(BackendError, match="backend command: there is no program 'nowhere'"):
            backend_process.find_command("nowhere")
        monkeypatch.delenv(backend_process.VARIABLE)
        monkeypatch.setattr(backend_process, "_candidates", lambda: iter(["no-such-program"]))
        with pytest.raises(BackendError, match="pip install facewright"):
            backend_process.find_command()


def test_egl_probe_survives_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the driver takes the process down, the answer is no."""
    from addon.core import egl

    monkeypatch.setattr(egl, "_PROBE", "import os; os.abort()")
    assert egl.usable.__wrapped__() is False
    monkeypatch.setattr(egl, "_PROBE", "import time; time.sleep(60)")
    begun = time.monotonic()
    assert egl.usable.__wrapped__(timeout=1.0) is False
    assert time.monotonic() - begun < 30


class TestMessages:
    def test_wrong_lengths_are_named(self) -> None:
        from addon.core.errors import BackendError
        from addon.core.subject_data import read_motion
        from addon.v1 import face_pb2

        header = face_pb2.MotionHeader(fps=25, names=["jawOpen"], frame_count=2)
        part = face_pb2.MotionFrames(times=[0, 0.04], expression=bytes(8), pose=bytes(47))
        with pytest.raises(BackendError, match=r"frames.pose: .* 47 bytes where 48"):
            read_motion(header, [part])

    def test_missing_frames_are_named(self) -> None:
        from addon.core.errors import BackendError
        from addon.core.subject_data import read_motion
        from addon.v1 import face_pb2

        header = face_pb2.MotionHeader(fps=25, names=["jawOpen"], frame_count=2)
        part = face_pb2.MotionFrames(times=[0], expression=bytes(4), pose=bytes(24), gaze=bytes(16))
        with pytest.raises(BackendError, match="1 frames came where 2"):
            read_motion(header, [part])


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:50551", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("192.168.0.4:50551", False),
        ("127.0.0.1.example.org:1", False),
    ],
)
def test_loopback(address: str, local: bool) -> None:
    from addon.core.client import is_loopback

    assert is_loopback(address) is local


def test_another_machine_needs_tls() -> None:
    from addon.core.client import Backend
    from addon.core.errors import InputError

    with pytest.raises(InputError, match="needs TLS"):
        Backend("192.168.0.4:50551")


class TestSubject:
    """A backend that sends what Blender would crash on is told so."""

    def parts(self):  # type: ignore[no-untyped-def]
        from addon.v1 import face_pb2, service_pb2

        header = face_pb2.SubjectHeader(subject_id="a", shape_key_count=0)
        header.pose.pose.extend([0.0] * 6)
        header.pose.gaze.extend([0.0] * 4)
        index = np.array([0, 1, 2], "<i4").tobytes()
        mesh = face_pb2.SubjectMesh(
            vertex_count=3,
            vertices=np.zeros(9, "<f4").tobytes(),
            triangle_count=1,
            triangles=index,
            uv_count=3,
            uvs=np.zeros(6, "<f4").tobytes(),
            uv_triangles=index,
            parts=[face_pb2.MeshPart(part=1, vertex_count=3, triangle_count=1)],
        )
        return header, mesh, service_pb2.SubjectPictures()

    def test_what_fits_is_read(self) -> None:
        from addon.core.subject_data import read_subject

        header, mesh, pictures = self.parts()
        assert read_subject(header, mesh, [], pictures).triangles.tolist() == [[0, 1, 2]]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("triangles", "mesh.triangles: the backend sent 0 to 3 where 0 to 2"),
            ("uv_triangles", "mesh.uv_triangles: the backend sent -1 to 2 where 0 to 2"),
            ("pose", "pose: 5 came where 6"),
            ("gaze", "gaze: 6 came where 4"),
            ("parts", "mesh.parts: 2 came where 1"),
        ],
    )
    def test_what_does_not_is_refused(self, change: str, says: str) -> None:
        from addon.core.errors import BackendError
        from addon.core.subject_data import read_subject

        header, mesh, pictures = self.parts()
        match change:
            case "triangles":
                mesh.triangles = np.array([0, 1, 3], "<i4").tobytes()
            case "uv_triangles":
                mesh.uv_triangles = np.array([-1, 1, 2], "<i4").tobytes()
            case "pose":
                header.pose.pose.pop()
            case "gaze":
                header.pose.gaze.extend([0.0, 0.0])
            case "parts":
                mesh.parts[0].triangle_count = 2
        with pytest.raises(BackendError, match=says):
            read_subject(header, mesh, [], pictures)
