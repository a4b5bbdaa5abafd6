"""Self-reenactment of a real clip, and controls re-estimated from frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession
from facewright.evaluate.__main__ import app
from facewright.evaluate.control import effects, reestimated
from facewright.media.picture import read_picture
from typer.testing import CliRunner

CLIPS = "media/dev/clips256"


def test_a_report_is_written_and_beats_the_still_photo(shared: Path, tmp_path: Path) -> None:
    clips = [str(shared / CLIPS / f"{name}.mp4") for name in ("vrt_2", "style_andrew1")]
    arguments = ["reenact", *clips, "-o", str(tmp_path / "report"), "--step", "40", "--most", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["clips"]["vrt_2"]["frames"] == 2
    assert report["mean"]["psnr"]["face"] > 25
    assert report["mean"]["psnr"]["full"] > 23.5
    assert read_picture(tmp_path / "report" / "sheet.png").ndim == 3


def test_what_is_no_clip_is_one_clear_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    result = CliRunner().invoke(app, ["reenact", str(empty), "-o", str(tmp_path / "report")])
    assert result.exit_code == 2
    assert "empty.mp4" in result.output
    assert not (tmp_path / "report").exists()


def test_asked_turns_and_jaws_are_got(examples: Path) -> None:
    session = CaptureSession()
    subject = session.capture(read_picture(examples / "portrait.png"), size=256)
    frames, rho = 5, subject.coefficients
    expression = np.tile(rho.expression, (frames, 1))
    expression[:, subject.model.expression_index("jawOpen")] = np.linspace(0, 0.6, frames)
    pose = np.zeros((frames, 6), np.float32)
    pose[:, 1] = np.deg2rad(np.linspace(-10, 10, frames))
    asked = CoefficientGeometry(np.arange(frames), expression, pose, np.tile(rho.gaze, (frames, 1)))
    animator = animate.create("reproject")
    made = animator(asked, animator.prepare(subject, 256))
    found = {e.name: e for e in effects(subject, asked, reestimated(session, subject, made))}
    session.close()
    assert set(found) == {"jawOpen", "yaw"}
    assert found["yaw"].correlation > 0.98
    assert found["yaw"].gain == pytest.approx(1, abs=0.25)
    assert found["jawOpen"].correlation > 0.9
    assert found["jawOpen"].gain > 0.5
