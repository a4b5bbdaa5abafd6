"""docs/driving.md: its Python runs, its commands parse, its table names every control."""

from __future__ import annotations

import inspect
import re
import shlex
from dataclasses import fields

import pytest
from facewright.cli_controls import with_controls
from facewright.cli_drive import drive
from facewright.drive import DriveControls


def page(root) -> str:
    return (root / "docs/driving.md").read_text(encoding="utf-8")


def test_the_examples_run(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    ran = 0
    for code in re.findall(r"```python\n(.*?)```", page(root), re.DOTALL):
        if "read_frames" in code:  # needs a video that is not part of the project
            continue
        exec(compile(code, "docs/driving.md", "exec"), {})
        ran += 1
    assert ran >= 3
    assert "(1, 64) (1, 6) (1, 4)" in capsys.readouterr().out


def test_the_table_names_every_control(root):
    rows = re.findall(r"^\| (`.*?) \|", page(root), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert {field.name for field in fields(DriveControls)} <= named


def test_the_commands_have_the_options_that_are_shown(root):
    options = {f"--{name.replace('_', '-')}" for name in inspect.signature(drive).parameters}
    lines = re.findall(r"^facewright drive .*$", page(root), re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        assert {word for word in shlex.split(line) if word.startswith("--")} <= options


def test_every_control_is_an_option():
    def command(wanted):
        pass

    options = set(inspect.signature(with_controls(command)).parameters)
    sources = {f"{channel}_from" for channel in ("lips", "brows", "lids", "head", "gaze")}
    assert {field.name for field in fields(DriveControls)} - {"sources"} | sources <= options


@pytest.mark.parametrize("name", ["head_model", "brow_model"])
def test_names_of_models_are_those_there_are(name):
    from facewright.drive import pose, upper

    parameter = inspect.signature(drive).parameters[name]
    shown = parameter.annotation.__metadata__[0].metavar.split("|")
    assert set(shown) == set({"head_model": pose, "brow_model": upper}[name].names())
