"""The voice benchmark's parts about what is asked for: emotion prompts and controls."""

from __future__ import annotations

import numpy as np
from facewright.capture import CaptureSession
from facewright.drive.base import DriveControls
from facewright.drive.emotion.styles import STYLES
from facewright.errors import InputError
from facewright.evaluate import emotion as shown
from facewright.evaluate.voice import controls, timing
from facewright.evaluate.voice.tables import Part, Table, Verdict
from facewright.media.picture import read_picture
from facewright.media.speech import Speech
from facewright.train.speech.score import aligned_sentences

from benchmarks.voice_inputs import Inputs

RIGHT = 0.90  # share of action units that must point the right way
SIZE = 256  # of frames that controls are read from
_BLINK_SECONDS = 60.0


def emotion_part(inputs: Inputs, part: Part) -> None:
    """Forty held-out prompts, forty later ones and all styles, from rendered frames."""
    found = shown.measure()
    later = shown.measure(shown.held_out(shown.LATER))
    by = ", ".join(f"η {eta}: {share:.3f}" for eta, share in found["right_at"].items())
    part.verdicts += [
        Verdict(
            f"action units of 40 held-out prompts point the right way ≥ {RIGHT:.0%}",
            f"{found['right']:.3f} ({by})",
            found["right"] >= RIGHT,
        ),
        Verdict(
            "the same of forty later prompts", f"{later['right']:.3f}", later["right"] >= RIGHT
        ),
        Verdict(
            "intensity monotone in η for every style",
            f"{found['monotone']:.0%} of {len(found['styles'])}",
            found["monotone"] == 1,
        ),
    ]
    rows = [(name, *(f"{v:.4f}" for v in values)) for name, values in found["styles"].items()]
    part.tables.append(
        Table(
            "What a style's rendered frames show, in distances of the outer eye corners",
            ("style", *(f"η {eta:g}" for eta in shown.ETAS)),
            tuple(rows),
            "Along the direction of all action units at η 3; mean of three faces.",
        )
    )
    wrong = "; ".join(f"{prompt}: AU {unit}" for prompt, unit in found["wrong"])
    part.tables.append(Table("Action units that do not show at η 2", (wrong or "none",), ()))


def timing_part(inputs: Inputs, part: Part) -> None:
    """Whether lips still meet, and when they did, under every style."""
    try:
        speeches = [s.speech for s in aligned_sentences(inputs.sentences)]
    except (InputError, ImportError):
        speeches = [inputs.sentence]
    prompts = [style for style in STYLES if style != "neutral"]
    found = timing.measure(inputs.driver, speeches, prompts, inputs.points)
    rows = [
        (f"{t.prompt}, η {t.intensity:g}", f"{t.without:.2f}", f"{t.gap:.2f}", f"{t.kept:.1%}",
         f"{1000 * t.lag:+.0f} ms", f"{t.correlation:.3f}")
        for t in found
    ]  # fmt: skip
    part.tables.append(
        Table(
            f"Lips with a prompt beside the same lips without, {found[0].closures} closures",
            ("prompt", "gap without, mm", "gap with, mm", "kept", "lag", "opening's correlation"),
            tuple(rows),
            "Gap of the lips on the mean face within 20 ms of the closure's middle, mean; kept: "
            f"no more than {timing.KEPT:g} mm wider than without the prompt.",
        )
    )
    worst = min(found, key=lambda t: t.kept)
    late, gap = max(abs(t.lag) for t in found), found[0].without
    part.verdicts += [
        Verdict(
            "closures kept under every style",
            f"at worst {worst.kept:.1%} of {worst.closures} ({worst.prompt}, η "
            f"{worst.intensity:g})",
            worst.kept == 1,
        ),
        Verdict(
            f"lips meet at closures (< {timing.SHUT:g} mm)", f"{gap:.2f} mm", gap < timing.SHUT
        ),
        Verdict(
            "prompts do not shift lips", f"at most {1000 * late:.0f} ms", late < 0.5 / timing.FPS
        ),
    ]


def controls_part(inputs: Inputs, part: Part) -> None:
    """Mouth opening, gaze, head amount, blink rate: set, rendered, captured again."""
    session = CaptureSession()
    try:
        subject = session.capture(read_picture(inputs.portrait), size=SIZE)
        stage = controls.Stage(session, subject, inputs.driver, inputs.sentence)
        opened, most = controls.mouth(stage, DriveControls(fps=6.25))
        count = int(_BLINK_SECONDS * inputs.sentence.rate)
        long = Speech(np.resize(inputs.sentence.samples, count), inputs.sentence.rate)
        responses = [
            opened,
            controls.looks(stage, 0),
            controls.looks(stage, 1),
            controls.head(stage, DriveControls(fps=4)),
            controls.blinking(stage, DriveControls(fps=25), long),
        ]
    finally:
        session.close()
    part.tables.append(
        Table(
            f"Asked → measured in frames of {inputs.portrait.name}, {SIZE} × {SIZE}",
            ("control", "measured", "asked → measured", "monotone"),
            tuple(controls.told(responses)),
        )
    )
    part.verdicts += [Verdict(f"{r.name} monotone", _ends(r), r.monotone) for r in responses]
    part.verdicts.append(
        Verdict(
            "mouth opening 0 closes the mouth",
            f"opens by at most {most:.4f} of the eyes' distance beyond the mouth at rest",
            most < controls.TREMBLE,
        )
    )


def _ends(response: controls.Response) -> str:
    return f"{response.got[0]:.3g} … {response.got[-1]:.3g}"
