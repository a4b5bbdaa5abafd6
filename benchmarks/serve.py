"""Frames a second through the socket against in-process: ``python -m benchmarks.serve``.

Prints the machine; then, for weights, vertices and pictures as geometry, frames a second
of the animator alone and of a client that gets every frame back from a server process on
loopback, and their ratio. The server has a process of its own, as in use.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from facewright.animate import base as animators
from facewright.capture.portrait import CaptureSession
from facewright.capture.subject import Subject
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion
from facewright.face.pose import compose, transform
from facewright.media.picture import read_picture
from facewright.render.rasterise import interpolate, rasterise
from facewright.serve import convert
from facewright.serve.client import Client
from facewright.serve.v1 import face_pb2, service_pb2

from benchmarks.machine import machine

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
BATCH = 8
ENCODINGS = {"raw": service_pb2.FRAME_ENCODING_RAW, "png": service_pb2.FRAME_ENCODING_PNG}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    print(machine())
    subject = CaptureSession().capture(read_picture(EXAMPLES / "portrait.png"))
    with serving() as address, Client(address) as client:
        remote = client.capture(EXAMPLES / "portrait.png")
        motion = client.drive(EXAMPLES / "speech.wav", subject_id=remote.id)
        makers = {"weights": by_weights, "vertices": by_vertices, "pictures": by_pictures}
        for kind, make in makers.items():
            frames = make(subject, motion, options.frames, options.size)
            alone = rate(lambda: in_process(subject, frames, options.size), options)  # noqa: B023
            print(f"{kind}, {options.size}²: animator alone {alone:.1f} frames/s")
            for name, encoding in ENCODINGS.items():
                settings = {"size": options.size, "encoding": encoding, "window": 32}
                through = rate(
                    lambda: through_socket(client, remote.id, frames, settings),  # noqa: B023
                    options,
                )
                ratio = through / alone
                print(f"    through the socket as {name} {through:.1f} frames/s, ratio {ratio:.2f}")
    return 0


@contextmanager
def serving() -> Iterator[str]:
    """A server process; its address."""
    code = (
        "from facewright.serve.config import ServeConfig\n"
        "from facewright.serve.server import run\n"
        "raise SystemExit(run(ServeConfig(port=0, stop_with_stdin=True)))"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().removeprefix("listening on ").strip()
        process.stdin.close()
        process.wait()


def rate(work: Callable[[], None], options: argparse.Namespace) -> float:
    """Frames a second of ``work``, the median of repeats after a warm-up."""
    work()
    taken = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return options.frames / statistics.median(taken)


def in_process(subject: Subject, frames: list[face_pb2.GeometryFrame], size: int) -> None:
    """The same frames without a socket, in the server's batches."""
    animator = animators.create("reproject")
    if (key := (id(subject), size)) not in _PREPARED:
        _PREPARED[key] = animator.prepare(subject, size)
    rules = convert.FrameRules(
        size, subject.model.vertex_count, 64, subject.coefficients.gaze, True
    )
    checked = [convert.frame(frame, rules) for frame in frames]
    for first in range(0, len(checked), BATCH):
        animator(convert.batch(checked[first : first + BATCH]), _PREPARED[key])


_PREPARED: dict[tuple[int, int], object] = {}


def through_socket(
    client: Client, subject_id: str, frames: list[face_pb2.GeometryFrame], settings: dict
) -> None:
    """Every frame answered with a picture."""
    results = list(client.animate(subject_id, iter(frames), **settings))
    assert all(result.WhichOneof("result") == "picture" for result in results)


def by_weights(
    subject: Subject, motion: Motion, count: int, size: int
) -> list[face_pb2.GeometryFrame]:
    """Frames as coefficients."""
    return [
        _frame(
            i,
            coefficients=face_pb2.CoefficientFrame(
                expression=motion.expression[k], pose=motion.pose[k], gaze=motion.gaze[k]
            ),
        )
        for i, k in enumerate(np.arange(count) % len(motion))
    ]


def by_vertices(
    subject: Subject, motion: Motion, count: int, size: int
) -> list[face_pb2.GeometryFrame]:
    """Frames as the posed mesh."""
    return [
        _frame(i, vertices=face_pb2.VertexFrame(positions=_posed(subject, motion, k).tobytes()))
        for i, k in enumerate(np.arange(count) % len(motion))
    ]


def by_pictures(
    subject: Subject, motion: Motion, count: int, size: int
) -> list[face_pb2.GeometryFrame]:
    """Frames as renders with uv, parts and depth."""
    model, camera = subject.model, subject.camera.resized((size, size))
    frames = []
    for i, k in enumerate(np.arange(count) % len(motion)):
        seen = rasterise(
            camera.project(_posed(subject, motion, k))[None], model.triangles, (size, size)
        )
        frames.append(_frame(i, image=_picture(model, seen, size)))
    return frames


def _picture(model: MorphableModel, seen, size: int) -> face_pb2.ImageFrame:
    rows = seen.triangles[0]
    parts = np.where(rows >= 0, model.triangle_parts[rows] + 1, 0).astype(np.uint8)
    shaded = np.repeat((parts > 0).astype(np.uint8)[..., None] * 255, 4, -1)
    return face_pb2.ImageFrame(
        width=size,
        height=size,
        shaded=shaded.tobytes(),
        uv=interpolate(seen, model.uvs, model.uv_triangles)[0].astype("<f2").tobytes(),
        parts=parts.tobytes(),
        depth=np.where(rows >= 0, seen.depth[0], 0).astype("<f4").tobytes(),
    )


def _posed(subject: Subject, motion: Motion, k: int) -> np.ndarray:
    rho = subject.coefficients
    shape = subject.model.vertices(rho.identity, motion.expression[k], motion.gaze[k])
    return transform(compose(rho.pose, motion.pose[k]), shape).astype("<f4")


def _frame(index: int, **geometry: object) -> face_pb2.GeometryFrame:
    return face_pb2.GeometryFrame(index=index, time_code=index / 25, **geometry)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
