"""Flamenco Manager's side of a job type: what its scripts may call, and what comes of it.

Job types are JavaScript that Flamenco runs with a few functions of its own (``author``,
``frameChunker``, ``shellSplit``, ...). Here they run in QuickJS with functions that follow
Flamenco 3's documentation, and the commands come out as a worker would run them.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import quickjs

_GLOBALS = """
const author = {
    Task(name, type) {
        if (!name || !type) throw new Error("author.Task(name, type): both are required");
        return {
            name, type, commands: [], dependencies: [],
            addCommand(command) { this.commands.push(command); },
            addDependency(task) { this.dependencies.push(task); },
        };
    },
    Command(name, parameters) { return { name, parameters }; },
};
function print() {}
function alert() {}
function frameChunker(frames, size) { return JSON.parse(_frameChunker(frames, size)); }
function shellSplit(text) { return JSON.parse(_shellSplit(text)); }
function compiled(settings) {
    const tasks = [];
    compileJob({ name: "test", settings, addTask(task) { tasks.push(task); } });
    return JSON.stringify(tasks.map((task) => ({
        name: task.name, type: task.type, commands: task.commands,
        after: task.dependencies.map((other) => other.name),
    })));
}
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it would be queued.

    Attributes:
        name, type: as Flamenco shows them.
        commands: names and parameters.
        after: names of the tasks that have to be done first.
    """

    name: str
    type: str
    commands: list[dict[str, Any]]
    after: list[str] = field(default_factory=list)

    def lines(self, variables: dict[str, str]) -> list[list[str]]:
        """What a worker runs, variables filled in."""
        return [_line(command, variables) for command in self.commands]


class JobType:
    """A job type's script."""

    def __init__(self, script: Path) -> None:
        self._context = quickjs.Context()
        self._context.add_callable("_frameChunker", lambda f, n: json.dumps(chunks(f, int(n))))
        self._context.add_callable("_shellSplit", lambda text: json.dumps(shlex.split(text)))
        self._context.eval(_GLOBALS)
        self._context.eval(script.read_text(encoding="utf-8"))
        self.about = json.loads(self._context.eval("JSON.stringify(JOB_TYPE)"))

    def tasks(self, **settings: Any) -> list[Task]:
        """Compile a job; settings that are not given have their defaults."""
        values = {
            setting["key"]: setting["default"]
            for setting in self.about["settings"]
            if "default" in setting
        }
        text = json.dumps(values | settings)
        return [Task(**task) for task in json.loads(self._context.eval(f"compiled({text})"))]


def chunks(frames: str, size: int) -> list[str]:
    """Frames so many at a time, as Flamenco writes them: two in a row are "1,2"."""
    if not frames.strip() or size < 1:
        raise ValueError(f"invalid range {frames!r} or size {size}")
    found: set[int] = set()
    for part in frames.replace("..", "-").split(","):
        ends = [int(text) for text in part.split("-")]
        found |= set(range(ends[0], ends[-1] + 1))
    every = sorted(found)
    return [_merged(every[k : k + size]) for k in range(0, len(every), size)]


def _merged(frames: list[int]) -> str:
    runs: list[list[int]] = []
    for frame in frames:
        if runs and runs[-1][-1] + 1 == frame:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    parts = []
    for run in runs:
        parts += [str(n) for n in run] if len(run) < 3 else [f"{run[0]}-{run[-1]}"]
    return ",".join(parts)


def _line(command: dict[str, Any], variables: dict[str, str]) -> list[str]:
    def filled(text: str) -> str:
        for name, value in variables.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    told = command["parameters"]
    if command["name"] == "exec":
        words = [told["exe"], *told["args"]]
    else:
        assert command["name"] == "blender-render"
        before = shlex.split(filled(told["exeArgs"])) + told["argsBefore"]
        words = [told["exe"], *before, told["blendfile"], *told["args"]]
    assert all(isinstance(word, str) for word in words)
    return [filled(word) for word in words]
