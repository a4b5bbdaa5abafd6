"""Messages -> arrays: what is wrong is named, what is right arrives unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.animate import base
from facewright.animate.base import CoefficientGeometry, ImageGeometry, VertexGeometry
from facewright.errors import InputError
from facewright.serve import convert
from facewright.serve.convert import FrameRules, Portion, array, batch, frame, time_code
from facewright.serve.v1 import face_pb2

GAZE = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
RULES = FrameRules(size=4, vertex_count=5, expression_count=3, gaze=GAZE)


def coefficients(**fields) -> face_pb2.GeometryFrame:
    fields = {"expression": [0.0, 0.5, 1.0]} | fields
    return face_pb2.GeometryFrame(index=7, coefficients=face_pb2.CoefficientFrame(**fields))


def image(**fields) -> face_pb2.GeometryFrame:
    fields = {"width": 4, "height": 4, "shaded": bytes(range(64))} | fields
    return face_pb2.GeometryFrame(image=face_pb2.ImageFrame(**fields))


def vertices(positions: np.ndarray) -> face_pb2.GeometryFrame:
    data = positions.astype("<f4").tobytes()
    return face_pb2.GeometryFrame(vertices=face_pb2.VertexFrame(positions=data))


def test_an_array_is_a_view():
    data = np.arange(6, dtype="<f4").tobytes()
    values = array("field", data, "f4", (2, 3))
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not values.flags.owndata and not values.flags.writeable


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"field: expected 24 bytes \(float32 \(2, 3\)\), got 0"),
        (bytes(23), "expected 24 bytes .* got 23"),
        (np.array([0, 0, 0, 0, np.nan, 0], "<f4").tobytes(), r"got nan at \[1, 1\]"),
        (np.array([0, 0, np.inf, 0, 0, 0], "<f4").tobytes(), r"got inf at \[0, 2\]"),
    ],
)
def test_a_wrong_array_is_refused(data, message):
    with pytest.raises(InputError, match=message):
        array("field", data, "f4", (2, 3))


def test_coefficients_arrive():
    got = frame(coefficients(pose=[0, 0.1, 0, 0, 0, 0.01], gaze=[0, 0, 0.5, 0]), RULES)
    geometry = batch([Portion((got, got))])
    assert isinstance(geometry, CoefficientGeometry)
    assert geometry.indices.tolist() == [7, 7] and geometry.context == (0, 0)
    assert geometry.expression.tolist() == [[0.0, 0.5, 1.0]] * 2
    np.testing.assert_allclose(geometry.pose[0], [0, 0.1, 0, 0, 0, 0.01], atol=1e-7)
    assert geometry.gaze[1].tolist() == [0, 0, 0.5, 0]


def test_absent_pose_and_gaze_mean_the_photograph():
    got = frame(coefficients(), RULES)
    assert got.arrays["pose"].tolist() == [0] * 6
    assert got.arrays["gaze"].tolist() == GAZE.tolist()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expression": [0.0]}, r"coefficients.expression: expected shape \(3\), got \(1,\)"),
        ({"expression": [0, 0, 2.5]}, "coefficients.expression: expected values <= 2"),
        ({"expression": [0, np.nan, 0]}, "coefficients.expression: expected finite"),
        ({"pose": [0, 0, 0]}, "coefficients.pose: expected shape"),
        ({"pose": [7, 0, 0, 0, 0, 0]}, "coefficients.pose: expected a rotation"),
        ({"gaze": [0, 0, 0, 1.5]}, "coefficients.gaze: expected values <= 1"),
    ],
)
def test_wrong_coefficients_are_named(fields, message):
    with pytest.raises(InputError, match=message):
        frame(coefficients(**fields), RULES)


def test_vertices_arrive():
    positions = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    geometry = batch([Portion((frame(vertices(positions), RULES),))])
    assert isinstance(geometry, VertexGeometry)
    assert np.array_equal(geometry.vertices, positions[None])


def test_another_mesh_is_refused():
    with pytest.raises(InputError, match=r"vertices.positions: expected 60 bytes .* got 72"):
        frame(vertices(np.zeros((6, 3))), RULES)


def test_an_image_arrives():
    uv = np.linspace(0, 1, 32).reshape(4, 4, 2).astype("<f2")
    parts = np.full((4, 4), 8, np.uint8)
    depth = np.full((4, 4), 0.5, "<f4")
    message = image(uv=uv.tobytes(), parts=parts.tobytes(), depth=depth.tobytes())
    geometry = batch([Portion((frame(message, RULES),))])
    assert isinstance(geometry, ImageGeometry)
    assert geometry.shaded.reshape(-1).tolist() == list(range(64))
    assert geometry.uv.dtype == np.float32
    assert np.array_equal(geometry.uv[0], uv)
    assert geometry.parts.max() == 8
    assert geometry.depth[0, 0, 0] == 0.5


def test_an_image_may_come_without_correspondence():
    geometry = batch([Portion((frame(image(), RULES),))])
    assert geometry.uv is None and geometry.parts is None and geometry.depth is None


def test_an_animator_may_need_correspondence():
    rules = FrameRules(4, 5, 3, GAZE, needs_correspondence=True)
    with pytest.raises(InputError, match=r"image.uv: this animator needs uv and parts"):
        frame(image(), rules)
    with pytest.raises(InputError, match=r"image.parts: this animator"):
        frame(image(uv=bytes(64)), rules)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 5}, "expected the stream's size 4 x 4, got 5 x 4"),
        ({"shaded": bytes(63)}, "image.shaded: expected 64 bytes"),
        ({"uv": bytes(3)}, "image.uv: expected 64 bytes"),
        ({"uv": np.full(32, np.nan, "<f2").tobytes()}, "image.uv: expected finite"),
        ({"parts": bytes([9] * 16)}, r"image.parts: expected 0 to 8 \(Part \+ 1\), got 9"),
        ({"depth": np.full(16, -1, "<f4").tobytes()}, "image.depth: expected values >= 0"),
    ],
)
def test_a_wrong_image_is_named(fields, message):
    with pytest.raises(InputError, match=message):
        frame(image(**fields), RULES)


def test_a_frame_without_geometry_is_refused():
    with pytest.raises(InputError, match="geometry: expected coefficients, vertices or image"):
        frame(face_pb2.GeometryFrame(index=1), RULES)


def test_only_frames_of_a_kind_join():
    plain, full = frame(image(), RULES), frame(image(uv=bytes(64), parts=bytes(16)), RULES)
    other = frame(coefficients(), RULES)
    assert plain.joins(plain) and full.joins(full)
    assert not plain.joins(full) and not plain.joins(other)


def test_rho_comes_beside_vertices_and_images():
    rho = face_pb2.CoefficientFrame(expression=[0.0, 0.5, 1.0], pose=[0, 0.1, 0, 0, 0, 0])
    for message in (vertices(np.zeros((5, 3))), image()):
        plain = frame(message, RULES)
        assert batch([Portion((plain,))]).rho is None
        message.rho.CopyFrom(rho)
        known = frame(message, RULES)
        got = batch([Portion((known,))]).rho
        assert got.expression.tolist() == [[0.0, 0.5, 1.0]]
        assert got.pose[0, 1] == np.float32(0.1)
        assert got.gaze.tolist() == [GAZE.tolist()]  # the photograph's
        assert not known.joins(plain)  # a window is known throughout, or not
        message.rho.expression[1] = float("nan")
        with pytest.raises(InputError, match=r"rho\.expression: expected finite"):
            frame(message, RULES)
    message = coefficients()
    message.rho.CopyFrom(rho)
    with pytest.raises(InputError, match="rho: coefficients say it themselves"):
        frame(message, RULES)


def test_portions_of_several_streams_are_kept_apart():
    frames = [frame(coefficients(), RULES)]
    frames += [replace(frames[0], index=index) for index in (8, 9, 10)]
    one, two = Portion(tuple(frames[:3]), (1, 0)), Portion(tuple(frames[3:]))
    geometry = batch([one, two])
    assert base.answered(geometry).tolist() == [1, 2, 3]
    # 10 follows 9 by its number alone: another stream's.
    assert base.window(geometry, 1).tolist() == [[0, 1, 2], [1, 2, 2], [3, 3, 3]]
    assert one.alone(0, 1) == Portion(tuple(frames[:3]), (1, 1))
    assert one.alone(1, 1) == Portion(tuple(frames[1:3]), (1, 0))


def test_time_codes_increase():
    assert time_code(0.0, float("-inf")) == 0.0
    for value in (0.5, 0.25):
        with pytest.raises(InputError, match=r"time_code: expected more than .* 0.5 s"):
            time_code(value, 0.5)
    for value in (float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"time_code: expected a finite"):
            time_code(value, 0.0)


def test_parts_of_the_model_and_the_contract_agree():
    from facewright.face.model import Part

    assert {part.name: part.value for part in Part} == {
        name.removeprefix("PART_"): value for name, value in face_pb2.Part.items()
    }
    assert max(face_pb2.Part.values()) + 1 == convert.MAX_PARTS
