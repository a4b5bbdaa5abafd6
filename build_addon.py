#!/usr/bin/env python3
"""Build the Blender extension: addon/ and the wheels it needs, one zip per platform.

    python build_addon.py                         every platform, into dist/
    python build_addon.py --platform linux-x64    one
    python build_addon.py --lock                  look the wheels up anew, after a new pin

Blender installs the wheels itself, so its users never need pip. Each zip serves Blender
4.2 to 5.0 (Python 3.11) and 5.1 and later (Python 3.13). Wheels are held to the SHA-256 in
addon/wheels.json and the zips carry no dates, so the same checkout gives the same bytes.
Where a bpy wheel is installed, Blender's own tool validates each zip.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "addon"
LOCK = SOURCE / "wheels.json"

PYTHONS = ("3.11", "3.13")
#: What the add-on imports beside Blender's own NumPy. The stubs are written for protobuf
#: 4.25; grpcio needs typing_extensions.
PINS = ("grpcio==1.85.1", "protobuf==4.25.9", "typing_extensions==4.16.0")
#: Blender's name of each platform -> tags of the wheels that run there.
PLATFORMS = {
    "linux-x64": ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    "windows-x64": ("win_amd64",),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_11_0_x86_64",),
}
#: Files of addon/ that are not part of the extension.
LEFT_OUT = ("__pycache__", "__main__.py", "wheels.json")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def download(platform: str, folder: Path) -> list[Path]:
    """Fetch the wheels of one platform with pip; sorted by name.

    Raises:
        SystemExit: pip failed; its own last line says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for python in PYTHONS:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--quiet", "--no-deps", "--only-binary=:all:", "--implementation", "cp"]
        command += ["--python-version", python, "--dest", str(folder), *PINS]
        for tag in PLATFORMS[platform]:
            command += ["--platform", tag]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise SystemExit(f"build_addon: {platform}: {lines[-1] if lines else done.stderr}")
    return sorted(folder.glob("*.whl"))


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(wheels: list[Path], lock: dict[str, str]) -> None:
    """Refuse a wheel that is not the locked one, byte for byte."""
    for wheel in wheels:
        wanted = lock.get(wheel.name)
        if wanted is None:
            raise SystemExit(f"build_addon: {wheel.name} is not in {LOCK.name}; run with --lock")
        if digest(wheel) != wanted:
            raise SystemExit(f"build_addon: {wheel.name} differs from {LOCK.name}: do not use it")


def manifest(platform: str, wheels: list[Path]) -> str:
    """The extension's manifest for one platform."""
    text = (SOURCE / "blender_manifest.toml").read_text(encoding="utf-8")
    names = "".join(f'  "./wheels/{wheel.name}",\n' for wheel in wheels)
    added = f'platforms = ["{platform}"]\nwheels = [\n{names}]\n\n'
    head, table, rest = text.partition("[permissions]")
    return head + added + table + rest


def pack(platform: str, wheels: list[Path], output: Path) -> Path:
    """Write one platform's zip: sorted, dateless, wheels stored as they are."""
    text = manifest(platform, wheels)
    version = tomllib.loads(text)["version"]
    path = output / f"facewright-{version}-{platform}.zip"
    sources = [
        file
        for file in sorted(SOURCE.rglob("*"))
        if file.is_file() and not set(file.relative_to(SOURCE).parts) & set(LEFT_OUT)
    ]
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as archive:
        for file in sources:
            name = file.relative_to(SOURCE).as_posix()
            data = text.encode() if name == "blender_manifest.toml" else file.read_bytes()
            _add(archive, name, data, zipfile.ZIP_DEFLATED)
        for wheel in wheels:
            _add(archive, f"wheels/{wheel.name}", wheel.read_bytes(), zipfile.ZIP_STORED)
    partial.replace(path)
    return path


def _add(archive: zipfile.ZipFile, name: str, data: bytes, compression: int) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type, entry.external_attr = compression, 0o644 << 16
    archive.writestr(entry, data)


def blender_tool() -> Path | None:
    """Blender's extension tool, from an installed bpy wheel."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    return found[-1] if found else None


def validate(path: Path, tool: Path) -> None:
    """Let Blender's tool read the zip as a user's Blender would."""
    done = subprocess.run(
        [sys.executable, str(tool), "validate", str(path)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"build_addon: {path.name}: {(done.stdout + done.stderr).strip()}")


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--platform", choices=PLATFORMS, action="append", help="default: all")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--lock", action="store_true", help=f"write {LOCK.name} and stop")
    options = parser.parse_args()
    platforms = options.platform or list(PLATFORMS)
    with tempfile.TemporaryDirectory() as temporary:
        wheels = {name: download(name, Path(temporary) / name) for name in platforms}
        if options.lock:
            lock = {path.name: digest(path) for paths in wheels.values() for path in paths}
            text = json.dumps(lock, indent=2, sort_keys=True)
            LOCK.write_text(text + "\n", encoding="utf-8")
            return
        options.output.mkdir(parents=True, exist_ok=True)
        tool = blender_tool()
        lock = json.loads(LOCK.read_text(encoding="utf-8"))
        for name, paths in wheels.items():
            check(paths, lock)
            path = pack(name, paths, options.output)
            if tool:
                validate(path, tool)
            state = "validated" if tool else "not validated: no bpy here"
            shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            print(f"{shown}  {path.stat().st_size / 1e6:.1f} MB  {state}")


if __name__ == "__main__":
    main()
