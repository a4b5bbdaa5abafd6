"""One digest of everything that pictures depend on beside their geometry.

Clients keep pictures under it, so it has to change with whatever changes a pixel: who is
shown, the animator and its weights, how it was asked, the code, the libraries that compute
and the kind of device. It may change more often than pixels do, never less.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import facewright
from facewright.capture.subject import Subject
from facewright.serve.sessions import digest_of, model_id

#: Packages whose source makes pictures of geometry.
_PACKAGES = ("animate", "render", "face", "media", "serve")
#: Libraries whose release may change the last bit.
_LIBRARIES = ("numpy", "torch", "numba", "opencv-contrib-python", "pillow", "scipy")


def fingerprint(animator: Any, device: str, subject: str, asked: Mapping[str, object]) -> str:
    """(64 hex digits) of a stream's header.

    Args:
        animator: an ``animate.base.Animator``; what it has as ``weights_sha256`` counts.
        device: the engine's; GPUs count by their kind, not by their number.
        subject: of :func:`subject_digest`.
        asked: whatever else the header asks: name, steps, seed, size, extent, encoding.
    """
    parts: dict[str, object] = {
        **asked,
        "subject": subject,
        "weights": getattr(animator, "weights_sha256", ""),
        "module": _source(animator.__class__),
        "device": device_kind(device),
        "code": code_digest(),
        "libraries": _libraries(),
    }
    text = "".join(f"{name} {parts[name]!r}\n" for name in sorted(parts))
    return hashlib.sha256(text.encode()).hexdigest()


def subject_digest(subject: Subject) -> str:
    """(64 hex digits) of everything in a subject but its warnings."""
    digest = hashlib.sha256(model_id(subject.model).encode())
    for field in dataclasses.fields(subject):
        if field.name not in ("model", "warnings"):
            digest_of(digest, field.name, getattr(subject, field.name))
    return digest.hexdigest()


@lru_cache(maxsize=16)
def device_kind(device: str) -> str:
    """What computes: a GPU's name, or the CPU's architecture."""
    if not device.startswith("cuda"):
        return f"{device} {platform.machine()}"
    import torch

    return f"cuda {torch.cuda.get_device_name(device)}"


@lru_cache(maxsize=1)
def code_digest() -> str:
    """(64 hex digits) of the release and of the source that makes pictures."""
    root = Path(facewright.__file__).parent
    digest = hashlib.sha256(facewright.__version__.encode())
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"\n{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _source(kind: Any) -> str:
    """Digest of the file that an animator is written in, wherever that is."""
    try:
        path = inspect.getsourcefile(kind)
        text = Path(path).read_bytes() if path else b""
    except (OSError, TypeError):
        text = b""
    return hashlib.sha256(text).hexdigest()


@lru_cache(maxsize=1)
def _libraries() -> str:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} none")
    return ", ".join(found)
