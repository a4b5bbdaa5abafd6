"""Installs, disables, enables, upgrades and removes the zips, as a user does.

    python life_cycle.py OLDER.zip NEWER.zip
    python life_cycle.py reload NEWER.zip

Prints one line "FOUND {...}" with what was there at each step.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import bpy
import inventory
import versions

# isort: split
import addon_utils  # there once bpy is

NAME = "bl_ext.user_default.facewright"
ADDRESS = os.environ["FACEWRIGHT_ADDRESS"]
TOKEN = "correct-horse-battery-staple"


def install(path: str) -> None:
    bpy.ops.extensions.package_install_files(
        filepath=path, repo="user_default", enable_on_install=True, overwrite=True
    )


def version() -> str:
    return sys.modules[f"{NAME}.core.client"].version()


def preferences() -> bpy.types.AddonPreferences:
    return bpy.context.preferences.addons[NAME].preferences


def use() -> dict:
    """What works while it is enabled."""
    package = sys.modules[NAME]
    found = {
        "operators": sorted(name for name in dir(bpy.ops.facewright) if name[0] != "_"),
        "settings": bpy.context.scene.facewright_texture.size,
        "package": str(Path(package.__file__).parent),
        "modules": sorted(name for name in sys.modules if name in ("torch", "facewright", "addon")),
    }
    try:  # a button's error is one line that says what to do
        bpy.ops.facewright.new_subject()
    except RuntimeError as error:
        found["error"] = str(error).strip()
    preferences().address = ADDRESS
    try:  # the backend serves no release that is as old as the test's older one
        bpy.ops.facewright.connect()
    except RuntimeError as error:
        found["refused"] = str(error).strip()
    bpy.ops.wm.read_homefile(use_empty=True)
    return found


def set_up(folder: Path) -> dict:
    """What the preferences keep, and where a token goes."""
    chosen, private = preferences(), sys.modules[f"{NAME}.ui.preferences"]
    found: dict = {"cache": str(private.cache_folder()), "bytes": private.cache_bytes()}
    chosen.cache_folder, chosen.cache_gigabytes = str(folder / "päth of mine"), 0.5
    found["own"] = [str(private.cache_folder()), private.cache_bytes()]
    chosen.token = f"  {TOKEN}\n"  # as it is pasted
    found["token"] = chosen.token
    kept = private.private_folder() / "backend-token"
    found["mode"], found["kept"] = oct(kept.stat().st_mode & 0o777), kept.read_text().strip()
    bpy.ops.wm.save_userpref()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"), compress=False)
    found["files"] = [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and path != kept and TOKEN.encode() in path.read_bytes()
    ]
    found["saved"] = [path.name for path in folder.rglob("*.blend")]
    chosen.token = "two words"
    found["refused"] = sys.modules[f"{NAME}.ui.preferences.settings"].token_problem()
    found["after refusal"] = chosen.token
    chosen.address = "192.0.2.1:50551"
    try:
        bpy.ops.facewright.connect()
    except RuntimeError as error:
        found["offline"] = str(error).strip()
    found["online access"] = bpy.app.online_access
    chosen.address = "127.0.0.1:7"
    return found


def connected() -> dict:
    """The newer release, connected; survives another file; nothing is left of its threads."""
    preferences().address = ADDRESS
    bpy.ops.facewright.connect()
    session = sys.modules[f"{NAME}.ui.session"]
    found = {"summary": session.state.summary}
    bpy.ops.wm.read_homefile(use_empty=True)
    found["after a file"] = session.state.summary
    preferences().address = ""  # the next call starts one here, so this connection goes
    found["after a change"] = session.state.summary
    preferences().address = "127.0.0.1:7"
    return found


def main(older: str, newer: str) -> dict:
    ledger = inventory.Ledger()
    bpy.ops.wm.read_homefile(use_empty=True)
    steps: dict[str, dict] = {"before": inventory.take(NAME, ledger)}
    install(older)
    found: dict = {"older": version(), "steps": steps}
    steps["installed"] = inventory.take(NAME, ledger)
    addon_utils.disable(NAME, default_set=True)
    steps["disabled"] = inventory.take(NAME, ledger)
    started = time.perf_counter()
    addon_utils.enable(NAME, default_set=True)
    found["enable_seconds"] = time.perf_counter() - started
    steps["enabled"] = inventory.take(NAME, ledger)
    found["used"] = use()
    steps["used"] = inventory.take(NAME, ledger)
    found["set"] = set_up(Path(os.environ["BLENDER_USER_RESOURCES"]))
    install(newer)  # over the enabled older one
    found["newer"], found["enabled"] = version(), NAME in bpy.context.preferences.addons
    found["address"], found["token"] = preferences().address, preferences().token
    found["connected"] = connected()
    steps["upgraded"] = inventory.take(NAME, ledger)
    folder = Path(sys.modules[NAME].__file__).parent
    addon_utils.disable(NAME, default_set=True)
    steps["disabled again"] = inventory.take(NAME, ledger)
    addon_utils.enable(NAME, default_set=True)
    repos = bpy.context.preferences.extensions.repos
    index = next(i for i, repo in enumerate(repos) if repo.module == "user_default")
    bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="facewright")
    steps["removed"] = inventory.take(NAME, ledger)
    found["left"] = sorted(path.name for path in folder.rglob("*")) if folder.exists() else []
    secrets = Path(os.environ["BLENDER_USER_RESOURCES"])
    found["secrets"] = [str(path) for path in secrets.rglob("*token*") if path.is_file()]
    return found


def reload(path: str) -> dict:
    """What is registered before and after Blender loads all scripts anew."""
    ledger = inventory.Ledger()
    install(path)
    before = inventory.take(NAME, ledger)
    bpy.ops.script.reload()
    return {"before": before, "after": inventory.take(NAME, ledger)}


if sys.argv[1] == "reload":
    print("FOUND", json.dumps(reload(sys.argv[2])), flush=True)
    os._exit(0)  # reloading leaves a timer of Blender's own, with which 4.5 hangs at the end
print("FOUND", json.dumps(main(*sys.argv[1:])))
versions.leave(0)
