# SPDX-License-Identifier: GPL-3.0-or-later
"""One frame textured on its own, for a viewport; no bpy."""

from __future__ import annotations

from ..v1 import face_pb2, service_pb2
from .client import QUALITIES, Backend, check_sampling
from .errors import BackendError


def preview(
    backend: Backend,
    frame: face_pb2.GeometryFrame,
    subject_id: str,
    *,
    size: int,
    animator: str = "",
    seed: int = 0,
    steps: int = 0,
    quality: str = "preview",
    whole_photo: bool = False,
    timeout: float = 60.0,
) -> tuple[bytes, str]:
    """A picture of one frame, which stands for its neighbours too, and its fingerprint.

    Args:
        backend: connected.
        frame: geometry.
        subject_id, size, animator, seed, steps, quality: as of ``Backend.animate``.
        whole_photo: answer the whole photograph instead of the crop.
        timeout: seconds that the answer may take.

    Raises:
        SubjectUnknownError: capture again; backends forget when they restart.
        InputError: a frame, steps or a quality that cannot be.
    """
    check_sampling(steps, quality)
    extent = service_pb2.FRAME_EXTENT_PHOTO if whole_photo else service_pb2.FRAME_EXTENT_CROP
    header = service_pb2.AnimateHeader(
        protocol_version=service_pb2.PROTOCOL_VERSION,
        subject_id=subject_id,
        animator=animator,
        size=size,
        seed=seed,
        steps=steps,
        quality=QUALITIES[quality],
        encoding=service_pb2.FRAME_ENCODING_PNG,
        extent=extent,
    )
    request = service_pb2.PreviewFrameRequest(header=header, frame=frame)
    with backend._errors():
        answer = backend._stub.PreviewFrame(request, metadata=backend._metadata, timeout=timeout)
    if answer.frame.HasField("error"):
        raise BackendError(f"frame {frame.index}: {answer.frame.error.message}")
    return answer.frame.picture, answer.fingerprint
