"""Named poses for an animator's library: what the drivers' own tables show.

A viseme is the mean of the targets of its phones, from the table that taught the lips
(``train.speech.teacher``); an emotion is its action units at the default intensity, on
which every driver draws (``drive.emotion.styles``).
"""

from __future__ import annotations

import functools

import numpy as np

from facewright.checks import Float32
from facewright.drive.emotion.styles import INTENSITY, STYLES, code_of, synthesise
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.serve.v1 import service_pb2
from facewright.train.speech.phones import SILENCE, Phone
from facewright.train.speech.teacher import RATE, curves

#: Viseme -> its phones and what is seen; the fifteen of MPEG-4 (ISO/IEC 14496-2),
#: whose fourteen groups many tools have, by the names that those use.
VISEMES: dict[str, tuple[str, str]] = {
    "sil": (SILENCE, "at rest: silence"),
    "PP": ("pbm", "lips pressed together: p, b, m"),
    "FF": ("fv", "lower lip under the upper teeth: f, v"),
    "TH": ("θð", "tongue between the teeth: th"),
    "DD": ("td", "tongue behind the upper teeth: t, d"),
    "kk": ("kɡ", "back of the tongue raised: k, g"),
    "CH": ("ʃʒ", "lips forward, teeth together: sh, ch, j"),
    "SS": ("sz", "teeth together: s, z"),
    "nn": ("nl", "tongue behind the upper teeth, lips apart: n, l"),
    "RR": ("ɹ", "lips a little rounded: r"),
    "aa": ("ɑa", "wide open: father"),
    "E": ("ɛe", "open and spread: bed"),
    "ih": ("ɪi", "spread: sit, see"),
    "oh": ("oɔ", "open and rounded: go, law"),
    "ou": ("uʊ", "rounded: you, put"),
}
_SECONDS, _SHUT = 0.6, 0.08  # of a held phone, and when its lips are shut if they shut


def poses(model: str, names: tuple[str, ...]) -> service_pb2.GetPosesResponse:
    """All poses for a morphable model.

    Args:
        model: its name.
        names: its blendshapes; what the tables name and it has not is left out.

    Raises:
        InputError: the model has none of the tables' blendshapes.
    """
    columns = {name: place for place, name in enumerate(EXPRESSION_64)}
    taken = [columns.get(name, -1) for name in names]
    if max(taken, default=-1) < 0:
        raise InputError(f"model: {model!r} has none of the blendshapes that poses are told in")
    answer = service_pb2.GetPosesResponse(model=model, names=names)
    for name, group, summary, weights in _all():
        own = np.append(weights, np.float32(0.0))[taken]
        answer.poses.add(name=name, group=group, summary=summary, weights=own.tolist())
    return answer


@functools.cache
def _all() -> tuple[tuple[str, str, str, Float32], ...]:
    """(name, group, summary, (64,) weights) of each pose."""
    visemes = [
        (f"viseme_{name}", "viseme", summary, viseme(phones))
        for name, (phones, summary) in VISEMES.items()
    ]
    zeros = np.zeros(len(EXPRESSION_64), np.float32)
    emotions = [("neutral", "emotion", "no emotion", zeros)]
    emotions += [(style, "emotion", f"looking {style}", emotion(style)) for style in STYLES]
    return (*visemes, *emotions)


def viseme(phones: str) -> Float32:
    """(64,) the mean of what phones, held alone, look like; one letter each."""
    shown = [curves([Phone(p, 0.0, _SECONDS)], _SECONDS)[round(_SHUT * RATE)] for p in phones]
    return np.clip(np.mean(shown, axis=0), 0.0, 1.0).astype(np.float32)


def emotion(style: str, intensity: float = INTENSITY) -> Float32:
    """(64,) a style of :data:`facewright.drive.emotion.styles.STYLES` alone."""
    code = code_of({style: 1.0})[None]
    return synthesise(code, np.array([intensity], np.float32))[0]
