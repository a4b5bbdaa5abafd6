"""Movies as another program decodes them: frames, rate, colours, sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from .conftest import INSIDE, Runner

FRAMES, SIZE, START = 24, 96, 101
RATES = {"h264": 23.976, "prores_422_hq": 25.0, "prores_4444": 30.0}
#: Mean difference of 8-bit values that a codec may make of flat colours.
TOLERANCE = {"h264": 2.5, "prores_422_hq": 1.5, "prores_4444": 1.5}

SCRIPT = """
import sys, wave
from pathlib import Path
sys.path.insert(0, {inside!r})
import bpy, numpy as np, synthetic
from addon.core.errors import InputError
from addon.film import kinds, movie, sequence
folder, kind, fps = Path({folder!r}), {kind!r}, {fps!r}
scene = bpy.context.scene
sequence.set_rate(scene, fps)
sequence.set_colour(scene)
scene.frame_start, scene.frame_end = {start}, {start} + {frames} - 1
colours = np.load(folder / "colours.npy")
names = []
for index, colour in enumerate(colours):
    names.append(f"{{index}}.png")
    picture = np.broadcast_to(colour, ({size}, {size}, 3)).astype(np.uint8)
    (folder / names[-1]).write_bytes(synthetic.png(picture))
sequence.place_frames(scene, folder, names, {start}, ({size}, {size}))
if bpy.app.build_options.audaspace:
    count = round(48000 * {frames} / fps)
    tone = (9000 * np.sin(2 * np.pi * 440 * np.arange(count) / 48000)).astype("<i2")
    with wave.open(str(folder / "tone.wav"), "wb") as file:
        file.setnchannels(1); file.setsampwidth(2); file.setframerate(48000)
        file.writeframes(tone.tobytes())
    sequence.place_sound(scene, folder / "tone.wav", {start})
suffix = kinds.KINDS[kind].suffix
print("MADE", movie.render(scene, folder / ("film" + suffix), kind=kind)
      if kind == "h264" or kinds.has_prores() else "nothing")
"""


@pytest.mark.parametrize("kind", RATES)
def test_another_program_decodes_it(blender: Runner, tmp_path: Path, kind: str) -> None:
    colours = np.random.default_rng(1).integers(20, 235, (FRAMES, 3))
    np.save(tmp_path / "colours.npy", colours)
    fps = RATES[kind]
    code = SCRIPT.format(
        inside=str(INSIDE), folder=str(tmp_path), kind=kind, fps=fps, start=START, frames=FRAMES,
        size=SIZE,
    )  # fmt: skip
    done = blender("-c", code)
    assert "MADE" in done.stdout, done.stderr[-2000:]
    if "MADE nothing" in done.stdout:
        pytest.skip("this Blender has no ProRes")
    (path,) = tmp_path.glob("film.*")
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        tagged = video.codec_context.colorspace == 1  # as BT.709
        assert tagged == (blender.series != "4.2")
        matrix = "ITU709" if tagged else "ITU601"
        shown = [
            frame.reformat(format="rgb24", src_colorspace=matrix, dst_colorspace=matrix)
            .to_ndarray()[8:-8, 8:-8]
            .reshape(-1, 3)
            .mean(0)
            for frame in file.decode(video)
        ]
        assert float(video.average_rate) == pytest.approx(fps, rel=1e-3)
        assert len(shown) == FRAMES
        error = np.abs(np.array(shown) - colours)
        assert error.mean() < TOLERANCE[kind] and error.max() < 4 * TOLERANCE[kind]
        if blender.series == "4.2":
            return  # its wheel is built without sound
    with av.open(str(path)) as file:
        sound = file.streams.audio[0]
        heard = np.concatenate([f.to_ndarray().reshape(-1) for f in file.decode(sound)])
        channels = sound.channels
        seconds = len(heard) / channels / sound.rate
        assert (sound.rate, channels) == (48000, 2)
        assert sound.codec_context.name.startswith("aac" if kind == "h264" else "pcm")
    # Blender ends the sound with a whole block: of AAC 1024 samples, of PCM 2048.
    assert -1 / fps < seconds - FRAMES / fps < (1 / fps if kind == "h264" else 2 * 2048 / 48000)
