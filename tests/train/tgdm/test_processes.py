"""Several processes train one network: same weights in each, each on batches of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path

import torch
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.trainer import Trainer
from torch import nn
from torch.utils.data import Dataset


class Numbers(Dataset):
    def __getitem__(self, step):
        return torch.full((2, 1), float(step))


def objective(model, batch, generator):
    # The gradient of the only weight is the mean of the batch.
    return {"loss": model(batch).mean(), "number": batch.mean()}


model = nn.Linear(1, 1, bias=False)
nn.init.zeros_(model.weight)
plan = Plan(
    iterations=2, rate=1.0, warm_up=1, last_rate=1, clip=1e6, ema=0, log_every=1, checkpoint_every=1
)
trainer = Trainer(model, objective, Numbers(), plan, Path(sys.argv[1]))
seen = []
optimizer = trainer._optimizer
step = optimizer.step
optimizer.step = lambda: (seen.append(float(model.weight.grad)), step())
trainer.run()
where = trainer.accelerator
line = f"{where.process_index} of {where.num_processes}: {seen} {float(model.weight.detach()):.6f}"
Path(sys.argv[1], f"rank{where.process_index}").write_text(line)
"""


def test_two_processes_share_their_gradients(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
         "--master_port", "0", "--standalone", str(script), str(tmp_path)],
        env=os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        check=True, capture_output=True, timeout=500,
    )  # fmt: skip
    first, second = ((tmp_path / f"rank{k}").read_text() for k in range(2))
    # Step 0 has batches 0 and 1, step 1 has 2 and 3: their means are the gradients.
    assert first.startswith("0 of 2: [0.5, 2.5]")
    assert second == first.replace("0 of 2", "1 of 2")
    assert (tmp_path / "checkpoint.safetensors").is_file()
