"""The whole way over a socket: a photo and a voice in, textured frames out."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from facewright.errors import BackendError, InputError, NoFaceError
from facewright.face.names import ARKIT_52
from facewright.face.pose import compose, transform
from facewright.render.camera import Camera
from facewright.render.rasterise import interpolate, rasterise
from facewright.serve.client import Client, RemoteSubject
from facewright.serve.convert import array
from facewright.serve.v1 import face_pb2, service_pb2
from PIL import Image

SIZE = 256
RAW = service_pb2.FRAME_ENCODING_RAW


@pytest.fixture(scope="module")
def client(server):
    with Client(server.address) as client:
        yield client


@pytest.fixture(scope="module")
def told():
    """Progress that the capture told."""
    return []


@pytest.fixture(scope="module")
def subject(client, examples, told) -> RemoteSubject:
    return client.capture(examples / "portrait.png", progress=lambda *args: told.append(args))


@pytest.fixture(scope="module")
def motion(client, examples, subject):
    return client.drive(examples / "speech.wav", subject_id=subject.id, fps=25, seed=3)


def pixels(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB"))


def raw(result: service_pb2.FrameResult, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    assert result.WhichOneof("result") == "picture", result.error.message
    return np.frombuffer(result.picture, np.uint8).reshape(height, width, 3)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def coefficient_frame(index, expression, pose=None, gaze=None) -> face_pb2.GeometryFrame:
    message = face_pb2.CoefficientFrame(expression=expression, pose=pose, gaze=gaze)
    return face_pb2.GeometryFrame(index=index, time_code=index / 25, coefficients=message)


class ClientsView:
    """The subject as a client poses it, from what came over the wire alone."""

    def __init__(self, subject: RemoteSubject) -> None:
        mesh, header = subject.mesh, subject.header
        self.subject, self.rest = subject, subject.vertices
        self.triangles = array("triangles", mesh.triangles, "i4", (mesh.triangle_count, 3))
        self.uvs = array("uvs", mesh.uvs, "f4", (mesh.uv_count, 2))
        self.uv_triangles = array("uvt", mesh.uv_triangles, "i4", (mesh.triangle_count, 3))
        self.eyes = array("eye_centres", mesh.eye_centres, "f4", (2, 3))
        self.neutral = np.array(header.pose.pose, np.float32)
        camera = header.camera
        self.camera = Camera(
            camera.focal, (camera.centre_x, camera.centre_y), (camera.width, camera.height)
        ).resized((SIZE, SIZE))

    def posed(self, expression, pose, gaze) -> np.ndarray:
        """(V, 3) in camera space."""
        shape = self.rest + np.tensordot(np.float32(expression), self.subject.deltas, 1)
        runs = {part.part: part for part in self.subject.mesh.parts}
        for eye, part in enumerate((face_pb2.PART_EYE_LEFT, face_pb2.PART_EYE_RIGHT)):
            first = runs[part].first_vertex
            rows = slice(first, first + runs[part].vertex_count)
            turn = self._turn(*gaze[2 * eye : 2 * eye + 2])
            centre = self.eyes[eye] + (shape[rows] - self.rest[rows]).mean(0)
            shape[rows] = (shape[rows] - centre) @ turn.T + centre
        return transform(compose(self.neutral, np.float32(pose)), shape)

    def image(self, index: int, positions: np.ndarray) -> face_pb2.GeometryFrame:
        """A render with uv and parts, as a viewport makes it."""
        found = rasterise(self.camera.project(positions)[None], self.triangles, (SIZE, SIZE))
        uv = interpolate(found, self.uvs, self.uv_triangles)[0]
        rows = found.triangles[0]
        parts = np.zeros((SIZE, SIZE), np.uint8)
        for part in self.subject.mesh.parts:
            first = part.first_triangle
            parts[(rows >= first) & (rows < first + part.triangle_count)] = part.part + 1
        shaded = np.zeros((SIZE, SIZE, 4), np.uint8)
        shaded[parts > 0] = (170, 150, 140, 255)
        depth = np.where(rows >= 0, found.depth[0], 0).astype("<f4")
        message = face_pb2.ImageFrame(
            width=SIZE,
            height=SIZE,
            shaded=shaded.tobytes(),
            uv=uv.astype("<f2").tobytes(),
            parts=parts.tobytes(),
            depth=depth.tobytes(),
        )
        return face_pb2.GeometryFrame(index=index, time_code=index / 25, image=message)

    @staticmethod
    def vertices(index: int, positions: np.ndarray) -> face_pb2.GeometryFrame:
        message = face_pb2.VertexFrame(positions=positions.astype("<f4").tobytes())
        return face_pb2.GeometryFrame(index=index, time_code=index / 25, vertices=message)

    @staticmethod
    def _turn(x: float, y: float) -> np.ndarray:
        """The shortest rotation from (0, 0, 1) to (x, y, sqrt(1 - x^2 - y^2))."""
        z = np.sqrt(max(0.0, 1 - x * x - y * y))
        skew = np.array([[0, 0, x], [0, 0, y], [-x, -y, 0]])
        return (np.eye(3) + skew + skew @ skew / (1 + z)).astype(np.float32)


@pytest.fixture(scope="module")
def view(subject):
    return ClientsView(subject)


def test_a_subject_comes_whole(subject, told, examples):
    header, mesh = subject.header, subject.mesh
    with Image.open(examples / "portrait.png") as photo:
        assert (header.photo_width, header.photo_height) == photo.size
    assert header.shape_key_count == len(subject.names) == 64
    assert subject.names[:52] == ARKIT_52
    assert (header.camera.width, header.camera.height) == (512, 512)
    assert header.box.x1 - header.box.x0 == pytest.approx(header.box.y1 - header.box.y0)
    assert pixels(subject.plate).shape == (512, 512, 3)
    atlas = pixels(subject.texture)
    assert atlas.shape[0] == atlas.shape[1] >= 512 and atlas.std() > 20
    assert sum(part.vertex_count for part in mesh.parts) == mesh.vertex_count
    assert sum(part.triangle_count for part in mesh.parts) == mesh.triangle_count
    assert [part.part for part in mesh.parts] == list(range(8))
    fractions = [fraction for _, fraction, _ in told]
    assert fractions == sorted(fractions) and len(fractions) >= 2


def test_the_mesh_lies_on_the_face(subject, view):
    rest = view.posed(subject.header.pose.expression, np.zeros(6), subject.header.pose.gaze)
    points = view.camera.project(rest)[:, :2]
    assert (points.min(0) > 0).all() and (points.max(0) < SIZE).all()
    centre = points.mean(0) / SIZE
    assert np.abs(centre - 0.5).max() < 0.15
    assert 0.5 < np.ptp(points[:, 1]) / SIZE < 0.98  # with the neck


def test_the_same_photo_is_the_same_subject(client, subject, examples):
    again = client.capture(examples / "portrait.png")
    assert again.header == subject.header and again.mesh == subject.mesh
    smaller = client.capture(examples / "portrait.png", size=256)
    assert smaller.id != subject.id
    assert smaller.header.camera.width == 256


def test_speech_moves_the_face(motion, subject, examples):
    import soundfile

    seconds = soundfile.info(examples / "speech.wav").duration
    assert len(motion) == round(seconds * 25)
    assert motion.fps == 25 and motion.names == subject.names
    assert motion.model == subject.header.model
    assert np.ptp(motion.column("jawOpen")) > 0.1
    assert set(motion.sources) == {"lips", "brows", "lids", "head", "gaze"}


def test_a_part_of_the_sound_may_be_driven(client, motion, subject, examples):
    part = client.drive(
        examples / "speech.wav",
        subject_id=subject.id,
        fps=30,
        start_seconds=0.5,
        length_seconds=1.0,
    )
    assert len(part) == 30
    times = part.times
    assert times[0] == 0 and (np.diff(times) > 0).all()
    with pytest.raises(InputError, match=r"start_seconds: 3000 s is not before the sound's end"):
        client.drive(examples / "speech.wav", start_seconds=3000.0)


def test_a_seed_gives_the_same_motion(client, motion, subject, examples):
    again = client.drive(examples / "speech.wav", subject_id=subject.id, fps=25, seed=3)
    other = client.drive(examples / "speech.wav", subject_id=subject.id, fps=25, seed=4)
    assert np.array_equal(again.pose, motion.pose)
    assert not np.array_equal(other.pose, motion.pose)


def test_the_photographs_own_pose_gives_the_photograph(client, subject):
    own = subject.header.pose
    frame = coefficient_frame(0, own.expression)  # pose and gaze absent: the photograph's
    result = client.preview(subject.id, frame, size=SIZE)
    plate = Image.open(io.BytesIO(subject.plate)).resize((SIZE, SIZE), Image.Resampling.BOX)
    assert psnr(pixels(result.picture), np.asarray(plate)) > 27


def test_a_clip_is_textured_frame_by_frame(client, subject, motion):
    frames = [
        coefficient_frame(i, motion.expression[i], motion.pose[i], motion.gaze[i])
        for i in range(30)
    ]
    results = list(client.animate(subject.id, iter(frames), size=SIZE, encoding=RAW))
    assert [r.index for r in results] == list(range(30))
    clip = np.stack([raw(r) for r in results]).astype(np.float32)
    steps = np.abs(np.diff(clip, axis=0)).mean((1, 2, 3))
    assert 0.05 < steps.max() < 12  # it moves, and not in jumps
    single = client.preview(subject.id, frames[17], size=SIZE, encoding=RAW)
    assert np.array_equal(raw(single), raw(results[17]))  # whatever its batch was


def test_every_kind_of_geometry_shows_the_same(client, subject, view):
    expression = np.zeros(64, np.float32)
    expression[subject.names.index("jawOpen")] = 0.4
    expression[subject.names.index("mouthSmileLeft")] = 0.5
    pose = np.float32([0.03, 0.08, -0.02, 0.0, 0.002, 0.0])
    gaze = np.float32([0.15, 0.05, 0.15, 0.05])
    positions = view.posed(expression, pose, gaze)
    frames = [
        coefficient_frame(0, expression, pose, gaze),
        view.vertices(1, positions),
        view.image(2, positions),
    ]
    results = client.animate(subject.id, iter(frames), size=SIZE, encoding=RAW)
    by_weights, by_vertices, by_image = (raw(r) for r in results)
    plate = np.asarray(Image.open(io.BytesIO(subject.plate)).resize((SIZE, SIZE)))
    assert psnr(by_weights, plate) < 30  # it did move
    assert psnr(by_vertices, by_weights) > 40
    assert psnr(by_image, by_weights) > 28


def test_a_sculpted_vertex_moves_the_pixels(client, subject, view):
    """No coefficients, so what the mesh shows is what comes back."""
    own = subject.header.pose
    positions = view.posed(own.expression, np.zeros(6), own.gaze)
    nose = np.argmax(np.where(np.abs(view.rest[:, 0]) < 0.01, view.rest[:, 2], -1))
    near = np.linalg.norm(view.rest - view.rest[nose], axis=1)[:, None]
    sculpted = positions + np.exp(-((near / 0.015) ** 2)) * np.float32([0, 0.012, 0])
    frames = [view.vertices(0, positions), view.vertices(1, sculpted)]
    before, after = client.animate(subject.id, iter(frames), size=SIZE, encoding=RAW)
    change = np.abs(raw(after).astype(int) - raw(before)).max(-1)
    at = view.camera.project(positions[nose])[:2]
    rows, columns = np.nonzero(change > 25)
    assert len(rows) > 20
    assert np.hypot(rows - at[1], columns - at[0]).max() < 40


def test_wrong_frames_do_not_end_the_stream(client, subject, view):
    good = subject.header.pose.expression
    frames = [coefficient_frame(i, good) for i in range(6)]
    frames[1].coefficients.expression[3] = float("nan")
    positions = view.posed(good, np.zeros(6), subject.header.pose.gaze)
    positions[7, 1] = np.nan
    frames[2].vertices.CopyFrom(view.vertices(2, positions).vertices)
    frames[3].time_code = -1.0
    frames[4].vertices.positions = bytes(12)
    results = list(client.animate(subject.id, iter(frames), size=SIZE))
    kinds = [r.WhichOneof("result") for r in results]
    assert kinds == ["picture", "error", "error", "error", "error", "picture"]
    assert "coefficients.expression: expected finite numbers" in results[1].error.message
    assert "vertices.positions: expected finite numbers, got nan at [7, 1]" in (
        results[2].error.message
    )
    assert "time_code: expected more than the last accepted frame's 0 s, got -1 s" in (
        results[3].error.message
    )
    assert "vertices.positions: expected" in results[4].error.message
    assert pixels(results[5].picture).shape == (SIZE, SIZE, 3)


def test_an_image_without_correspondence_is_told_to_bring_it(client, subject):
    image = face_pb2.ImageFrame(width=SIZE, height=SIZE, shaded=bytes(SIZE * SIZE * 4))
    frame = face_pb2.GeometryFrame(image=image)
    with pytest.raises(InputError, match=r"image\.uv: this animator needs uv and parts"):
        client.preview(subject.id, frame, size=SIZE)


def test_frames_may_be_pasted_into_the_photo(client, subject, examples):
    photo = pixels((examples / "portrait.png").read_bytes())
    expression = np.zeros(64, np.float32)
    expression[subject.names.index("jawOpen")] = 0.5
    frame = coefficient_frame(0, expression)
    result = client.preview(
        subject.id, frame, size=SIZE, encoding=RAW, extent=service_pb2.FRAME_EXTENT_PHOTO
    )
    whole = raw(result, *photo.shape[:2])
    box = subject.header.box
    rows, columns = np.indices(photo.shape[:2])
    outside = (columns < box.x0 - 1) | (columns > box.x1) | (rows < box.y0 - 1) | (rows > box.y1)
    assert outside.any()
    assert np.array_equal(whole[outside], photo[outside])
    assert psnr(whole[~outside], photo[~outside]) < 45


def test_an_unknown_subject_is_said_to_be_captured_again(client):
    with pytest.raises(BackendError, match=r"does not know '0123'.*CaptureSubject again"):
        client.preview("0123", coefficient_frame(0, [0.0] * 64))
    with pytest.raises(BackendError, match="CaptureSubject again"):
        client.drive(b"RIFF", subject_id="0123")


def test_closing_an_animation_early_stops_it(client, server, subject):
    frames = (coefficient_frame(i, [0.0] * 64) for i in range(10**6))
    results = client.animate(subject.id, frames, size=SIZE)
    assert next(results).index == 0
    results.close()
    assert client.preview(subject.id, coefficient_frame(0, [0.0] * 64)).picture


def huge_png() -> bytes:
    """A PNG whose header claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def encoded(picture: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return buffer.getvalue()


def test_a_photo_without_a_face_is_refused(client):
    with pytest.raises(NoFaceError, match="no face was found"):
        client.capture(encoded(np.full((300, 300, 3), 90, np.uint8)))


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (huge_png(), r"over the limit of 50,000,000|more than the limit of 50,000,000"),
        (b"not a picture", r"asset [0-9a-f]{12}: "),
        (encoded(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8), "JPEG")[:900],
         r"asset [0-9a-f]{12}: "),
    ],
)  # fmt: skip
def test_a_bad_photo_is_refused(client, photo, message):
    with pytest.raises(InputError, match=message):
        client.capture(photo)


def test_a_bad_sound_is_refused(client, tmp_path):
    text = tmp_path / "voice.wav"
    text.write_text("this is no sound\n" * 100)
    with pytest.raises(InputError, match=r"voice\.wav"):
        client.drive(text)


def test_an_overlong_sound_is_refused(serving, examples):
    with serving(max_speech_seconds=0.5) as other, Client(other.address) as client:
        with pytest.raises(InputError, match=r"speech\.wav: .*0\.5 s"):
            client.drive(examples / "speech.wav")
        with pytest.raises(InputError, match=r"length_seconds: expected values <= 0\.5"):
            client.drive(examples / "speech.wav", length_seconds=9.0)


def test_subjects_make_room(serving, examples):
    with serving(max_subjects=1) as other, Client(other.address) as client:
        first = client.capture(examples / "portrait.png", size=256)
        second = client.capture(examples / "portrait.png", size=320)
        frame = coefficient_frame(0, [0.0] * 64)
        assert client.preview(second.id, frame, size=SIZE).picture
        with pytest.raises(BackendError, match="CaptureSubject again"):
            client.preview(first.id, frame, size=SIZE)
        assert client.capture(examples / "portrait.png", size=256).id == first.id


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": 100}, "size: expected 256 to 1024, got 100"),
        ({"face": 100}, "face: expected 0 to 99, got 100"),
        ({"face": 7}, "face: one face was found"),
    ],
)
def test_bad_capture_options_are_named(client, examples, fields, message):
    with pytest.raises(InputError, match=message):
        client.capture(examples / "portrait.png", **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"fps": 500.0}, "fps: expected values <= 240"),
        ({"fps": float("nan")}, "fps: expected finite"),
        ({"mouth_opening": 3.0}, "mouth_opening: expected values <= 2"),
        ({"head_motion": -1.0}, "head_motion: expected values >= 0"),
        ({"blink_rate": 61.0}, "blink_rate: expected values <= 60"),
        ({"driver": "magic"}, "driver: 'magic' is not one of"),
        ({"start_seconds": -1.0}, "start_seconds: expected values >= 0"),
    ],
)
def test_bad_drive_options_are_named(client, examples, fields, message):
    with pytest.raises(InputError, match=message):
        client.drive(examples / "speech.wav", **fields)
