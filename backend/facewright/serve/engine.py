"""Capture, drive and animate on one device; lives in its worker's thread."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facewright import defaults
from facewright.animate import base as animators
from facewright.animate.base import Geometry
from facewright.capture.subject import Subject
from facewright.checks import UInt8
from facewright.drive import base as drivers
from facewright.errors import FacewrightError, InputError
from facewright.face.motion import Motion
from facewright.media.picture import read_picture
from facewright.media.speech import Speech, encode_wav
from facewright.serve import messages, reviewing
from facewright.serve.abilities import FEATURES, driver_abilities
from facewright.serve.assets import Asset
from facewright.serve.capturing import checked
from facewright.serve.driving import DriveOptions
from facewright.serve.limits import Limits
from facewright.serve.reviewing import ReviewAssets
from facewright.serve.sessions import model_id
from facewright.serve.tracking import Tracked, TrackOptions, track_asset
from facewright.serve.v1 import service_pb2
from facewright.serve.worker import Job
from facewright.spoken import sound_of

if TYPE_CHECKING:
    from facewright.drive.live import Live
    from facewright.evaluate.review import Review

log = logging.getLogger("facewright.serve")

#: Prepared subjects kept; one holds some tens of megabytes.
MAX_PREPARED = 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """What frames depend on beside their geometry.

    Attributes:
        animator: by name.
        key: the subject's id.
        size: side of the frames, pixels.
        seed: for the animator.
        steps: sampling steps; None where the animator has none.
    """

    animator: str
    key: str
    size: int
    seed: int = 0
    steps: int | None = None


class Engine:
    """The real work, one call at a time; nothing here is shared with another engine."""

    def __init__(self, device: str, limits: Limits) -> None:
        """Set up for ``device``; everything heavy is imported and loaded when first used.

        A CUDA device becomes the thread's current one, which is what torch's work takes;
        what has no GPU path runs on the CPU.
        """
        if device.startswith("cuda"):
            import torch

            torch.cuda.set_device(device)
        self.device = device
        self._limits = limits
        self._capturing: Any = None
        self._animators: dict[str, animators.Animator] = {}
        self._drivers: dict[str, drivers.Driver] = {}
        self._prepared: OrderedDict[tuple[str, str, int], Any] = OrderedDict()
        self._digests: OrderedDict[str, tuple[Subject, str]] = OrderedDict()

    def abilities(self) -> service_pb2.GetCapabilitiesResponse:
        """Animators, drivers and models, as clients are told them.

        An animator that cannot be used here is left out, and the log says why.
        """
        from facewright.face.library import load_model

        response = service_pb2.GetCapabilitiesResponse(
            models=[load_model().name],
            default_animator=defaults.ANIMATOR,
            features=FEATURES,
        )
        for name in animators.names():
            try:
                animator = self._animator(name)
            except FacewrightError as error:  # its weights are missing or damaged
                log.warning("animator %s cannot be used: %s", name, error)
                continue
            least, default, most = animator.steps or (0, 0, 0)
            response.animators.add(
                name=name,
                summary=animator.summary,
                sizes=animator.sizes,
                needs_correspondence=animator.needs_correspondence,
                licence=animator.licence,
                min_steps=least,
                default_steps=default,
                max_steps=most,
                preview_steps=animator.preview_steps or 0,
                reach=animator.reach,
            )
        for name in drivers.names():
            response.drivers.append(driver_abilities(name, self._driver(name)))
        return response

    def model_id(self) -> str:
        """The morphable model that subjects are captured with: its name and its numbers."""
        from facewright.face.library import load_model

        return model_id(load_model())

    def capture(self, photo: Asset, face: int, size: int, job: Job) -> Subject:
        """Decode a photo and capture its subject."""
        from facewright.capture.portrait import CaptureSession

        job.progress("reading the photo", 0.0)
        pixels = read_picture(
            photo.path.read_bytes(), max_pixels=self._limits.max_photo_pixels, name=photo.label
        )
        job.progress("finding and fitting the face", 0.1)
        if self._capturing is None:
            self._capturing = CaptureSession()
        return self._capturing.capture(pixels, face=face, size=size)

    def read_subject(self, file: Asset, job: Job) -> Subject:
        """Read a subject's file.

        Raises:
            InputError: it is damaged, too large or of another morphable model.
        """
        from facewright.capture.subject_io import load_subject

        job.progress("reading the subject", 0.0)
        most = self._limits.max_photo_pixels
        return checked(load_subject(file.path, name=file.label, max_pixels=most))

    def pictures(
        self, subject: Subject, whole_photo: bool, job: Job
    ) -> list[service_pb2.SubjectPictures]:
        """Atlas, plate and, where it is asked for, the photograph; each in its own message."""
        from facewright.animate.texture import atlas_picture

        job.progress("painting the texture", 0.7)
        atlas = atlas_picture(subject)
        job.progress("packing the pictures", 0.9)
        packed = [
            service_pb2.SubjectPictures(texture=messages.picture(atlas)),
            service_pb2.SubjectPictures(plate=messages.picture(subject.crop)),
        ]
        if whole_photo:
            photo = messages.large_picture(subject.photo, self._limits.max_answer_bytes)
            packed.append(service_pb2.SubjectPictures(photo=photo))
        return packed

    def poses(self, model: str) -> service_pb2.GetPosesResponse:
        """Named poses of a morphable model's blendshapes."""
        from facewright.face.library import load_model
        from facewright.serve.poses import poses

        return poses(model, load_model().expression_names)

    def drive(
        self, speech: Asset | None, subject: Subject | None, options: DriveOptions, job: Job
    ) -> tuple[Motion, bytes]:
        """Decode a sound, or speak a script; cut it; drive a subject, or the model's mean.

        Returns:
            The motion, and the WAV file of a script (empty without one).
        """
        source = None
        if speech is not None:
            job.progress("reading the sound", 0.0)
            source = speech.path.read_bytes()
        else:
            job.progress("speaking", 0.0)
        longest = self._limits.max_speech_seconds
        controls = options.performed()
        label = "speech" if speech is None else speech.label
        sound = sound_of(source, options.script, controls, max_seconds=longest, name=label)
        job.progress("driving", 0.1)
        driver = self._driver(options.driver)
        cut = _cut(sound.speech, options)
        motion = driver(cut, subject, sound.controls, _share(job))
        said = encode_wav(cut) if options.script is not None else b""
        return motion, said

    def live(self, subject: Subject | None, options: DriveOptions, rate: int) -> Live:
        """Begin a live performance.

        Raises:
            InputError: the driver has none, or the controls need to know the future.
        """
        from facewright.drive.live import Live
        from facewright.drive.speaker import Speaker

        driver = self._driver(options.driver)
        if not isinstance(driver, Speaker):
            raise InputError(f"driver: {options.driver!r} cannot be driven live")
        return Live(driver, subject, options.performed(), rate)

    def review(self, assets: ReviewAssets, job: Job) -> Review:
        """Measure a finished clip."""
        from facewright.capture.portrait import CaptureSession

        if self._capturing is None:
            self._capturing = CaptureSession()
        return reviewing.review(assets, self._capturing, self._limits, job)

    def track(
        self, video: Asset, subject: Subject | None, options: TrackOptions, job: Job
    ) -> Tracked:
        """Track the face in a video."""
        from facewright.capture.portrait import CaptureSession

        if self._capturing is None:
            self._capturing = CaptureSession()
        return track_asset(video, subject, options, self._capturing, self._limits, job)

    def prepare(self, recipe: Recipe, subject: Subject) -> Any:
        """What an animator keeps of a subject, from the cache or anew."""
        name = (recipe.animator, recipe.key, recipe.size)
        if name not in self._prepared:
            self._prepared[name] = self._animator(recipe.animator).prepare(subject, recipe.size)
            if len(self._prepared) > MAX_PREPARED:
                self._prepared.popitem(last=False)
        self._prepared.move_to_end(name)
        return self._prepared[name]

    def fingerprint(self, recipe: Recipe, subject: Subject, **asked: object) -> str:
        """See ``fingerprint.fingerprint``; ``asked`` is what a recipe does not hold."""
        from facewright.serve import fingerprint

        kept = self._digests.get(recipe.key)
        if kept is None or kept[0] is not subject:
            kept = (subject, fingerprint.subject_digest(subject))
            self._digests[recipe.key] = kept
            if len(self._digests) > MAX_PREPARED:
                self._digests.popitem(last=False)
        animator = self._animator(recipe.animator)
        asked |= dataclasses.asdict(recipe)
        return fingerprint.fingerprint(animator, self.device, kept[1], asked)

    def animate(
        self,
        recipe: Recipe,
        subject: Subject,
        geometry: Geometry,
        check: Callable[[], None],
    ) -> UInt8:
        """(B, size, size, 3) frames of a batch; ``check`` may raise between steps."""
        check()
        state = self.prepare(recipe, subject)
        animator = self._animator(recipe.animator)
        return animator(geometry, state, recipe.seed, steps=recipe.steps, check=check)

    def _animator(self, name: str) -> animators.Animator:
        if name not in self._animators:
            self._animators[name] = animators.create(name, device=self.device)
        return self._animators[name]

    def _driver(self, name: str) -> drivers.Driver:
        if name not in self._drivers:
            self._drivers[name] = drivers.create(name)
        return self._drivers[name]


def _cut(sound: Speech, options: DriveOptions) -> Speech:
    """The part of a sound from ``start`` for ``length`` seconds (0: to the end)."""
    if options.start >= sound.seconds:
        raise InputError(
            f"start_seconds: {options.start:g} s is not before the sound's end, {sound.seconds:g} s"
        )
    first = int(options.start * sound.rate)
    count = round(options.length * sound.rate) if options.length else len(sound.samples)
    return Speech(sound.samples[first : first + max(1, count)], sound.rate)


def _share(job: Job) -> Callable[[float], None]:
    """A driver's progress as a stage's, with the time left guessed from the time taken."""
    started = time.monotonic()

    def tell(fraction: float) -> None:
        left = (time.monotonic() - started) * (1 / fraction - 1) if fraction > 0 else -1.0
        job.progress("driving", 0.1 + 0.9 * fraction, left)

    return tell
