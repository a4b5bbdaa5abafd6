"""The zips that users install: what is in them, and that the same tree gives the same bytes."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT, SERIES, python_of

PLATFORMS = ("linux-x64", "linux-arm64", "windows-x64", "macos-arm64", "macos-x64")
RANGES = {"cp311": ("4.2.0", "5.1.0"), "cp313": ("5.1.0", None)}
#: Part of the file name of grpcio's wheel for a platform.
BUILDS = {
    "linux-x64": "manylinux_2_17_x86_64",
    "linux-arm64": "manylinux_2_17_aarch64",
    "windows-x64": "win_amd64",
    "macos-arm64": "universal2",
    "macos-x64": "universal2",
}
EVERY = list(itertools.product(PLATFORMS, RANGES))


def manifest_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return tomllib.loads(archive.read("blender_manifest.toml").decode())


def named(zips: dict[str, Path], platform: str, tag: str) -> Path:
    (name,) = (name for name in zips if name.endswith(f"-{platform}-{tag}.zip"))
    return zips[name]


@pytest.fixture(scope="session")
def again(zips: dict[str, Path], build_zips, tmp_path_factory) -> dict[str, Path]:
    """Every zip, built a second time from a copy of the tree whose files have other dates."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "build_addon.py", copy)
    shutil.copytree(ROOT / "addon", copy / "addon", copy_function=shutil.copyfile)
    for junk in ("__pycache__/x.pyc", ".DS_Store", "ui/scene.blend1"):  # what people leave about
        (copy / "addon" / junk).parent.mkdir(exist_ok=True)
        (copy / "addon" / junk).write_bytes(b"junk")
    return build_zips(copy / "dist", root=copy)


@pytest.mark.parametrize(("platform", "tag"), EVERY)
def test_zip_holds_the_addon_and_no_more(zips, platform: str, tag: str) -> None:
    path = named(zips, platform, tag)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        files = {name: archive.read(name) for name in names if not name.startswith("wheels/")}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    tracked = subprocess.run(
        ["git", "ls-files", "addon"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    expected = {name.removeprefix("addon/") for name in tracked if name}
    expected -= {"__main__.py", "wheels.json"}
    if expected:  # a checkout
        assert expected <= set(files)
    assert {"__init__.py", "LICENSE", "v1/service_pb2_grpc.py"} <= set(files)
    kinds = ("__pycache__", ".pyc", ".blend1", "__main__", "wheels.json", ".DS_Store")
    assert not [name for name in names for kind in kinds if kind in name]
    for name, data in files.items():
        if name != "blender_manifest.toml":
            assert data == (ROOT / "addon" / name).read_bytes(), name


@pytest.mark.parametrize(("platform", "tag"), EVERY)
def test_manifest_says_where_the_zip_runs(zips, platform: str, tag: str) -> None:
    path = named(zips, platform, tag)
    manifest = manifest_of(path)
    assert manifest["platforms"] == [platform]
    span = manifest["blender_version_min"], manifest.get("blender_version_max")
    assert span == RANGES[tag]
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    with zipfile.ZipFile(path) as archive:
        wheels = [f"./{name}" for name in archive.namelist() if name.endswith(".whl")]
    assert sorted(manifest["wheels"]) == sorted(wheels)
    (grpcio,) = (wheel for wheel in wheels if "grpcio" in wheel)
    assert f"-{tag}-{tag}-" in grpcio and BUILDS[platform] in grpcio


@pytest.mark.parametrize(("platform", "tag"), EVERY)
def test_wheels_are_the_locked_ones_with_their_licences(
    zips, tmp_path: Path, platform: str, tag: str
) -> None:
    lock = json.loads((ROOT / "addon/wheels.json").read_text())
    locked = lock[platform][f"{tag[2]}.{tag[3:]}"]
    found = {}
    with zipfile.ZipFile(named(zips, platform, tag)) as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                data = archive.read(name)
                found[Path(name).name] = hashlib.sha256(data).hexdigest()
                (tmp_path / "wheel").write_bytes(data)
                with zipfile.ZipFile(tmp_path / "wheel") as wheel:
                    inner = wheel.namelist()
                assert [x for x in inner if "LICENSE" in x and "dist-info" in x], name
        text = archive.read("LICENSE").decode()
    assert found == locked
    assert "GNU GENERAL PUBLIC LICENSE" in text and "Version 3" in text


def test_the_same_tree_gives_the_same_bytes(zips, again) -> None:
    assert zips.keys() == again.keys()
    for name, path in zips.items():
        assert path.read_bytes() == again[name].read_bytes(), name


@pytest.mark.parametrize("series", SERIES)
def test_blenders_own_tool_accepts_every_zip(zips, series: str) -> None:
    """The tool of each Blender, called by that Blender's Python."""
    python = python_of(series)
    spec = "import importlib.util as u; print(u.find_spec('bpy').origin)"
    origin = subprocess.run([python, "-c", spec], capture_output=True, text=True, check=True)
    tools = Path(origin.stdout.strip()).parent
    (tool,) = tools.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    for path in zips.values():
        done = subprocess.run(
            [python, tool, "validate", path], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in (done.stdout + done.stderr).lower()


def test_a_distributions_blender_has_a_zip_of_its_own(build_zips, zips, tmp_path: Path) -> None:
    options = ["--platform", "linux-x64", "--python", "3.13", "--blender-min", "4.2.0"]
    ((name, path),) = build_zips(tmp_path, *options).items()
    assert name.endswith("-linux-x64-cp313-blender4.2.0.zip") and name not in zips
    manifest = manifest_of(path)
    assert manifest["blender_version_min"] == "4.2.0" and "blender_version_max" not in manifest
    assert any("cp313-cp313" in wheel for wheel in manifest["wheels"])


@pytest.mark.parametrize("harm", ["tampered", "unknown"])
def test_a_wheel_that_is_not_the_locked_one_is_refused(
    zips, tmp_path: Path, wheel_folder: Path, harm: str
) -> None:
    """Nothing is packed with it, and no zip is left."""
    wheels, copy = tmp_path / "wheels", tmp_path / "copy"
    shutil.copytree(wheel_folder, wheels)
    copy.mkdir()
    shutil.copy(ROOT / "build_addon.py", copy)
    shutil.copytree(ROOT / "addon", copy / "addon")
    lock_file = copy / "addon/wheels.json"
    locked = json.loads(lock_file.read_text())["linux-x64"]["3.11"]
    name = next(name for name in locked if name.startswith("typing_extensions"))
    if harm == "tampered":
        with (wheels / name).open("ab") as wheel:
            wheel.write(b"\0")
    else:
        text = lock_file.read_text().replace(locked[name], "0" * 64)
        lock_file.write_text(text)
    command = [sys.executable, "build_addon.py", "--platform", "linux-x64", "--python", "3.11"]
    command += ["--wheels", str(wheels), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip() == (f"build_addon: {name} differs from wheels.json: do not use it")
    assert not list((tmp_path / "out").glob("*.zip"))


def test_the_builder_says_whether_it_validated(built_output: str) -> None:
    state = "not validated" if importlib.util.find_spec("bpy") is None else "MB  validated"
    lines = [line for line in built_output.splitlines() if ".zip" in line]
    assert len(lines) == len(EVERY) and all(state in line for line in lines)
