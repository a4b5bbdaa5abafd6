"""The zip that a user installs."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import INSIDE, ROOT, Runner

PLATFORM = "linux-x64"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this platform, built and validated by Blender's tool."""
    if not sys.platform.startswith("linux"):
        pytest.skip("installs the Linux zip")
    output = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "build_addon.py", "--platform", PLATFORM, "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if "No matching distribution" in done.stderr or "Connection" in done.stderr:
        pytest.skip("the package index cannot be reached, which holds the wheels to bundle")
    assert done.returncode == 0, done.stderr
    assert "not validated" not in done.stdout or not _has_bpy(), done.stdout
    (path,) = output.glob("*.zip")
    return path


def _has_bpy() -> bool:
    import importlib.util

    return importlib.util.find_spec("bpy") is not None


def test_zip_holds_the_addon_and_no_more(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        manifest = archive.read("blender_manifest.toml").decode()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {"__init__.py", "LICENSE", "v1/service_pb2_grpc.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("__main__")]
    wheels = [name for name in names if name.endswith(".whl")]
    for tag in ("grpcio-1", "cp311-cp311", "cp313-cp313", "protobuf-", "typing_extensions-"):
        assert any(tag in wheel for wheel in wheels), tag
    assert all(f'"./{wheel}"' in manifest for wheel in wheels)
    assert f'platforms = ["{PLATFORM}"]' in manifest


def test_installs_and_enables(built: Path, blender: Runner, tmp_path: Path) -> None:
    done = blender(
        str(INSIDE / "extension.py"),
        str(built),
        BLENDER_USER_RESOURCES=str(tmp_path),
        PYTHONPATH="",
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads(lines[0].removeprefix("FOUND "))
    assert set(found["operators"]) >= {"connect", "new_subject", "drive_speech", "texture"}
    assert found["settings"] == "512" and found["preferences"]
    assert found["package"].startswith(str(tmp_path))
    assert found["modules"] == []  # neither torch nor the backend is imported
    assert "New Subject" in found["error"] and "\n" not in found["error"]
    assert not found["left"]
