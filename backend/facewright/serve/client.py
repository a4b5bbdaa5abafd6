"""A small Python client: plain blocking calls; each failure is one FacewrightError.

The shape of any client of the contract, in Python or not: say the protocol version, put
files once under their SHA-256, keep the subject's id, keep a window of frames in flight.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np

import facewright
from facewright.checks import Float32
from facewright.errors import BackendError, InputError
from facewright.face.motion import Motion
from facewright.media.files import open_source
from facewright.serve.config import DEFAULT_HOST, DEFAULT_PORT, is_loopback
from facewright.serve.convert import array
from facewright.serve.limits import CHUNK_BYTES
from facewright.serve.security import bearer
from facewright.serve.status import RETRY_KEY, error_of
from facewright.serve.v1 import face_pb2, service_pb2, service_pb2_grpc

CONNECT_SECONDS = 10.0
MAX_RETRIES = 20
MAX_RECEIVE = 1 << 28  # until the backend told its max_answer_bytes

#: Takes a stage, the fraction done and the seconds left (negative where unknown).
Progress = Callable[[str, float, float], None]


@dataclass(frozen=True, slots=True)
class RemoteSubject:
    """A captured subject as a client has it: no model file needed.

    Attributes:
        header: id, camera, box, pose in the photo, warnings.
        mesh: topology and rest shape as they came.
        names: K shape key names.
        deltas: (K, V, 3) float32 offsets from rest at weight 1.
        texture, plate: PNG files: the atlas, the crop.
        photo: PNG or JPEG file of the whole photograph where it was asked for, else empty.
    """

    header: face_pb2.SubjectHeader
    mesh: face_pb2.SubjectMesh = field(repr=False)
    names: tuple[str, ...]
    deltas: Float32 = field(repr=False)
    texture: bytes = field(repr=False)
    plate: bytes = field(repr=False)
    photo: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> str:
        """What ``drive``, ``animate`` and ``preview`` take."""
        return self.header.subject_id

    @property
    def vertices(self) -> Float32:
        """(V, 3) at rest, in model space."""
        return array("vertices", self.mesh.vertices, "f4", (self.mesh.vertex_count, 3))


@dataclass(frozen=True, slots=True)
class RemotePerformance:
    """A driven performance.

    Attributes:
        motion: its frames.
        sound: the WAV file of a script; empty without one.
    """

    motion: Motion
    sound: bytes


class Client:
    """A connection to a backend; a context manager; safe to share between threads."""

    def __init__(
        self,
        address: str = f"{DEFAULT_HOST}:{DEFAULT_PORT}",
        *,
        token: str = "",
        certificate: bytes | None = None,
        timeout: float = CONNECT_SECONDS,
    ) -> None:
        """Connect and shake hands.

        Args:
            address: ``host:port``.
            token: what the backend was started with; empty for none.
            certificate: PEM of the authority that signed the backend's certificate (or
                of that itself); None for plain text, which stays on this machine only.
            timeout: seconds until "no backend answers".

        Raises:
            InputError: plain text to another machine.
            BackendError: nobody answers, wrong token, another protocol version.
        """
        self.address = address
        self._metadata = bearer(token)
        options = [("grpc.max_receive_message_length", MAX_RECEIVE)]
        if certificate is not None:
            credentials = grpc.ssl_channel_credentials(certificate)
            self._channel = grpc.secure_channel(address, credentials, options)
        elif is_loopback(address.rpartition(":")[0]):
            options.append(("grpc.enable_http_proxy", 0))  # a proxy is another machine
            self._channel = grpc.insecure_channel(address, options)
        else:
            raise InputError(f"certificate: {address} is another machine, which needs TLS")
        self._stub = service_pb2_grpc.FacewrightServiceStub(self._channel)
        try:
            self.capabilities = self._hello(timeout)
        except BaseException:
            self._channel.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every call and the connection."""
        self._channel.close()

    def put(self, source: Path | bytes, name: str = "") -> str:
        """Upload a file, unless the backend has it; its digest."""
        with open_source(source, name or "source") as stream:
            data = stream.read()
        digest = hashlib.sha256(data).hexdigest()
        request = service_pb2.FindAssetsRequest(sha256=[digest])
        if digest in self._call(self._stub.FindAssets, request).present:
            return digest
        label = name or (source.name if isinstance(source, Path) else "")
        header = service_pb2.AssetHeader(
            protocol_version=service_pb2.PROTOCOL_VERSION,
            sha256=digest,
            size=len(data),
            file_name=label[-200:],
        )

        def parts() -> Iterator[service_pb2.PutAssetRequest]:
            yield service_pb2.PutAssetRequest(header=header)
            for start in range(0, len(data), CHUNK_BYTES):
                yield service_pb2.PutAssetRequest(chunk=data[start : start + CHUNK_BYTES])

        return self._retrying(lambda: self._stub.PutAsset(parts(), metadata=self._metadata).sha256)

    def capture(
        self,
        photo: Path | bytes | None = None,
        *,
        subject: Path | bytes | None = None,
        face: int = 0,
        size: int = 0,
        whole_photo: bool = False,
        progress: Progress | None = None,
    ) -> RemoteSubject:
        """Capture a subject of a photograph, or read a subject's file.

        ``face``, ``size`` and ``whole_photo`` are those of ``CaptureSubjectRequest``.
        """
        request = service_pb2.CaptureSubjectRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION,
            photo_sha256="" if photo is None else self.put(photo),
            subject_sha256="" if subject is None else self.put(subject),
            face=face,
            size=size,
            whole_photo=whole_photo,
        )
        got: dict[str, Any] = {}
        names: list[str] = []
        deltas: list[bytes] = []
        pictures = service_pb2.SubjectPictures()
        for answer in self._stream(self._stub.CaptureSubject, request, progress):
            part = answer.WhichOneof("part")
            if part == "shape_keys":
                names.extend(answer.shape_keys.names)
                deltas.append(answer.shape_keys.deltas)
            elif part == "pictures":
                pictures.MergeFrom(answer.pictures)
            else:
                got[part] = getattr(answer, part)
        shape = (len(names), got["mesh"].vertex_count, 3)
        return RemoteSubject(
            header=got["header"],
            mesh=got["mesh"],
            names=tuple(names),
            deltas=array("deltas", b"".join(deltas), "f4", shape),
            texture=pictures.texture.data,
            plate=pictures.plate.data,
            photo=pictures.photo.data,
        )

    def poses(self, model: str = "") -> service_pb2.GetPosesResponse:
        """Named poses of a morphable model's blendshapes; the default model's if empty."""
        request = service_pb2.GetPosesRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION, model=model
        )
        return self._call(self._stub.GetPoses, request)

    def track(
        self, video: Path | bytes, *, progress: Progress | None = None, **options: Any
    ) -> tuple[Motion, Float32]:
        """Track the face in a video; ``options`` are fields of ``TrackVideoRequest``.

        Returns:
            The motion, and (T,) 0..1 how surely each of its frames was seen.
        """
        request = service_pb2.TrackVideoRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION, video_sha256=self.put(video), **options
        )
        header = face_pb2.MotionHeader()
        runs: list[face_pb2.MotionFrames] = []
        values: list[float] = []
        for answer in self._stream(self._stub.TrackVideo, request, progress):
            match answer.WhichOneof("part"):
                case "header":
                    header = answer.header
                case "frames":
                    runs.append(answer.frames)
                case "confidence":
                    values.extend(answer.confidence.values)
        return _motion(header, runs), np.array(values, np.float32)

    def drive(
        self,
        speech: Path | bytes | None,
        *,
        subject_id: str = "",
        fps: float = 25.0,
        progress: Progress | None = None,
        **options: Any,
    ) -> Motion:
        """Drive a subject from speech; ``options`` are fields of ``DriveSpeechRequest``.

        With ``script`` among them, ``speech`` is None; see also :meth:`speak`.
        """
        return self.speak(
            speech, subject_id=subject_id, fps=fps, progress=progress, **options
        ).motion

    def speak(
        self,
        speech: Path | bytes | None = None,
        *,
        progress: Progress | None = None,
        **options: Any,
    ) -> RemotePerformance:
        """As :meth:`drive`, with the sound of a script."""
        request = service_pb2.DriveSpeechRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION,
            speech_sha256="" if speech is None else self.put(speech),
            **options,
        )
        header = face_pb2.MotionHeader()
        runs: list[face_pb2.MotionFrames] = []
        sound: list[bytes] = []
        for answer in self._stream(self._stub.DriveSpeech, request, progress):
            match answer.WhichOneof("part"):
                case "header":
                    header = answer.header
                case "frames":
                    runs.append(answer.frames)
                case "speech":
                    sound.append(answer.speech)
        return RemotePerformance(_motion(header, runs), b"".join(sound))

    def drive_live(
        self, chunks: Iterable[Float32], *, sample_rate: int = 16_000, **options: Any
    ) -> Iterator[Motion]:
        """Drive from samples as they come; yields runs of frames, one after another.

        ``options`` are fields of ``DriveSpeechRequest``. Closing the iterator stops the work.
        """
        controls = service_pb2.DriveSpeechRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION, **options
        )
        begun = service_pb2.DriveLiveHeader(controls=controls, sample_rate=sample_rate)

        def requests() -> Iterator[service_pb2.DriveLiveRequest]:
            yield service_pb2.DriveLiveRequest(header=begun)
            for chunk in chunks:
                data = np.ascontiguousarray(chunk, "<f4").tobytes()
                yield service_pb2.DriveLiveRequest(samples=data)

        with self._errors():
            call = self._stub.DriveLive(requests(), metadata=self._metadata)
            try:
                header = next(call).header
                for answer in call:
                    yield _motion(header, [answer.frames])
            finally:
                call.cancel()

    def animate(
        self,
        subject_id: str,
        frames: Iterable[face_pb2.GeometryFrame],
        **options: Any,
    ) -> Iterator[service_pb2.FrameResult]:
        """Texture frames, a window of them in flight; yields one result a frame, in order.

        Frames that are ``context`` have no result. ``options`` are fields of
        ``AnimateHeader``: seed, steps, quality, ... Closing the iterator stops the work.
        """
        header = self._animate_header(subject_id, options)
        gate = _Gate()
        failures: list[BaseException] = []

        def requests() -> Iterator[service_pb2.AnimateRequest]:
            """Runs on a thread of gRPC's, where an exception would be lost."""
            yield service_pb2.AnimateRequest(header=header)
            try:
                for frame in frames:
                    if not frame.context and not gate.enter():
                        return
                    yield service_pb2.AnimateRequest(frame=frame)
            except Exception as error:
                failures.append(error)

        with self._errors():
            call = self._stub.Animate(requests(), metadata=self._metadata)
            try:
                gate.open(next(call).ready.window)
                for answer in call:
                    gate.leave()
                    yield answer.frame
                if failures:
                    raise failures[0]
            finally:
                gate.close()
                call.cancel()

    def preview(
        self,
        subject_id: str,
        frame: face_pb2.GeometryFrame,
        *,
        neighbours: Iterable[face_pb2.GeometryFrame] = (),
        **options: Any,
    ) -> service_pb2.FrameResult:
        """Texture one frame; ``neighbours`` are the frames around it in time."""
        request = service_pb2.PreviewFrameRequest(
            header=self._animate_header(subject_id, options), frame=frame, neighbours=neighbours
        )
        return self._call(self._stub.PreviewFrame, request).frame

    def _hello(self, timeout: float) -> service_pb2.GetCapabilitiesResponse:
        request = service_pb2.GetCapabilitiesRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION,
            client=f"facewright-python {facewright.__version__}",
        )
        with self._errors():
            try:
                grpc.channel_ready_future(self._channel).result(timeout)
            except grpc.FutureTimeoutError:
                raise BackendError(
                    f"no backend answers at {self.address}; start one with `facewright serve`, and "
                    "check the address and whether it uses TLS"
                ) from None
            return self._stub.GetCapabilities(request, metadata=self._metadata)

    def _animate_header(
        self, subject_id: str, options: dict[str, Any]
    ) -> service_pb2.AnimateHeader:
        return service_pb2.AnimateHeader(
            protocol_version=service_pb2.PROTOCOL_VERSION, subject_id=subject_id, **options
        )

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        return self._retrying(lambda: method(request, metadata=self._metadata))

    def _stream(
        self, method: Callable[..., Any], request: Any, progress: Progress | None
    ) -> Iterator[Any]:
        """Answers of a call but for progress, which goes to ``progress``."""

        def begun() -> tuple[Any, Any]:
            call = method(request, metadata=self._metadata)
            return call, next(call)

        with self._errors():
            call, first = self._retrying(begun)
            try:
                for answer in itertools.chain([first], call):
                    if answer.WhichOneof("part") != "progress":
                        yield answer
                    elif progress is not None:
                        told = answer.progress
                        progress(told.stage, told.fraction, told.seconds_left)
            finally:
                call.cancel()

    def _retrying(self, call: Callable[[], Any]) -> Any:
        """The call's result; where the backend is busy, it is tried again as it says."""
        with self._errors():
            for attempt in range(MAX_RETRIES + 1):
                try:
                    return call()
                except grpc.RpcError as error:
                    delay = dict(error.trailing_metadata() or ()).get(RETRY_KEY, "")
                    if attempt == MAX_RETRIES or not delay.isdigit():
                        raise
                    time.sleep(min(5.0, int(delay) / 1000))
        raise AssertionError  # the loop returns or raises

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise error_of(error, self.address) from error


def _motion(header: face_pb2.MotionHeader, runs: list[face_pb2.MotionFrames]) -> Motion:
    count = header.frame_count or sum(len(run.times) for run in runs)

    def joined(field: str, width: int) -> Float32:
        data = b"".join(getattr(run, field) for run in runs)
        return array(field, data, "f4", (count, width))

    return Motion(
        fps=header.fps,
        model=header.model,
        names=tuple(header.names),
        expression=joined("expression", len(header.names)),
        pose=joined("pose", 6),
        gaze=joined("gaze", 4),
        sources=dict(header.sources),
    )


class _Gate:
    """Lets so many through beyond those that have left."""

    def __init__(self) -> None:
        self._room = 0
        self._closed = False
        self._changed = threading.Condition()

    def open(self, room: int) -> None:
        with self._changed:
            self._room += room
            self._changed.notify_all()

    def enter(self) -> bool:
        """Wait for room; False where the gate was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._room > 0 or self._closed)
            self._room -= 1
            return not self._closed

    def leave(self) -> None:
        self.open(1)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
