"""How fast a face is driven, whose share of the time it is, and what live driving takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from facewright.drive import channels, features
from facewright.drive.base import DriveControls
from facewright.drive.heard import hear
from facewright.drive.live import Live
from facewright.drive.speaker import Speaker, scene_of
from facewright.media.speech import Speech

#: Seconds of sound in each chunk of live driving.
CHUNK = 0.04
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shares:
    """CPU and wall time of one performance.

    Attributes:
        seconds: of the sound.
        wall, cpu: seconds that the driver took.
        parts: name -> CPU seconds, of the same work done step by step.
    """

    seconds: float
    wall: float
    cpu: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class LiveCost:
    """Compute for each chunk of :data:`CHUNK` seconds, milliseconds of CPU and of wall time."""

    cpu: np.ndarray
    wall: np.ndarray


def shares(driver: Speaker, speech: Speech, controls: DriveControls) -> Shares:
    """Drive a speech, whole and step by step; the first call warms up."""
    driver(Speech(speech.samples[: 6 * speech.rate], speech.rate), None, controls)
    wall, cpu = time.perf_counter(), time.process_time()
    driver(speech, None, controls)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Shares(speech.seconds, wall, cpu, _parts(driver, speech, controls))


def live(driver: Speaker, speech: Speech, controls: DriveControls) -> LiveCost:
    """Feed a speech in chunks of :data:`CHUNK` seconds."""
    count = round(CHUNK * features.RATE)
    for first in (True, False):  # the first time warms up
        performance = Live(driver, None, controls)
        samples = speech.samples[: 2 * features.RATE] if first else speech.samples
        cpu, wall = [], []
        for at in range(0, len(samples) - count + 1, count):
            before = time.process_time(), time.perf_counter()
            performance.feed(samples[at : at + count])
            cpu.append(1000 * (time.process_time() - before[0]))
            wall.append(1000 * (time.perf_counter() - before[1]))
    return LiveCost(np.array(cpu), np.array(wall))


class _Clock:
    """CPU seconds by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def of(self, name: str, work: Callable[[], T]) -> T:
        """What ``work`` gives; its time is added to ``name``."""
        started = time.process_time()
        found = work()
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - started
        return found


def _parts(driver: Speaker, speech: Speech, controls: DriveControls) -> dict[str, float]:
    """CPU seconds of what :class:`Speaker` does, in its order."""
    clock = _Clock()
    heard = clock.of("listening", lambda: hear(speech))
    scene = scene_of(heard, None, controls, driver.name)
    mover, above = driver.head(controls.head_model), driver.upper(controls.brow_model)
    times = np.arange(speech.frames(controls.fps)) / controls.fps
    emotion = clock.of("emotion", lambda: channels.emotions(scene))
    looking, shifts = clock.of("gaze", lambda: channels.eyes(scene, heard.activity))
    parts = channels.Channels(
        activity=heard.activity,
        lips=clock.of("lips", lambda: channels.spoken(scene, driver.network)),
        shut=clock.of("blinks", lambda: channels.blinking(scene, shifts, above)),
        head=clock.of("head", lambda: channels.head_pose(scene, mover)),
        gaze=looking,
        brows=clock.of("brows", lambda: channels.brows(scene, above)),
        emotion=emotion,
        felt=clock.of("emotion", lambda: channels.felt(scene, emotion, driver.network)),
        given=channels.apart(scene),
    )
    pose = clock.of("head", lambda: parts.head(times))
    gaze = clock.of("gaze", lambda: parts.gaze(times, pose))
    before = sum(clock.spent.values())
    clock.of("lips", lambda: parts.lips(times))
    clock.of("brows", lambda: parts.brows(times))
    clock.of("blinks", lambda: parts.shut(times))
    clock.of("emotion", lambda: (parts.felt(times), parts.emotion.code(times)))
    sampled = sum(clock.spent.values()) - before
    clock.of("putting together", lambda: channels.face(times, scene, parts, gaze))
    # It asks the channels again, which were counted.
    clock.spent["putting together"] = max(clock.spent["putting together"] - sampled, 0.0)
    return clock.spent
