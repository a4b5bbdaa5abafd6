"""Every mode of an evaluation: of clips made here, and of a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from facewright import cli
from facewright.capture import CaptureSession
from facewright.evaluate.tasks import Choice, pairs, reenactment
from facewright.media.picture import write_picture
from facewright.media.video import VideoWriter, read_frames, read_video_info


def run(*arguments: object) -> int:
    return cli.run(["evaluate", *map(str, arguments)])


def test_another_face_follows_the_head(clip: Path, portrait, tmp_path: Path, capsys) -> None:
    mirrored = tmp_path / "other.png"
    write_picture(mirrored, np.ascontiguousarray(portrait[:, ::-1]))
    folder = tmp_path / "r"
    arguments = ("--portrait", mirrored, "--recapture-every", 4, "-q")
    assert run("cross", clip, "-o", folder, *arguments) == 0
    report = json.loads((folder / "report.json").read_text())
    mean = report["mean"]["reproject"]
    assert report["clips"][0]["name"] == "other x moved"
    assert "psnr_face" not in mean and mean["pose_degrees"] < 3
    assert {"expression", "gaze_degrees", "pixel_mse"} <= set(mean)
    assert run("cross", clip, "-o", folder, "--portrait", tmp_path / "no.png", "-q") == 2
    assert "no.png: no such file" in capsys.readouterr().err


def test_pairs_use_everyone_about_equally() -> None:
    portraits, clips = [Path(p) for p in "abc"], [Path(c) for c in "1234"]
    assert len(set(pairs(portraits, clips, None))) == 12
    four = pairs(portraits, clips, 4)
    assert [p.name for p, _ in four] == ["a", "b", "c", "a"]
    assert [c.name for _, c in four] == ["1", "2", "3", "2"]


def test_a_face_speaks_the_clips_sound(clip: Path, examples: Path, portrait, tmp_path, capsys):
    spoken = tmp_path / "spoken.mp4"
    with VideoWriter(spoken, (256, 256), 25.0, sound=examples / "speech.wav") as writer:
        for _ in range(30):
            writer.write(portrait)
    folder = tmp_path / "r"
    assert run("audio", spoken, "-o", folder, "--frames", 12, "--recapture-every", 3, "-q") == 0
    report = json.loads((folder / "report.json").read_text())
    assert "psnr_face" not in report["mean"]["reproject"]
    rows = report["clips"][0]["rows"]
    gaps = {
        label: [v for v in rows[label]["series"]["opening"] if v is not None]
        for label in ("still", "reproject")
    }
    assert np.ptp(gaps["reproject"]) > 0.02 > np.ptp(gaps["still"])
    assert run("audio", clip, "-o", folder, "-q") == 2
    assert "moved.mp4: has no sound in it" in capsys.readouterr().err


def test_frames_are_chosen_and_alone_or_followed_they_agree(clip: Path) -> None:
    assert list(Choice(step=3, most=2).numbers(100)) == [3, 6]
    session = CaptureSession()
    followed = reenactment(clip, session, Choice())
    alone = reenactment(clip, session, Choice(smooth=False, step=3))
    session.close()
    assert alone.numbers == (3, 6) and followed.numbers == tuple(range(1, 9))
    rows = np.searchsorted(followed.geometry.indices, alone.geometry.indices)
    apart = followed.geometry.pose[rows] - alone.geometry.pose
    assert np.abs(apart[:, :3]).max() < np.deg2rad(3)


def test_a_real_clip_beats_the_still_photo(shared: Path, tmp_path: Path) -> None:
    clip = shared / "media/train/clips256/style_KristiNoem.mp4"
    assert run("self", clip, "-o", tmp_path / "r", "--step", 4, "--frames", 8, "-q") == 0
    mean = json.loads((tmp_path / "r" / "report.json").read_text())["mean"]
    for region in ("face", "mouth", "frame", "eyes"):
        assert mean["reproject"][f"psnr_{region}"] > mean["still"][f"psnr_{region}"]
    assert mean["reproject"]["psnr_face"] > 26
    assert mean["reproject"]["lmd_mouth"] < mean["still"]["lmd_mouth"]


def test_rows_run_side_by_side_in_a_video(clip: Path, tmp_path: Path) -> None:
    arguments = ("--video", "--no-recapture", "--no-smooth", "--step", 2, "-q")
    assert run("self", clip, "-o", tmp_path, *arguments) == 0
    film = tmp_path / "clips" / "moved.mp4"
    info = read_video_info(film)
    assert (info.width, info.height, info.frames) == (768, 256, 5)  # the source, then 4
    assert info.fps == 12.5
    last = list(read_frames(film))[-1].astype(int)
    truth, still, made = (last[80:176, at + 80 : at + 176] for at in (0, 256, 512))
    assert np.abs(truth - made).mean() < np.abs(truth - still).mean() / 2
