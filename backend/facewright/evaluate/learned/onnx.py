"""ONNX networks, run by OpenCV: no runtime beside those that are there, nothing unpickled."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError


class Network:
    """An ONNX network of one input whose first output is taken.

    Raises:
        InputError: for a file that OpenCV cannot read as ONNX.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._net = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise InputError(f"{path}: not an ONNX network that can be run ({_why(error)})") from (
                error
            )

    def __call__(self, batch: Float32) -> Float32:
        """Features of a batch, one row each.

        Raises:
            InputError: where the network does not take such a batch.
        """
        rows = []
        for one in batch:  # many exported networks take one picture at a time
            try:
                self._net.setInput(np.ascontiguousarray(one[None], np.float32))
                rows.append(np.asarray(self._net.forward(), np.float32).ravel())
            except cv2.error as error:
                raise InputError(
                    f"{self.path}: does not take an input of shape {(1, *one.shape)} "
                    f"({_why(error)})"
                ) from error
        found = np.stack(rows)
        if not np.isfinite(found).all():
            raise InputError(f"{self.path}: gave numbers that are not finite")
        return found


def _why(error: cv2.error) -> str:
    return " ".join(str(error).split())[-160:]
