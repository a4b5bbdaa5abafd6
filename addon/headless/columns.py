# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a dub can be told: options of `dub`, columns of a manifest; no bpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.performance import MAX_PROMPT, MAX_SCRIPT

#: Kind of movie -> ending of its name; a folder has none. See ``film.kinds``.
FORMATS = {"h264": ".mp4", "prores_422_hq": ".mov", "prores_4444": ".mov", "png": ""}
#: What of the footage's own motion can be kept. The lips are the new speech's.
TAKEN = ("eyes", "brows", "head", "gaze")
GAZES = ("natural", "camera", "photo", "still")


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that can be told.

    Attributes:
        name: in a manifest; as an option with dashes.
        kind: "input" (a file to read), "output" (one to write), "text", "number", "whole"
            (a number without a fraction), "choice" or "choices" (several, with blanks or
            commas between).
        summary: for people.
        default: where nothing is told; None: nothing.
        low, high: bounds of a number, longest text.
        choices: of a choice.
        suffix: that an output's name must end in.
    """

    name: str
    kind: str
    summary: str
    default: Any = None
    low: float = 0.0
    high: float = math.inf
    choices: tuple[str, ...] = ()
    suffix: str = ""

    @property
    def option(self) -> str:
        """On a command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def expected(self) -> str:
        """What a value has to be, for people."""
        match self.kind:
            case "number" | "whole":
                what = "a whole number" if self.kind == "whole" else "a number"
                if math.isinf(self.high):
                    return f"{what} from {self.low:g}"
                return f"{what} from {self.low:g} to {self.high:g}"
            case "choice":
                return f"one of {', '.join(self.choices)}"
            case "choices":
                return f"some of {', '.join(self.choices)}"
            case "text":
                return f"at most {self.high:g} characters"
        return f"a file ending in {self.suffix}" if self.suffix else "a file"

    def parse(self, text: str) -> Any:
        """The value that ``text`` says.

        Raises:
            ValueError: with what was expected and what came.
        """
        wrong = ValueError(f"expected {self.expected}, got {_short(text)}")
        match self.kind:
            case "number" | "whole":
                try:
                    value = int(text) if self.kind == "whole" else float(text)
                except ValueError:
                    raise wrong from None
                if not self.low <= value <= self.high:  # also where it is not a number
                    raise wrong
                return value
            case "choice":
                if text not in self.choices:
                    raise wrong
                return text
            case "choices":
                words = tuple(text.replace(",", " ").split())
                if not set(words) <= set(self.choices):
                    raise wrong
                return words
            case "text":
                if len(text) > self.high:
                    raise ValueError(f"expected {self.expected}, got {len(text)}")
                return text
        if self.suffix and Path(text).suffix.lower() != self.suffix:
            raise wrong
        return Path(text)


COLUMNS = (
    Column("portrait", "input", "photograph of who speaks, or a subject's file (.npz)"),
    Column("footage", "input", "video in place of the portrait: its calmest frame is used"),
    Column("take", "choices", "what of the footage's own motion is kept: head, brows, eyes, gaze",
           (), choices=TAKEN),
    Column("speech", "input", "recording: WAV, FLAC, OGG, MP3, ..."),
    Column("script", "text", "words to be spoken in place of a recording", "", high=MAX_SCRIPT),
    Column("script_file", "input", "the same, from a text file"),
    Column("language", "text", "of the script: en-us, de, fr, ...", "", high=200),
    Column("voice", "text", "variant of the language's voice", "", high=200),
    Column("emotion", "text", 'in words: "sad, then relieved"', "", high=MAX_PROMPT),
    Column("intensity", "number", "of the emotion", 2.0, 1, 3),
    Column("output", "output", "movie to write"),
    Column("blend", "output", "keep the scene (.blend and its files' folder)", suffix=".blend"),
    Column("sheet", "output", "write a contact sheet (.png)", suffix=".png"),
    Column("format", "choice", "of the movie", "h264", choices=tuple(FORMATS)),
    Column("fps", "number", "frames a second", 25.0, 1, 240),
    Column("size", "whole", "side of the textured square", 512, 64, 4096),
    Column("animator", "text", "what makes the pictures; empty: the backend's", "", high=200),
    Column("driver", "text", "what makes the motion; empty: the backend's", "", high=200),
    Column("quality", "choice", "or preview, for a quick look", "final",
           choices=("final", "preview")),
    Column("steps", "whole", "of sampling; 0: the quality's own", 0, 0, 10_000),
    Column("seed", "whole", "of motion and animator", 0, 0, 2**63 - 1),
    Column("mouth_opening", "number", "how far the mouth moves", 1.0, 0, 2),
    Column("lip_offset", "number", "milliseconds that the lips come later", 0.0, -500, 500),
    Column("brow_motion", "number", "how much the brows move", 1.0, 0, 3),
    Column("head_motion", "number", "how much the head moves", 1.0, 0, 3),
    Column("blink_rate", "number", "blinks a minute", 20.0, 0, 60),
    Column("gaze", "choice", "where the eyes look", "natural", choices=GAZES),
    Column("face", "whole", "which of several (0 = largest)", 0, 0, 99),
    Column("extent", "choice", "photo: the whole photograph; crop: the head; auto: the photo, up "
           "to 2160 pixels", "auto", choices=("auto", "photo", "crop")),
    Column("geometry", "choice", "how it is sent", "auto", choices=("auto", "image", "vertices")),
)  # fmt: skip

BY_NAME = {column.name: column for column in COLUMNS}
DEFAULTS = {column.name: column.default for column in COLUMNS}


def conflicts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What does not go together: (column, what is wrong with it and how to mend it).

    Args:
        values: by column; what is absent or empty was not told.
    """
    told = {name for name, value in values.items() if value not in (None, "", ())}
    found = []
    if not told & {"portrait", "footage"}:
        found.append(("portrait", "expected a photograph, or footage; name one"))
    if {"portrait", "footage"} <= told:
        found.append(("footage", "expected it in place of the portrait; leave one out"))
    said = [name for name in ("speech", "script", "script_file") if name in told]
    if not said:
        found.append(("speech", "expected a recording, or a script; name one"))
    found += [(name, f"expected it in place of {said[0]}; leave one out") for name in said[1:]]
    if not told & {"script", "script_file"}:
        found += [
            (name, "means something with a script only; leave it out")
            for name in ("language", "voice")
            if name in told
        ]
    if "take" in told and "footage" not in told:
        found.append(("take", "is taken from footage; name one, or leave it out"))
    if "output" not in told:
        found.append(("output", "name the movie to write"))
        return found
    kind = values.get("format") or "h264"
    suffix, path = FORMATS.get(kind, ""), Path(values["output"])
    if suffix and path.suffix.lower() != suffix:
        found.append(("output", f"expected a file ending in {suffix}, got {path.name}"))
    if not suffix and path.suffix.lower() in set(FORMATS.values()) - {""}:
        found.append(("output", f"expected a folder for {kind}, got {path.name}"))
    return found


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
