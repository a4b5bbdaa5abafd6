"""The zip in a real `blender`, from the command line; see real_blender.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .real_blender import (
    Executable,
    archive,
    build,
    executable,
    install,
    installed,
    trouble,
)

__all__ = ["archive", "executable", "installed"]  # fixtures


@pytest.fixture(scope="module")
def older(executable: Executable) -> Path:
    """The same extension, as if it were of an earlier release."""
    return build(executable, "--version", "0.0.1")


LOOK = """
import addon_utils, bpy, sys
name = "bl_ext.user_default.facewright"
{before}
entry = bpy.context.preferences.addons.get(name)
print("ENABLED", entry is not None, hasattr(bpy.types.Scene, "facewright_texture"),
      entry.preferences.address if entry else "", sys.modules[name].__file__ if entry else "")
{after}
"""


def look(executable: Executable, before: str = "", after: str = "") -> list[str]:
    """Whether it is enabled, has registered, its preferences' address, and its file."""
    said = executable.python(LOOK.format(before=before, after=after))
    return re.search(r"ENABLED (.*)", said)[1].split(" ")


def test_installs_upgrades_and_goes_without_a_warning(
    executable: Executable, archive: Path, older: Path
) -> None:
    executable.said.clear()
    validated = executable.run("-b", "--command", "extension", "validate", executable.seen(archive))
    assert "Success" in validated
    install(executable, older)
    save = "bpy.ops.wm.save_userpref()"
    set_address = "bpy.context.preferences.addons[name].preferences.address = 'localhost:7'"
    assert look(executable, set_address, save)[:3] == ["True", "True", "localhost:7"]
    install(executable, archive)  # over the older one
    assert look(executable)[:3] == ["True", "True", "localhost:7"]
    disable = "addon_utils.disable(name, default_set=True)"
    assert look(executable, disable, save)[:2] == ["False", "False"]
    assert look(executable)[:2] == ["False", "False"]
    enable = "addon_utils.enable(name, default_set=True, persistent=True)"
    assert look(executable, enable, save)[:2] == ["True", "True"]
    listed = executable.run("-b", "--command", "extension", "list")
    assert "facewright [installed]" in listed
    executable.run("-b", "--command", "extension", "remove", "facewright")
    listed = executable.run("-b", "--command", "extension", "list")
    assert "facewright [installed]" not in listed
    assert look(executable)[:2] == ["False", "False"]
    assert not list((executable.folder / "user").glob("extensions/user_default/facewright/**/*.py"))
    assert trouble(executable.said) == []


def test_dubs_from_the_command_line(installed: Executable, backend: str) -> None:
    folder = installed.folder
    installed.said.clear()
    said = installed.run(
        "-b", "--command", "facewright", "dub", installed.seen(folder / "portrait.png"),
        installed.seen(folder / "speech.wav"), "-o", installed.seen(folder / "talk.mp4"),
        "--blend", installed.seen(folder / "talk.blend"), "--address", backend,
        "--size", "256", "--fps", "8",
    )  # fmt: skip
    assert "48 frames" in said
    assert (folder / "talk.mp4").stat().st_size > 50_000
    assert trouble(installed.said) == []
    bad = installed.run(
        "-b", "--command", "facewright", "dub", "/nowhere.png", "/nowhere.wav", "-o", "/a.mp4",
        expect=2,
    )  # fmt: skip
    assert "facewright: portrait: there is no file /nowhere.png" in bad


def test_works_on_a_scene_from_the_command_line(installed: Executable, backend: str) -> None:
    """Keys, pictures and exports of the .blend that the dub before has left."""
    folder, seen = installed.folder, installed.seen
    installed.said.clear()

    def command(scene: str, *words: str) -> str:
        return installed.run("-b", seen(folder / scene), "--command", "facewright", *words)

    again = seen(folder / "again.blend")
    command("talk.blend", "drive", "--emotion", "happy", "--save-as", again, "--address", backend)
    command("again.blend", "texture", "--frames", "1-6", "--size", "256", "--address", backend)
    command("again.blend", "export", "-o", seen(folder / "six.mp4"), "--frames", "1-6")
    for name in ("face.glb", "face.csv"):
        command("again.blend", "export", "-o", seen(folder / name))
    for name in ("six.mp4", "face.glb", "face.csv"):
        assert (folder / name).stat().st_size > 2000
    assert trouble(installed.said) == []


def test_makes_the_movies_of_a_list(installed: Executable, backend: str) -> None:
    folder = installed.folder
    rows = ["portrait,speech,output", "portrait.png,speech.wav,one.mp4"]
    rows.append("cut.png,speech.wav,two.mp4")
    (folder / "cut.png").write_bytes((folder / "portrait.png").read_bytes()[:5000])
    (folder / "list.csv").write_text("\n".join(rows))
    said = installed.run(
        "-b", "--command", "facewright", "batch", installed.seen(folder / "list.csv"),
        "--size", "256", "--fps", "6", "--no-review", "--address", backend, expect=6,
    )  # fmt: skip
    assert (folder / "one.mp4").exists() and not (folder / "two.mp4").exists()
    assert "cut.png: damaged picture" in said


def test_every_button_answers_in_a_line(installed: Executable) -> None:
    """In scenes that it is not made for, without a backend: grey, done, or one line that says."""
    said = installed.run(
        "-b", "--python-exit-code", "1", "--python",
        installed.seen(installed.folder / "executable/stranger.py"),
        "--", installed.seen(installed.folder),
    )  # fmt: skip
    found = json.loads(re.search(r"^SAYS (.*)$", said, re.M)[1])
    assert len(found) == 5
    answers = {answer for buttons in found.values() for answer in buttons.values()}
    assert "Traceback" not in said
    odd = [one for one in answers if one not in ("grey", "FINISHED") and "\n" in one]
    odd += [one for one in answers if one.startswith("Error: Python")]
    assert odd == []
    assert len(answers) > 8
