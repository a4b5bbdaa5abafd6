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


def _pythons() -> dict[str, Path | None]:
    """Blender series -> a Python with its bpy, None where there is none."""
    here = Path(sys.executable) if importlib.util.find_spec("bpy") else None
    old = Path(os.environ.get("FACEWRIGHT_BPY45", ROOT / ".venv-bpy45/bin/python"))
    return {"5.0": here, "4.5": old if (ROOT / old).exists() else None}


@pytest.fixture(scope="session", params=["5.0", "4.5"])
def blender(request: pytest.FixtureRequest) -> Runner:
    """Runs a Python command line in one of the Blenders, with a time limit."""
    python = _pythons()[request.param]
    if python is None:
        pytest.skip(
            f"no bpy {request.param}: install the blender extra"
            if request.param == "5.0"
            else "no bpy 4.5: name a Python that has it in FACEWRIGHT_BPY45"
        )

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(ROOT / python), *arguments],
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
