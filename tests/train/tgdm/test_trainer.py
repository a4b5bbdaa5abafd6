"""The training loop: it learns, repeats to the bit, goes on exactly, and stops cleanly."""

from __future__ import annotations

import itertools
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from facewright.errors import CancelledError, FacewrightError, InputError
from facewright.train.tgdm.batches import in_order
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.trainer import Trainer
from torch import Tensor, nn
from torch.utils.data import Dataset

PLAN = Plan(iterations=12, rate=1e-2, warm_up=3, log_every=4, checkpoint_every=4, ema=0.9)


class Pictures(Dataset):
    """Batches of noise and what a fixed linear map makes of it, by step."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(1000 * self.seed + step)
        picture = torch.randn(4, 3, 8, 8, generator=generator)
        return {"picture": picture, "target": picture.flip(1) * 0.5}


class Squares(nn.Module):
    """A loss with randomness of its own and a state that changes from step to step."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(
        self, model: nn.Module, batch: dict[str, Tensor], generator: torch.Generator
    ) -> dict[str, Tensor]:
        self.seen += 1
        noise = torch.randn(batch["picture"].shape, generator=generator)
        made = model(batch["picture"] + noise * 0.1 / self.seen)
        loss = (made - batch["target"]).square().mean()
        return {"loss": loss, "seen": self.seen.clone()}


def _network() -> nn.Module:
    torch.manual_seed(7)
    return nn.Sequential(nn.Conv2d(3, 8, 1), nn.Dropout(0.1), nn.SiLU(), nn.Conv2d(8, 3, 1))


def _trainer(folder: Path, plan: Plan = PLAN, seed: int = 0, **options) -> Trainer:
    return Trainer(_network(), Squares(), Pictures(), plan, folder, seed, **options)


def _weights(module: nn.Module) -> Tensor:
    return torch.cat([v.flatten() for v in module.state_dict().values()])


def test_a_run_learns_and_keeps_a_log(tmp_path):
    lines: list[dict[str, float]] = []
    plan = Plan(iterations=40, rate=2e-2, warm_up=4, log_every=10, checkpoint_every=40)
    last = _trainer(tmp_path, plan, report=lines.append).run()
    assert [line["step"] for line in lines] == [10, 20, 30, 40]
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    assert last == lines[-1]
    assert last["images_per_second"] > 0 and last["seconds_left"] == 0
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert written == lines


def test_two_runs_from_one_seed_agree_to_the_bit(tmp_path):
    found = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        trainer = _trainer(tmp_path / name, seed=seed)
        trainer.run()
        found[name] = _weights(trainer.model)
    assert torch.equal(found["a"], found["b"])
    assert not torch.equal(found["a"], found["c"])


@pytest.mark.parametrize("stop", [4, 6])
def test_a_run_that_went_on_is_the_run_that_was_not_stopped(tmp_path, stop):
    whole = _trainer(tmp_path / "whole")
    whole.run()
    _trainer(tmp_path / "parts").run(stop)
    again = _trainer(tmp_path / "parts")
    assert again.step == stop
    last = again.run()
    assert torch.equal(_weights(whole.model), _weights(again.model))
    assert torch.equal(_weights(whole.ema), _weights(again.ema))
    assert last["seen"] == 10.5  # of steps 9 to 12: the objective's state went on too
    again.run()  # nothing is left to do


def test_workers_make_the_same_batches(tmp_path):
    alone = _trainer(tmp_path / "alone")
    alone.run(3)
    helped = _trainer(tmp_path / "helped", replace(PLAN, workers=1))
    helped.run(3)
    assert torch.equal(_weights(alone.model), _weights(helped.model))


class Deaf(Dataset):
    """Whether the process that makes batches would be ended by Ctrl-C."""

    def __getitem__(self, step: int) -> Tensor:
        return torch.tensor([signal.getsignal(signal.SIGINT) == signal.SIG_IGN])


def test_ctrl_c_is_left_to_the_process_that_trains():
    (heard,) = in_order(Deaf(), [0], workers=1, pinned=False)
    assert heard.tolist() == [True]


def test_averaged_weights_are_an_average(tmp_path):
    trainer = _trainer(tmp_path)
    start = _weights(trainer.model)
    trainer.run(1)
    decay = 0.1  # (1 + 0) / (10 + 0)
    want = decay * start + (1 - decay) * _weights(trainer.model)
    torch.testing.assert_close(_weights(trainer.ema), want)
    assert not any(p.requires_grad for p in trainer.ema.parameters())


def test_single_numbers_have_a_rate_of_their_own(tmp_path):
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Parameter(torch.zeros(()))
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, x: Tensor) -> Tensor:
            return (x * 0 + 1).mean() * (self.gate + self.weight.sum())

    def total(model: nn.Module, batch, generator: torch.Generator) -> dict[str, Tensor]:
        return {"loss": model(batch["picture"])}

    plan = Plan(iterations=4, rate=1e-3, warm_up=1, last_rate=1, scalar_rate=20, clip=100)
    trainer = Trainer(Gated(), total, Pictures(), plan, tmp_path)
    trainer.run(1)  # Adam's first step is the rate, against the gradient's sign
    model = Trainer(Gated(), total, Pictures(), plan, tmp_path).model
    assert isinstance(model, Gated)
    assert float(model.gate.detach()) == pytest.approx(-20e-3, rel=1e-3)
    assert model.weight.tolist() == pytest.approx([1 - 1e-3] * 2, rel=1e-5)


def test_the_rate_rises_and_falls():
    plan = Plan(iterations=100, rate=1.0, warm_up=10, last_rate=0.1)
    rates = [plan.rate_at(k) for k in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0, abs=0.03)
    assert rates[100] == pytest.approx(0.1)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_with_a_checkpoint(tmp_path, number):
    before = signal.getsignal(number)

    def told(line: dict[str, float]) -> None:
        if line["step"] == 4:
            os.kill(os.getpid(), number)

    with pytest.raises(CancelledError, match=r"stopped at step 5; run again"):
        _trainer(tmp_path, report=told).run()
    assert signal.getsignal(number) == before
    again = _trainer(tmp_path)
    assert again.step == 5
    again.run()
    whole = _trainer(tmp_path / "whole")
    whole.run()
    assert torch.equal(_weights(whole.model), _weights(again.model))


def test_a_budget_of_time_ends_a_run_quietly(tmp_path):
    trainer = _trainer(tmp_path)
    trainer.run(seconds=0.0)
    assert trainer.step == 1
    assert trainer.checkpoint.is_file()


def test_sheets_are_asked_for(tmp_path):
    asked = []
    trainer = _trainer(
        tmp_path,
        replace(PLAN, sheet_every=5),
        sheet=lambda network, step, folder: asked.append((network, step, folder)),
    )
    trainer.run()
    assert asked == [(trainer.ema, 5, tmp_path), (trainer.ema, 10, tmp_path)]


def test_a_loss_that_is_no_number_ends_the_run_and_spoils_no_checkpoint(tmp_path):
    trainer = _trainer(tmp_path)
    trainer.run(4)
    good = trainer.checkpoint.read_bytes()
    again = _trainer(tmp_path)
    with torch.no_grad():
        next(again.model.parameters()).fill_(float("nan"))
    with pytest.raises(FacewrightError, match=r"the loss is nan before step 8"):
        again.run()
    assert trainer.checkpoint.read_bytes() == good


def test_lines_of_a_lost_run_leave_the_log(tmp_path):
    _trainer(tmp_path).run(4)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 8, "loss": 1}\n{"step": 12, "lo')
    _trainer(tmp_path).run(8)
    steps = [json.loads(s)["step"] for s in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [4, 8]


@pytest.mark.parametrize("damage", ["cut", "text", "pickle", "foreign"])
def test_bad_checkpoints_are_refused(tmp_path, damage):
    path = tmp_path / "checkpoint.safetensors"
    _trainer(tmp_path).run(4)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("no checkpoint")
    elif damage == "pickle":
        torch.save({"a": torch.zeros(1)}, path)
    else:
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=r"checkpoint: .*checkpoint\.safetensors"):
        _trainer(tmp_path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    _trainer(tmp_path).run(4)
    with pytest.raises(InputError, match=r"model\.0\.bias is \(8,\), expected \(9,"):
        network = nn.Sequential(nn.Conv2d(3, 9, 1), nn.Identity(), nn.SiLU(), nn.Conv2d(9, 3, 1))
        Trainer(network, Squares(), Pictures(), PLAN, tmp_path)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"iterations": 0}, "iterations"),
        ({"iterations": 1, "rate": float("nan")}, "rate"),
        ({"iterations": 1, "ema": 1.5}, "ema"),
        ({"iterations": 1, "precision": "fp8"}, "precision"),
    ],
)
def test_bad_plans_are_refused(options, name):
    with pytest.raises(InputError, match=name):
        Plan(**options)
