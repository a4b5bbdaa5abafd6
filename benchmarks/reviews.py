"""How well a clip's review tells what it should, over real clips.

    python -m benchmarks.reviews [FOLDER OF CLIPS]

Every clip is looked at once; then each is held against its own sound and portrait, and
against every other's.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from facewright.capture import CaptureSession
from facewright.errors import FacewrightError, NoFaceError
from facewright.evaluate.review import clip, likeness, sync
from facewright.face.coefficients import Coefficients
from facewright.media.speech import Speech, read_speech
from facewright.media.video import read_frames, read_video_info

_CLIPS = Path(__file__).resolve().parents[2] / "shared/media/dev/clips256"
_SECONDS, _SAME = 8.0, ("Obama", "RoyBlunt")  # looked at; people who are in several clips


class Seen:
    """What is looked at of a clip: lips, sound, a portrait and two later frames."""

    def __init__(self, path: Path, session: CaptureSession) -> None:
        self.name, self.fps = path.stem, read_video_info(path).fps
        self.opening, self.faces = [], list[Coefficients]()
        points = None
        for number, frame in enumerate(
            itertools.islice(read_frames(path), int(_SECONDS * self.fps))
        ):
            try:
                points = session.finder.track(frame, points)
            except NoFaceError:
                points = None
            self.opening.append(clip._gap(points))
            if number in (0, 60, 120) and (face := likeness.captured(session, frame)):
                self.faces.append(face)
        try:
            self.speech: Speech | None = read_speech(path)
        except FacewrightError:
            self.speech = None

    def person(self) -> str:
        return next((name for name in _SAME if name in self.name), self.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="?", default=_CLIPS)
    paths = sorted(parser.parse_args().clips.glob("*.mp4"))
    if not paths:
        print("no clips to measure with: name a folder of .mp4 files of people who speak")
        return
    session = CaptureSession()
    clips = [Seen(path, session) for path in paths]
    told: dict[bool, list[sync.Sync]] = {True: [], False: []}
    alike: dict[bool, list[float]] = {True: [], False: []}
    for one, other in itertools.product(clips, clips):
        if other.speech is not None:
            opening = np.array(one.opening, np.float32)
            if found := sync.agreement(opening, one.fps, other.speech):
                told[one is other].append(found)
        if one.faces and len(other.faces) > 1:
            same = one.person() == other.person()
            alike[same].append(likeness.likeness(one.faces[0], other.faces[1:]))
    for own, label in ((True, "own"), (False, "another's")):
        offsets = [found.offset for found in told[own] if found.offset is not None]
        rate = 100 * len(offsets) / len(told[own])
        mean = np.mean([found.correlation for found in told[own]])
        print(
            f"{label} sound: {len(told[own])} pairs, sync {mean:.2f}, offset told of {rate:.0f} %"
        )
        if own:
            print(f"  offsets, ms: {sorted(round(offset) for offset in offsets)}")
    for same, label in ((True, "the same person"), (False, "another person")):
        low, middle, high = np.percentile(alike[same], [5, 50, 95])
        print(f"{label}: {len(alike[same])} pairs, identity {middle:.2f} ({low:.2f} to {high:.2f})")
    others = np.array(alike[False])
    above = np.mean([(value > others).mean() for value in alike[True]])
    print(f"the same person scores above another in {100 * above:.1f} % of pairs")


if __name__ == "__main__":
    main()
