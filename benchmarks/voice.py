"""How a voice performs a face, all of it: ``python -m benchmarks.voice -o report``.

``--clips`` videos of people who talk, ``--speech`` voices alone, ``--manifest`` what is known
of both (file, split, kind, identity, seconds, audio, sync_note). Nothing here trains or is
chosen by what it measures. Prints Markdown and writes index.html, numbers.md and the
pictures. A part whose input is absent says "not measured" and why. ``MISSED`` makes the
exit status 1.

    python -m benchmarks.voice --clips DIR --speech DIR --manifest CSV -o report \
        --only lips,real,emotion,timing,head,controls,speed,pictures
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from facewright.errors import FacewrightError
from facewright.evaluate.voice.tables import Part, markdown, page

from benchmarks import voice_asked, voice_face, voice_lips, voice_shown
from benchmarks.machine import machine
from benchmarks.voice_inputs import EXAMPLES, SENTENCES, Inputs

PARTS: dict[str, tuple[str, Callable[[Inputs, Part], None]]] = {
    "lips": ("Lips against aligned phones", voice_lips.phones_part),
    "real": ("Lips beside real ones", voice_lips.real_part),
    "emotion": ("Emotion prompts, from rendered frames", voice_asked.emotion_part),
    "timing": ("Emotion prompts and the lips' timing", voice_asked.timing_part),
    "head": ("Head, brows and eyes", voice_face.head_part),
    "controls": ("Controls: asked, rendered, captured again", voice_asked.controls_part),
    "speed": ("Speed", voice_shown.speed_part),
    "pictures": ("Pictures", voice_shown.pictures_part),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for, print, write; 1 where a bar is missed."""
    import torch

    options = _options().parse_args(arguments)
    chosen = options.only.split(",") if options.only else list(PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        print(f"--only: {', '.join(sorted(unknown))} is not among {', '.join(PARTS)}")
        return 2
    torch.set_num_threads(1)
    inputs = Inputs(
        clips=options.clips, speech=options.speech, manifest=options.manifest,
        portrait=options.portrait, sentences=options.sentences, cache=options.cache,
        seeds=options.seeds,
    )  # fmt: skip
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    about = [f"{machine()}, one thread; load average {load:.1f} at the start"]
    print(f"{about[0]}\n", flush=True)
    parts = [_measured(name, inputs) for name in chosen]
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        _write(options.out, parts, about)
    return 0 if all(part.kept for part in parts) else 1


def _measured(name: str, inputs: Inputs) -> Part:
    title, work = PARTS[name]
    part, started = Part(name, title), time.process_time()
    try:
        work(inputs, part)
    except (FacewrightError, ImportError) as error:
        part.missing.append(str(error))
    part.seconds = time.process_time() - started
    print(markdown(part), flush=True)
    return part


def _write(out: Path, parts: list[Part], about: list[str]) -> None:
    (out / "index.html").write_text(page(parts, about), encoding="utf-8")
    text = "\n".join([*about, "", *(markdown(part) for part in parts)])
    (out / "numbers.md").write_text(text, encoding="utf-8")
    for part in parts:
        for picture in part.pictures:
            (out / f"{picture.name}.png").write_bytes(picture.png)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="a folder of videos")
    parser.add_argument("--speech", type=Path, help="a folder of sound files")
    parser.add_argument("--manifest", type=Path, help="what is known of them (.csv)")
    parser.add_argument("--portrait", type=Path, default=EXAMPLES / "portrait.png")
    parser.add_argument("--sentences", type=Path, default=SENTENCES, help="LibriVox, transcribed")
    parser.add_argument("--cache", type=Path, help="where tracks and alignments are kept")
    parser.add_argument("--seeds", type=int, default=4, help="performances of each voice")
    parser.add_argument("--only", help=f"of {','.join(PARTS)}")
    parser.add_argument("-o", "--out", type=Path, help="a folder for the report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
