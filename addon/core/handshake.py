# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend and this add-on can do together, told in words; no bpy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import BackendError, InputError

if TYPE_CHECKING:
    from ..v1 import service_pb2

#: The oldest backend that this add-on works with.
OLDEST_BACKEND = "0.1.0"
#: ``GetCapabilitiesResponse.features`` that the add-on uses -> what needs them, for people.
FEATURES = {
    "subject_files": "opening subject files",
    "whole_photos": "showing photographs upright behind the camera",
    "poses": "the pose library",
    "track_video": "driving from a video",
    "control_curves": "controls and gaze that change in time",
    "fingerprints": "the texture cache",
    "review_clip": "quality reports",
}
#: What an installation may lack, whatever its release -> what needs it, and the remedy.
PARTS = {
    "scripts": ("speaking a script", "install espeak-ng or flite where the backend runs"),
    "emotions": ("emotions in words", "install the backend's weights anew"),
}


def missing(capabilities: service_pb2.GetCapabilitiesResponse | None, feature: str) -> str:
    """Why ``feature`` is not to be had, in a sentence; "" where it is there.

    Args:
        capabilities: of the connected backend; None (not connected yet): nothing is known
            to be missing.
        feature: one of :data:`FEATURES` or :data:`PARTS`.

    Raises:
        InputError: the add-on knows no such feature.
    """
    if feature in FEATURES:
        if capabilities is None or feature in capabilities.features:
            return ""
        return (
            f"The backend (release {capabilities.version or 'unknown'}) is too old for "
            f"{FEATURES[feature]}: install a newer one"
        )
    if feature not in PARTS:
        known = ", ".join([*FEATURES, *PARTS])
        raise InputError(f"feature: expected one of {known}, got {feature!r}")
    if capabilities is None or any(getattr(each, feature) for each in capabilities.drivers):
        return ""
    what, remedy = PARTS[feature]
    return f"The backend has nothing for {what}: {remedy}"


def report(capabilities: service_pb2.GetCapabilitiesResponse | None) -> list[str]:
    """Everything that is missing, a sentence each; empty where all is there."""
    found = [missing(capabilities, feature) for feature in (*FEATURES, *PARTS)]
    if capabilities is not None and not capabilities.animators:
        found.append("The backend has no animator, so it cannot texture: look at its log")
    return [sentence for sentence in found if sentence]


def check(
    capabilities: service_pb2.GetCapabilitiesResponse, address: str, release: str, protocol: int
) -> None:
    """Refuse a backend that this add-on cannot talk to.

    Args:
        capabilities: its answer.
        address: where it is, for the message.
        release: the add-on's own.
        protocol: the version of the contract that the add-on speaks.

    Raises:
        BackendError: says which of both is too old.
    """
    theirs = capabilities.version or "unknown"
    if capabilities.protocol_version != protocol:
        older = "backend" if capabilities.protocol_version < protocol else "add-on"
        raise BackendError(
            f"{address} speaks protocol version {capabilities.protocol_version}, this add-on "
            f"version {protocol}: the {older} is too old; install both of the same release"
        )
    if _number(release) < _number(capabilities.oldest_client):
        raise BackendError(
            f"this add-on ({release}) is too old for the backend at {address} ({theirs}), which "
            f"serves {capabilities.oldest_client} and later: install a newer add-on"
        )
    if capabilities.version and _number(capabilities.version) < _number(OLDEST_BACKEND):
        raise BackendError(
            f"the backend at {address} ({theirs}) is too old for this add-on ({release}), which "
            f"needs {OLDEST_BACKEND} or later: install a newer backend"
        )


def _number(release: str) -> tuple[int, ...]:
    """ "1.10.0.dev3" -> (1, 10); "" -> ()."""
    found = re.match(r"\d+(?:\.\d+)*", release.strip())
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
