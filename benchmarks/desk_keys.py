"""How long Blender takes to get a performance as keys: ``python -m benchmarks.desk_keys``.

In each Blender's Python that is there (the one that runs this, and those that
FACEWRIGHT_BPY42, FACEWRIGHT_BPY45 and FACEWRIGHT_BPY52 name, else .venv-bpy42 and so on
beside the checkout), 64 shape keys, head and gaze of 1,500 frames are placed as a strip of
the speech layer, once anew and once in place of an earlier one whose keys somebody edited;
then the same 64 x 1,500 keys are set by ``keyframe_insert``. Prints milliseconds, medians
of five, and the ratio. Fails above 300 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRAMES, MOST_MS, TIMES = 1500, 300.0, 5
#: Environment variable -> folder of its usual Python.
_OTHERS = {
    "FACEWRIGHT_BPY42": ".venv-bpy42",
    "FACEWRIGHT_BPY45": ".venv-bpy45",
    "FACEWRIGHT_BPY52": ".venv-bpy52",
}


def main() -> int:
    """Measure in every Blender, print, and fail where one is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="measure in this Python alone")
    if parser.parse_args().here:
        print(json.dumps(_measure()))
        return 0
    from benchmarks.machine import machine

    print(machine())
    print(f"64 shape keys + 10 of head and gaze x {FRAMES} frames, milliseconds")
    print("Blender       anew  again  edited  keyframe_insert  ratio")
    slowest = 0.0
    for python in _pythons():
        found = _in(python)
        inserted = found["insert"]
        print(
            f"{found['version']:12s} {found['anew']:5.0f}  {found['again']:5.0f}  "
            f"{found['edited']:6.0f}  {inserted:15.0f}  {inserted / found['anew']:4.0f} x"
        )
        slowest = max(slowest, found["anew"], found["again"], found["edited"])
    return 0 if 0.0 < slowest <= MOST_MS else 1


def _pythons() -> list[Path]:
    """Pythons with a bpy."""
    named = [Path(os.environ.get(v, ROOT / d / "bin/python")) for v, d in _OTHERS.items()]
    here = [python for python in (ROOT / one for one in named) if python.exists()]
    return [Path(sys.executable), *here]


def _in(python: Path) -> dict:
    """What :func:`_measure` finds in a process of its own."""
    command = [str(python), "-m", "benchmarks.desk_keys", "--here"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def _measure() -> dict:
    """Milliseconds of each way, in the Blender of this Python."""
    sys.path.insert(0, str(ROOT / "tests/blender/inside"))
    import bpy
    import numpy as np
    import synthetic

    import addon
    from addon.core.subject_data import MotionData
    from addon.perform import layers
    from addon.subject import construct

    addon.register()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    data, rng = synthetic.subject(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
        who = construct.build(data, name="egg", photo=photo, folder=Path(folder))
    motion = MotionData(
        fps=24.0,
        model="synthetic",
        names=data.key_names,
        expression=rng.uniform(0.0, 1.0, (FRAMES, 64)).astype(np.float32),
        pose=rng.normal(0.0, 0.02, (FRAMES, 6)).astype(np.float32),
        gaze=rng.uniform(-0.2, 0.2, (FRAMES, 4)).astype(np.float32),
    )
    louder = replace(motion, expression=0.5 * motion.expression)
    keys = who.face.data.shape_keys

    def place(what: MotionData) -> float:
        return _milliseconds(lambda: layers.place(what, who, layer="speech", name="take", start=1))

    def anew() -> float:
        layers.remove(who, "speech")
        return place(motion)

    def edited() -> float:
        layers.open_layer(who, "speech")
        for name in data.key_names[:5]:
            keys.key_blocks[name].value = 0.3
            keys.key_blocks[name].keyframe_insert("value", frame=100)
        layers.open_layer(who, "hand")
        return place(louder)

    found = {
        "anew": statistics.median(anew() for _ in range(TIMES)),
        "again": statistics.median(place(louder) for _ in range(TIMES)),
        "edited": statistics.median(edited() for _ in range(TIMES)),
    }
    layers.remove(who, "speech")
    layers.remove(who, "hand")

    def insert() -> None:
        for index, name in enumerate(data.key_names):
            block = keys.key_blocks[name]
            for frame, value in enumerate(motion.expression[:, index].tolist(), 1):
                block.value = value
                block.keyframe_insert("value", frame=frame)

    return found | {"insert": _milliseconds(insert), "version": bpy.app.version_string}


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    raise SystemExit(main())
