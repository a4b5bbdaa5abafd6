"""Lips beside real ones: how far apart their points are, in pixels at 256 x 256.

Landmark distance after Chen et al., "Lip movements generation at a glance" (2018), of the
mouth's points. Both mouths are put on the clip's own fitted face in its own head poses, the
real one as the capture read it, so that what the capture always gets wrong cancels and head
motion does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.capture import box
from facewright.capture.fit import LIPS
from facewright.capture.landmarks import EYE_CORNERS
from facewright.checks import Float32
from facewright.drive import channels
from facewright.evaluate.voice.points import Points
from facewright.face import pose as poses
from facewright.face.library import load_model
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech
from facewright.train.performance import Performance
from facewright.train.speech.rivals import loudness
from facewright.train.speech.watched import MEAN, SPREAD

#: Clips that last less cannot be judged.
SHORTEST = 5.0
_REFERENCE = 256
_AT = {name: k for k, name in enumerate(EXPRESSION_64)}


@dataclass(frozen=True, slots=True)
class Distance:
    """Pixels at 256 x 256 between two mouths.

    Attributes:
        mouth: mean over frames and points (MLD).
        motion: the same after each point's mean over time is taken out of both: what is
            left when a face's habit of holding its mouth does not count.
    """

    mouth: float
    motion: float


def judged(clips: list[Performance]) -> list[Performance]:
    """The clips that count: sound in sync, and long enough."""
    return [c for c in clips if c.in_sync and c.speech is not None and c.seconds >= SHORTEST]


class Mouth:
    """A clip's mouth in pixels, as it was and as others would have it.

    Args:
        clip: tracked.
    """

    def __init__(self, clip: Performance) -> None:
        model = load_model()
        self._clip, self._points = clip, Points(model, clip.shape)
        self._pose = poses.compose(clip.neutral_pose, clip.motion.pose)
        self._camera = box.camera(_REFERENCE)
        self._scale = 1.0
        real = self._project(clip.motion.expression, EYE_CORNERS)
        seen = clip.landmarks[:, list(EYE_CORNERS)] * (_REFERENCE / max(clip.size))
        widths = [np.linalg.norm(p[:, 0] - p[:, 1], axis=1) for p in (seen, real)]
        self._scale = float(np.nanmedian(widths[0] / widths[1]))
        self.real = self._project(clip.motion.expression, LIPS)

    def distance(self, expression: Float32) -> Distance:
        """Of (T, 64) weights, of which the lips' columns count, from the real mouth."""
        count = min(len(expression), len(self.real))
        face = self._clip.motion.expression[:count].copy()
        face[:, channels.LIPS] = expression[:count][:, channels.LIPS]
        made, real = self._project(face, LIPS), self.real[:count]
        apart = [(made, real), (made - made.mean(0), real - real.mean(0))]
        return Distance(*(float(np.linalg.norm(a - b, axis=-1).mean()) for a, b in apart))

    def _project(self, expression: Float32, points: tuple[int, ...]) -> Float32:
        """(T, N, 2) pixels."""
        solid = self._points.of(expression)[:, list(points)]
        found = [
            self._camera.project(poses.transform(pose, row))[:, :2]
            for pose, row in zip(self._pose, solid, strict=False)
        ]
        return self._scale * np.stack(found)


def simple_mouths(clip: Performance, speech: Speech) -> dict[str, Float32]:
    """(T, 64) weights of mouths that know little.

    The mean face's, shut throughout; one as open as the sound is loud, with the mean and
    spread that lips have while somebody speaks; and the clip's own mean, which no driver can
    know.
    """
    still = np.zeros_like(clip.motion.expression)
    loud = loudness(speech.samples, len(clip), clip.fps)
    loud = (loud - loud.mean()) / max(float(loud.std()), 1e-6)
    opened = still.copy()
    opened[:, _AT["jawOpen"]] = np.clip(MEAN + SPREAD * loud, 0, 1)
    own = np.tile(clip.motion.expression.mean(0), (len(clip), 1))
    return {"mean face": still, "loudness": opened, "clip's mean (oracle)": own}
