"""Fixtures of the tests that run inside Blender's Python module."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import synthetic
import versions

import addon
from addon.core.subject_data import MotionData, SubjectData
from addon.subject import construct
from addon.subject import objects as subject

addon.register()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.ended_with = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """After everything was reported."""
    if hasattr(config, "ended_with"):
        addon.unregister()
        versions.leave(config.ended_with)


@pytest.fixture
def scene(tmp_path: Path) -> bpy.types.Scene:
    """An empty scene in a saved .blend."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    return bpy.context.scene


@pytest.fixture
def data() -> SubjectData:
    """The synthetic subject."""
    return synthetic.subject()


@pytest.fixture
def egg(scene: bpy.types.Scene, data: SubjectData, tmp_path: Path) -> subject.SubjectObjects:
    """The synthetic subject in the scene."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    return construct.build(data, name="egg", photo=photo, folder=tmp_path)


@pytest.fixture
def performance(data: SubjectData) -> MotionData:
    """Twenty lively frames, with weights beyond 0..1."""
    rng = np.random.default_rng(1)
    pose = rng.normal(0.0, 0.2, (20, 6)) * [1, 1, 1, 0.1, 0.1, 0.1]
    return MotionData(
        fps=25.0,
        model="synthetic",
        names=data.key_names,
        expression=rng.uniform(-0.2, 1.3, (20, len(data.key_names))).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=rng.uniform(-0.4, 0.4, (20, 4)).astype(np.float32),
    )
