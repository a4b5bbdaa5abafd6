"""``facewright data …``: clips as training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facewright import console

app = typer.Typer(
    rich_markup_mode=None,
    help="""Prepare clips to train on.

\b
Examples:
  facewright data pack VoxCeleb/dev -o pack --jobs 8 --hold-out 0.05
  facewright data info pack
""",
)


@app.callback()
def _commands() -> None:
    """Commands stay commands, however few there are."""


@app.command()
def pack(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Clips and portraits, at any depth.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="PACK", help="Folder to write the pack to.")
    ],
    size: Annotated[
        int, typer.Option(metavar="PIXELS", help="Side of the frames, even, 64 to 512.")
    ] = 256,
    identities: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Columns file and identity (and credit); files that it lacks are left out. "
            "Without it: the first folder below FOLDER, or the file's name.",
        ),
    ] = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FRACTION|NAME",
            help="Of identities, for validation; a name may be given again and again.",
        ),
    ] = None,
    quality: Annotated[
        int, typer.Option(metavar="N", help="x264's rate factor, 0 (lossless) to 51.")
    ] = 14,
    coefficients: Annotated[
        bool, typer.Option(help="Fit the morphable model to every frame too.")
    ] = True,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes.")] = 1,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of the choice that a FRACTION asks for.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Turn folders of clips into a pack: square frames around heads, landmarks and
    coefficients.

    Faces are tracked; a clip that shows none is left out and named. Who is held out is
    decided by identity, never by clip. Run again after a stop, it goes on.

    \b
    Layouts that are understood without --identities:
      VoxCeleb  id10001/1zcIwhmdeo4/00001.mp4              -> id10001
      MEAD      M003/video/front/happy/level_1/001.mp4     -> M003
      HDTF      WDA_NancyPelosi1_000.mp4                   -> WDA_NancyPelosi

    \b
    Examples:
      facewright data pack HDTF -o pack --hold-out WDA_NancyPelosi --hold-out RD_Radio11
      facewright data pack MEAD portraits -o pack --jobs 8 --hold-out 0.1
      facewright data pack clips -o pack --identities who.csv --size 512
    """
    from facewright.train.data.clip import Settings
    from facewright.train.data.pack import pack as run

    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        made = run(
            folders,
            out,
            Settings(size, quality, coefficients),
            manifest=identities,
            hold_out=hold_out or (),
            seed=seed,
            jobs=jobs,
            progress=progress,
        )
    for left in made.skipped:
        console.say(f"warning: left out {left.source}: {left.reason}")
    print(f"{out}: {made.summary()}")


@app.command()
def info(
    path: Annotated[Path, typer.Argument(metavar="PACK", help="What `data pack` wrote.")],
    check: Annotated[
        bool, typer.Option("--check", help="Read every clip, so that damage is found.")
    ] = False,
) -> None:
    """Tell what is in a pack: clips, who is on them, splits, what was left out.

    \b
    Example:
      facewright data info pack --check
    """
    from facewright.train.data.shards import open_pack

    made = open_pack(path)
    for clip in made.clips:
        found = ""
        if check:
            found = f"  face in {clip.read().found.mean():.0%}"
        print(f"{clip.name:40s} {clip.split:10s} {clip.count:5d} frames  {clip.identity}{found}")
    for left in made.skipped:
        print(f"left out {left.source}: {left.reason}")
    print(f"{path}: {made.summary()}")
