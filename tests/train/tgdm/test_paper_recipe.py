"""The recipe of the published network: pairs, a smoke training, repeatability, the proof."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from facewright.animate.tgdm import paper_weights
from facewright.errors import InputError
from facewright.train.tgdm import paper_pairs, proof, shots
from facewright.train.tgdm.paper_pairs import Colours, PaperPairs, Shot, pair, random_colours
from facewright.train.tgdm.paper_recipe import RECIPES, Learner, asked, trainer

SMOKE = RECIPES["smoke"]
SIDE, KNOWN = SMOKE.config.side, SMOKE.config.coefficients


def _shot(count: int = 40, side: int = SIDE) -> Shot:
    """A "face" that goes round: rho tells where, and the render shows it in grey."""
    angle = np.arange(count) * (2 * np.pi / 17)
    x, y = side * (0.5 + 0.25 * np.cos(angle)), side * (0.5 + 0.25 * np.sin(angle))
    at = np.arange(side) + 0.5
    inside = np.hypot(at[None, None] - x[:, None, None], at[None, :, None] - y[:, None, None])
    face = (inside < side / 5)[..., None]
    frames = np.where(face, (210, 150, 120), (40, 70, 110)).astype(np.uint8)
    renders = np.where(face, 170, 0).astype(np.uint8).repeat(3, -1)
    rho = np.zeros((count, KNOWN), np.float32)
    rho[:, 0], rho[:, 1] = np.cos(angle), np.sin(angle)
    return Shot(frames, renders, paper_pairs.windows(rho))


def _rows(shot: Shot) -> np.ndarray:
    return proof.held_out(len(shot.frames))[0]


def test_the_papers_recipe():
    recipe = RECIPES["paper"]
    assert (recipe.plan.iterations, recipe.plan.rate, recipe.batch) == (200_000, 2e-4, 8)
    assert (recipe.weights.simple, recipe.weights.reconstruction) == (10, 1)
    assert (recipe.weights.perceptual, recipe.weights.switch) == (1, 0.05)


def test_held_out_frames_are_blocks_with_nothing_beside_them():
    seen, out = proof.held_out(100)
    assert len(out) == 20 and out.tolist() == [*range(20, 30), *range(70, 80)]
    apart = np.abs(seen[:, None] - out[None]).min()
    assert apart == proof.GUARD + 1
    assert 0 in seen  # the source


def test_pairs_follow_from_seed_and_step():
    shot = _shot()
    pairs = PaperPairs([shot], [_rows(shot)], batch=16, seed=5)
    first, again = pairs[3], PaperPairs([shot], [_rows(shot)], batch=16, seed=5)[3]
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["target"], pairs[4]["target"])
    assert first["target"].shape == (16, 3, SIDE, SIDE) and first["target"].dtype == torch.uint8
    assert first["rho"].shape == (16, 3, KNOWN) and first["known"].dtype == torch.bool


def test_pairs_keep_to_their_rows_and_to_what_belongs_together():
    shot = _shot()
    numbers = np.arange(len(shot.frames), dtype=np.float32)
    marked = replace(shot, rho=shot.rho.copy())
    marked.rho[:, :, 2] = numbers[:, None]
    rows = np.array([3, 5, 8])
    pairs = PaperPairs([marked], [rows], batch=8, seed=0)
    for step in range(4):
        batch = pairs[step]
        targets = batch["rho"][:, 1, 2].numpy().astype(int)
        assert set(targets) <= set(rows)
        for target, render in zip(targets, batch["render"].numpy(), strict=True):
            np.testing.assert_array_equal(render.transpose(1, 2, 0), shot.renders[target])


def test_source_and_target_are_recoloured_alike_and_the_render_is_not():
    shot = _shot()
    colours = Colours(np.float32([0.5, 1, 1.5]), np.float32([0.1, 0, 0]))
    plain, moved = pair(shot, 3, 9), pair(shot, 3, 9, colours)
    for name in ("target", "source"):
        want = (plain[name] * [0.5, 1, 1.5] + [25.5, 0, 0]).clip(0, 255)
        assert np.abs(moved[name] - want).max() <= 1
    np.testing.assert_array_equal(plain["render"], moved["render"])


def test_a_smoke_training_lowers_the_loss_and_repeats_to_the_bit(tmp_path):
    shot, weights, logs = _shot(), [], []
    for name in ("a", "b"):
        made = trainer(SMOKE, [shot], [_rows(shot)], tmp_path / name, seed=1)
        made.run()
        weights.append(torch.cat([p.flatten() for p in made.model.state_dict().values()]))
        lines = (tmp_path / name / "log.jsonl").read_text().splitlines()
        logs.append([json.loads(line) for line in lines])
    assert torch.equal(*weights)
    first, last = logs[0][0], logs[0][-1]
    assert last["step"] == 20
    assert last["simple"] < 0.9 * first["simple"]


def test_image_losses_join_in(tmp_path):
    shot = _shot()
    eager = replace(SMOKE, weights=replace(SMOKE.weights, switch=0.99, memory=0.0))
    made = trainer(eager, [shot], [_rows(shot)], tmp_path)
    last = made.run()
    assert last["reconstruction"] > 0 and last["perceptual"] > 0
    assert last["loss"] > 10 * last["simple"]


def test_statistics_of_rho_are_the_training_frames(tmp_path):
    shot = _shot()
    made = trainer(SMOKE, [shot], [_rows(shot)], tmp_path)
    told = shot.rho[_rows(shot), 1]
    learner = made.model
    assert isinstance(learner, Learner)
    condition = learner.network.condition
    np.testing.assert_allclose(condition.mean.numpy(), told.mean(0), atol=1e-5)


def test_a_proof_has_a_score_for_every_condition(tmp_path):
    shot = _shot()
    made = trainer(SMOKE, [shot], [_rows(shot)], tmp_path)
    made.run(2)
    learner = made.ema
    assert isinstance(learner, Learner)
    found = proof.prove(learner, shot, frames=6, steps=2)
    assert set(found.told) == {"truth", "recoloured", "rho", "render", "source"}
    # 40 frames hold out 20..29; frame 0 is the source.
    rows = np.array([20, 22, 24, 25, 27, 29])
    from facewright.evaluate.metrics import psnr

    want = [psnr(shot.frames[0], shot.frames[row]) for row in rows]
    np.testing.assert_allclose(found.still, want)
    assert all(score.psnr.shape == (6,) for score in found.told.values())
    assert len(found.lines()) == 4 and found.sheet.ndim == 3
    again = proof.prove(learner, shot, frames=6, steps=2)
    np.testing.assert_array_equal(again.told["truth"].psnr, found.told["truth"].psnr)
    sheet = proof.attention(learner, shot, 25)
    assert sheet.dtype == np.uint8 and sheet.shape[1] > 4 * 256  # a target and three sources
    other = proof.prove(learner, shot, frames=6, steps=2, seed=1)
    assert (other.told["truth"].psnr != found.told["truth"].psnr).any()


def test_shots_survive_the_disk(tmp_path: Path):
    shot = _shot(5)
    shots.save(shot, tmp_path / "s")
    loaded = shots.load(tmp_path / "s")
    for name in ("frames", "renders", "rho"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(shot, name))
    (tmp_path / "s" / "rho.npy").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"shot: .* is damaged"):
        shots.load(tmp_path / "s")
    with pytest.raises(InputError, match=r"shot: .* is not whole"):
        shots.load(tmp_path)


def test_weights_survive_the_disk_and_bad_ones_are_refused(tmp_path: Path):
    from facewright.animate.tgdm.paper import PaperTGDM

    torch.manual_seed(0)
    network, path = PaperTGDM(SMOKE.config), tmp_path / "w.safetensors"
    paper_weights.save(path, network, {"data": "none"})
    loaded = paper_weights.load(path)
    assert loaded.config == SMOKE.config and not loaded.training
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    with pytest.raises(InputError, match="not a safetensors file"):
        paper_weights.load(path)
    torch.save(network.state_dict(), path)
    with pytest.raises(InputError, match="not a safetensors file"):
        paper_weights.load(path)
    with torch.no_grad():
        network.stem.weight[0, 0, 0, 0] = float("nan")
    paper_weights.save(path, network, {})
    with pytest.raises(InputError, match=r"'stem\.weight' holds numbers that are not finite"):
        paper_weights.load(path)
    with pytest.raises(InputError, match="does not exist"):
        paper_weights.load(tmp_path / "none")


@pytest.mark.parametrize("change", ["shape", "lacks", "extra", "name", "config"])
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, change):
    from dataclasses import asdict

    from facewright.animate.tgdm.paper import PaperTGDM
    from safetensors.torch import save_file

    tensors = {k: v.clone() for k, v in PaperTGDM(SMOKE.config).state_dict().items()}
    header = {"name": "tgdm-paper", "config": json.dumps(asdict(SMOKE.config))}
    told = {
        "shape": r"'stem\.bias' is \(3,\)", "lacks": r"lacks tensor 'stem\.bias'",
        "extra": "has an unknown tensor 'more'", "name": "is of 'other'",
        "config": "has no usable config",
    }[change]  # fmt: skip
    if change == "shape":
        tensors["stem.bias"] = torch.zeros(3)
    elif change == "lacks":
        del tensors["stem.bias"]
    elif change == "extra":
        tensors["more"] = torch.zeros(3)
    elif change == "name":
        header["name"] = "other"
    else:
        header["config"] = '{"side": 33}'
    path = tmp_path / "w.safetensors"
    save_file(tensors, path, metadata=header)
    with pytest.raises(InputError, match=told):
        paper_weights.load(path)


def test_what_cannot_be_is_refused():
    shot = _shot(5)
    with pytest.raises(InputError, match=r"rows: expected at least 2"):
        PaperPairs([shot], [np.array([1])], 4, 0)
    with pytest.raises(InputError, match=r"renders: expected shape \(5, S, S, 3\)"):
        replace(shot, renders=shot.renders[:4])
    with pytest.raises(InputError, match=r"rho: expected finite numbers, got nan"):
        replace(shot, rho=shot.rho * np.float32("nan"))
    with pytest.raises(InputError, match=r"preset: 'big' is not one of paper, proof, smoke"):
        asked("big")
    with pytest.raises(InputError, match="batch"):
        asked("smoke", batch=0)


def test_lpips_is_for_the_preset_that_has_it(tmp_path: Path):
    from facewright.train.tgdm.recipes import run

    with pytest.raises(InputError, match=r"lpips: preset 'embedded' is trained without it"):
        run(preset="embedded", data=tmp_path, work=tmp_path, lpips=tmp_path / "vgg16")


def test_random_colours_stay_within_bounds():
    rng = np.random.default_rng(0)
    gains = np.stack([random_colours(rng).gain for _ in range(200)])
    assert gains.min() >= 1 - paper_pairs.GAIN and gains.max() <= 1 + paper_pairs.GAIN
    assert gains.std() > 0.1


def test_a_real_clip_becomes_a_shot(shared: Path):
    shot = paper_pairs.read_shot(shared / "media/train/clips256/vex_Radio10.mp4", 64)
    assert shot.frames.shape == shot.renders.shape and shot.frames.shape[1:] == (64, 64, 3)
    assert shot.rho.shape == (len(shot.frames), 3, 261)
    covered = (shot.renders > 0).any(-1)
    assert 0.05 < covered.mean() < 0.6
    # The render lies where the face is: there it is nearer to the frame than elsewhere.
    moved = np.roll(shot.renders, 20, axis=2)

    def off(renders: np.ndarray) -> float:
        inside = (renders > 0).any(-1)
        return np.abs(renders.astype(float) - shot.frames)[inside].mean()

    assert off(shot.renders) < 0.8 * off(moved)
