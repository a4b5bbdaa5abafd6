"""The recipe of the expression predictor: learns, goes on exactly, and is scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from facewright.drive.heard import hear
from facewright.drive.upper.feature import default_eye_motion
from facewright.drive.upper.gohd import Predicted
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.train.performance import Performance
from facewright.train.speech.corpus import Corpus
from facewright.train.speech.phones import Utterance
from facewright.train.upper import experts, recipe
from facewright.train.upper.data import MappedLips, Takes, random_upper
from facewright.train.upper.presets import PRESETS, Preset
from facewright.train.upper.stages import Eyes, Lips

PLAN = PRESETS["smoke"]


@pytest.fixture(scope="module")
def trained(
    utterances: list[Utterance],
    performances: list[Performance],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder that a smoke training left, with weights."""
    work = tmp_path_factory.mktemp("upper")
    plan = replace(PLAN, iterations=(40, 30))
    made = recipe.train(performances, lambda: utterances, plan, work)
    recipe.save(work / "upper.safetensors", made, plan, "made-up clips")
    return work


def logged(work: Path, stage: str) -> list[dict[str, float]]:
    lines = (work / "log.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["stage"] == stage]


def lips(utterances: list[Utterance], plan: Preset, work: Path) -> Lips:
    eyes = default_eye_motion()
    teacher = experts.PhonemeTeacher(Corpus(utterances), 25, plan.window[0], 0.0, 0)
    batches = MappedLips(teacher, eyes, 25, 0)
    predictor = recipe.new_predictor(plan, 0)
    face = recipe.default_face(eyes)
    return Lips(predictor, batches, face, None, plan, work, {"sampler": teacher.sampler.rng})


def eyes_stage(performances: list[Performance], work: Path) -> Eyes:
    eyes = default_eye_motion()
    takes = Takes(performances, eyes, 25, PLAN.window[1], 0)
    face = recipe.default_face(eyes)
    return Eyes(recipe.new_predictor(PLAN, 0), takes, face, None, PLAN, work)


def test_both_stages_lower_their_losses(trained: Path, performances, utterances) -> None:
    stage = lips(utterances, replace(PLAN, iterations=(40, 30)), trained / "again")
    first = stage.run(5, every=5)["total"]
    assert stage.run(40, every=10)["total"] < 0.8 * first
    second = eyes_stage(performances, trained / "eyes")
    first = second.run(3, every=3)
    last = second.run(12, every=3)
    assert last["one_eye"] + last["ssim"] < 0.9 * (first["one_eye"] + first["ssim"])


def test_a_training_leaves_weights_and_a_log(trained: Path) -> None:
    assert logged(trained, "stage1") and logged(trained, "stage2")
    for key in ("ssim", "one_eye", "ad", "te", "tf", "stage1", "d_eye", "d_te", "d_tf"):
        assert np.isfinite(logged(trained, "stage2")[-1][key])
    assert Predicted(trained / "upper.safetensors").network.config == PLAN.config


def test_a_stopped_training_goes_on_exactly(
    utterances: list[Utterance], performances: list[Performance], tmp_path: Path
) -> None:
    whole, part = lips(utterances, PLAN, tmp_path / "w"), lips(utterances, PLAN, tmp_path / "p")
    whole.run(8)
    part.run(4)
    resumed = lips(utterances, PLAN, tmp_path / "p")
    assert resumed.loop.iteration == 4
    resumed.run(8)
    for a, b in zip(whole.mapper.parameters(), resumed.mapper.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    straight = eyes_stage(performances, tmp_path / "sw")
    straight.run(4)
    eyes_stage(performances, tmp_path / "sp").run(2)
    resumed2 = eyes_stage(performances, tmp_path / "sp")
    resumed2.run(4)
    pairs = zip(straight.averaged().parameters(), resumed2.averaged().parameters(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b)


def test_the_seed_repeats(performances: list[Performance], tmp_path: Path) -> None:
    runs = []
    for name in ("x", "y"):
        stage = eyes_stage(performances, tmp_path / name)
        torch.manual_seed(7)
        runs.append(stage.run(3)["total"])
    assert runs[0] == runs[1]


def test_the_second_stage_leaves_the_first_alone(
    performances: list[Performance], tmp_path: Path
) -> None:
    stage = eyes_stage(performances, tmp_path)
    before = [p.clone() for p in stage.predictor.mapper.parameters()]
    stage.run(2)
    for old, new in zip(before, stage.predictor.mapper.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=0)


def test_predicted_brows_are_a_function_of_time(
    trained: Path, performances: list[Performance]
) -> None:
    upper = Predicted(trained / "upper.safetensors")
    assert performances[0].speech is not None
    heard = hear(performances[0].speech)
    fine = upper(np.arange(0, 5, 0.02), heard, seed=1)
    coarse = upper(np.arange(0, 5, 0.04), heard, seed=1)
    np.testing.assert_allclose(fine[::2], coarse, atol=1e-6)
    assert np.abs(fine - upper(np.arange(0, 5, 0.02), heard, seed=2)).max() > 0
    assert not upper(np.arange(0, 5, 0.02), heard, seed=1, amount=0).any()
    still = np.delete(fine, upper.eyes.columns, axis=1)
    assert not still.any()


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="facewright train upper"):
        Predicted(tmp_path / "absent.safetensors")


def test_lips_are_read(utterances: list[Utterance], tmp_path: Path) -> None:
    face = recipe.default_face(default_eye_motion())
    reader, right = experts.train_reader(utterances, face, 25, 60, 0)
    assert right > 0.5  # of four phones and silence
    experts.save_reader(tmp_path / "r.safetensors", reader)
    again = experts.load_reader(tmp_path / "r.safetensors")
    mouth = face.points(torch.rand(1, 8, 64), list(range(48, 68)))
    torch.testing.assert_close(reader(mouth), again(mouth))


def test_sequences_start_with_open_eyes(performances: list[Performance]) -> None:
    takes = Takes(performances, default_eye_motion(), 25, 24, 0)
    batch = takes.batch(64)
    shut = batch.initial[:, EXPRESSION_64.index("eyeBlinkLeft")]
    assert shut.max() < 0.3
    assert batch.clips.shape == (64, 24, 19, 32)
    torch.testing.assert_close(batch.feature[:, 0], takes_feature(batch.initial), atol=0.05, rtol=0)


def takes_feature(expression: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(default_eye_motion().feature(expression.numpy()))


def test_made_up_brows_stay_in_range() -> None:
    made = random_upper(np.random.default_rng(0), 200, 25)
    assert made.min() >= 0 and made.max() <= 1
    assert not made[:, EXPRESSION_64.index("jawOpen")].any()


def test_clips_that_cannot_teach_are_refused(performances: list[Performance]) -> None:
    with pytest.raises(InputError, match="clip with sound"):
        Takes(performances[4:], default_eye_motion(), 25, 24, 0)
    with pytest.raises(InputError, match="clip with sound"):
        Takes(performances, default_eye_motion(), 25, 1000, 0)


def test_speakers_are_left_out(
    utterances: list[Utterance], performances: list[Performance], tmp_path: Path
) -> None:
    plan = replace(PLAN, iterations=(10, 3))
    table = recipe.leave_speakers_out(performances, lambda: utterances, plan, tmp_path, 0, 2)
    assert set(table.scores) == {"mean face", "still", "blinks", "prior", "gohd", "gohd brows"}
    assert set(table.scores["gohd"]) == {"Ada", "Ben"}  # Cleo is silent
    assert table.mean("still", "brows")[0] == 0
    mean, low, high = table.gain("prior", "still", "ssim_e")
    assert low <= mean <= high
    assert len(table.lines()) == 6


def test_a_checkpoint_of_another_recipe_is_refused(
    utterances: list[Utterance], tmp_path: Path
) -> None:
    lips(utterances, PLAN, tmp_path).run(2)
    other = replace(PLAN, config=replace(PLAN.config, width=24))
    with pytest.raises(InputError, match="not a checkpoint of this recipe"):
        lips(utterances, other, tmp_path)
