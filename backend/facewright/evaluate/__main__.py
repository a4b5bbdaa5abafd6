"""``python -m facewright.evaluate``: see ``--help``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from facewright import animate
from facewright.capture import CaptureSession
from facewright.errors import FacewrightError
from facewright.evaluate.reenact import REGIONS, ClipReport, reenact
from facewright.media.picture import write_picture
from facewright.media.sheet import Tile, contact_sheet

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Measure animators."""


@app.command("reenact")
def reenact_clips(
    clips: Annotated[list[Path], typer.Argument(help="Videos of square frames, one head each.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")],
    animator: Annotated[str, typer.Option(help="Animator's name.")] = "reproject",
    size: Annotated[int, typer.Option(help="Side of frames in pixels.")] = 256,
    step: Annotated[int, typer.Option(min=1, help="Compare every STEP-th frame.")] = 1,
    most: Annotated[int | None, typer.Option(min=1, help="Frames per clip at most.")] = None,
) -> None:
    """Make each clip's first frame follow the clip; write report.json and sheet.png.

    Example: python -m facewright.evaluate reenact a.mp4 b.mp4 -o report --size 256
    """
    try:
        method = animate.create(animator)
        session = CaptureSession()
        reports = []
        for clip in clips:
            reports.append(reenact(clip, method, session, size=size, step=step, most=most))
            typer.echo(_line(reports[-1].name, reports[-1].psnr, reports[-1].ssim))
        session.close()
        means = _means(reports)
        typer.echo(_line("mean", means["psnr"], means["ssim"]))
        output.mkdir(parents=True, exist_ok=True)
        text = {
            "animator": animator,
            "size": size,
            "step": step,
            "mean": means,
            "clips": {r.name: {"frames": r.frames, "psnr": r.psnr, "ssim": r.ssim}
                      for r in reports},
        }  # fmt: skip
        (output / "report.json").write_text(json.dumps(text, indent=2) + "\n")
        write_picture(output / "sheet.png", _sheet(reports))
    except FacewrightError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _means(reports: list[ClipReport]) -> dict[str, dict[str, float]]:
    """Over clips, of the clips' means."""
    return {
        kind: {r: float(np.mean([getattr(c, kind)[r] for c in reports])) for r in REGIONS}
        for kind in ("psnr", "ssim")
    }


def _line(name: str, ratio: dict[str, float], similarity: dict[str, float]) -> str:
    numbers = "  ".join(f"{r} {ratio[r]:.2f} dB / {similarity[r]:.3f}" for r in REGIONS)
    return f"{name:32s} {numbers}"


def _sheet(reports: list[ClipReport]) -> np.ndarray:
    tiles = []
    for report in reports:
        for kind in (report.middle, report.worst):
            value, source, made, truth = kind
            label = "median" if kind is report.middle else "worst"
            tiles += [
                Tile(source, report.name),
                Tile(made, f"{label}: face {value:.1f} dB"),
                Tile(truth, "truth"),
            ]
    return contact_sheet(tiles, columns=6, title="self-reenactment: source, result, truth")


if __name__ == "__main__":
    app()
