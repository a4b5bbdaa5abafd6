"""Runs the tests of inside/ in each Blender, a child process per module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import INSIDE, Runner, lacking, runner

PROGRAM = str(Path(sys.executable).with_name("facewright"))
#: Of inside/versions.py.
NO_SOUND = "compiled without Audaspace"
MODULES = sorted(path.stem for path in INSIDE.glob("check_*.py"))


def test_modules_are_found() -> None:
    assert {"check_subject", "check_layers", "check_geometry", "check_sequence"} <= set(MODULES)


@pytest.fixture(scope="session")
def children(
    request: pytest.FixtureRequest, backend: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Future]]:
    """(series, module) -> its run: of all that this session asks for, as many at a time as
    there are processors, since most of them is waiting."""

    def run(series: str, module: str, folder: Path) -> subprocess.CompletedProcess:
        config, tests = str(INSIDE / "pytest.ini"), str(INSIDE / f"{module}.py")
        environment = {"FACEWRIGHT_ADDRESS": backend, "FACEWRIGHT_BACKEND": PROGRAM}
        environment["BLENDER_USER_RESOURCES"] = str(folder)  # never the user's own
        return runner(series)("-m", "pytest", "-c", config, "-rs", tests, **environment)

    found: dict[tuple[str, str], Future] = {}
    pool = ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1)))
    for item in request.session.items:
        if getattr(item, "originalname", "") == test_inside.__name__:
            key = item.callspec.params["blender"], item.callspec.params["module"]
            if not lacking(key[0]):
                found[key] = pool.submit(run, *key, tmp_path_factory.mktemp("user"))
    yield found
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("module", MODULES)
def test_inside(blender: Runner, module: str, children: dict[tuple[str, str], Future]) -> None:
    done = children[blender.series, module].result()
    if not re.search(r"\d+ (passed|failed|error)", done.stdout) and NO_SOUND in done.stdout:
        pytest.skip(f"all of {module} needs sound, which this bpy was compiled without")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"\d+ passed", done.stdout), done.stdout[-2000:]


def test_without_a_usable_egl_vertices_are_sent(blender: Runner) -> None:
    """Blender's own start of the GPU would end the process here; it is not tried."""
    config, tests = str(INSIDE / "pytest.ini"), str(INSIDE / "check_geometry.py")
    nowhere = {"__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = blender("-m", "pytest", "-c", config, "-rs", tests, **nowhere)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "no usable EGL" in done.stdout
    assert re.search(r"[1-9] passed", done.stdout)
