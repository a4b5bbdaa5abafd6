"""The command line: help, results, progress, exit statuses, signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from facewright import catalogue, cli, console, defaults
from facewright.animate import base
from facewright.capture import load_subject
from facewright.drive import pose, upper
from facewright.errors import BackendError, InputError, NoFaceError, OutputError
from facewright.face.motion_io import load_motion
from facewright.media.picture import read_picture, write_picture
from facewright.media.speech import read_speech
from facewright.media.video import read_frames, read_video_info


@pytest.fixture(scope="module")
def subject(tmp_path_factory, examples) -> Path:
    """The example portrait, captured through the command line."""
    path = tmp_path_factory.mktemp("subject") / "subject.npz"
    assert cli.run(["capture", str(examples / "portrait.png"), "-o", str(path), "-q"]) == 0
    return path


@pytest.fixture(scope="module")
def dubbed(tmp_path_factory, examples) -> Path:
    """A folder with everything that one dub of the examples writes."""
    folder = tmp_path_factory.mktemp("dubbed")
    arguments = ["dub", str(examples / "portrait.png"), str(examples / "speech.wav")]
    arguments += ["-o", str(folder / "a.mp4"), "--fps", "12.5", "--seed", "3"]
    arguments += ["--motion-out", str(folder / "a.npz"), "--sheet", str(folder / "a.png")]
    assert cli.run(arguments) == 0
    return folder


def test_the_video_is_as_long_as_the_speech_and_carries_its_sound(dubbed, examples):
    assert sorted(path.name for path in dubbed.iterdir()) == ["a.mp4", "a.npz", "a.png"]
    info = read_video_info(dubbed / "a.mp4")
    speech = read_speech(examples / "speech.wav")
    assert abs(info.frames - speech.seconds * 12.5) <= 1
    assert info.sound_seconds == pytest.approx(speech.seconds, abs=0.03)
    assert (info.width, info.height) == (512, 512)  # the whole photo
    assert info.comment.startswith("Synthetic: a portrait animated by Facewright")
    sound = read_speech(dubbed / "a.mp4").samples[: len(speech.samples)]
    assert np.corrcoef(sound, speech.samples)[0, 1] > 0.98  # audible, and in time


def test_the_face_moves_and_the_rest_of_the_photo_stands(dubbed, examples):
    photo = read_picture(examples / "portrait.png").astype(float)
    frames = np.stack(list(read_frames(dubbed / "a.mp4"))).astype(float)
    mouth = frames[:, 150:200, 200:250]  # of the astronaut
    corner = frames[:, :60, -60:]
    assert mouth.std(axis=0).mean() > 4 * corner.std(axis=0).mean()
    assert np.abs(corner.mean(axis=0) - photo[:60, -60:]).mean() < 3


def test_the_motion_is_that_of_the_video(dubbed):
    motion = load_motion(dubbed / "a.npz")
    assert len(motion) == read_video_info(dubbed / "a.mp4").frames
    assert motion.fps == 12.5
    assert motion.column("jawOpen").max() > 0.15


def test_the_sheet_shows_the_portrait_and_frames(dubbed):
    sheet = read_picture(dubbed / "a.png")
    assert sheet.shape[1] > 3 * sheet.shape[0] / 4 and sheet.std() > 30


def test_the_same_seed_gives_the_same_video(tmp_path, subject, examples):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        arguments = ["dub", str(subject), str(examples / "speech.wav"), "-q", "--seed", seed]
        arguments += ["-o", str(tmp_path / f"{name}.mp4"), "--fps", "3", "--extent", "crop"]
        assert cli.run(arguments) == 0
    first, second, other = (list(read_frames(tmp_path / f"{n}.mp4")) for n in "abc")
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert first[0].shape == (256, 256, 3)


def test_a_motion_is_performed_as_it_was(tmp_path, dubbed, examples):
    arguments = ["dub", str(examples / "portrait.png"), str(examples / "speech.wav"), "-q"]
    arguments += ["-o", str(tmp_path / "a.mp4"), "--motion", str(dubbed / "a.npz")]
    assert cli.run(arguments) == 0
    info = read_video_info(tmp_path / "a.mp4")
    assert info.fps == 12.5 and "a given motion" in info.comment
    again, before = (list(read_frames(folder / "a.mp4")) for folder in (tmp_path, dubbed))
    assert np.array_equal(again, before)


def test_a_motion_of_another_model_is_refused(tmp_path, dubbed, subject, examples, capsys):
    other = replace(load_motion(dubbed / "a.npz"), model="other")
    other.save(tmp_path / "other.npz")
    arguments = ["dub", str(subject), str(examples / "speech.wav"), "-q"]
    arguments += ["-o", str(tmp_path / "a.mp4"), "--motion", str(tmp_path / "other.npz")]
    assert cli.run(arguments) == 2
    assert "motion: belongs to model 'other', the subject to" in capsys.readouterr().err
    assert not (tmp_path / "a.mp4").exists()


def test_steps_of_an_animator_without_are_refused_at_once(tmp_path, examples, capsys):
    arguments = ["dub", "absent.png", str(examples / "speech.wav"), "-q", "--steps", "4"]
    arguments += ["--animator", "reproject", "-o", str(tmp_path / "a.mp4")]
    assert cli.run(arguments) == 2
    message = "steps: animator 'reproject' has no sampling steps, got 4; leave steps out"
    assert message in capsys.readouterr().err


def test_size_and_crop(tmp_path, subject, examples):
    arguments = ["dub", str(subject), str(examples / "speech.wav"), "-q", "--fps", "1"]
    arguments += ["-o", str(tmp_path / "a.mp4"), "--size", "512", "--extent", "crop"]
    assert cli.run(arguments) == 0
    assert next(read_frames(tmp_path / "a.mp4")).shape == (512, 512, 3)


def test_a_large_photo_is_scaled_down_for_the_video(tmp_path, subject, examples):
    arguments = ["dub", str(subject), str(examples / "speech.wav"), "-q", "--fps", "1"]
    assert cli.run([*arguments, "-o", str(tmp_path / "a.mp4"), "--max-side", "300"]) == 0
    assert next(read_frames(tmp_path / "a.mp4")).shape == (300, 300, 3)


@pytest.mark.parametrize("suffix", ["glb", "obj", "ply"])
def test_capture_writes_meshes(tmp_path, subject, suffix, capsys):
    import trimesh

    out = tmp_path / f"face.{suffix}"
    assert cli.run(["capture", str(subject), "-o", str(out)]) == 0
    mesh = trimesh.load(out, force="mesh", process=False)
    assert len(mesh.faces) > 5000
    assert 0.1 < np.ptp(mesh.vertices[:, 1]) < 0.5  # metres: a head
    if suffix != "ply":
        assert mesh.visual.uv is not None
    assert "vertices, model" in capsys.readouterr().out


def test_of_several_faces_the_largest_is_taken_and_the_user_told(tmp_path, examples, capsys):
    photo = read_picture(examples / "portrait.png")
    both = np.concatenate([photo, np.zeros_like(photo)], axis=1)
    both[100:356, 600:856] = photo[::2, ::2]  # the same again, half as large
    write_picture(tmp_path / "both.png", both)
    arguments = ["capture", str(tmp_path / "both.png"), "-q", "-o", str(tmp_path / "s.npz")]
    assert cli.run(arguments) == 0
    error = capsys.readouterr().err
    assert error.startswith("warning: 2 faces found: took the largest") and "--face N" in error
    assert load_subject(tmp_path / "s.npz").box[2] < 600
    assert cli.run([*arguments, "--face", "1"]) == 0
    assert capsys.readouterr().err.count("\n") <= 1  # at most that the face is small
    assert load_subject(tmp_path / "s.npz").box[0] > 500
    assert cli.run([*arguments, "--face", "2"]) == 2
    assert "both.png: face: 2 faces were found" in capsys.readouterr().err


def test_models_lists_what_there_is_with_licences(capsys):
    assert cli.run(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "KIND", "LICENCE", "SIZE", "SUMMARY"]
    kinds = {line.split()[0]: line for line in lines[1:]}
    assert "animator" in kinds["reproject"] and "none" in kinds["reproject"]
    assert [name for name in kinds if kinds[name].endswith("; the default")] == [defaults.ANIMATOR]
    assert re.search(r"driver +Apache-2\.0 +[1-9]\.\d MB", kinds["emoa2e"])
    assert any("morphable model" in line and "CC0-1.0" in line for line in lines)
    assert sum(line.split()[:3] == ["prior", "head", "model"] for line in lines) == 1
    assert sum(line.split()[:3] == ["prior", "brow", "model"] for line in lines) == 1


def test_models_lists_weights_beside_the_drivers(capsys):
    assert cli.run(["models"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    for name in ("emoa2e_emotion", "audio2exp", "emotion_text"):
        assert re.search(r"^\w+ +weights +Apache-2\.0 +\d\.\d MB +\w", lines[name])


@pytest.mark.parametrize(("registry", "name"), [(pose, "diffusion"), (upper, "gohd")])
def test_weights_that_are_missing_have_no_licence(registry, name, monkeypatch):
    def missing(wanted):
        raise InputError("weights: it does not exist")

    monkeypatch.setattr(registry, "create", missing)
    monkeypatch.setitem(catalogue._WEIGHTS, name, "absent.safetensors")
    entry = next(e for e in catalogue.catalogue() if e.name == name)
    assert (entry.licence, entry.data_bytes) == ("none", 0)


def test_models_says_what_cannot_be_used(capsys):
    def damaged():
        raise InputError("weights: broken.safetensors is cut short")

    base.register("broken", damaged)
    try:
        assert cli.run(["models"]) == 0
    finally:
        base._FACTORIES.pop("broken")
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["broken"].endswith("cannot be used: weights: broken.safetensors is cut short")
    assert "reproject" in lines


@pytest.mark.parametrize(
    "command", [[], ["drive"], ["dub"], ["capture"], ["inspect"], ["serve"], ["models"]]
)
def test_help_teaches_with_examples(command, capsys):
    assert cli.run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example" in text and f"facewright {' '.join(command)}" in text


def test_help_needs_no_heavy_module():
    code = (
        "import sys\nfrom facewright import cli\ncli.run(['dub', '--help'])\n"
        "heavy = {'torch', 'mediapipe', 'cv2', 'numba', 'av', 'grpc', 'scipy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command"),
        (["dub"], "Missing argument"),
        (["dub", "a.jpg", "-q", "-o", "c.mp4"], "speech: expected a sound file, or a script"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--tts", "x"], "tts: it belongs to a script"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--emotion", "@2"], "emotion: expected"),
        (["dub", "a.jpg", "b.wav"], "Missing option"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--nonsense"], "No such option"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--fps", "0"], "fps: expected values >= 1"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--fps", "nan"], "fps: expected finite"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--fps", "x"], "--fps"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--size", "300"], "size: expected one of"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--extent", "all"], "extent: expected one of"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--seed", "-1"], "seed: expected"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--mouth-opening", "9"], "mouth_opening"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--face", "-1"], "face: expected"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--steps", "0"], "steps: expected values >= 1"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--steps", "few"], "--steps"),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--weights", "w"], "takes no weights, got w"),
        (
            ["dub", "a.jpg", "b.wav", "-o", "c.mp4", "--animator", "tgdm", "--weights", "w"],
            "weights: w does not exist",
        ),
        (["dub", "a.jpg", "b.wav", "-o", "c.mp4", "-q", "--motion", "m.npz"], "m.npz: no such"),
        (
            [
                "dub",
                "a.jpg",
                "b.wav",
                "-o",
                "c.mp4",
                "-q",
                "--motion",
                "m.npz",
                "--emotion",
                "sad",
                "--gaze",
                "still",
                "--fps",
                "30",
                "--lids-from",
                "photo",
            ],
            "motion: it is performed as it is, so fps, gaze, emotion, sources cannot act",
        ),
        (
            ["dub", "a.jpg", "b.wav", "-o", "c.mp4", "-q", "--motion", "m.npz", "--driver", "x"],
            "so driver cannot act",
        ),
        (
            ["dub", "a.jpg", "b.wav", "-o", "c.mp4", "-q", "--motion", "m.npz", "--seed", "3"],
            "m.npz: no such",
        ),
        (["serve", "--host", "0.0.0.0"], "needs TLS"),
        (["serve", "--port", "99999"], "port: expected"),
        (["serve", "--token-file", "absent.txt"], "absent.txt: no such file"),
    ],
)
def test_unusable_arguments_end_in_one_line(arguments, message, capsys):
    assert cli.run(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err and err.count("\n") == 1 and err.startswith("facewright: ")
    assert out == ""


@pytest.mark.parametrize("option", ["--animator", "--driver"])
def test_unknown_names_list_the_known(option, tmp_path, subject, examples, capsys):
    arguments = ["dub", str(subject), str(examples / "speech.wav"), "-q"]
    assert cli.run([*arguments, "-o", str(tmp_path / "a.mp4"), option, "magic"]) == 2
    assert "'magic' is not one of" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 2),
        (NoFaceError("x"), 3),
        (BackendError("x"), 4),
        (OutputError("x"), 5),
        (KeyboardInterrupt(), 130),
        (RuntimeError("two\nlines"), 1),
    ],
)
def test_exit_statuses(error, status, capsys, monkeypatch):
    monkeypatch.delenv(console.DEBUG_VARIABLE, raising=False)
    assert console.report(error) == status
    assert capsys.readouterr().err.count("\n") == 1


def test_what_was_not_foreseen_shows_its_traceback_on_request(capsys, monkeypatch):
    monkeypatch.setenv(console.DEBUG_VARIABLE, "1")
    try:
        raise RuntimeError("surprise")
    except RuntimeError as error:
        console.report(error)
    assert "Traceback" in capsys.readouterr().err


def test_progress_in_plain_lines(capsys, monkeypatch):
    now = iter([0.0, 1.0, 6.0, 12.0])
    monkeypatch.setattr(console, "time", SimpleNamespace(monotonic=lambda: next(now)))
    with console.ProgressDisplay() as progress:
        for fraction, left in ((0.0, -1.0), (0.25, 75.0), (0.5, 3725.0), (1.0, 0.0)):
            progress("animating", fraction, left)
    assert capsys.readouterr().err == "animating\nanimating 50%, 1 h 02 min left\n"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_dub_leaves_nothing(tmp_path, subject, examples, number, status):
    """Interrupted while frames are being encoded, as the temporary file shows."""
    command = [sys.executable, "-m", "facewright.cli", "dub", str(subject)]
    command += [str(examples / "speech.wav"), "-o", str(tmp_path / "a.mp4"), "--fps", "60"]
    process = subprocess.Popen(
        [*command, "--motion-out", str(tmp_path / "a.npz")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".a.*.mp4")) and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err.splitlines()[-1] in ("facewright: interrupted", "facewright: terminated")
    assert "Traceback" not in err and out == ""
    assert list(tmp_path.iterdir()) == []
