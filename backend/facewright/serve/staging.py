"""An Animate or PreviewFrame header, checked and turned into what renders its frames."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import grpc

from facewright import defaults
from facewright.animate.paste import Paster
from facewright.capture.subject import Subject
from facewright.checks import UInt8
from facewright.errors import InputError
from facewright.media.picture import encode_picture
from facewright.serve import convert
from facewright.serve import limits as bounds
from facewright.serve.combining import Combiner
from facewright.serve.convert import Frame, FrameRules, Portion
from facewright.serve.engine import Engine, Recipe
from facewright.serve.limits import Limits
from facewright.serve.lineup import Lineup
from facewright.serve.sessions import SubjectStore
from facewright.serve.status import StatusError
from facewright.serve.v1 import service_pb2
from facewright.serve.worker import Job, Worker

DEFAULT_SIZE, DEFAULT_WINDOW = 256, 8


@dataclass(frozen=True, slots=True)
class Stage:
    """What renders and encodes the frames of one stream.

    Attributes:
        rules: what frames have to fit.
        window: granted.
        reach: frames either side that a frame looks at.
        steps: that a frame takes; 0 where the animator has none.
        width, height: of every answered frame.
        prepare: computes, or finds, what the animator keeps of the subject; gives the
            fingerprint of all that frames depend on beside their geometry.
        render: frames with their neighbours -> (B, size, size, 3).
        encode: one rendered frame -> the bytes answered; any thread.
    """

    rules: FrameRules
    window: int
    reach: int
    steps: int
    width: int
    height: int
    prepare: Callable[[], Awaitable[str]]
    render: Callable[[Portion], Awaitable[UInt8]]
    encode: Callable[[UInt8], bytes]


def stage(
    header: service_pb2.AnimateHeader,
    animators: Sequence[service_pb2.Animator],
    subjects: SubjectStore,
    worker: Worker[Engine],
    combiner: Combiner,
    limits: Limits,
) -> Stage:
    """Check a header.

    Raises:
        InputError, StatusError: naming the field, what came and what was expected.
    """
    bounds.protocol_version(header.protocol_version)
    name = header.animator or defaults.ANIMATOR
    known = {animator.name: animator for animator in animators}
    if name not in known:
        raise InputError(f"animator: {name[:64]!r} is not one of {', '.join(sorted(known))}")
    animator = known[name]
    size = header.size or DEFAULT_SIZE
    if size not in animator.sizes:
        sizes = ", ".join(map(str, animator.sizes))
        raise InputError(f"size: animator {name!r} makes frames of {sizes} pixels, not {size}")
    steps = _steps(header, animator)
    seed = bounds.whole("seed", header.seed, 0, bounds.MAX_SEED)
    window = bounds.whole("window", header.window, 1, bounds.MAX_WINDOW_ASKED, DEFAULT_WINDOW)
    subject = subjects.get(header.subject_id)
    if header.extent not in service_pb2.FrameExtent.values():
        raise InputError(f"extent: expected a FrameExtent (0 to 2), got {header.extent}")
    whole = header.extent == service_pb2.FRAME_EXTENT_PHOTO
    height, width = subject.photo.shape[:2] if whole else (size, size)
    if width * height * 3 + bounds.ENVELOPE_BYTES > limits.max_answer_bytes:
        raise InputError(
            f"extent: frames of the whole photo ({width} x {height}) exceed max_answer_bytes = "
            f"{limits.max_answer_bytes}; use FRAME_EXTENT_CROP and paste it at SubjectHeader.box"
        )
    recipe = Recipe(name, header.subject_id, size, seed, steps or None)
    encoder = _Encoder(header.encoding, subject if whole else None, limits)

    async def prepare() -> str:
        def work(engine: Engine, job: Job) -> str:
            engine.prepare(recipe, subject)
            encoder.prepare()
            return engine.fingerprint(
                recipe, subject, extent=whole, encoding=encoder.suffix or "raw"
            )

        return await worker.run(work)

    async def render(portion: Portion) -> UInt8:
        return await combiner.render(recipe, subject, portion)

    return Stage(
        rules=_rules(subject, size, animator.needs_correspondence),
        # Beyond what it asks for, a client keeps sending while frames wait for neighbours.
        window=min(window, limits.max_window) + animator.reach,
        reach=animator.reach,
        steps=steps,
        width=width,
        height=height,
        prepare=prepare,
        render=render,
        encode=encoder,
    )


def previewed(request: service_pb2.PreviewFrameRequest, staged: Stage) -> tuple[Frame, Portion]:
    """The frame that a request asks for, and the same between its neighbours.

    Raises:
        InputError: naming the field, what came and what was expected.
    """
    bounds.whole("neighbours", len(request.neighbours), 0, bounds.MAX_NEIGHBOURS)
    if request.frame.context:
        raise InputError("frame.context: a preview's frame is answered; use `neighbours`")
    frame = convert.frame(request.frame, staged.rules)
    around = [
        replace(convert.frame(message, staged.rules), context=True)
        for message in request.neighbours
    ]
    in_time = [one for one in around if one.time_code < frame.time_code]
    in_time += [frame, *(one for one in around if not one.time_code < frame.time_code)]
    lineup, last = Lineup(staged.reach, 1), -math.inf
    for one in in_time:
        last = convert.time_code(one.time_code, last)
        lineup.add(one)
    lineup.end()
    batch = lineup.take()
    assert batch is not None and batch.portion is not None  # of the one frame
    return frame, batch.portion


def _steps(header: service_pb2.AnimateHeader, animator: service_pb2.Animator) -> int:
    """The sampling steps that a header asks for; 0 where the animator has none."""
    if header.quality not in service_pb2.Quality.values():
        raise InputError(f"quality: expected a Quality (0 to 2), got {header.quality}")
    if not animator.max_steps:
        if header.steps:
            raise InputError(
                f"steps: animator {animator.name!r} has no sampling steps, got {header.steps}; "
                "send 0 or choose another animator"
            )
        return 0
    if header.steps:
        return bounds.whole("steps", header.steps, animator.min_steps, animator.max_steps)
    if header.quality == service_pb2.QUALITY_PREVIEW:
        return animator.preview_steps or animator.default_steps
    return animator.default_steps


def _rules(subject: Subject, size: int, needs_correspondence: bool) -> FrameRules:
    return FrameRules(
        size=size,
        vertex_count=subject.model.vertex_count,
        expression_count=len(subject.model.expression_names),
        gaze=subject.coefficients.gaze,
        needs_correspondence=needs_correspondence,
    )


_SUFFIXES: dict[int, str] = {
    service_pb2.FRAME_ENCODING_UNSPECIFIED: "png",
    service_pb2.FRAME_ENCODING_PNG: "png",
    service_pb2.FRAME_ENCODING_JPEG: "jpg",
    service_pb2.FRAME_ENCODING_RAW: "",
}


class _Encoder:
    """Turns rendered crops into the bytes of answers; after ``prepare``, on any thread."""

    def __init__(self, encoding: int, paste_into: Subject | None, limits: Limits) -> None:
        if encoding not in _SUFFIXES:
            raise InputError(f"encoding: expected a FrameEncoding (0 to 3), got {encoding}")
        self.suffix, self._subject, self._limits = _SUFFIXES[encoding], paste_into, limits
        self._paste: Paster | None = None

    def prepare(self) -> None:
        """Work out what pasting needs; takes a moment for a large photo."""
        if self._subject is not None:
            self._paste = Paster(self._subject)

    def __call__(self, frame: UInt8) -> bytes:
        """The bytes of one frame.

        Raises:
            StatusError: RESOURCE_EXHAUSTED where they exceed a message.
        """
        if self._paste is not None:
            frame = self._paste(frame)
        data = encode_picture(frame, self.suffix, effort=1) if self.suffix else frame.tobytes()
        if len(data) + bounds.ENVELOPE_BYTES > self._limits.max_answer_bytes:
            raise StatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the picture's {len(data)} bytes exceed max_answer_bytes = "
                f"{self._limits.max_answer_bytes}; use FRAME_ENCODING_JPEG or FRAME_EXTENT_CROP",
            )
        return data
