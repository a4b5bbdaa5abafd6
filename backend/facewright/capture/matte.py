"""The person's matte: MediaPipe's selfie segmentation, its edge drawn by the picture.

The network answers at 256 x 256 with a soft, slightly generous edge. A guided filter (He
et al. 2013) lets that edge follow the picture's own: strands of hair come in, background
between hair and shoulder goes out.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from facewright import checks
from facewright.capture.quiet import quiet_start
from facewright.checks import Float32, UInt8

_SIZE = 256  # the network's input
_RADIUS = 1 / 32  # of the guided filter, over the crop's side
_EPSILON = 1e-4  # its regularisation, for intensities 0..1


@dataclass(slots=True)
class Matter:
    """MediaPipe's segmentation behind a lock; reuse it, starting is slow."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _network: Any = field(default=None, repr=False)

    def __call__(self, crop: UInt8) -> Float32:
        """(S, S) float32 0..1 matte of the person in an (S, S, 3) uint8 sRGB crop."""
        crop = checks.picture("crop", crop)
        small = cv2.resize(crop, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
        with self._lock:
            if self._network is None:
                with quiet_start():
                    from mediapipe.python.solutions import selfie_segmentation

                    self._network = selfie_segmentation.SelfieSegmentation(model_selection=0)
                    self._network.process(small)
            coarse = np.array(self._network.process(small).segmentation_mask, np.float32)
        return refined(crop, coarse)

    def close(self) -> None:
        """Release the native graph; the next call starts it again."""
        with self._lock:
            if self._network is not None:
                self._network.close()
            self._network = None


def refined(crop: UInt8, coarse: Float32) -> Float32:
    """A coarse (h, w) matte brought to the crop's size and to the crop's edges."""
    size = crop.shape[1::-1]
    coarse = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    # The network's edge lies outside the hair: only its upper half is believed.
    coarse = np.clip((coarse - 0.45) / 0.45, 0, 1)
    guide = crop.astype(np.float32) / 255
    radius = max(2, round(_RADIUS * size[0]))
    soft = cv2.ximgproc.guidedFilter(guide, coarse, radius, _EPSILON)
    # The filter leaves a haze in flat regions; the ends are pulled in, the edge kept.
    return np.clip((soft - 0.12) / 0.76, 0, 1).astype(np.float32)
