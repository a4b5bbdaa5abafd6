"""Poses are what the drivers' tables say, and look like what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.emotion.styles import STYLES, code_of, synthesise
from facewright.drive.lips import opening
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.names import ARKIT_52, EXPRESSION_64
from facewright.serve.client import Client
from facewright.serve.poses import VISEMES, poses

EIGHT = ("neutral", "happy", "angry", "sad", "afraid", "disgusted", "contemptuous", "surprised")


@pytest.fixture(scope="module")
def answer(server):
    with Client(server.address) as client:
        return client.poses()


@pytest.fixture(scope="module")
def weights(answer):
    return {pose.name: np.array(pose.weights, np.float32) for pose in answer.poses}


def test_there_are_fifteen_visemes_and_the_eight_emotions(answer, weights):
    groups = {pose.name: pose.group for pose in answer.poses}
    assert sum(group == "viseme" for group in groups.values()) == 15 == len(VISEMES)
    assert [groups[name] for name in EIGHT] == ["emotion"] * 8
    assert tuple(answer.names) == EXPRESSION_64 == load_model().expression_names
    for pose in answer.poses:
        assert pose.summary
        assert len(pose.weights) == 64
        assert min(pose.weights) >= 0 and max(pose.weights) <= 1
    assert len({values.tobytes() for values in weights.values()}) == len(weights) - 1  # two at rest


def test_the_backend_says_that_it_can(server):
    with Client(server.address) as client:
        assert {"poses", "subject_files", "whole_photos"} <= set(client.capabilities.features)


def test_emotions_are_the_drivers_own(weights):
    for style in STYLES:
        wanted = synthesise(code_of({style: 1.0})[None], np.array([2.0], np.float32))[0]
        np.testing.assert_allclose(weights[style], wanted, atol=1e-7)


def test_lips_are_where_their_phones_have_them(weights):
    apart = {name: float(opening(weights[f"viseme_{name}"][None])[0]) for name in VISEMES}
    assert apart["PP"] < 0.01 and apart["sil"] == 0
    assert apart["PP"] < apart["ou"] < apart["E"] < apart["aa"]
    columns = {name: weights[f"viseme_{name}"] for name in VISEMES}

    def of(viseme, shape):
        return columns[viseme][EXPRESSION_64.index(shape)]

    assert of("FF", "lipFV") > 0.9
    assert of("ou", "mouthPucker") > 0.5 > of("ih", "mouthPucker")
    assert of("TH", "tongueOut") > 0.2 and of("DD", "tongueUp") > 0.7


def test_poses_follow_the_models_own_order():
    names = ("mine", *reversed(ARKIT_52))
    answer = poses("another", names)
    wanted = poses("default", EXPRESSION_64)
    for mine, default in zip(answer.poses, wanted.poses, strict=True):
        by_name = dict(zip(EXPRESSION_64, default.weights, strict=True))
        assert list(mine.weights) == [by_name.get(name, 0.0) for name in names]
    with pytest.raises(InputError, match="none of the blendshapes"):
        poses("strange", ("a", "b"))


def test_an_unknown_model_is_refused(server):
    with Client(server.address) as client, pytest.raises(InputError, match="model: expected one"):
        client.poses("nobody")
