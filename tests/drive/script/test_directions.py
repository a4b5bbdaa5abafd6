"""Scripts with directions in brackets."""

from __future__ import annotations

from pathlib import Path

import pytest
from facewright.drive.script.directions import MAX_CHARACTERS, parse, read_script
from facewright.errors import InputError


def held(script: str) -> list[tuple[str, str]]:
    parsed = parse(script)
    return [(d.prompt, parsed.text[d.start : d.end]) for d in parsed.directions]


def test_directions_leave_the_text_and_hold_until_the_next() -> None:
    script = "[sadly surprised] Oh. [relieved] There you are."
    assert parse(script).text == "Oh. There you are."
    assert held(script) == [("sadly surprised", "Oh. "), ("relieved", "There you are.")]


def test_plain_text_has_none_and_an_empty_bracket_ends_one() -> None:
    assert parse("Hello, you.").directions == ()
    assert held("Well. [angry] No! [] Never mind.") == [("angry", "No! ")]


def test_directions_within_a_sentence_and_in_any_script() -> None:
    assert held("I am [sad] so sorry") == [("sad", "so sorry")]
    assert held("[高兴] 你好。[in Wut] Nein!") == [("高兴", "你好。"), ("in Wut", " Nein!")]


def test_escaped_brackets_are_text() -> None:
    parsed = parse(r"Item \[3\] [calm] of four.")
    assert parsed.text == "Item [3] of four."
    assert [d.prompt for d in parsed.directions] == ["calm"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "1 to"),
        ("[happy]", "says nothing"),
        ("... !", "says nothing"),
        ("[a] [b] Hi", "after the direction \\[a\\]"),
        ("Hi [b]", "after the direction \\[b\\]"),
        ("Hi [b", "not closed"),
        ("Hi [a [b] c]", "not closed"),
        ("Hi ] there", "closes nothing"),
        ("Line one\nline [two", "line 2"),
        ("Hi\x00there", "control character"),
        ("Hi\x1b[0m", "control character"),
        ("Hi \ud800", "control character"),
        ("[" + "x" * 201 + "] Hi", "200 characters"),
        ("[a] b " * 501, "500 directions"),
        ("x" * (MAX_CHARACTERS + 1), "got 20001"),
    ],
)
def test_what_is_no_script_is_refused(script: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse(script)


def test_files_are_utf8(tmp_path: Path) -> None:
    path = tmp_path / "script.txt"
    path.write_bytes("\ufeff[froh] Grüße!\r\n".encode())
    assert parse(read_script(path)).text.strip() == "Grüße!"
    path.write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(InputError, match=r"not UTF-8 text \(byte 2\)"):
        read_script(path)
    path.write_bytes(b"a" * 1_000_001)
    with pytest.raises(InputError, match="more than"):
        read_script(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_script(tmp_path / "none.txt")
