"""Portrait -> Subject, all stages in order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facewright import checks
from facewright.capture import box as boxes
from facewright.capture.fit import FitResult, fit
from facewright.capture.landmarks import Face, FaceFinder
from facewright.capture.matte import Matter
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError, NoFaceError
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera

_SIZES = (64, 2048)  # of a crop
_POOR_FIT = 2.5  # pixels at 256 x 256
_SMALL_FACE = 100  # pixels


@dataclass(slots=True)
class CaptureSession:
    """Captures many pictures, starting MediaPipe once; safe to share between threads.

    Attributes:
        finder: finds faces and their landmarks.
        matter: separates person and background.
    """

    finder: FaceFinder = field(default_factory=FaceFinder)
    matter: Matter = field(default_factory=Matter)

    def capture(
        self,
        photo: UInt8,
        *,
        model: MorphableModel | None = None,
        face: int = 0,
        size: int = 512,
        box: boxes.Box | None = None,
        identity: Float32 | None = None,
    ) -> Subject:
        """Learn everything that a portrait says about its face.

        Args:
            photo: (H, W, 3) uint8 sRGB.
            model: the morphable model to fit, the default one if None.
            face: which face, counted from the largest, 0.
            size: side of the crop in pixels.
            box: the crop's square in the photo, in whole pixels, where it must be that of
                another frame; chosen around the head if None.
            identity: (80,) alpha held fixed, where the person was captured before.

        Raises:
            NoFaceError: where no face is found.
            InputError: for a picture, face number, size or box that cannot be used.
        """
        from facewright.capture.light import fit_light  # brings torch with it

        photo = checks.picture("photo", photo)
        checks.number("size", size, low=_SIZES[0], high=_SIZES[1])
        model = load_model() if model is None else model
        chosen, warnings = self._choose(photo, face)
        height, width = photo.shape[:2]
        if box is None:
            box = boxes.head_box(chosen.points, (width, height))
        crop = boxes.cut(photo, box, size)
        camera = boxes.camera(size)
        landmarks = boxes.to_crop(chosen.points, box, size)
        fitted = fit(landmarks, model, camera, identity=identity)
        if fitted.error > _POOR_FIT:
            warnings.append(
                f"the face fits the model poorly ({fitted.error:.1f} px at 256 x 256): a sharp, "
                "frontal portrait with nothing before the face does better"
            )
        texture, illumination = fit_light(crop, fitted, model, camera)
        return Subject(
            model=model,
            coefficients=Coefficients(
                identity=fitted.identity,
                expression=fitted.expression,
                texture=texture,
                illumination=illumination,
                pose=fitted.pose,
                gaze=fitted.gaze,
            ),
            camera=camera,
            crop=crop,
            box=box,
            photo=photo,
            matte=self.matter(crop),
            landmarks=landmarks,
            warnings=tuple(warnings),
        )

    def fit_frame(
        self,
        frame: UInt8,
        model: MorphableModel,
        camera: Camera,
        *,
        identity: Float32 | None = None,
        offsets: Float32 | None = None,
        neutral: Float32 | None = None,
        near: tuple[Float32, FitResult] | None = None,
    ) -> tuple[Float32, FitResult]:
        """Fit one frame of a clip: its (478, 2) landmarks and the fit.

        Args:
            frame: (H, W, 3) uint8 sRGB, the camera's picture.
            model, camera: of the clip's subject.
            identity: (K_id,) of the clip's subject, held fixed.
            offsets: (468, 3) of the clip's subject, by ``landmark_offsets``.
            neutral: (6,) pose of the clip's subject, where the subject's crop is of the
                same place: the neck's base is expected near where it was there.
            near: what this returned for a frame nearby; it saves time only.

        Raises:
            NoFaceError: where the frame shows no face.
        """
        landmarks = self.finder.track(frame, None if near is None else near[0])
        start = None if near is None else near[1]
        fitted = fit(
            landmarks,
            model,
            camera,
            identity=identity,
            offsets=offsets,
            neutral=neutral,
            warm_start=start,
        )
        return landmarks, fitted

    def close(self) -> None:
        """Release MediaPipe; a later call starts it again."""
        self.finder.close()
        self.matter.close()

    def _choose(self, photo: UInt8, face: int) -> tuple[Face, list[str]]:
        faces = self.finder.find(photo)
        height, width = photo.shape[:2]
        if not faces:
            raise NoFaceError(
                f"photo: no face was found in the {width} x {height} picture; use one in which "
                "both eyes and the mouth are seen and the face is at least 64 pixels high"
            )
        if not 0 <= face < len(faces):
            count = "one face was" if len(faces) == 1 else f"{len(faces)} faces were"
            raise InputError(f"face: {count} found, so expected 0..{len(faces) - 1}, got {face}")
        warnings = []
        if len(faces) > 1 and face == 0:
            warnings.append(
                f"{len(faces)} faces found: took the largest; choose another with --face N "
                f"(face=N), N = 1..{len(faces) - 1} from larger to smaller"
            )
        chosen = faces[face]
        if np.ptp(chosen.points[:468, 1]) < _SMALL_FACE:
            warnings.append(
                f"the face is only {np.ptp(chosen.points[:468, 1]):.0f} pixels high: "
                "frames will look soft"
            )
        return chosen, warnings


def capture(
    photo: UInt8, *, model: MorphableModel | None = None, face: int = 0, size: int = 512
) -> Subject:
    """:meth:`CaptureSession.capture` for one picture; see there."""
    session = CaptureSession()
    try:
        return session.capture(photo, model=model, face=face, size=size)
    finally:
        session.close()
