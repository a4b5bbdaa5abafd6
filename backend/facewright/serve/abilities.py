"""What a driver can do here, as clients are told it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from facewright.drive.base import Driver
from facewright.drive.controls import GAZE_MODES
from facewright.errors import FacewrightError
from facewright.serve.v1 import service_pb2

log = logging.getLogger("facewright.serve")

#: What this release can do beyond the first, as ``GetCapabilitiesResponse.features`` tells it.
#: A word goes in with the call that keeps its promise.
FEATURES: tuple[str, ...] = (
    "fingerprints",
    "subject_files",
    "whole_photos",
    "poses",
    "review_clip",
    "track_video",
    "control_curves",
)
#: The oldest release of Facewright's own clients that this one serves.
OLDEST_CLIENT = "0.1.0"


def driver_abilities(name: str, driver: Driver) -> service_pb2.Driver:
    """The message for the driver called ``name``; what cannot be used here is left out."""
    from facewright.drive import pose, upper
    from facewright.drive.emotion.styles import STYLES
    from facewright.drive.live import LOOK_AHEAD
    from facewright.drive.speaker import Speaker

    message = service_pb2.Driver(name=name, summary=driver.summary, licence=driver.licence)
    if isinstance(driver, Speaker):
        message.head_models.extend(_usable("head model", pose.names(), driver.head))
        message.brow_models.extend(_usable("brow model", upper.names(), driver.upper))
        message.gaze_modes.extend(GAZE_MODES)
        message.emotions.extend(STYLES)
        message.emotion_models.extend(
            ["rules", *_usable("emotion model", ("emoa2e",), lambda name: driver.emotional())]
        )
        message.scripts = _speaks()
        message.live_seconds = LOOK_AHEAD
    return message


def _usable(kind: str, names: tuple[str, ...], read: Callable[[str], object]) -> list[str]:
    found = []
    for name in names:
        try:
            read(name)
        except FacewrightError as error:  # its weights are missing or damaged
            log.info("%s %s cannot be used: %s", kind, name, error)
            continue
        found.append(name)
    return found


def _speaks() -> bool:
    from facewright.drive.script import engine

    try:
        engine.find()
    except FacewrightError:
        return False
    return True
