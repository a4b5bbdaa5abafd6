"""A real `blender` for tests, and the extension in it.

Needs an executable: FACEWRIGHT_BLENDER is a command such as ``blender``, or ``chroot FOLDER
blender`` with a folder that .ci/blender-chroot made. The window needs xvfb-run, xdotool and
ImageMagick beside it. With FACEWRIGHT_PICTURES=FOLDER all that was looked at is kept there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import ROOT

HERE = Path(__file__).with_name("executable")
EXAMPLES = ROOT / "examples"
LIMIT = 500
#: What Blender, its exporters and Mesa print by themselves.
NOISE = re.compile(
    r"EGL Error \(0x3009\)|^Info: |^Error: |extensions/blender_org|Saved session recovery"
    r"|Draco mesh compression is not available"
)
TROUBLE = re.compile(r"warning|error|traceback|exception|leak|invalid", re.IGNORECASE)


@dataclass(slots=True)
class Executable:
    """A `blender` with a user's folder of its own.

    Attributes:
        words: the command.
        root: what that command sees as "/".
        folder: to work in, as this process sees it.
    """

    words: list[str]
    root: Path
    folder: Path
    said: list[str] = field(default_factory=list)

    def seen(self, path: Path) -> str:
        """A path as the program sees it."""
        return "/" + path.relative_to(self.root).as_posix()

    def has(self, program: str) -> bool:
        """Whether the program's side has another program."""
        if self.root == Path("/"):
            return shutil.which(program) is not None
        return (self.root / "usr/bin" / program).exists()

    def run(
        self, *arguments: str, window: str = "", expect: int | None = 0, **environment: str
    ) -> str:
        """Run it; what it printed. ``window``: size of a display to open, such as 1600x1000."""
        words = list(self.words)
        if window:
            words[-1:] = ["xvfb-run", "-a", "-s", f"-screen 0 {window}x24", words[-1]]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        own = {
            "HOME": self.seen(self.folder),
            "BLENDER_USER_RESOURCES": self.seen(self.folder / "user"),
            "LANG": "C.UTF-8",
        }
        done = subprocess.run(
            [*words, *arguments],
            env=kept | own | environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
        )
        self.said += done.stdout.splitlines()
        if expect is not None:
            assert done.returncode == expect, done.stdout[-4000:]
        return done.stdout

    def python(self, code: str, *arguments: str) -> str:
        """Run Python code in it, without a window."""
        return self.run(*arguments, "-b", "--python-exit-code", "1", "--python-expr", code)


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executable]:
    command = os.environ.get("FACEWRIGHT_BLENDER", "")
    words = shlex.split(command)
    if not words:
        pytest.skip("no blender executable: name one in FACEWRIGHT_BLENDER (.ci/blender-chroot)")
    if shutil.which(words[0]) is None:
        pytest.fail(f"FACEWRIGHT_BLENDER: there is no program {words[0]!r}")
    folder = tmp_path_factory.mktemp("desk")
    root = Path("/")
    if "chroot" in words:
        root = Path(words[words.index("chroot") + 1]).resolve()
        folder = root / "home/animator"  # what pictures show
        if folder.exists():
            folder = folder.with_name(f"animator-{os.getpid()}")
        folder.mkdir(parents=True)
    for name in ("portrait.png", "speech.wav"):
        shutil.copy(EXAMPLES / name, folder)
    shutil.copytree(HERE, folder / "executable", ignore=shutil.ignore_patterns("__pycache__"))
    yield Executable(words, root, folder)
    if root != Path("/"):
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def archive(executable: Executable) -> Path:
    """The zip for this blender's Python, where the program sees it."""
    return build(executable)


def build(executable: Executable, *options: str) -> Path:
    """A zip of its own folder; a distribution's blender may have a Python of its own."""
    said = executable.python("import sys; print('PYTHON %d.%d' % sys.version_info[:2])")
    python = re.search(r"PYTHON (\S+)", said)[1]
    output = executable.folder / "dist" / "".join(options)
    command = [sys.executable, "build_addon.py", "--platform", "linux-x64", "--python", python]
    command += ["--blender-min", "4.2.0", "--output", str(output), *options]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=LIMIT)
    (made,) = output.glob("*.zip")
    return made


@pytest.fixture(scope="module")
def installed(executable: Executable, archive: Path) -> Executable:
    install(executable, archive)
    return executable


def install(executable: Executable, archive: Path) -> str:
    """As a user's drop of the zip does."""
    return executable.run(
        "-b", "--command", "extension", "install-file", "-e", "-r", "user_default",
        executable.seen(archive),
    )  # fmt: skip


def trouble(lines: list[str]) -> list[str]:
    """Lines that a user would worry about."""
    return [line for line in lines if TROUBLE.search(line) and not NOISE.search(line)]


def in_window(
    executable: Executable, script: str, backend: str, *arguments: str, size: str = "1600x1000"
) -> dict:
    """Run a scenario of executable/ in the window; what it saw, and what Blender ``said``."""
    for program in ("xvfb-run", "import", "xdotool"):
        if not executable.has(program):
            pytest.skip(f"the window needs {program} beside blender")
    found = executable.folder / "results.json"
    found.unlink(missing_ok=True)
    said = executable.run(
        "--window-geometry", "0", "0", *size.split("x"), "--python",
        executable.seen(executable.folder / f"executable/{script}.py"), "--", *arguments,
        window=size,
        DESK_FOLDER=executable.seen(executable.folder), DESK_ADDRESS=backend,
    )  # fmt: skip
    assert found.exists(), said[-4000:]
    results = json.loads(found.read_text("utf-8")) | {"said": said}
    if keep := os.environ.get("FACEWRIGHT_PICTURES"):
        shutil.copytree(executable.folder / "pictures", keep, dirs_exist_ok=True)
    assert results.get("done"), results.get("fault", "") + said[-2000:]
    return results
