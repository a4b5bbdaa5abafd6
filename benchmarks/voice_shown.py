"""The voice benchmark's parts about speed, and pictures to look at."""

from __future__ import annotations

import os

import numpy as np
from facewright.capture import CaptureSession
from facewright.drive.base import DriveControls
from facewright.drive.emotion.cues import EmotionCue
from facewright.errors import InputError
from facewright.evaluate.voice import speed
from facewright.evaluate.voice.pictures import Shown, closures, pictures
from facewright.evaluate.voice.tables import Part, Table, Verdict
from facewright.evaluate.voice.timing import SHUT
from facewright.media.picture import read_picture
from facewright.media.speech import Speech

from benchmarks.voice_inputs import Inputs

FASTER, LIVE_MS = 50.0, 30.0
PROMPT = "sadly surprised, then relieved"
SIZE = 256
_SECONDS = 60.0
_SHOWN = 4
#: What each of the four voices feels; the first two, nothing.
_FELT = ("", "", PROMPT, "happy, then angry")


def speed_part(inputs: Inputs, part: Part) -> None:
    """Times real time of everything together, whose share it is, and live driving."""
    voice = inputs.sentence
    speech = Speech(np.resize(voice.samples, int(_SECONDS * voice.rate)), voice.rate)
    felt = DriveControls(emotion=(EmotionCue(PROMPT),))
    found = speed.shares(inputs.driver, speech, felt)
    whole = sum(found.parts.values())
    rows = [
        (name, f"{1000 * spent:.0f} ms", f"{spent / whole:.0%}")
        for name, spent in sorted(found.parts.items(), key=lambda item: -item[1])
    ]
    part.tables.append(
        Table(
            f"{_SECONDS:.0f} s of speech, with the prompt “{PROMPT}”",
            ("part", "CPU time", "share"),
            tuple(rows),
        )
    )
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    part.verdicts.append(
        Verdict(
            f"driving ≥ {FASTER:.0f} × real time, one thread",
            f"{found.seconds / found.cpu:.0f} × in CPU time ({found.seconds / found.wall:.0f} × "
            f"by the clock; {load})",
            found.seconds / found.cpu >= FASTER,
        )
    )
    live = speed.live(inputs.driver, Speech(speech.samples[: 20 * voice.rate], voice.rate), felt)
    text = "; ".join(
        f"{name}: mean {ms.mean():.1f}, 95th percentile {np.percentile(ms, 95):.1f}, "
        f"most {ms.max():.1f}"
        for name, ms in (("CPU", live.cpu), ("clock", live.wall))
    )
    kept = bool(np.percentile(live.cpu, 95) <= LIVE_MS)
    bar = f"live ≤ {LIVE_MS:.0f} ms of compute per {1000 * speed.CHUNK:.0f} ms"
    part.verdicts.append(Verdict(bar, f"ms: {text}", kept))


def pictures_part(inputs: Inputs, part: Part) -> None:
    """Strip charts beside rendered key frames, of four voices on four portraits."""
    try:
        voices = {name: v for name, v in inputs.voices.items() if not name.startswith("sing")}
    except InputError:
        voices = {"speech": inputs.sentence}
        part.missing.append("voices of the development set: needs --speech; the example instead")
    portraits = inputs.portraits
    chosen = np.linspace(0, len(portraits) - 1, _SHOWN).round().astype(int)
    session = CaptureSession()
    rows: list[tuple[str, ...]] = []
    gaps: list[float] = []
    for (name, speech), row, prompt in zip(
        list(voices.items())[:_SHOWN], chosen, _FELT, strict=False
    ):
        portrait = portraits[row]
        subject = session.capture(read_picture(portrait), size=SIZE)
        felt = (EmotionCue(prompt),) if prompt else ()
        about = f"{name} on {portrait.stem}" + (f", “{prompt}”" if prompt else "")
        shown = Shown(name, about, subject, speech, DriveControls(emotion=felt))
        motion = inputs.driver(speech, subject, shown.controls)
        part.pictures += pictures(shown, motion, inputs.points)
        found = closures(motion, subject, inputs.points, session.finder)
        if found is not None:
            rows.append((about, str(found.count), f"{found.gap:.2f}", f"{found.shut:.3f}",
                         f"{found.wide:.3f}"))  # fmt: skip
            gaps.append(found.gap)
    session.close()
    part.tables.append(
        Table(
            "Do lips meet on p, b, m?",
            ("", "closures", "gap on the mean face, mm", "opening seen", "widest seen"),
            tuple(rows),
            "Medians; seen: inner lips over the distance of the outer eye corners, by landmarks "
            "of rendered frames.",
        )
    )
    worst = max(gaps, default=0.0)
    part.verdicts.append(
        Verdict(f"lips meet at closures (< {SHUT:g} mm)", f"at worst {worst:.2f} mm", worst < SHUT)
    )
