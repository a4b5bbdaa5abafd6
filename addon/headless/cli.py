# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `blender --command facewright …`, `python -m addon …`.

Exit status: 0 done; 1 a fault of ours; 2 wrong input; 3 no face; 4 the backend; 5 an output
that cannot be written; 6 a batch with failed items; 7 a batch with flagged items, where that
was asked for; 130 cancelled.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from ..core.errors import AddonError, InputError
from .progress import ProgressLine

COMMAND = "facewright"
#: How argparse names an option, or an argument without dashes.
_ARGUMENT = re.compile(r"^argument (?:-\w/)?-*([\w-]+): ")
_handles: list[object] = []


def register() -> None:
    """Make Blender know the command."""
    import bpy

    _handles.append(bpy.utils.register_cli_command(COMMAND, main))


def unregister() -> None:
    """Make Blender forget the command."""
    import bpy

    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def main(arguments: Sequence[str]) -> int:
    """Run a command; the process's exit status."""
    meter = ProgressLine()
    _listen_to_signals(meter)
    try:
        options = _parser().parse_args(list(arguments))
        return options.run(options, meter)
    except AddonError as error:
        for line in str(error).splitlines():
            meter.say(line)
        return error.exit_code
    except KeyboardInterrupt:
        meter.say("cancelled")
        return 130


def _listen_to_signals(meter: ProgressLine) -> None:
    """Let a batch system's way of saying Ctrl-C, and Ctrl-C in Blender, interrupt."""

    def interrupt(*_: object) -> None:
        if not meter.interrupted:  # a second one would end the tidying up
            meter.interrupted = True
            raise KeyboardInterrupt

    numbers = ["SIGINT", "SIGBREAK"] if sys.platform == "win32" else ["SIGINT", "SIGTERM"]
    for number in (getattr(signal, name) for name in numbers):
        if signal.getsignal(number) is not signal.SIG_IGN:  # Blender takes SIGINT for itself
            signal.signal(number, interrupt)


class _Parser(argparse.ArgumentParser):
    """What is wrong with a command line is one line, as all that is wrong with input."""

    def error(self, message: str) -> NoReturn:
        raise InputError(_ARGUMENT.sub(r"\1: ", message) + f"; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    from .commands import batch, drive, dub, export, texture

    parser = _Parser(
        prog="facewright",
        description="A portrait, performed on Blender's timeline.",
        epilog="`facewright COMMAND --help` has examples. With a .blend before --command, as in "
        "`blender -b scene.blend --command facewright texture`, commands work on that scene.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (dub, drive, texture, export, batch):
        command.add(commands)
    return parser
