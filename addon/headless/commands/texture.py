# SPDX-License-Identifier: GPL-3.0-or-later
"""`facewright texture`: frames of a scene -> pictures, on its timeline."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...core.client import Progress, check_sampling
from ...core.errors import InputError, OutputError
from .. import options as shared
from ..host import Host
from ..opened import add_scene, check_save, save, scene, subject
from ..progress import ProgressLine

#: Exit status where the backend refused frames; the others are there.
SOME_FAILED = 6
_EXAMPLES = """examples:
  blender -b scene.blend --command facewright texture
  texture scene.blend --frames 1-500 --quality preview
  texture scene.blend --subject anna --size 1024 --save-as textured.blend
  texture scene.blend --frames 101-200 --cache /farm/cache --cache-only   (one of many)

Pictures that are there already, or in the cache, are not made again: run it again to go on
where it was ended, or after keys were changed.
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = shared.raw(
        commands.add_parser(
            "texture",
            help="texture a scene's frames",
            description="Texture frames of a scene as Blender shows them, put the pictures on "
            "its timeline and save it. What is not said is as the scene's Texture panel has it.",
            epilog=_EXAMPLES,
        )
    )
    add_scene(parser, saves=True)
    parser.add_argument("--frames", type=shared.frame_range, help="as 1-250; default the scene's")
    shared.add_columns(parser, ["size", "animator", "quality", "steps", "seed", "geometry"])
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--folder", type=Path, help="for the pictures; default: beside the photo")
    place.add_argument("--cache-only", action="store_true",
                       help="only fill the cache; the .blend is left alone")  # fmt: skip
    shared.add_cache(parser, "default: that of the preferences")
    parser.add_argument("--no-cache", action="store_true", help="keep pictures in no cache")
    shared.add_backend(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, meter: ProgressLine) -> int:
    """Texture once."""
    from ...texture.run import texture_range

    check_save(options)
    with ExitStack() as stack:
        shown = stack.enter_context(scene(options))
        who = subject(options, shown)
        if not who.textured:
            raise InputError(f"subject: {who.rig.name} came from no photograph to texture it with")
        wish, folder = _wish(options, shown, who), _folder(options, who, stack)
        host = stack.enter_context(Host(options, meter))
        outcome = texture_range(
            shown,
            who,
            wish,
            folder,
            _opener(host, who, wish),
            cache=_cache(options),
            progress=meter,
            lost=host.lost,
            show=not options.cache_only,
        )
        meter.end()
        for frame, why in sorted(outcome.failed.items()):
            meter.say(f"frame {frame}: {why}")
        saved = None if options.cache_only else save(options)
        print(
            f"{who.rig.name}: {len(outcome.came)} of {outcome.wanted} frames, "
            f"{outcome.textured} textured, {outcome.reused} there before"
        )
    if saved:
        print(saved)
    return SOME_FAILED if outcome.failed else 0


def _wish(options: argparse.Namespace, shown: Any, who: Any) -> Any:
    """What is wanted: as told, else as the scene's panel has it."""
    from ...texture.wish import Wish

    panel = shown.facewright_texture
    told = shared.given(options)
    chosen = {
        name: told.get(name, getattr(panel, name))
        for name in ("size", "animator", "quality", "steps", "seed", "geometry")
    }
    check_sampling(chosen["steps"], chosen["quality"])
    return Wish(
        frames=options.frames or range(shown.frame_start, shown.frame_end + 1),
        size=int(chosen["size"]),
        animator=chosen["animator"],
        seed=chosen["seed"],
        steps=chosen["steps"],
        quality=chosen["quality"],
        whole_photo=who.whole_photo,
        kind=chosen["geometry"],
    )


def _opener(host: Host, who: Any, wish: Any) -> Any:
    """Opens a stream; called in a thread, so all of the subject is read here."""
    from ...subject.person import Person

    person = Person.of(who)

    def open_stream(report: Progress) -> Any:
        backend = host.backend()
        return person.ensure(backend, lambda: wish.open(backend, person.subject_id))

    return open_stream


def _folder(options: argparse.Namespace, who: Any, stack: ExitStack) -> Path:
    if options.cache_only:
        if options.no_cache:
            raise InputError("cache-only: expected a cache; leave --no-cache out")
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="facewright-")))
    from ...film.paths import frames_folder

    folder: Path = (options.folder or frames_folder(who)).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    return folder


def _cache(options: argparse.Namespace) -> Any:
    """The cache that is named, or else that of the preferences."""
    from ...ui.preferences import cache_folder

    if options.no_cache:
        if options.cache:
            raise InputError("cache: expected it without --no-cache; leave one out")
        return None
    try:
        return shared.cache(options, None if options.cache else cache_folder())
    except OSError as error:  # no place for it
        raise OutputError(f"{error.filename}: {error.strerror}; give --no-cache") from error
