"""``facewright train emotion``: make the projection from prompts to styles; score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def emotion(
    work: Annotated[Path, typer.Option(metavar="DIR", help="For the weights.")],
    clip: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="open_clip's ViT-B-32 as .safetensors, to read by CLIP; without it, by the"
            " sentence encoder that ships.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of what is held out.")] = 0,
) -> None:
    """Teach emotion prompts: words and phrases -> styles, some held out to tell how well.

    \b
    Example:
      facewright train emotion --work out/emotion
    """
    from facewright.drive.emotion.encoders import ClipEncoder, Encoder, SentenceEncoder
    from facewright.train.emotion.recipe import run

    encoder: Encoder = SentenceEncoder() if clip is None else ClipEncoder(clip)
    run(work, encoder, seed=seed, report=typer.echo)


def evaluate_emotion(
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Those that ship, without it.")
    ] = None,
    later: Annotated[
        bool, typer.Option("--later", help="The list that was written when all was finished.")
    ] = False,
    identities: Annotated[
        int, typer.Option(metavar="N", min=1, help="Faces that each prompt is rendered on.")
    ] = 3,
) -> None:
    """Render forty held-out prompts at η = 1, 2, 3, and see which action units moved.

    \b
    Example:
      facewright train evaluate-emotion
    """
    import json

    from facewright.drive.emotion.text import interpreter
    from facewright.evaluate.emotion import HELD_OUT, LATER, held_out, measure

    prompts = held_out(LATER if later else HELD_OUT)
    found = measure(prompts, interpreter(projection=weights), range(identities))
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
