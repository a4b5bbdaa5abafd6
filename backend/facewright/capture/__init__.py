"""Portrait -> Subject: landmarks, fitting, gaze, light, matte. Video -> Track: the same over time.

- ``portrait``   :func:`capture`, and :class:`CaptureSession` for many pictures
- ``landmarks``  every face in a picture, 478 points each (MediaPipe)
- ``box``        the square around the head and its camera
- ``fit``        landmarks -> pose, identity, expression, with ``basis`` and ``priors``
- ``gaze``       irises -> gaze, calibrated by ``calibrate_gaze`` on ``synthetic`` renders
- ``light``      photo -> texture and illumination
- ``matte``      the person's matte
- ``subject``    what comes out; ``subject_io`` keeps it on disk
- ``track``      video -> motion of one face: ``track_landmarks`` over time, ``smooth``,
  ``track_fit``
"""

from facewright.capture.fit import FitResult, fit, landmark_offsets
from facewright.capture.portrait import CaptureSession, capture
from facewright.capture.subject import Subject
from facewright.capture.subject_io import load_subject, save_subject
from facewright.capture.track import Track, track
from facewright.capture.track_fit import FitTrack, fit_track
from facewright.capture.track_landmarks import LandmarkTrack, track_landmarks

__all__ = [
    "CaptureSession",
    "FitResult",
    "FitTrack",
    "LandmarkTrack",
    "Subject",
    "Track",
    "capture",
    "fit",
    "fit_track",
    "landmark_offsets",
    "load_subject",
    "save_subject",
    "track",
    "track_landmarks",
]
