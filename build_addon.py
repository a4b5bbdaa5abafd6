#!/usr/bin/env python3
"""Build the Blender extension: addon/ and the wheels it needs, one zip per platform and Python.

    python build_addon.py                         every zip, into dist/
    python build_addon.py --platform linux-x64    those of one platform
    python build_addon.py --platform linux-x64 --python 3.13 --blender-min 4.2.0
                                                  for a distribution's Blender, whose Python
                                                  is the system's
    python build_addon.py --lock                  look the wheels up anew, after a new pin

Blender installs the wheels itself, so its users never need pip. Blender 4.2 to 5.0 runs Python
3.11, 5.1 and later 3.13; each zip says which it is for. Wheels are held to the SHA-256 in
addon/wheels.json and the zips carry no dates and no compression of their own, so the same
checkout gives the same bytes. Where a bpy wheel is installed, Blender's own tool validates
each zip.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "addon"
LOCK = SOURCE / "wheels.json"

#: Blender's Python -> the first Blender that runs it, and the first that no longer does.
PYTHONS = {"3.11": ("4.2.0", "5.1.0"), "3.13": ("5.1.0", "")}
#: Pythons that a distribution's own Blender may run; their wheels are locked as well.
LOCKED = ("3.11", "3.12", "3.13")
#: What the add-on imports beside Blender's own NumPy. The stubs are written for protobuf
#: 4.25; grpcio needs typing_extensions.
PINS = ("grpcio==1.85.1", "protobuf==4.25.9", "typing_extensions==4.16.0")
#: Blender's name of each platform -> tags of the wheels that run there.
PLATFORMS = {
    "linux-x64": ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    "linux-arm64": ("manylinux2014_aarch64", "manylinux_2_17_aarch64"),
    "windows-x64": ("win_amd64",),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_11_0_x86_64",),
}
#: Files of addon/ that are not part of the extension, wherever they are.
LEFT_OUT = re.compile(r"__pycache__|__main__\.py|wheels\.json|\..*|.*\.(pyc|blend\d+|partial)")
_EPOCH = (1980, 1, 1, 0, 0, 0)

#: File name of a wheel -> its SHA-256, hex.
Wheels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """One zip.

    Attributes:
        platform: one of :data:`PLATFORMS`.
        python: of the Blender it is for, e.g. "3.11".
        blender_min, blender_max: the first Blender it is for, and the first that it is not
            for any more; the latter may be empty.
    """

    platform: str
    python: str
    blender_min: str
    blender_max: str

    def file_name(self, version: str) -> str:
        """What the zip is called."""
        tag = f"cp{self.python.replace('.', '')}"
        usual = (self.blender_min, self.blender_max) == PYTHONS.get(self.python)
        suffix = "" if usual else f"-blender{self.blender_min}"
        return f"facewright-{version}-{self.platform}-{tag}{suffix}.zip"


def download(platform: str, python: str, folder: Path) -> list[Path]:
    """Fetch the wheels of one platform and Python with pip; sorted by name.

    Raises:
        SystemExit: pip failed; its own last line says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
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


def fetch(target: Target, folder: Path, locked: Wheels) -> list[Path]:
    """The target's wheels, from ``folder`` where they are there, else from the index.

    Raises:
        SystemExit: pip failed, or a wheel is not the locked one, byte for byte.
    """
    paths = [folder / name for name in locked]
    if not all(path.is_file() for path in paths):
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            for path in download(target.platform, target.python, Path(temporary)):
                path.replace(folder / path.name)
    for path in paths:
        if not path.is_file():
            raise SystemExit(f"build_addon: the index has no {path.name} any more; run with --lock")
        if digest(path) != locked[path.name]:
            raise SystemExit(f"build_addon: {path.name} differs from {LOCK.name}: do not use it")
    return paths


def manifest(target: Target, wheels: list[Path], version: str = "") -> str:
    """The extension's manifest for one zip; ``version`` in place of the source's."""
    text = (SOURCE / "blender_manifest.toml").read_text(encoding="utf-8")
    names = "".join(f'  "./wheels/{wheel.name}",\n' for wheel in wheels)
    added = f'platforms = ["{target.platform}"]\nwheels = [\n{names}]\n\n'
    wanted = f'blender_version_min = "{target.blender_min}"'
    if target.blender_max:
        wanted += f'\nblender_version_max = "{target.blender_max}"'
    text = re.sub(r"^blender_version_min = .*$", wanted, text, count=1, flags=re.MULTILINE)
    if version:
        text = re.sub(r"^version = .*$", f'version = "{version}"', text, count=1, flags=re.M)
    head, table, rest = text.partition("[permissions]")
    return head + added + table + rest


def sources() -> list[Path]:
    """The extension's own files, sorted."""
    return [
        file
        for file in sorted(SOURCE.rglob("*"))
        if file.is_file() and not any(map(LEFT_OUT.fullmatch, file.relative_to(SOURCE).parts))
    ]


def pack(target: Target, wheels: list[Path], output: Path, version: str = "") -> Path:
    """Write one zip: sorted, dateless, stored, wheels as they are."""
    text = manifest(target, wheels, version)
    path = output / target.file_name(tomllib.loads(text)["version"])
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as archive:
        for file in sources():
            name = file.relative_to(SOURCE).as_posix()
            _add(archive, name, text.encode() if name == "blender_manifest.toml" else None, file)
        for wheel in wheels:
            _add(archive, f"wheels/{wheel.name}", None, wheel)
    partial.replace(path)
    return path


def _add(archive: zipfile.ZipFile, name: str, data: bytes | None, file: Path) -> None:
    # Stored: another zlib would give other bytes, and wheels are compressed already.
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, file.read_bytes() if data is None else data)


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


def lock() -> None:
    """Write the digests of all wheels that any zip may need."""
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(4) as pool:

        def find(pair: tuple[str, str]) -> Wheels:
            paths = download(*pair, Path(temporary) / "-".join(pair))
            return {path.name: digest(path) for path in paths}

        pairs = [(platform, python) for platform in PLATFORMS for python in LOCKED]
        found: dict[str, dict[str, Wheels]] = {}
        for (platform, python), wheels in zip(pairs, pool.map(find, pairs), strict=True):
            found.setdefault(platform, {})[python] = wheels
    LOCK.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def targets(options: argparse.Namespace) -> list[Target]:
    """The zips that the command line asks for."""
    found = []
    for platform in options.platform or PLATFORMS:
        for python in options.python or PYTHONS:
            least, end = PYTHONS.get(python, ("4.2.0", ""))
            if options.blender_min:
                least, end = options.blender_min, options.blender_max
            found.append(Target(platform, python, least, options.blender_max or end))
    return found


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--platform", choices=PLATFORMS, action="append", help="default: all")
    parser.add_argument(
        "--python", choices=LOCKED, action="append", help="default: those of Blender's releases"
    )
    parser.add_argument("--blender-min", default="", help="default: the first with this Python")
    parser.add_argument("--blender-max", default="", help="the first that it is not for")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument(
        "--wheels", type=Path, default=ROOT / "build" / "wheels", help="kept downloads"
    )
    parser.add_argument("--version", default="", help="in place of the manifest's, for tests")
    parser.add_argument("--lock", action="store_true", help=f"write {LOCK.name} and stop")
    options = parser.parse_args()
    if options.lock:
        return lock()
    for folder in (options.output, options.wheels):
        folder.mkdir(parents=True, exist_ok=True)
    tool, locked = blender_tool(), json.loads(LOCK.read_text(encoding="utf-8"))
    for target in targets(options):
        wheels = fetch(target, options.wheels, locked[target.platform][target.python])
        path = pack(target, wheels, options.output, options.version)
        if tool:
            validate(path, tool)
        state = "validated" if tool else "not validated: no bpy here"
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        print(f"{shown}  {path.stat().st_size / 1e6:.1f} MB  {state}")


if __name__ == "__main__":
    main()
