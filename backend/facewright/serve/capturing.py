"""What a capture is asked for: a photograph, or a subject's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facewright import checks
from facewright.capture.subject import Subject
from facewright.errors import InputError
from facewright.serve import limits as bounds
from facewright.serve.assets import Asset
from facewright.serve.v1 import service_pb2
from facewright.serve.worker import Job

if TYPE_CHECKING:
    from facewright.serve.engine import Engine

SIZES = (256, 1024, 512)  # of the crop, pixels: min, max, default
#: Bounds of a file's numbers: no photograph gives such identities, textures or lights (some
#: are standard deviations), nor such expressions.
_LARGEST, _EXPRESSIONS = 100.0, (-2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Source:
    """A checked source.

    Attributes:
        field: of the request that named it.
        sha256: the asset's.
        face, size: of a photograph; 0 for a subject's file, which has its own.
    """

    field: str
    sha256: str
    face: int = 0
    size: int = 0

    def read(self, engine: Engine, asset: Asset, job: Job) -> Subject:
        """The subject, captured or read."""
        if self.field == "subject_sha256":
            return engine.read_subject(asset, job)
        return engine.capture(asset, self.face, self.size, job)


def captured_from(request: service_pb2.CaptureSubjectRequest) -> Source:
    """The request's source.

    Raises:
        InputError: naming the field that is out of its range, or both sources at once.
        StatusError: another protocol version.
    """
    bounds.protocol_version(request.protocol_version)
    if not request.subject_sha256:
        face = bounds.whole("face", request.face, 0, 99)
        size = bounds.whole("size", request.size, *SIZES)
        digest = bounds.sha256("photo_sha256", request.photo_sha256)
        return Source("photo_sha256", digest, face, size)
    if request.photo_sha256:
        raise InputError("photo_sha256, subject_sha256: expected one of them, got both")
    for field in ("face", "size"):
        if told := getattr(request, field):
            raise InputError(f"{field}: a subject's file has its own, got {told}; leave it out")
    return Source("subject_sha256", bounds.sha256("subject_sha256", request.subject_sha256))


def checked(subject: Subject) -> Subject:
    """``subject``, where its numbers are those of a face that a camera has seen.

    Raises:
        InputError: naming the number.
    """
    found = subject.coefficients
    low, high = _EXPRESSIONS
    checks.floats("expression", found.expression, found.expression.shape, low=low, high=high)
    for name in ("identity", "texture", "illumination"):
        values = getattr(found, name)
        checks.floats(name, values, values.shape, low=-_LARGEST, high=_LARGEST)
    gaze = checks.floats("gaze", found.gaze, (4,), low=-1, high=1)
    if float(np.square(gaze.reshape(2, 2)).sum(1).max()) > 1:
        raise InputError(f"gaze: expected directions of length 1 at most, got {gaze.tolist()}")
    if not float(found.pose[5]) < 0:
        raise InputError(f"pose: expected a head before the camera (z < 0), got {found.pose[5]:g}")
    return subject
