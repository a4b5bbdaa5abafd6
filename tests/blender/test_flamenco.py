"""Flamenco job types: what they divide a job into, and that their command lines run."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from .conftest import ROOT
from .flamenco import JobType, Task, chunks

SCRIPTS = ROOT / "addon" / "flamenco"
BATCH, TEXTURE = SCRIPTS / "facewright_batch.js", SCRIPTS / "facewright_texture.js"
#: What Flamenco's defaults fill in.
VARIABLES = {"blender": "/opt/blender", "blenderArgs": "-b -y"}


def test_flamenco_writes_chunks_as_is_assumed() -> None:
    assert chunks("1-10", 4) == ["1-4", "5-8", "9,10"]
    assert chunks("3, 5-10", 3) == ["3,5,6", "7-9", "10"]


@pytest.mark.parametrize("script", [BATCH, TEXTURE])
def test_settings_are_what_flamenco_knows(script: Path) -> None:
    about = JobType(script).about
    assert about["label"].startswith("Facewright ") and about["description"]
    kinds = {"string": str, "int32": int, "float": float, "bool": bool}
    shown = {"hidden", "submission", "web"}
    for setting in about["settings"]:
        assert setting["description"], setting["key"]
        assert setting["type"] in kinds
        assert setting.get("visible", "web") in shown
        assert setting.get("subtype", "") in {"", "file_path", "dir_path"}
        if "default" in setting:
            assert isinstance(setting["default"], kinds[setting["type"]])
        if "eval" in setting:
            compile(setting["eval"], setting["key"], "eval")


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.csv", "portrait,output\nx,y\nx,y\n\n", "1-2"),
        ("a.jsonl", "{}\n{}\n{}", "1-3"),
        ("a.json", "{}\n{}\n{}", "1-3"),
        ("a.ndjson", "{}\n{}\n{}", "1-3"),
        ("A.CSV", "portrait,output\nx,y\n", "1-1"),
        ("a.csv", "portrait,output\n", "1-1"),
    ],
)
def test_rows_are_counted(tmp_path: Path, name: str, text: str, rows: str) -> None:
    """The expression that Flamenco's add-on evaluates in Blender."""
    (tmp_path / name).write_text(text)
    settings = {s["key"]: s for s in JobType(BATCH).about["settings"]}

    class Chosen:
        manifest = str(tmp_path / name)

    told = {"Path": Path, "abspath": lambda path: Path(path), "settings": Chosen}
    assert eval(settings["rows"]["eval"], told) == rows


def test_a_list_is_divided_by_rows() -> None:
    tasks = JobType(BATCH).tasks(
        manifest="/farm/my films.csv",
        rows="1-5",
        chunk_size=2,
        jobs=3,
        options='--size 256 --emotion "sad, then happy"',
        address="gpu:50051",
        token_file="/farm/token",
    )
    assert [task.name for task in tasks] == ["check", "rows-1,2", "rows-3,4", "rows-5", "report"]
    assert {task.type for task in tasks} == {"blender"}
    assert [task.after for task in tasks[:4]] == [[], ["check"], ["check"], ["check"]]
    assert tasks[4].after == ["rows-1,2", "rows-3,4", "rows-5"]
    start = ["/opt/blender", "-b", "--online-mode", "--command", "facewright", "batch",
             "/farm/my films.csv", "--size", "256", "--emotion", "sad, then happy"]  # fmt: skip
    (check,), (rows,), (report,) = (tasks[k].lines(VARIABLES) for k in (0, 1, 4))
    assert check == [*start, "--check"]
    assert rows == [*start, "--rows", "1-2", "--jobs", "3", "--address", "gpu:50051",
                    "--token-file", "/farm/token"]  # fmt: skip
    assert report == [*start, "--report-only"]


def test_frames_are_divided_and_put_together() -> None:
    settings = {
        "blendfile": "/farm/scene.blend",
        "scene": "Scene",
        "cache": "/farm/cache",
        "movie": "/farm/film.mp4",
    }
    tasks = JobType(TEXTURE).tasks(frames="1-5", chunk_size=2, **settings)
    assert [task.name for task in tasks] == [
        "frames-1,2", "frames-3,4", "frames-5", "put-together", "movie"
    ]  # fmt: skip
    assert tasks[3].after == ["frames-1,2", "frames-3,4", "frames-5"]
    assert tasks[4].after == ["put-together"]
    start = ["/opt/blender", "-b", "-y", "/farm/scene.blend", "--command", "facewright"]
    texture = [*start, "texture", "--scene", "Scene", "--cache", "/farm/cache", "--frames"]
    assert tasks[0].lines(VARIABLES) == [[*texture, "1-2", "--cache-only"]]
    assert tasks[3].lines(VARIABLES) == [[*texture, "1-5"]]
    movie = [*start, "export", "--scene", "Scene", "--output", "/farm/film.mp4"]
    assert tasks[4].lines(VARIABLES) == [[*movie, "--format", "h264"]]
    gaps = JobType(TEXTURE).tasks(frames="1-3,10", chunk_size=10, **settings)
    assert [line[-2] for line in gaps[0].lines(VARIABLES)] == ["1-3", "10-10"]
    assert [line[-1] for line in gaps[1].lines(VARIABLES)] == ["1-3", "10-10"]


@pytest.mark.parametrize("script", [BATCH, TEXTURE])
def test_what_lacks_is_said(script: Path) -> None:
    with pytest.raises(Exception, match=r"name (it|the list)"):
        JobType(script).tasks(frames="1", rows="1", blendfile="a.blend", manifest="")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers share, with half a second of speech."""
    folder = tmp_path_factory.mktemp("the farm")
    shutil.copyfile(ROOT / "examples/portrait.png", folder / "portrait.png")
    words, speech = str(folder / "words.wav"), str(ROOT / "examples/speech.wav")
    with wave.open(speech) as source, wave.open(words, "wb") as part:
        part.setparams(source.getparams())
        part.writeframes(source.readframes(source.getframerate() // 2))
    return folder


def work(tasks: list[Task], folder: Path) -> list[str]:
    """Do every task in an order that its dependencies allow, as workers with bpy would."""
    done: set[str] = set()
    printed = []
    for task in tasks:
        assert set(task.after) <= done, "Flamenco starts a task when those before it are done"
        for line in task.lines({"blender": "BLENDER", "blenderArgs": ""}):
            words = [word for word in line[1:] if word not in ("-b", "--online-mode")]
            at = words.index("--command")
            scene = words[:at]  # in Blender it is open by then
            command = [sys.executable, "-m", "addon", words[at + 2], *scene, *words[at + 3 :]]
            process = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=240,
            )
            assert process.returncode == 0, (command, process.stderr[-2000:])
            printed.append(process.stdout)
        done.add(task.name)
    return printed


def test_a_tiny_job_of_each_kind_runs(farm: Path, backend: str) -> None:
    pytest.importorskip("bpy", reason="needs the blender extra")
    with (farm / "films.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["portrait", "speech", "output", "blend", "extent", "fps"])
        for name in ("a", "b"):
            rows.writerow(["portrait.png", "words.wav", f"{name}.mp4", f"{name}.blend", "crop", 8])
    tasks = JobType(BATCH).tasks(
        manifest=str(farm / "films.csv"),
        rows="1-2",
        chunk_size=1,
        options="--size 256",
        address=backend,
    )
    printed = work(tasks, farm)
    assert "2 items, nothing wrong" in printed[0]
    assert "2 of 2 done" in printed[-1]
    report = json.loads((farm / "films_csv_batch/report.json").read_text())
    assert [item["status"] for item in report["items"]] == ["done", "done"]
    assert report["totals"]["frames"] == 8

    tasks = JobType(TEXTURE).tasks(
        frames="1-4",
        chunk_size=2,
        blendfile=str(farm / "a.blend"),
        cache=str(farm / "cache"),
        movie=str(farm / "film.mp4"),
        options="--size 256",
        address=backend,
    )
    printed = work(tasks, farm)
    assert "2 of 2 frames, 2 textured" in printed[0]
    assert "4 of 4 frames, 0 textured" in printed[2]
    assert (farm / "film.mp4").stat().st_size > 1000
