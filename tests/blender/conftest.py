"""Blender's Python modules that the add-on is tested in, and one backend for all tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
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


def python_of(series: str) -> Path:
    """A Python with bpy of this series; skips the test where there is none."""
    variable, folder = SERIES[series]
    if not variable:
        if not importlib.util.find_spec("bpy"):
            pytest.skip(f"no bpy {series}: install the blender extra")
        return Path(sys.executable)
    # Not resolved: a virtual environment's Python is a link to one without its packages.
    python = ROOT / (os.environ.get(variable) or f"{folder}/bin/python")
    if not python.exists():
        pytest.skip(f"no bpy {series}: `make setup-dev`, or name a Python with it in {variable}")
    return python


@pytest.fixture(scope="session", params=SERIES)
def blender(request: pytest.FixtureRequest) -> Runner:
    """Runs a Python command line in one of the Blenders, with a time limit."""
    python = python_of(request.param)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(python), *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    return run


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
