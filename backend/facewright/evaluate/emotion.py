"""Do prompts show on the face? Action units of rendered frames, against what FACS expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facewright.capture.landmarks import FaceFinder
from facewright.capture.synthetic import render
from facewright.checks import Float32, UInt8
from facewright.drive.emotion.reading import intensity_with
from facewright.drive.emotion.styles import STYLES, code_of, synthesise
from facewright.drive.emotion.text import Interpreter, interpreter
from facewright.errors import InputError
from facewright.evaluate.action_units import NOISE, SEEN, seen
from facewright.face.coefficients import GAZE, ILLUMINATION, Coefficients
from facewright.face.library import load_model
from facewright.render.camera import Camera
from facewright.render.shading import AMBIENT

HELD_OUT = Path(__file__).with_name("emotion_prompts.json")
#: Forty more, written when all was finished and rendered once: a look that chose nothing.
LATER = Path(__file__).with_name("emotion_prompts_later.json")
#: η that is rendered.
ETAS = (1.0, 2.0, 3.0)
_SIZE = 384  # pixels
_FOCAL, _DISTANCE = 4.2, 1.0  # over the picture's side; metres


@dataclass(frozen=True, slots=True)
class Expected:
    """A prompt and the action units that must move."""

    prompt: str
    units: tuple[str, ...]


def held_out(file: Path = HELD_OUT) -> list[Expected]:
    """Forty prompts that nothing was trained on: those fixed first, or :data:`LATER`."""
    listed = json.loads(file.read_text(encoding="utf-8"))["prompts"]
    return [Expected(row["prompt"], tuple(row["expect"])) for row in listed]


class Stage:
    """The default model's head, rendered and looked at; one identity, frontal.

    Args:
        finder: of landmarks.
        identity: seed of the face; 0 is the mean face.
    """

    def __init__(self, finder: FaceFinder, identity: int = 0) -> None:
        self._model = load_model()
        rng = np.random.default_rng(identity)
        spread = 0.8 if identity else 0.0
        self._identity = (spread * rng.normal(size=len(self._model.identity_basis))).astype(
            np.float32
        )
        self._texture = np.zeros(len(self._model.texture_basis), np.float32)
        light = np.zeros((3, ILLUMINATION // 3))
        light[:, 0], light[:, 1], light[:, 2] = 0.95 * AMBIENT, 0.3, 0.35
        self._light = light.ravel().astype(np.float32)
        self._camera = Camera(_FOCAL * _SIZE, (_SIZE / 2, 0.58 * _SIZE), (_SIZE, _SIZE))
        self._finder = finder
        self._rest = self._finder.track(
            self.render(np.zeros(len(self._model.expression_names), np.float32))
        )

    def render(self, expression: Float32) -> UInt8:
        """(384, 384, 3) picture of (64,) blendshape weights."""
        face = Coefficients(
            identity=self._identity,
            expression=expression,
            texture=self._texture,
            illumination=self._light,
            pose=np.array([0, 0, 0, 0, 0, -_DISTANCE], np.float32),
            gaze=np.zeros(GAZE, np.float32),
        )
        return render(self._model, face, self._camera)

    def show(self, expression: Float32) -> dict[str, float]:
        """AU -> how much of it the rendered face shows."""
        return seen(self._finder.track(self.render(expression), self._rest), self._rest)


def measure(
    prompts: Sequence[Expected] | None = None,
    reader: Interpreter | None = None,
    identities: Sequence[int] = (0, 1, 2),
    etas: Sequence[float] = ETAS,
) -> dict[str, Any]:
    """Render prompts and styles, and see which action units moved, and whether with η.

    An AU points the right way where its measure, the mean over identities, exceeds what
    landmarks tremble by. A style is monotone where what its rendered frames show grows with
    every step of η, along the direction of all AUs' measures at the highest.

    Args:
        prompts: with what is expected; None: the forty held out.
        reader: of prompts; None: the one that ships.
        identities: seeds of faces; 0 is the mean face.
        etas: η, ascending, 1..3.

    Returns:
        "right": share of (prompt, AU) that point the right way, over all η, and "right_at",
        for each η; "monotone": share of styles; "styles": style -> that growth, at each η;
        "prompts": for each, what was understood and, at the middle η, AU -> its measure;
        "wrong": (prompt, AU) that fail at the middle η.

    Raises:
        InputError: an AU that cannot be seen, no identities, or η that do not ascend.
    """
    prompts = held_out() if prompts is None else list(prompts)
    reader = interpreter() if reader is None else reader
    _check(prompts, identities, etas)
    finder = FaceFinder()
    try:
        stages = [Stage(finder, identity) for identity in identities]
        rows, right = [], np.zeros((sum(len(p.units) for p in prompts), len(etas)), bool)
        first = 0
        for expected in prompts:
            reading = reader.read(expected.prompt)
            shown = [
                _shown(stages, reading.code, intensity_with(eta, reading.degree)) for eta in etas
            ]
            for k, unit in enumerate(expected.units):
                right[first + k] = [at[unit] > NOISE for at in shown]
            first += len(expected.units)
            middle = shown[len(etas) // 2]
            rows.append(
                {
                    "prompt": expected.prompt,
                    "explanation": reading.explanation,
                    "seen": {unit: round(middle[unit], 4) for unit in expected.units},
                }
            )
        styles = {style: _growth(stages, style, etas) for style in STYLES}
    finally:
        finder.close()
    growing = [bool((np.diff(lengths) > 0).all()) for lengths in styles.values()]
    pairs = [(expected.prompt, unit) for expected in prompts for unit in expected.units]
    middle_right = right[:, len(etas) // 2]
    return {
        "right": float(right.mean()),
        "right_at": {f"{eta:g}": float(right[:, k].mean()) for k, eta in enumerate(etas)},
        "monotone": float(np.mean(growing)),
        "styles": {name: [round(v, 4) for v in lengths] for name, lengths in styles.items()},
        "prompts": rows,
        "wrong": [pair for pair, ok in zip(pairs, middle_right, strict=True) if not ok],
    }


def _shown(stages: Sequence[Stage], code: Float32, intensity: float) -> dict[str, float]:
    """AU -> mean over faces."""
    offsets = synthesise(code[None], np.array([intensity], np.float32))[0]
    every = [stage.show(offsets) for stage in stages]
    return {unit: float(np.mean([one[unit] for one in every])) for unit in SEEN}


def _growth(stages: Sequence[Stage], style: str, etas: Sequence[float]) -> list[float]:
    """How much a style shows at each η: along what it shows at the highest."""
    code = code_of({style: 1.0})
    shown = np.array([list(_shown(stages, code, eta).values()) for eta in etas])
    way = shown[-1] / np.linalg.norm(shown[-1])
    return (shown @ way).tolist()


def _check(prompts: Sequence[Expected], identities: Sequence[int], etas: Sequence[float]) -> None:
    unknown = {unit for expected in prompts for unit in expected.units} - set(SEEN)
    if unknown or not prompts:
        raise InputError(f"prompts: expected some with AUs of {', '.join(SEEN)}, got {unknown}")
    if not identities:
        raise InputError("identities: expected at least one")
    if len(etas) < 2 or not (np.diff(etas) > 0).all():
        raise InputError(f"etas: expected ascending numbers, got {list(etas)}")
