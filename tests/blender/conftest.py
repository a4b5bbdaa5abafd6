"""Blender's Python modules that the add-on is tested in, and one backend for all tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("inside")
#: Seconds that any child with Blender in it may take.
LIMIT = 240

Runner = Callable[..., subprocess.CompletedProcess]


#: Blender series -> the variable that names a Python with its bpy, and the folder it is
#: looked for in; 5.0 is the running Python's own.
SERIES = {
    "4.2": ("FACEWRIGHT_BPY42", ".venv-bpy42"),
    "4.5": ("FACEWRIGHT_BPY45", ".venv-bpy45"),
    "5.0": ("", ""),
    "5.2": ("FACEWRIGHT_BPY52", ".venv-bpy52"),
}


def lacking(series: str) -> str:
    """Why there is no Python with bpy of this series; "" where there is one."""
    variable, _ = SERIES[series]
    if variable:
        if _path(series).exists():
            return ""
        return f"no bpy {series}: `make setup-dev`, or name a Python with it in {variable}"
    return "" if importlib.util.find_spec("bpy") else f"no bpy {series}: install the blender extra"


def _path(series: str) -> Path:
    variable, folder = SERIES[series]
    if not variable:
        return Path(sys.executable)
    # Not resolved: a virtual environment's Python is a link to one without its packages.
    return ROOT / (os.environ.get(variable) or f"{folder}/bin/python")


def python_of(series: str) -> Path:
    """A Python with bpy of this series; skips the test where there is none."""
    if reason := lacking(series):
        pytest.skip(reason)
    return _path(series)


def runner(series: str) -> Runner:
    """Runs a Python command line in one of the Blenders, with a time limit."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(_path(series)), *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    run.series = series
    return run


@pytest.fixture(scope="session", params=SERIES)
def blender(request: pytest.FixtureRequest) -> Runner:
    """A :func:`runner` for each Blender that is there."""
    python_of(request.param)
    return runner(request.param)


@pytest.fixture(scope="session")
def backend(core: None) -> Iterator[str]:
    """The address of one real backend that the tests share; see backend.py."""
    from addon.core.backend_process import BackendProcess

    script = Path(__file__).with_name("backend.py")
    with BackendProcess([sys.executable, str(script)]) as process:
        yield process.address


@pytest.fixture(scope="session")
def core() -> Iterator[None]:
    """Makes `addon` importable; nothing of its core needs Blender."""
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where built zips' wheels are kept: the checkout's own folder, as `make addon` has it."""
    folder = ROOT / "build" / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def build_zips(wheel_folder: Path) -> Callable[..., dict[str, Path]]:
    """``build_zips(output, *options, root=ROOT)``: what build_addon.py made, by name."""

    def build(output: Path, *options: str, root: Path = ROOT) -> dict[str, Path]:
        command = [sys.executable, "build_addon.py", "--output", str(output)]
        command += ["--wheels", str(wheel_folder), *options]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
        if "No matching distribution" in done.stderr or "Connection" in done.stderr:
            pytest.skip("the package index cannot be reached, which holds the wheels to bundle")
        assert done.returncode == 0, done.stderr
        (output / "build.log").write_text(done.stdout, encoding="utf-8")
        return {path.name: path for path in sorted(output.glob("*.zip"))}

    return build


@pytest.fixture(scope="session")
def zips(build_zips: Callable[..., dict[str, Path]], tmp_path_factory) -> dict[str, Path]:
    """Every zip, by name."""
    return build_zips(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def built_output(zips: dict[str, Path]) -> str:
    """What the builder printed."""
    return (next(iter(zips.values())).parent / "build.log").read_text(encoding="utf-8")


@pytest.fixture
def serve(core: None) -> Iterator[Callable[..., str]]:
    """Starts a backend of the given methods; its address."""
    import grpc

    from addon.v1 import service_pb2_grpc

    servers = []

    def start(**methods: Callable) -> str:
        kind = type("Scripted", (service_pb2_grpc.FacewrightServiceServicer,), methods)
        server = grpc.server(futures.ThreadPoolExecutor(4))
        service_pb2_grpc.add_FacewrightServiceServicer_to_server(kind(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(None).wait()
