"""The pages of the Blender extension say what its source does."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

DOCS = ROOT / "docs/blender"
PAGES = sorted(DOCS.glob("*.md"))
ADDON, BACKEND = ROOT / "addon", ROOT / "backend/facewright"
ERRORS = {
    "AddonError", "InputError", "NoFaceError", "BackendError", "SubjectUnknownError",
    "OutputError",
}  # fmt: skip
#: In an entry and in a template, where the source puts something in.
GAP = "…"


def constants(folder: Path) -> Iterator[str]:
    """Every text of the sources below a folder, with a gap for each value put in."""
    for path in sorted(folder.rglob("*.py")):
        if "v1" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
                    yield template(node)


def raised(folder: Path) -> Iterator[tuple[str, str]]:
    """(file and line, template) of each error that is raised on purpose."""
    for path in sorted(folder.rglob("*.py")):
        if "v1" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ERRORS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", template(node.args[0])


def template(node: ast.AST) -> str:
    """An expression's text, with a gap for what is only known at run time."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(template(value) for value in values)
        case ast.BinOp(left=left, right=right):
            return template(left) + template(right)
    return GAP


def pieces(text: str) -> list[str]:
    """The fixed parts of a message, without blanks and quotes around them."""
    return [piece for part in text.split(GAP) if (piece := part.strip(" '\"`"))]


def entries() -> list[str]:
    """The messages that the troubleshooting page explains: first cells of its tables."""
    lines = (DOCS / "troubleshooting.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    return [row.split(" | ")[0].removeprefix("| ").strip("` ") for row in rows]


def explains(entry: str, message: str) -> bool:
    """Whether an entry's fixed parts are in a message's template, in order."""
    at = 0
    for piece in pieces(entry):
        at = message.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def test_every_explained_message_exists() -> None:
    said = {*constants(ADDON), *constants(BACKEND)}
    gone = [entry for entry in entries() if not any(explains(entry, text) for text in said)]
    assert len(entries()) > 60
    assert gone == []


def test_every_message_is_explained() -> None:
    """Those that say something of their own; a path with the system's reason does not."""
    known = [entry for entry in entries() if len("".join(pieces(entry))) > 8]
    silent = []
    for where, text in raised(ADDON):
        own = len("".join(pieces(text))) > 12
        if own and not any(explains(entry, text) for entry in known):
            silent.append(f"{where}: {text}")
    assert silent == []


def named(kind: str, attribute: str) -> list[str]:
    """An attribute of each class below a Blender type in addon/ui."""
    found = []
    for path in sorted((ADDON / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and kind in map(ast.unparse, node.bases):
                for line in node.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == attribute:
                        found.append(template(line.value))
    return [text for text in found if text != GAP]


@pytest.mark.parametrize("kind", ["bpy.types.Panel", "bpy.types.Operator"])
def test_every_panel_and_button_is_told_of(kind: str) -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    flat = re.sub(r"\s+", " ", text)
    labels = sorted(set(named(kind, "bl_label")))
    assert len(labels) > 3
    assert [label for label in labels if label not in flat] == []


def test_every_operator_is_listed_for_scripts() -> None:
    text = (DOCS / "scripting.md").read_text("utf-8")
    names = named("bpy.types.Operator", "bl_idname")
    assert [name for name in names if f"`{name}(" not in text] == []


def anchors(page: Path) -> set[str]:
    """What a page's headings can be linked as."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    plain = [re.sub(r"[^\w\- ]", "", head.lower()).strip() for head in heads]
    return {head.replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


def test_every_page_is_on_the_map() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    others = [page.name for page in PAGES if page.name != "README.md"]
    assert [name for name in others if f"({name}" not in index] == []


def test_pictures_are_small_and_shown() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    pictures = sorted((ROOT / "docs/images/desk").glob("*.*"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 200_000] == []
    assert [path.name for path in pictures if path.name not in text] == []


def commands() -> list[tuple[str, list[str]]]:
    """(sub-command, options) of each `facewright` command line that the pages show."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```(?:sh|console)?\n(.*?)```", page.read_text("utf-8"), re.S):
            for line in block.replace("\\\n", " ").splitlines():
                shown = re.search(
                    r"(?:--command facewright|-m addon) (\w+)(.*)", line.split(" #")[0]
                )
                if shown:
                    found.append((shown[1], re.findall(r"(?<!\S)--?[a-z][\w-]*", shown[2])))
    return found


def test_commands_that_are_shown_can_be_called() -> None:
    """Each sub-command exists and knows every option that the pages use."""
    assert commands()
    unknown = []
    for name in sorted({name for name, _ in commands()}):
        done = subprocess.run(
            [sys.executable, "-m", "addon", name, "--help"],
            cwd=ROOT, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", done.stdout))
        used = {option for other, options in commands() if other == name for option in options}
        unknown += [f"{name} {option}" for option in sorted(used - known)]
        if done.returncode:
            unknown.append(name)
    assert unknown == []
