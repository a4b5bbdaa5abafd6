"""What the voice benchmark reads: each thing once, when it is first asked for."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from facewright import drive
from facewright.drive.speaker import Speaker
from facewright.errors import InputError
from facewright.evaluate.voice.points import Points
from facewright.evaluate.voice.real import SHORTEST, judged
from facewright.face.library import load_model
from facewright.media.speech import Speech, read_speech
from facewright.train.performance import Performance, performances

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
#: Debian's pocketsphinx-testdata.
SENTENCES = Path("/usr/share/pocketsphinx/test/data/librivox")
_DOUBTED = ("probably", "unverified")
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


@dataclass
class Inputs:
    """What was given on the command line, and what comes of it.

    Attributes:
        clips, speech, manifest, cache: as given; None where not.
        portrait: that controls are tried on.
        sentences: with a transcription.
        seeds: performances of each voice.
    """

    clips: Path | None
    speech: Path | None
    manifest: Path | None
    portrait: Path
    sentences: Path
    cache: Path | None
    seeds: int

    @cached_property
    def driver(self) -> Speaker:
        """The one that ships."""
        made = drive.create("emoa2e")
        assert isinstance(made, Speaker)
        return made

    @cached_property
    def points(self) -> Points:
        """Of the default model's mean face."""
        return Points(load_model())

    @cached_property
    def sentence(self) -> Speech:
        """The example."""
        return read_speech(EXAMPLES / "speech.wav")

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Of the manifest, with files as paths."""
        if self.manifest is None:
            return []
        with self.manifest.open(newline="", encoding="utf-8") as lines:
            found = list(csv.DictReader(lines))
        for row in found:
            row["file"] = str((self.manifest.parent / row["file"]).resolve())
        return found

    @cached_property
    def judged(self) -> list[Performance]:
        """The tracked clips whose sound is in sync and that last long enough.

        Raises:
            InputError: no clips or no manifest were given, or none of them serves.
        """
        if self.clips is None or not self.rows:
            raise InputError("needs --clips and --manifest")
        if any(row["split"] == "train" for row in self._in(self.clips)):
            raise InputError(f"clips: {self.clips} holds clips that train")
        return judged(self._tracked(self.clips, self._in(self.clips)))

    @cached_property
    def trained(self) -> list[Performance]:
        """The tracked clips of the manifest's split "train", for the range of real people.

        Raises:
            InputError: there are none.
        """
        rows = [r for r in self.rows if r["split"] == "train" and r["kind"] == "clip256"]
        folders = {Path(row["file"]).parent for row in rows}
        if len(folders) != 1:
            raise InputError("needs a --manifest with clips of the split train in one folder")
        return self._tracked(folders.pop(), rows, silent=True)

    @cached_property
    def voices(self) -> dict[str, Speech]:
        """The sound files by name.

        Raises:
            InputError: no folder was given, or it holds none.
        """
        if self.speech is None:
            raise InputError("needs --speech")
        files = sorted(p for p in self.speech.iterdir() if p.suffix.lower() in _SOUNDS)
        if not files:
            raise InputError(f"speech: {self.speech} holds no sound")
        return {path.stem: read_speech(path) for path in files}

    @cached_property
    def portraits(self) -> list[Path]:
        """Photographs of the manifest's split "dev"; without one, the example's."""
        rows = [r for r in self.rows if r["split"] == "dev" and r["kind"] == "portrait-photo"]
        return [Path(row["file"]) for row in rows] or [EXAMPLES / "portrait.png"]

    def path(self, clip: Performance) -> Path:
        """Of a judged clip."""
        return next(Path(r["file"]) for r in self.rows if Path(r["file"]).stem == clip.name
                    and Path(r["file"]).parent == (self.clips or Path()).resolve())  # fmt: skip

    def _in(self, folder: Path) -> list[dict[str, str]]:
        return [row for row in self.rows if Path(row["file"]).parent == folder.resolve()]

    def _tracked(
        self, folder: Path, rows: list[dict[str, str]], *, silent: bool = False
    ) -> list[Performance]:
        """Of the rows that may serve, so that no others are tracked."""
        chosen = [row for row in rows if silent or _serves(row)]
        if not chosen:
            raise InputError(f"clips: {folder} holds none that serves")
        with tempfile.TemporaryDirectory() as scratch:
            manifest = Path(scratch) / "manifest.csv"
            with manifest.open("w", newline="", encoding="utf-8") as lines:
                writer = csv.DictWriter(lines, chosen[0])
                writer.writeheader()
                writer.writerows(chosen)
            return performances(folder, manifest, self.cache)


def _serves(row: dict[str, str]) -> bool:
    """Sound that nobody doubts, of a clip that is long enough."""
    doubted = any(word in row["sync_note"] for word in _DOUBTED)
    return row["audio"] != "no" and not doubted and float(row["seconds"]) >= SHORTEST
