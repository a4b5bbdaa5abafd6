"""`facewright drive`: files, controls, sources, errors, interruption."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from facewright import cli
from facewright.drive import adapt
from facewright.drive.emotion import cues
from facewright.errors import InputError
from facewright.face.motion_io import load_motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech, encode_wav, read_speech
from facewright.train.speech.score import closure_of
from scipy.spatial.transform import Rotation


@pytest.fixture(scope="module")
def plain(tmp_path_factory, examples) -> Path:
    """The example, driven with a seed, through the command line."""
    path = tmp_path_factory.mktemp("driven") / "plain.npz"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(path), "--seed", "4", "-q"]
    assert cli.run(arguments) == 0
    return path


def test_a_motion_as_long_as_the_speech(plain, examples, capsys):
    motion = load_motion(plain)
    assert len(motion) == read_speech(examples / "speech.wav").frames(25.0)
    assert motion.column("jawOpen").max() > 0.15
    assert np.ptp(motion.pose[:, 0]) > 0.005
    assert motion.sources["lips"] == "speech"


def test_arkit_has_one_row_a_frame(tmp_path, plain, examples):
    out = tmp_path / "m.csv"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "--seed", "4", "-q"]
    assert cli.run(arguments) == 0
    rows = list(csv.reader(out.open()))
    motion = load_motion(plain)
    assert len(rows) == len(motion) + 1
    assert len(rows[0]) == 54
    jaw = [float(row[rows[0].index("JawOpen")]) for row in rows[1:]]
    np.testing.assert_allclose(jaw, motion.column("jawOpen"), atol=1e-5)


def test_json_is_ready_for_animation_packages(tmp_path, plain, examples):
    out = tmp_path / "m.json"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "--seed", "4", "-q"]
    assert cli.run(arguments) == 0
    tree, motion = json.loads(out.read_text()), load_motion(plain)
    assert tree["names"] == list(EXPRESSION_64)
    assert tree["fps"] == 25.0
    np.testing.assert_allclose(tree["times"], motion.times, atol=1e-6)
    np.testing.assert_allclose(tree["expression"], motion.expression, atol=1e-5)
    head = tree["head"]
    assert head["rotation_order"] == "XYZ"
    turned = Rotation.from_euler("xyz", head["rotation_degrees"], degrees=True)
    np.testing.assert_allclose(turned.as_rotvec(), motion.pose[:, :3], atol=1e-5)
    np.testing.assert_allclose(head["translation"], motion.pose[:, 3:], atol=1e-5)
    np.testing.assert_allclose(
        np.sin(np.radians(tree["eyes"]["right"])), motion.gaze[:, 2:], atol=1e-5
    )


@pytest.mark.skipif(not adapt.WEIGHTS.is_file(), reason="needs weights of Audio2Exp")
def test_the_mouth_of_a_performance_says_something_else(tmp_path, plain, examples):
    speech = read_speech(examples / "speech.wav")
    backwards = tmp_path / "b.wav"
    backwards.write_bytes(encode_wav(Speech(speech.samples[::-1].copy())))
    for name, opening in (("m", "1"), ("shut", "0")):
        arguments = ["drive", str(backwards), "-o", str(tmp_path / f"{name}.npz"), "-q"]
        assert cli.run([*arguments, "--redrive", str(plain), "--mouth-opening", opening]) == 0
    before, after, shut = (
        load_motion(p) for p in (plain, tmp_path / "m.npz", tmp_path / "shut.npz")
    )
    np.testing.assert_array_equal(after.pose, before.pose)
    np.testing.assert_array_equal(after.column("browInnerUp"), before.column("browInnerUp"))
    jaw = after.column("jawOpen")
    assert np.corrcoef(jaw[::-1], before.column("jawOpen"))[0, 1] > 0.3
    assert shut.column("jawOpen").max() < 0.5 * jaw.max()


def test_a_channel_from_a_motion_and_another_at_rest(tmp_path, plain, examples):
    out = tmp_path / "mixed.npz"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "--seed", "9", "-q"]
    assert cli.run([*arguments, "--head-from", str(plain), "--lids-from", "photo"]) == 0
    mixed, other = load_motion(out), load_motion(plain)
    np.testing.assert_allclose(mixed.pose, other.pose, atol=1e-6)
    assert not mixed.column("eyeBlinkLeft").any()
    assert mixed.sources["head"].startswith("motion")


def test_the_head_of_a_video(tmp_path, examples):
    """Tracked in what `dub` made of the example: the head turns as it was told to."""
    arguments = ["dub", str(examples / "portrait.png"), str(examples / "speech.wav"), "-q"]
    arguments += ["--fps", "8", "--seed", "4", "--head-motion", "3", "--extent", "crop"]
    arguments += ["-o", str(tmp_path / "take.mp4"), "--motion-out", str(tmp_path / "take.npz")]
    assert cli.run([*arguments, "--animator", "reproject"]) == 0
    out = tmp_path / "m.npz"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "--fps", "8", "-q"]
    assert cli.run([*arguments, "--head-from", str(tmp_path / "take.mp4")]) == 0
    got, was = load_motion(out).pose[:, 1], load_motion(tmp_path / "take.npz").pose[:, 1]
    assert np.corrcoef(got, was)[0, 1] > 0.8


def test_whose_resting_face(tmp_path, plain, examples):
    out = tmp_path / "m.npz"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "-q", "--gaze", "still"]
    assert cli.run([*arguments, "--subject", str(examples / "portrait.png")]) == 0
    smiling = load_motion(out)
    assert smiling.sources["gaze"] == "photo"
    assert smiling.column("mouthSmileLeft").mean() > load_motion(plain).column(
        "mouthSmileLeft").mean() + 0.05  # fmt: skip


espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None and importlib.util.find_spec("espeakng_loader") is None,
    reason="needs espeak-ng",
)


@espeak
def test_a_script_is_spoken_and_felt(tmp_path, capsys):
    arguments = ["drive", "-o", str(tmp_path / "m.npz"), "--speech-out", str(tmp_path / "m.wav")]
    arguments += ["--script", "[angry @3] No, that is mine. [happy @3] Yes, take it.", "-q"]
    assert cli.run([*arguments, "--cross-fade", "0.1"]) == 0
    motion, speech = load_motion(tmp_path / "m.npz"), read_speech(tmp_path / "m.wav")
    assert len(motion) == speech.frames(25.0)
    assert motion.sources["emotion"] == "angry; happy"
    half = len(motion) // 2
    for name, first in (("browDownLeft", True), ("mouthSmileLeft", False)):
        early, late = motion.column(name)[: half - 10], motion.column(name)[half + 10 :]
        assert (early.mean() > late.mean() + 0.1) == first, name


@espeak
def test_a_script_from_a_file(tmp_path):
    (tmp_path / "s.txt").write_text("Guten Morgen.", encoding="utf-8")
    arguments = ["drive", "-o", str(tmp_path / "m.csv"), "--script", str(tmp_path / "s.txt"), "-q"]
    assert cli.run([*arguments, "--lang", "de"]) == 0
    assert (tmp_path / "m.csv").stat().st_size > 1000


def test_an_emotion_is_shown_and_speech_kept(tmp_path, plain, examples):
    out = tmp_path / "m.npz"
    arguments = ["drive", str(examples / "speech.wav"), "-o", str(out), "--seed", "4", "-q"]
    assert cli.run([*arguments, "--emotion", "0-3:furious@3", "--emotion", "3-:sad"]) == 0
    felt, calm = load_motion(out), load_motion(plain)
    frown = felt.column("browDownLeft") - calm.column("browDownLeft")
    assert frown[:60].mean() > frown[100:].mean() + 0.2
    before, after = (closure_of(m.expression) for m in (calm, felt))
    np.testing.assert_allclose(after[before > 0.99], 1.0, atol=0.01)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["-o", "m.fbx"], "expected a name that ends in .npz"),
        (["-o", "m.npz", "--fps", "0"], "fps: expected values >= 1"),
        (["-o", "m.npz", "--lip-offset", "900"], "lip_offset: expected values <= 500"),
        (["-o", "m.npz", "--smoothing", "-1"], "smoothing: expected values >= 0"),
        (["-o", "m.npz", "--script", "Hello."], "speech: expected a sound file, or a script"),
        (["-o", "m.npz", "--speech-out", "m.wav"], "speech_out: it belongs to a script"),
        (["-o", "m.npz", "--emotion", "happy@9"], "intensity: expected values <= 3"),
        (["-o", "m.npz", "--emotion", "9-:happy"], "there are 6"),
        (["-o", "m.npz", "--gaze-keys", "1:"], "keys: expected TIME"),
        (["-o", "m.npz", "--gaze", "away"], "gaze: 'away' is not one of natural"),
        (["-o", "m.npz", "--head-model", "nod"], "head: 'nod' is not one of"),
        (["-o", "m.npz", "--redrive", "absent.npz"], "absent.npz: no such"),
        (
            ["-o", "m.npz", "--redrive", "a.npz", "--seed", "2", "--gaze", "still"],
            "redrive: all but the mouth stays as it is, so seed, gaze cannot act",
        ),
        (
            ["-o", "m.npz", "--redrive", "a.npz", "--subject", "s.png", "--face", "1"],
            "so subject, face cannot act",
        ),
        (["-o", "m.npz", "--redrive", "a.npz", "--driver", "magic"], "so driver cannot act"),
        (["-o", "m.npz", "--redrive", "a.npz", "--head-from", "b.npz"], "so sources cannot act"),
        (["-o", "m.npz", "--intensity", "9"], "intensity: expected values <= 3"),
        (["-o", "m.npz", "--intensity", "nan"], "intensity: expected finite"),
        (["-o", "m.npz", "--lang", "de"], "lang: it belongs to a script"),
        (["-o", "m.npz", "--voice", "f2"], "voice: it belongs to a script"),
        (["-o", "m.npz", "--tts", "say"], "tts: it belongs to a script"),
        (["-o", "m.npz", "--driver", "magic"], "'magic' is not one of"),
        (["-o", "m.npz", "--gaze-from", "away"], "gaze_from: expected speech, photo, a motion"),
        (["-o", "m.npz", "--head-from", "absent.npz"], "absent.npz: no such"),
        (["-o", "m.npz", "--head-from", "absent.mp4"], "absent.mp4"),
        (["-o", "m.npz", "--subject", "absent.png"], "absent.png: no such"),
        (["-o", "no/folder/m.npz"], "m.npz"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path, examples, extra, message, capsys):
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        status = cli.run(["drive", str(examples / "speech.wav"), "-q", *extra])
    finally:
        os.chdir(before)
    assert status in (2, 5)
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_that_cannot_be_explained_leaves_nothing(tmp_path, examples, monkeypatch):
    """The reader of prompts may fail, on damaged weights say, when it is asked what it guessed."""

    def damaged(*_: object) -> None:
        raise InputError("weights: damaged")

    monkeypatch.setattr(cues, "guessed", damaged)
    out = tmp_path / "m.npz"
    assert cli.run(["drive", str(examples / "speech.wav"), "-o", str(out), "-q"]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_drive_leaves_nothing(tmp_path, examples):
    command = [sys.executable, "-m", "facewright.cli", "drive", str(examples / "speech.wav")]
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "m.npz")],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == "reading\n"  # the work has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "facewright: interrupted"
    assert out == ""
    assert list(tmp_path.iterdir()) == []
