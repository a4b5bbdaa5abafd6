# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend seen from Blender: plain blocking calls over gRPC; no bpy.

Every call blocks its thread, so the interface calls them from a worker
(:mod:`.tasks`) and batch work calls them directly. Every failure is an
:class:`~.errors.AddonError` of one line.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ..v1 import face_pb2, service_pb2
from . import lazy_grpc as grpc
from .errors import (
    AddonError,
    BackendError,
    BackendGoneError,
    Cancelled,
    InputError,
    NoFaceError,
    SubjectUnknownError,
)
from .greeting import greet
from .stream import FrameStream
from .subject_data import (
    PoseData,
    SubjectData,
    read_poses,
    read_subject,
)

#: gRPC's own receive limit of 4 MiB is below a photograph's frame; the backend's
#: Limits.max_answer_bytes is known only after the first answer, so this is its maximum.
MAX_RECEIVE = 256 << 20
CHUNK = 1 << 20
#: What a frame's quality is called here.
QUALITIES = {
    "final": service_pb2.QUALITY_FINAL,
    "preview": service_pb2.QUALITY_PREVIEW,
}
#: Seconds until a backend has to listen that is just starting.
CONNECT_SECONDS = 15.0

#: Status codes of what may be over at the next attempt.
_PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")

T = TypeVar("T")

#: Called with stage, fraction 0..1 and seconds left (negative where unknown).
Progress = Callable[[str, float, float], None]


def is_loopback(address: str) -> bool:
    """Whether ``host:port`` never leaves this machine."""
    host = address.rsplit(":", 1)[0].strip("[]")
    if host == "localhost" or address.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def version() -> str:
    """The add-on's release."""
    manifest = Path(__file__).parents[1] / "blender_manifest.toml"
    return tomllib.loads(manifest.read_text(encoding="utf-8"))["version"]


def existing_file(name: str, path: Path) -> Path:
    """``path`` where it is a file with something in it; else InputError."""
    try:
        found = path.is_file()
    except OSError:  # such as a name that is too long
        found = False
    if not found:
        raise InputError(f"{name}: there is no file {path}")
    if path.stat().st_size == 0:
        raise InputError(f"{name}: {path} is empty (0 bytes)")
    return path


def is_subject_file(path: Path) -> bool:
    """Whether a file is a subject's, and not a picture: an archive of arrays (.npz)."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def check_sampling(steps: int, quality: str) -> None:
    """Refuse steps and a quality that no animator could have.

    Raises:
        InputError: naming the argument.
    """
    if not 0 <= steps < 1 << 32:
        raise InputError(f"steps: expected 1 or more, or 0 for the quality's own, got {steps}")
    if quality not in QUALITIES:
        raise InputError(f"quality: expected one of {', '.join(QUALITIES)}, got {quality!r}")


class Backend:
    """A connection to a backend at ``host:port``.

    Args:
        address: where it listens.
        token: sent as ``authorization: Bearer TOKEN`` where not empty.
        certificate: PEM of the authority that signed the backend's TLS certificate. None
            for an unencrypted connection, which only a loopback address may have.

    Raises:
        InputError: an unencrypted connection was asked for to another machine.
    """

    def __init__(self, address: str, token: str = "", certificate: bytes | None = None) -> None:
        self.address = address
        self._certificate = certificate
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        options = [("grpc.max_receive_message_length", MAX_RECEIVE)]
        if is_loopback(address):  # a proxy would look for it, and hear all, on its own computer
            options.append(("grpc.enable_http_proxy", 0))
        if certificate:
            credentials = grpc.ssl_channel_credentials(certificate)
            self._channel = grpc.secure_channel(address, credentials, options)
        elif is_loopback(address):
            self._channel = grpc.insecure_channel(address, options)
        else:
            raise InputError(
                f"address: {address} is another machine, which needs TLS: give the "
                "backend's certificate, or use 127.0.0.1"
            )
        from ..v1 import service_pb2_grpc  # imports gRPC

        self._stub = service_pb2_grpc.FacewrightServiceStub(self._channel)
        self._calls: set[grpc.Call] = set()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every call and the connection."""
        self.cancel()
        self._channel.close()

    def cancel(self) -> None:
        """End every call in progress; each raises Cancelled in its own thread."""
        self._cancelled.set()
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    def hello(
        self, timeout: float | None = None, still: Callable[[], bool] = lambda: True
    ) -> service_pb2.GetCapabilitiesResponse:
        """Shake hands; what the backend can do. Raises as :func:`.greeting.greet` does."""
        return greet(
            self._stub.GetCapabilities,
            self.address,
            release=version(),
            metadata=self._metadata,
            certificate=self._certificate,
            timeout=timeout or CONNECT_SECONDS,
            error_of=error_of,
            still=still,
        )

    def put(self, path: Path) -> str:
        """Upload a file unless the backend has it; its SHA-256 names it from then on."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = path.stat().st_size
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        with self._errors():
            found = self._stub.FindAssets(
                service_pb2.FindAssetsRequest(sha256=[digest]), metadata=self._metadata
            )
            if digest in found.present:
                return digest
            header = service_pb2.AssetHeader(
                protocol_version=service_pb2.PROTOCOL_VERSION,
                sha256=digest,
                size=size,
                file_name=path.name[-200:],
            )
            return self._stub.PutAsset(_upload(path, header), metadata=self._metadata).sha256

    def capture(
        self,
        photo: Path,
        *,
        face: int = 0,
        size: int = 512,
        whole_photo: bool = False,
        progress: Progress | None = None,
    ) -> SubjectData:
        """Capture a subject from a photograph, or read a subject's file.

        Args:
            photo: a picture, or a file that ``facewright capture`` wrote, on this machine.
            face: which of several, counted from the largest, 0; of a picture.
            size: side of the working crop, 256..1024 pixels; of a picture.
            whole_photo: answer the photograph as well, upright and in sRGB.
        """
        stored = is_subject_file(existing_file("photo", photo))
        request = service_pb2.CaptureSubjectRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION, whole_photo=whole_photo
        )
        if stored:
            request.subject_sha256 = self.put(photo)
        else:
            request.photo_sha256, request.face, request.size = self.put(photo), face, size
        header, mesh = face_pb2.SubjectHeader(), face_pb2.SubjectMesh()
        pictures, keys = service_pb2.SubjectPictures(), []
        for answer in self._stream(self._stub.CaptureSubject, request, progress):
            match answer.WhichOneof("part"):
                case "header":
                    header = answer.header
                case "mesh":
                    mesh = answer.mesh
                case "shape_keys":
                    keys.append(answer.shape_keys)
                case "pictures":
                    pictures.MergeFrom(answer.pictures)
        if not header.subject_id or not mesh.vertex_count or not pictures.HasField("texture"):
            raise BackendError(f"{self.address} ended the capture early; look at its log")
        return read_subject(header, mesh, keys, pictures)

    def animate(
        self,
        subject_id: str,
        *,
        size: int,
        animator: str = "",
        seed: int = 0,
        steps: int = 0,
        quality: str = "final",
        extent: service_pb2.FrameExtent = service_pb2.FRAME_EXTENT_CROP,
        window: int = 8,
    ) -> FrameStream:
        """Open a stream of geometry frames; waits until the backend is prepared.

        Args:
            subject_id: of a capture.
            size: side of the crop's frames, pixels.
            animator: name; empty: the backend's default.
            seed: the same gives the same frames.
            steps: sampling steps; 0: those of ``quality``.
            quality: "final" or "preview".
            extent: ``FRAME_EXTENT_CROP`` or ``FRAME_EXTENT_PHOTO``.
            window: frames in flight that are wished for.

        Raises:
            SubjectUnknownError: capture again; backends forget when they restart.
            InputError: steps or a quality that cannot be.
        """
        check_sampling(steps, quality)
        header = service_pb2.AnimateHeader(
            protocol_version=service_pb2.PROTOCOL_VERSION,
            subject_id=subject_id,
            animator=animator,
            size=size,
            seed=seed,
            steps=steps,
            quality=QUALITIES[quality],
            window=window,
            encoding=service_pb2.FRAME_ENCODING_PNG,
            extent=extent,
        )
        return FrameStream(
            header,
            lambda requests: self._stub.Animate(requests, metadata=self._metadata),
            lambda error: error_of(error, self.address),
        )

    def poses(self, model: str = "") -> list[PoseData]:
        """Named poses of a morphable model's blendshapes; empty: the backend's own model."""
        request = service_pb2.GetPosesRequest(
            protocol_version=service_pb2.PROTOCOL_VERSION, model=model
        )
        with self._errors():
            return read_poses(self._stub.GetPoses(request, metadata=self._metadata))

    def with_subject(
        self, subject_id: str, photo: Path, size: int, call: Callable[[], T], face: int = 0
    ) -> T:
        """``call()``; where the backend forgot the subject, capture it again and once more.

        Args:
            subject_id, photo, size, face: of the earlier :meth:`capture`.
            call: needs the backend to know the subject.

        Raises:
            BackendError: the photograph gives another subject than it did.
        """
        try:
            return call()
        except SubjectUnknownError:
            again = self.capture(photo, face=face, size=size).subject_id
            if again != subject_id:
                raise BackendError(
                    f"{photo} gives another subject than before (the file or the backend "
                    "changed): make the subject anew"
                ) from None
            return call()

    def _stream(self, method: Callable, request: object, progress: Progress | None) -> Iterator:
        """Answers of a server stream without its progress messages, which are reported."""
        with self._errors(), self._tracked(method(request, metadata=self._metadata)) as call:
            for answer in call:
                if answer.WhichOneof("part") != "progress":
                    yield answer
                elif progress:
                    step = answer.progress
                    progress(step.stage, step.fraction, step.seconds_left)

    @contextmanager
    def _tracked(self, call: grpc.Call) -> Iterator[grpc.Call]:
        """Let :meth:`cancel` reach ``call`` while the block runs."""
        with self._lock:
            self._calls.add(call)
        try:
            if self._cancelled.is_set():
                call.cancel()
            yield call
        finally:
            with self._lock:
                self._calls.discard(call)
            call.cancel()  # a no-op where it has ended

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn gRPC's errors into the add-on's."""
        try:
            yield
        except grpc.RpcError as error:
            raise error_of(error, self.address) from error


def error_of(error: grpc.RpcError, address: str) -> AddonError:
    """The add-on's error for a failed call; its message is the backend's one line."""
    code, message = error.code(), error.details() or ""
    trailers = dict(error.trailing_metadata() or ())
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT if trailers.get("facewright-error") == "NoFaceError":
            return NoFaceError(message)
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InputError(message)
        case grpc.StatusCode.NOT_FOUND:
            return SubjectUnknownError(message)
        case grpc.StatusCode.CANCELLED:
            return Cancelled("cancelled")
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED if (
            not message or "failed to connect" in message.lower() or "deadline" in message.lower()
        ):
            return BackendGoneError(
                f"no backend answers at {address}: start one with `facewright serve`, or leave "
                "the address empty so that Blender starts it"
            )
        case grpc.StatusCode.UNIMPLEMENTED:
            return BackendError(f"{address} is not a Facewright backend of this version")
    retry = trailers.get("retry-after-ms", "")
    hint = f"; try again in {int(retry) / 1000:g} s" if str(retry).isdigit() else ""
    kind = BackendGoneError if code.name in _PASSING or "tream removed" in message else BackendError
    return kind(f"{address}: {message}{hint} [{code.name}]")


def _upload(path: Path, header: service_pb2.AssetHeader) -> Iterator[service_pb2.PutAssetRequest]:
    yield service_pb2.PutAssetRequest(header=header)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield service_pb2.PutAssetRequest(chunk=chunk)
