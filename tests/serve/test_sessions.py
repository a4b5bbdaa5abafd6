"""Ids of subjects: the same for the same capture, another for anything that may differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facewright.face.library import load_model
from facewright.face.model import LandmarkEmbedding
from facewright.serve.sessions import model_id, subject_id

PHOTO = "ab" * 32


def test_a_models_id_is_its_name_and_its_numbers() -> None:
    model = load_model()
    same = replace(model, mean=model.mean.copy())
    assert model_id(same) == model_id(model)
    assert model_id(model).startswith(f"{model.name} ")


@pytest.mark.parametrize(
    "field", ["mean", "expression_basis", "triangles", "landmarks478", "expression_names"]
)
def test_models_of_one_name_that_differ_have_other_ids(field: str) -> None:
    model = load_model()
    value = getattr(model, field)
    if isinstance(value, LandmarkEmbedding):
        changed = replace(value, barycentric=value.barycentric[:, ::-1])
    elif isinstance(value, tuple):
        changed = (*value[:-1], "another")
    else:
        changed = value.copy()
        changed.flat[-1] += 1e-4 if value.dtype.kind == "f" else 1
    other = replace(model, **{field: changed})
    ids = {subject_id(PHOTO, 0, 512, model_id(one)) for one in (model, other)}
    assert len(ids) == 2


def test_options_of_a_capture_are_in_its_id() -> None:
    model = model_id(load_model())
    plain = subject_id(PHOTO, 0, 512, model)
    assert subject_id(PHOTO, 0, 512, model) == plain
    others = {subject_id("cd" * 32, 0, 512, model), subject_id(PHOTO, 1, 512, model),
              subject_id(PHOTO, 0, 256, model), plain}  # fmt: skip
    assert len(others) == 4
