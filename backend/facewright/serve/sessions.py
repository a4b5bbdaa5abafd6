"""Captured subjects, by id, while there is room."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections import OrderedDict
from typing import Any

import numpy as np

import facewright
from facewright.capture.subject import Subject
from facewright.face.model import MorphableModel
from facewright.serve.limits import Limits
from facewright.serve.status import StatusError
from facewright.serve.v1 import service_pb2


def model_id(model: MorphableModel) -> str:
    """A morphable model's name and the SHA-256 of everything that it holds."""
    digest = hashlib.sha256()
    for field in dataclasses.fields(model):
        digest_of(digest, field.name, getattr(model, field.name))
    return f"{model.name} {digest.hexdigest()}"


def digest_of(digest: Any, name: str, value: Any) -> None:
    """Add a named value to a hash: arrays by their bytes, dataclasses field by field."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            digest_of(digest, f"{name}.{field.name}", getattr(value, field.name))
        return
    if isinstance(value, np.ndarray):
        digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value))
    else:
        digest.update(f"{name} {value!r}\n".encode())


def subject_id(photo_sha256: str, face: int, size: int, model: str) -> str:
    """The id of what a capture gives: the same photo, options and model, the same id.

    ``model`` is a ``model_id``. The release is part of the id: another one may fit
    differently.
    """
    parts = (facewright.__version__, service_pb2.PROTOCOL_VERSION, model, photo_sha256, face, size)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


class SubjectStore:
    """Subjects up to a number and a size; the least recently used goes first.

    Nothing is lost with one that went: capturing the photo again gives the same id.
    Every method may be called from any thread.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._subjects: OrderedDict[str, Subject] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._subjects)

    def find(self, key: str) -> Subject | None:
        """The subject, where it is still there; asking makes it the last to go."""
        with self._lock:
            subject = self._subjects.get(key)
            if subject is not None:
                self._subjects.move_to_end(key)
            return subject

    def get(self, key: str) -> Subject:
        """The subject, or NOT_FOUND."""
        subject = self.find(key)
        if subject is None:
            raise StatusError.not_found(
                f"subject_id: the backend does not know {key[:64]!r} (it forgets subjects when it "
                "restarts or needs the room); send CaptureSubject again"
            )
        return subject

    def put(self, key: str, subject: Subject) -> None:
        """Keep a subject; older ones make room."""
        with self._lock:
            self._subjects[key] = subject
            self._subjects.move_to_end(key)
            while len(self._subjects) > 1 and (
                len(self._subjects) > self._limits.max_subjects
                or sum(map(_bytes, self._subjects.values())) > self._limits.max_subject_bytes
            ):
                self._subjects.popitem(last=False)


def _bytes(subject: Subject) -> int:
    return subject.photo.nbytes + subject.crop.nbytes + subject.matte.nbytes
