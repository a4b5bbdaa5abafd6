"""The voice benchmark's part about heads, brows and eyes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
from facewright.drive import pose, upper
from facewright.drive.base import DriveControls
from facewright.drive.upper.feature import eye_motion
from facewright.errors import InputError
from facewright.evaluate.voice import natural
from facewright.evaluate.voice.tables import Part, Table, Verdict, ranged
from facewright.face.library import load_model
from facewright.train.performance import Performance
from facewright.train.pose.score import MEASURES, Made, diversity, perform, score
from facewright.train.pose.takes import take
from facewright.train.upper import evaluate as brows

from benchmarks.voice_inputs import Inputs

#: What the literature says of the numbers of natural.UNITS.
_LITERATURE = {
    "pitch": "2.2–2.8 (two clips)", "yaw": "2.1–3.7 (two clips)", "roll": "1.2–2.3 (two clips)",
    "half power": "0.4–0.6 (two clips)", "90 % power": "0.8–2.3 (two clips)",
    "blinks": "17 at rest, 26 talking (Bentivoglio 1997)", "closing": "0.075–0.100",
    "reopening": "2–3 × closing",
}  # fmt: skip


def head_part(inputs: Inputs, part: Part) -> None:
    """Amplitudes, spectra, blinks; SSIM_p and SSIM_e; seeds."""
    made = _performed(inputs)
    real: list[dict[str, float]] = []
    try:
        real = [_of_clip(inputs, clip) for clip in inputs.trained if clip.seconds >= 7]
    except InputError as error:
        part.missing.append(f"ranges of real people: {error}")
    _ranges(part, made, real)
    _seeds(inputs, part)
    try:
        clips = inputs.judged
    except InputError as error:
        part.missing.append(f"SSIM_p, SSIM_e: {error}")
        return
    _heads(inputs, part, clips)
    _brows(inputs, part, clips)


def _performed(inputs: Inputs) -> list[dict[str, float]]:
    """Every voice there is, with every seed, as a whole performance."""
    try:
        voices = list(inputs.voices.values())
    except InputError:
        voices = [inputs.sentence]
    with contextlib.suppress(InputError):
        voices += [clip.speech for clip in inputs.judged if clip.speech is not None]
    return [
        natural.of_motion(inputs.driver(v, None, DriveControls(seed=seed)), inputs.points)
        for v in voices
        for seed in range(inputs.seeds)
    ]


def _of_clip(inputs: Inputs, clip: Performance) -> dict[str, float]:
    return natural.of_clip(clip, inputs.points)


def _ranges(part: Part, made: list[dict[str, float]], real: list[dict[str, float]]) -> None:
    rows, inside = [], {}
    for name, (unit, digits) in natural.UNITS.items():
        ours = [row[name] for row in made]
        theirs = [row[name] for row in real]
        rows.append(
            (f"{name}, {unit}", _spread(ours, digits), _spread(theirs, digits) if real else "–",
             _LITERATURE.get(name, ""))
        )  # fmt: skip
        if real:
            inside[name] = natural.within(ours, theirs)
    part.tables.append(
        Table(
            f"How {len(made)} performances and {len(real)} real clips move: median [least, most]",
            ("", "made", "real, train clips", "published"),
            tuple(rows),
            "Real: tracked clips of 7 s or more. Blinks: lids under 0.6 of their median opening; "
            "saccades: over 4° within 0.12 s. 'Two clips': facts of this project.",
        )
    )
    if not real:
        return
    outside = [name for name, good in inside.items() if not good and "jitter" not in name]
    part.verdicts.append(
        Verdict(
            "amplitude, spectrum and blinks within the train clips' ranges",
            f"{len(inside) - 3 - len(outside)} of {len(inside) - 3} medians"
            + (f"; outside: {', '.join(outside)}" if outside else ""),
            not outside,
        )
    )
    for name in ("head jitter", "brow jitter", "lip jitter"):
        ours, theirs = (float(np.median([row[name] for row in rows])) for rows in (made, real))
        unit, digits = natural.UNITS[name]
        kept = ours < theirs if name == "head jitter" else None
        text = f"{ours:.{digits}f} beside {theirs:.{digits}f} {unit} (medians)"
        part.verdicts.append(Verdict(f"{name} below real tracks'", text, kept))


def _seeds(inputs: Inputs, part: Part) -> None:
    """How far performances of one voice are apart at equal times."""
    speech = inputs.sentence
    made = [
        inputs.driver(speech, None, DriveControls(seed=seed))
        for seed in range(max(inputs.seeds, 4))
    ]
    turns = np.degrees(np.stack([m.pose[:, :3] for m in made])).std(0).mean()
    raised = np.stack([inputs.points.brow_height(m.expression) for m in made]).std(0).mean()
    looks = np.degrees(np.stack([m.gaze for m in made])).std(0).mean()
    part.verdicts.append(
        Verdict(
            "diversity across seeds > 0",
            f"head {turns:.2f}°, brows {raised:.2f} mm, gaze {looks:.2f}°",
            bool(min(turns, raised, looks) > 0),
        )
    )


def _heads(inputs: Inputs, part: Part, clips: Sequence[Performance]) -> None:
    """Every head model that has weights beside the real heads of the clips."""
    takes, rows = [take(clip) for clip in clips], []
    for name in pose.names():
        try:
            driver = pose.create(name)
        except InputError as error:
            part.missing.append(f"head {name!r}: {_told(error)}")
            continue
        made = perform(driver, takes, inputs.seeds)
        scores = [score(clip) for clip in made]
        cells = [f"{np.nanmean([row[key] for row in scores]):.3f}" for key in MEASURES]
        apart = np.mean([diversity(clip) for clip in made])
        rows.append((name, *cells, f"{apart:.2f}°"))
    still = [Made(t.poses, np.zeros_like(t.poses)[None], t.fps, None) for t in takes]
    rows.append(("none: still", f"{np.mean([score(one)['ssim_p'] for one in still]):.3f}",
                 *["–"] * (len(MEASURES) - 1), "0"))  # fmt: skip
    part.tables.append(
        Table(
            f"Heads beside {len(clips)} real ones never trained on, {inputs.seeds} seeds each",
            ("head model", *MEASURES, "diversity"),
            tuple(rows),
            "ssim_p: GoHD's SSIM_p about the mean pose, with its constants; "
            "structure: the same without constants; likeness: dB of octaves, negative; nod: ° "
            "on accents; calm: share by which jitter is lower.",
        )
    )


def _brows(inputs: Inputs, part: Part, clips: Sequence[Performance]) -> None:
    """SSIM_e of every way to move brows and lids, beside ways that do not."""
    model = load_model()
    eyes = eye_motion(model)
    ways: dict[str, brows.Way] = {
        "still": brows.still, "mean face": brows.mean_face, "blinks alone": brows.blinking,
    }  # fmt: skip
    for name in upper.names():
        try:
            ways[name] = brows.performed(upper.create(name))
        except InputError as error:
            part.missing.append(f"brows {name!r}: {_told(error)}")
    table, tested = brows.Table(), brows.tested(clips)
    for name, way in ways.items():
        for who in sorted({clip.identity for clip in tested}):
            own = [clip for clip in tested if clip.identity == who]
            scored = brows.score(way, own, model, eyes, inputs.seeds)
            table.scores.setdefault(name, {})[who] = scored
    measures = tuple(brows.Score.__dataclass_fields__)
    rows = [(name, *(ranged(*table.mean(name, key)) for key in measures)) for name in ways]
    part.tables.append(
        Table(
            "Brows and lids beside real ones: mean over speakers [95 %]",
            ("way", *measures),
            tuple(rows),
            "ssim_e: GoHD's SSIM_e (a still face scores high in it); brows: structure without "
            "constants; rhythm: correlation of the brows' height; spread and jitter over the "
            "real ones'.",
        )
    )


def _spread(values: Sequence[float], digits: int) -> str:
    if not np.isfinite(values).any():
        return "–"
    picks: tuple[Callable[[Sequence[float]], float], ...] = (np.nanmedian, np.nanmin, np.nanmax)
    middle, low, high = (float(pick(values)) for pick in picks)
    return ranged(middle, low, high, digits)


def _told(error: Exception) -> str:
    """The message without the folder that a file lies in."""
    return " ".join(word.rsplit("/", 1)[-1] for word in str(error).split())
