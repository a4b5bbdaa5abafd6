"""Whole evaluations: of a clip made here, and of real ones."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from facewright import cli
from facewright.dub import Job
from facewright.errors import CancelledError, InputError
from facewright.evaluate.options import Options, find_clips, rows_of
from facewright.evaluate.planning import plan
from facewright.evaluate.run import evaluate
from facewright.media.video import VideoWriter


def run(*arguments: object) -> int:
    return cli.run(["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def report(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """Self-reenactment of the moving head."""
    folder = tmp_path_factory.mktemp("report") / "new"
    assert run("self", clip, "-o", folder, "--recapture-every", "3", "-q") == 0
    return json.loads((folder / "report.json").read_text()), folder


def test_a_head_that_moves_is_followed(report) -> None:
    found, _ = report
    mean = found["mean"]
    assert set(mean) == {"truth", "still", "reproject"}
    assert mean["reproject"]["psnr_face"] > mean["still"]["psnr_face"] + 4
    assert mean["reproject"]["ms_ssim_mouth"] > mean["still"]["ms_ssim_mouth"] + 0.05
    assert mean["reproject"]["lmd_face"] < 1.0 < mean["still"]["lmd_face"]
    assert mean["still"]["pixel_mse"] < 0.01 < mean["truth"]["pixel_mse"]
    ratio = mean["reproject"]["warped_error"] / mean["truth"]["warped_error"]
    assert mean["reproject"]["warped_error_ratio"] == pytest.approx(ratio)
    clip = found["clips"][0]
    assert clip["frames"] == list(range(1, 9))
    series = clip["rows"]["reproject"]["series"]
    assert series["warped_error"][0] is None and None not in series["warped_error"][1:]
    assert [v is not None for v in series["lmd_face"]] == [True, False, False] * 2 + [True, False]
    assert found["worse_clips"]["still"]["psnr_face"] == ["moved"]
    assert "psnr_face" in found["differences"]["still"]


def test_means_are_of_the_series(report) -> None:
    rows = report[0]["clips"][0]["rows"]
    for metric in ("psnr_mouth", "ssim_face", "lmd_mouth"):
        given = [v for v in rows["reproject"]["series"][metric] if v is not None]
        assert rows["reproject"]["mean"][metric] == pytest.approx(np.mean(given), abs=1e-3)


def test_what_is_not_measured_says_so(report) -> None:
    absent = report[0]["not_measured"]
    assert {"LPIPS, tLP", "identity", "FID", "EFD", "LSE-C, LSE-D"} <= set(absent)
    assert "lpips" not in report[0]["mean"]["reproject"]


def test_the_page_stands_alone(report) -> None:
    found, folder = report
    page = (folder / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") >= 3 and "data:image/jpeg;base64," in page
    value = found["mean"]["reproject"]["psnr_mouth"]
    assert f"{value:.2f}" in page

    class Balanced(HTMLParser):
        open: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img", "path", "polyline"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("path", "polyline"):
                assert self.open.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


def test_names_cannot_break_the_page(clip: Path, tmp_path: Path) -> None:
    bad = tmp_path / "a<b>&'.mp4"
    bad.write_bytes(clip.read_bytes())
    assert run("self", bad, "-o", tmp_path / "r", "--frames", 2, "--no-recapture", "-q") == 0
    page = (tmp_path / "r" / "report.html").read_text()
    assert "a<b>" not in page and "a&lt;b&gt;&amp;" in page


def test_pairs_are_told_apart_by_folders(tmp_path: Path) -> None:
    options = Options(rows_of([], None, "reproject"))
    faces = [tmp_path / "a" / "p.png", tmp_path / "b" / "p.png"]
    clips = [tmp_path / "c.mp4", tmp_path / "d.mp4"]
    names = {one.name for one in plan("cross", clips, options, faces)}
    assert names == {"a-p x c", "a-p x d", "b-p x c", "b-p x d"}
    with pytest.raises(InputError, match="two are called a-p"):
        plan("cross", clips, options, [faces[0], faces[0].with_suffix(".jpg")])


def test_finished_clips_are_kept_and_others_done(clip: Path, tmp_path: Path, capsys) -> None:
    folder, clips = tmp_path / "r", tmp_path / "clips"
    clips.mkdir()
    for name in ("a", "b"):
        (clips / f"{name}.mp4").write_bytes(clip.read_bytes())
    rows = rows_of([], None, "reproject")
    options = Options(rows, most=2, recapture_every=0)
    planned = plan("self", find_clips([clips]), options)
    done: list[str] = []
    job = Job(cancelled=lambda: bool(done))
    with pytest.raises(CancelledError):
        evaluate("self", planned, folder, options, job=job, told=done.append)
    assert len(done) == 1 and not (folder / "report.html").exists()
    kept = folder / "clips" / "a.json"
    stamp = kept.stat().st_mtime_ns
    report = evaluate("self", planned, folder, options, resume=True)
    assert [c["name"] for c in report["clips"]] == ["a", "b"]
    assert kept.stat().st_mtime_ns == stamp
    # Other options, another file, or no --resume: done again.
    evaluate("self", planned, folder, Options(rows, most=3, recapture_every=0), resume=True)
    assert len(json.loads(kept.read_text())["numbers"]["frames"]) == 3
    kept.write_text('{"mark": ')
    assert len(evaluate("self", planned, folder, options, resume=True)["clips"]) == 2


def test_bad_clips_are_named(clip: Path, tmp_path: Path, portrait, capsys) -> None:
    empty, wide, wall = (tmp_path / f"{n}.mp4" for n in ("empty", "wide", "wall"))
    empty.write_bytes(b"")
    for path, size in ((wide, (128, 64)), (wall, (64, 64))):
        with VideoWriter(path, size, 25.0) as writer:
            writer.write(np.full((3, size[1], size[0], 3), 90, np.uint8))
    folder = tmp_path / "r"
    for path, status, said in (
        (empty, 2, "empty.mp4: empty"),
        (wide, 2, "wide.mp4: expected square frames around a head, got 128 x 64"),
        (wall, 3, "wall.mp4: no face was found"),
        (tmp_path / "none.mp4", 2, "none.mp4: no such file or folder"),
        (folder.parent / "r2", 2, "r2: no such file or folder"),
    ):
        assert run("self", path, "-o", folder, "-q") == status
        assert said in capsys.readouterr().err
    assert not folder.exists()
    (tmp_path / "nothing").mkdir()
    assert run("self", tmp_path / "nothing", "-o", folder, "-q") == 2
    assert "expected videos in the folder, found none" in capsys.readouterr().err
    # Beside a good clip a bad one is skipped, and the report says so.
    assert run("self", wide, clip, "-o", folder, "--frames", 2, "--no-recapture", "-q") == 0
    report = json.loads((folder / "report.json").read_text())
    assert list(report["failed"]) == ["wide"] and len(report["clips"]) == 1
    assert "skipped" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", 300), "size: expected one of (256, 512), got 300"),
        (("--step", 0), "step: expected values >= 1"),
        (("--frames", 0), "frames: expected values >= 1"),
        (("--animator", "nobody"), "animator: 'nobody' is not one of"),
        (("--animator", "reproject", "--steps", 2), "steps: got 2"),
        (("--animator", "reproject@2"), "steps: animator 'reproject' has no sampling steps"),
        (("--weights", "/nowhere"), "/nowhere: expected a folder with weights"),
        (("--seed", -1), "seed: expected 0"),
    ],
)
def test_bad_options_are_named(clip: Path, tmp_path: Path, capsys, arguments, said) -> None:
    assert run("self", clip, "-o", tmp_path / "r", "-q", *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_said_before_any_work(clip, tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert run("self", clip, "-o", tmp_path / "file", "-q") == 5
    assert "file: exists and is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["self", "cross", "audio"])
def test_help_teaches_with_examples(mode: str, capsys) -> None:
    assert run(mode, "--help") == 0
    text = capsys.readouterr().out
    assert "Example" in text and f"facewright evaluate {mode} clips/" in text


def test_rows_need_one_to_be_held_against(clip: Path, tmp_path: Path) -> None:
    options = Options(rows_of([], None, "reproject"), "tgdm")
    with pytest.raises(InputError, match="against: 'tgdm' is none of still, reproject"):
        evaluate("self", plan("self", [clip], options), tmp_path / "r", options)
