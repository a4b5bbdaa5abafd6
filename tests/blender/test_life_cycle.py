"""A user's way with the real zip: install, disable, enable, upgrade, remove."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from .conftest import INSIDE, Runner

#: What no line of the console may say.
TOKEN = "correct-horse-battery-staple"
#: Errors that life_cycle.py asks for.
PROVOKED = ("Choose a photo", "too old for the backend", "is another computer")
COMPLAINT = re.compile(r"warn|error|traceback|exception|leak", re.IGNORECASE)


@pytest.fixture(scope="session")
def older(build_zips, tmp_path_factory) -> dict[str, Path]:
    """An older release of the same tree, for each Python."""
    options = ["--platform", "linux-x64", "--version", "0.0.9"]
    return build_zips(tmp_path_factory.mktemp("older"), *options)


def run(blender: Runner, folder: Path, backend: str, *arguments: str) -> tuple[dict, list[str]]:
    """What life_cycle.py found, and the lines that were printed beside it."""
    if not sys.platform.startswith("linux"):
        pytest.skip("installs the Linux zips")
    done = blender(
        str(INSIDE / "life_cycle.py"),
        *arguments,
        BLENDER_USER_RESOURCES=str(folder),
        FACEWRIGHT_ADDRESS=backend,
        PYTHONPATH=str(INSIDE),
        PYTHONWARNINGS="default::ResourceWarning",
    )
    output = done.stdout.splitlines() + done.stderr.splitlines()
    lines = [line for line in output if line.startswith("FOUND ")]
    assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
    rest = [line for line in output if not line.startswith("FOUND ")]
    return json.loads(lines[0].removeprefix("FOUND ")), rest


def fitting(blender: Runner, built: dict[str, Path]) -> str:
    """The zip for one Blender's Python."""
    tag = "cp313" if blender.series >= "5.1" else "cp311"
    return str(next(path for name, path in built.items() if name.endswith(f"linux-x64-{tag}.zip")))


@pytest.fixture(scope="session")
def lived(blender: Runner, zips, older, backend: str, tmp_path_factory) -> dict:
    """What life_cycle.py found in one Blender, and what it printed beside it."""
    folder = tmp_path_factory.mktemp("user")
    paths = [fitting(blender, built) for built in (older, zips)]
    found, console = run(blender, folder, backend, *paths)
    return found | {"console": console, "folder": str(folder)}


def test_reloading_all_scripts_changes_nothing(
    blender: Runner, zips, backend: str, tmp_path: Path
) -> None:
    found, console = run(blender, tmp_path, backend, "reload", fitting(blender, zips))
    assert found["before"]["classes"] and found["before"] == found["after"]
    assert [line for line in console if COMPLAINT.search(line)] == []


def test_works_from_its_own_folder(lived: dict) -> None:
    used = lived["used"]
    assert set(used["operators"]) >= {"connect", "new_subject", "drive_speech", "texture"}
    assert used["settings"] == "512"
    assert used["package"].startswith(lived["folder"])
    assert used["modules"] == []  # neither torch nor the backend is imported
    assert "photo" in used["error"] and "\n" not in used["error"]
    assert "this add-on (0.0.9) is too old for the backend" in used["refused"]


def test_nothing_is_left_after_disabling(lived: dict) -> None:
    steps = lived["steps"]
    assert not any(steps["before"][kind] for kind in steps["before"])
    for step in ("installed", "enabled", "used", "upgraded"):
        assert steps[step]["classes"] and steps[step]["properties"] and steps[step]["commands"]
    assert steps["enabled"] == steps["installed"]
    for step in ("disabled", "disabled again", "removed"):
        assert steps[step] == steps["before"], step


def test_upgrade_keeps_what_the_user_set(lived: dict) -> None:
    assert (lived["older"], lived["enabled"]) == ("0.0.9", True)
    assert lived["newer"] != "0.0.9"
    assert lived["address"] == "127.0.0.1:7"
    assert lived["token"] == TOKEN


def test_the_token_is_in_a_file_of_its_own_alone(lived: dict) -> None:
    found = lived["set"]
    assert found["token"] == found["kept"] == TOKEN
    assert found["mode"] == "0o600"
    assert {"scene.blend", "userpref.blend"} <= set(found["saved"]) and found["files"] == []
    assert "expected visible ASCII characters" in found["refused"]
    assert found["after refusal"] == TOKEN
    assert not [line for line in lived["console"] if TOKEN in line]


def test_the_cache_is_the_addons_own_or_the_users_choice(lived: dict) -> None:
    found = lived["set"]
    assert found["cache"].startswith(lived["folder"]) and found["bytes"] == 5_000_000_000
    assert found["own"] == [str(Path(lived["folder"]) / "päth of mine"), 500_000_000]


def test_another_computer_needs_online_access(lived: dict) -> None:
    found = lived["set"]
    assert found["online access"] is False
    assert "192.0.2.1:50551 is another computer; allow online access" in found["offline"]


def test_the_connection_survives_another_file_and_not_another_address(lived: dict) -> None:
    found = lived["connected"]
    assert "version" in found["summary"] and found["after a file"] == found["summary"]
    assert found["after a change"] == ""


def test_removal_leaves_no_file_and_no_token(lived: dict) -> None:
    assert lived["left"] == [] and lived["secrets"] == []


def test_the_console_has_no_complaint(lived: dict) -> None:
    told = [line for line in lived["console"] if COMPLAINT.search(line)]
    assert [line for line in told if not any(known in line for known in PROVOKED)] == []


def test_a_zip_for_another_python_is_refused_in_words(
    blender: Runner, build_zips, tmp_path: Path
) -> None:
    """What is left behind can be replaced by the right one."""
    python = "3.11" if blender.series >= "5.1" else "3.13"
    options = ["--platform", "linux-x64", "--python", python, "--blender-min", "4.2.0"]
    (path,) = build_zips(tmp_path / "dist", *options).values()
    done = blender(
        "-c",
        "import sys, bpy; bpy.ops.extensions.package_install_files("
        "filepath=sys.argv[1], repo='user_default', enable_on_install=True)",
        str(path),
        BLENDER_USER_RESOURCES=str(tmp_path),
    )
    assert f"isn't compatible with ({python})" in done.stdout + done.stderr
