"""Pairs: rendered from a clip, cut, changed together, and learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch
from facewright.animate.tgdm import weights
from facewright.animate.tgdm.animator import START
from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig, warped
from facewright.animate.tgdm.samplers import sample
from facewright.capture import CaptureSession
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.media.picture import read_picture
from facewright.train.tgdm import pairs as pairing
from facewright.train.tgdm.augment import Colours, Mirror
from facewright.train.tgdm.crops import Crops
from facewright.train.tgdm.few_steps import FewStepObjective, moments
from facewright.train.tgdm.objective import EmbeddedObjective, similarity
from facewright.train.tgdm.parser import disagreement
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.recipes import (
    Recipe,
    check_resume,
    make_parser_trainer,
    make_second_trainer,
    make_trainer,
    run,
)
from facewright.train.tgdm.rendering import Rendering

TINY = EmbeddedConfig(widths=(8, 12, 16), depths=(1, 1, 1), condition=16)


@pytest.fixture(scope="module")
def clip(examples: Path) -> tuple[np.ndarray, np.ndarray]:
    """The example portrait, moving to the right: frames and landmarks."""
    photo = read_picture(examples / "portrait.png")[0:240, 100:340]
    frames = np.stack(
        [cv2.resize(np.roll(photo, 2 * k, 1), (256, 256), interpolation=cv2.INTER_AREA)
         for k in range(6)]
    )  # fmt: skip
    session = CaptureSession()
    points = np.stack([session.finder.track(frame) for frame in frames])
    session.close()
    return frames, points


@pytest.fixture(scope="module")
def rendered(
    clip: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ...]:
    session = CaptureSession()
    folder = tmp_path_factory.mktemp("pairs")
    for source in (0, 5):
        targets = np.array([2, 3, 4])
        pairing.render(*clip, source, targets, session).save(folder / f"a-{source}")
    session.close()
    return tuple(sorted(folder.iterdir()))


def test_a_pair_is_a_frame_and_its_reprojection(rendered: tuple[Path, ...], clip):
    pairs = pairing.load(rendered[0])
    assert pairs.planes.shape == (3, 256, 256, 9) and pairs.rho.shape == (3, 3, 74)
    assert np.array_equal(pairs.truth, clip[0][2:5])
    face = pairs.planes[..., 3] > 250
    error = np.abs(pairs.planes[..., :3].astype(int) - pairs.truth)[face].mean()
    still = np.abs(clip[0][0].astype(int) - pairs.truth)[face].mean()
    assert error < 0.5 * still  # it follows the head


def test_errors_count_most_at_the_mouth(rendered: tuple[Path, ...], clip):
    weight = pairing.load(rendered[0]).weight[0] / pairing.WEIGHT_STEPS
    x, y = (clip[1][2][[13, 14]].mean(0) / 4).astype(int)
    assert weight[y, x] == pytest.approx(7, abs=0.5)
    assert weight[0, 0] < 1


def test_optical_flow_brings_the_reprojection_onto_the_truth(rendered: tuple[Path, ...]):
    pairs = pairing.load(rendered[1])
    picture = torch.from_numpy(pairs.planes[:, ..., :3].copy()).movedim(-1, 1).float()
    truth = torch.from_numpy(pairs.truth.copy()).movedim(-1, 1).float()
    flow = torch.from_numpy(pairs.flow.copy()).movedim(-1, 1).float() / pairing.FLOW_STEPS
    full = torch.nn.functional.interpolate(flow, scale_factor=4, mode="bilinear")
    at = torch.from_numpy(pairs.planes[:, ..., 3] > 250)
    before = (picture - truth).square().mean(1)[at].mean()
    assert (warped(picture, full) - truth).square().mean(1)[at].mean() < before


def test_targets_are_apart_from_their_source(clip):
    rng = np.random.default_rng(0)
    chosen = pairing.choose_targets(clip[1], 2, 64, rng)
    assert set(chosen.tolist()) <= {0, 4, 5}
    with pytest.raises(InputError, match="two frames"):
        pairing.choose_targets(clip[1][:2], 0, 4, rng)


def test_a_portrait_has_open_eyes(clip):
    points = clip[1].copy()
    for _, _, upper, lower in pairing._EYE_RIMS:
        points[3, upper] = points[3, lower]
    assert pairing.portraits(points).tolist() == [0, 1, 2, 4, 5]


def test_crops_repeat_and_differ(rendered: tuple[Path, ...]):
    crops = Crops(rendered, EXPRESSION_64, 10, targets=2, crop=64, seed=1)
    a, b = crops[3], crops[3]
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not torch.equal(a["truth"], crops[4]["truth"])
    assert a["planes"].shape == (4, 9, 64, 64) and a["flow"].shape == (4, 2, 16, 16)
    assert a["truth"].abs().max() <= 1


def test_without_changes_a_crop_is_the_pairs_own(rendered: tuple[Path, ...]):
    crops = Crops(rendered[:1], EXPRESSION_64, 1, sources=1, targets=3, crop=256, augmented=False)
    batch, pairs = crops[0], pairing.load(rendered[0])
    shown = ((batch["truth"] + 1) * 127.5).round().movedim(1, -1).numpy().astype(np.uint8)
    assert sorted(p.tobytes() for p in shown) == sorted(p.tobytes() for p in pairs.truth)
    # The coefficients went with their frames.
    order = [next(i for i in range(3) if (pairs.truth[i] == p).all()) for p in shown]
    assert np.allclose(batch["rho"][:, : 3 * 74].numpy(), pairs.rho[order].reshape(3, -1))


def test_mirroring_twice_changes_nothing():
    mirror = Mirror.of(EXPRESSION_64)
    rho = torch.randn(5, 74)
    assert torch.equal(mirror.frames(mirror.frames(rho)), rho)
    source = torch.randn(5, 71)
    assert torch.equal(mirror.source(mirror.source(source)), source)
    left, right = (EXPRESSION_64.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    assert torch.equal(mirror.frames(rho)[:, left], rho[:, right])
    assert torch.equal(mirror.frames(rho)[:, 64 + 1], -rho[:, 64 + 1])  # yaw
    assert torch.equal(mirror.frames(rho)[:, 64], rho[:, 64])  # pitch


def test_photo_and_frames_are_painted_alike():
    colours = Colours.drawn(2, torch.Generator().manual_seed(0))
    photos = torch.rand(2, 3, 256, 256)
    side = torch.arange(256) + 0.5
    points = torch.stack(torch.meshgrid(side, side, indexing="xy")).expand(4, -1, -1, -1)
    frames = colours.frames(photos.repeat_interleave(2, 0), points)
    assert torch.allclose(frames, colours.source(photos).repeat_interleave(2, 0), atol=1e-4)
    assert (frames - photos.repeat_interleave(2, 0)).abs().mean() > 0.02


@pytest.mark.parametrize("changes", [{"folders": ()}, {"crop": 100}, {"crop": 512}])
def test_batches_that_cannot_be_are_refused(rendered: tuple[Path, ...], changes):
    settings = {"folders": rendered, "names": EXPRESSION_64, "length": 1, **changes}
    with pytest.raises(InputError, match=next(iter(changes))):
        Crops(**settings)


def smoke(iterations: int) -> Recipe:
    plan = Plan(iterations=iterations, rate=3e-3, warm_up=3, ema=0.9, precision="no",
                log_every=5, checkpoint_every=10, sheet_every=20)  # fmt: skip
    return Recipe(TINY, plan, plan, plan, Rendering(), sources=1, targets=4, crop=64)


def test_twenty_steps_lower_the_loss(rendered: tuple[Path, ...], tmp_path: Path):
    lines: list[str] = []
    trainer = make_trainer(smoke(20), rendered, tmp_path, report=lines.append)
    batch = Crops(rendered, EXPRESSION_64, 100, 1, 4, 64, seed=9)[50]
    objective = EmbeddedObjective(rollout=0, clean=0)

    def loss() -> float:
        with torch.no_grad():
            seed = torch.Generator().manual_seed(0)
            return float(objective(trainer.model, batch, seed)["loss"])

    before = loss()
    trainer.run()
    assert loss() < before
    assert len(lines) == 4 and "gain_db" in lines[0]
    assert (tmp_path / "samples-000020.png").is_file()


def test_a_run_repeats_to_the_bit(rendered: tuple[Path, ...], tmp_path: Path):
    ends = []
    for name in ("a", "b"):
        trainer = make_trainer(smoke(4), rendered, tmp_path / name, seed=2, report=lambda _: None)
        trainer.run()
        ends.append(trainer.ema.state_dict())
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


def test_training_goes_on_from_given_weights(rendered: tuple[Path, ...], tmp_path: Path):
    torch.manual_seed(4)
    given = Embedded(TINY)
    weights.save(tmp_path / "given.safetensors", given, {"licence": "CC0-1.0"})
    kept = weights.load(tmp_path / "given.safetensors").state_dict()
    start = tmp_path / "given.safetensors"
    trainer = make_trainer(smoke(3), rendered, tmp_path, start=start, report=lambda _: None)
    begun = trainer.model.state_dict()
    assert all(torch.equal(kept[key], begun[key]) for key in kept)
    trainer.run()
    moved = trainer.model.state_dict()
    assert any(not torch.equal(kept[key], moved[key]) for key in kept)
    other = replace(smoke(3), config=replace(TINY, condition=12))
    with pytest.raises(InputError, match=r"start: .*condition=16.*condition=12"):
        make_trainer(other, rendered, tmp_path / "other", start=start)


def test_a_rollout_starts_from_the_networks_own_guess(rendered: tuple[Path, ...]):
    """With nothing but rollouts, a network that always guesses grey is shown grey."""
    torch.manual_seed(0)

    class Grey(Embedded):
        seen: ClassVar[list[torch.Tensor]] = []

        def forward(self, noisy, time, *rest):  # type: ignore[no-untyped-def]
            told = super().forward(noisy, time, *rest)
            if bool((time < 600).all()):
                self.seen.append(noisy[time < 50])
            return replace(told, x0=told.x0 * 0)

    batch = Crops(rendered, EXPRESSION_64, 1, 1, 64, 64)[0]
    EmbeddedObjective(rollout=1.0, clean=0.0)(Grey(TINY), batch, torch.Generator().manual_seed(0))
    little = torch.cat(Grey.seen)
    assert len(little) and float(little.std()) < 0.25


def test_the_second_stage_meets_what_sampling_meets(rendered: tuple[Path, ...]):
    """Its t are the sampler's, its Z_t made by the same steps."""
    torch.manual_seed(0)
    network = Embedded(TINY)
    batch = Crops(rendered, EXPRESSION_64, 1, 1, 2, 64)[0]
    told = (batch["planes"], batch["source"], batch["rho"], batch["known"])
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def watched(noisy, time, *rest):  # type: ignore[no-untyped-def]
        seen.append((noisy, time))
        return network(noisy, time, *rest)

    met = set()
    for seed in range(40):
        seen.clear()
        FewStepObjective(steps=(4,))(watched, batch, torch.Generator().manual_seed(seed))
        met.add(len(seen))
        if len(seen) == 4:
            first = seen[0][0]
            mine: list[torch.Tensor] = []

            def denoise(
                noisy: torch.Tensor, time: torch.Tensor, met: list[torch.Tensor] = mine
            ) -> torch.Tensor:
                met.append(noisy)
                with torch.no_grad():
                    return network(noisy, time, *told).x0

            sample(denoise, first, 4, prediction="sample", start=START)
            for (noisy, _), other in zip(seen, mine, strict=True):
                assert torch.allclose(noisy, other, atol=1e-3)
    assert met == {1, 2, 3, 4}
    assert [int(time[0]) for _, time in seen] == moments(4)[: len(seen)]


def test_all_stages_run_and_go_on(rendered: tuple[Path, ...], tmp_path: Path):
    recipe = smoke(3)
    first = make_trainer(recipe, rendered, tmp_path, report=lambda _: None)
    first.run()
    parsing = make_parser_trainer(recipe, rendered, tmp_path / "parser", report=lambda _: None)
    parsing.run()

    def second():  # type: ignore[no-untyped-def]
        return make_second_trainer(
            recipe, first.ema, parsing.ema, rendered, tmp_path / "few", report=lambda _: None
        )

    trainer = second()
    pairs = zip(trainer.model.parameters(), first.ema.parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    line = trainer.run()
    assert line["openings"] > 0
    assert second().step == 3
    # The parser judges and does not learn.
    kept = zip(trainer.objective.parser.parameters(), parsing.ema.parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in kept)


def test_a_parser_learns_where_openings_are(rendered: tuple[Path, ...], tmp_path: Path):
    plan = Plan(iterations=60, rate=1e-2, warm_up=5, ema=0.9, precision="no", log_every=20)
    recipe = replace(smoke(1), parser=plan, crop=128)
    trainer = make_parser_trainer(recipe, rendered, tmp_path, report=lambda _: None)
    batch = Crops(rendered, EXPRESSION_64, 1, 1, 8, 128, augmented=False, seed=3)[0]
    openings = torch.nn.functional.avg_pool2d((batch["planes"][:, 5:7] + 1) / 2, 2)
    trainer.run()
    with torch.no_grad():
        seen = trainer.ema(batch["truth"]).sigmoid()
    inside, outside = seen[openings > 0.9].mean(), seen[openings < 0.1].mean()
    assert inside > 2 * outside
    moved = batch["truth"].roll(6, -2)
    apart = disagreement(trainer.ema, moved, batch["truth"])
    assert apart > 0.1 and disagreement(trainer.ema, batch["truth"], batch["truth"]) == 0


def test_structure_is_one_for_equal_pictures_and_falls_with_blur():
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    assert torch.allclose(similarity(picture, picture), torch.ones(1), atol=1e-4)
    blurred = torch.nn.functional.avg_pool2d(picture, 3, 1, 1)
    assert similarity(blurred, picture).mean() < 0.8


def test_runs_are_neither_overwritten_nor_made_up(tmp_path: Path):
    with pytest.raises(InputError, match="no checkpoint"):
        check_resume(tmp_path, True)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="--resume"):
        check_resume(tmp_path, False)
    with pytest.raises(InputError, match="preset: 'huge'"):
        run(preset="huge", data=tmp_path, work=tmp_path)
    with pytest.raises(InputError, match="multiple of 2"):
        run(preset="embedded", data=tmp_path, work=tmp_path / "new", batch=3)
