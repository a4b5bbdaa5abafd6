"""Other synthesisers, by a command of the user's; here a small program of ours."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from facewright.drive import script
from facewright.drive.script import command
from facewright.errors import InputError

# Speaks a tone of a tenth of a second for each character that it was given.
PROGRAM = """
import sys, wave
import numpy as np
how, target, *rest = sys.argv[1:]
text = {"text": lambda: rest[0], "input": lambda: open(rest[0], encoding="utf-8").read(),
        "stdin": lambda: sys.stdin.buffer.read().decode()}[how]()
if text == "fail":
    print("loading", file=sys.stderr)
    sys.exit("the model is damaged\\x1b[0m")
tone = np.sin(np.arange(len(text) * 2205) * 0.1) * 9000
with wave.open(sys.stdout.buffer if target == "-" else target, "wb") as out:
    out.setparams((1, 2, 22050, 0, "NONE", ""))
    out.writeframes(tone.astype("<i2").tobytes())
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "a tone.py"
    path.write_text(PROGRAM)
    return shlex.join([sys.executable, str(path)])


def seconds(said: str, template: str, **options: object) -> float:
    spoken = script.speak(said, "xx", command=template, **options)  # type: ignore[arg-type]
    assert np.abs(spoken.speech.samples).max() > 0.2
    return spoken.speech.seconds


@pytest.mark.parametrize("rest", ["text {output} {text}", "input {output} {input}", "stdin - "])
def test_text_goes_in_and_sound_comes_out(program: str, rest: str) -> None:
    assert seconds("Grüße, Welt", f"{program} {rest}") == pytest.approx(1.1, abs=0.01)


def test_standard_input_is_one_line(program: str) -> None:
    assert seconds("One\n\ntwo", f"{program} stdin -") == pytest.approx(0.7, abs=0.01)


def test_each_direction_is_spoken_in_turn(program: str) -> None:
    spoken = script.speak("One. [sad] Three. [glad] Four!", command=f"{program} stdin -")
    assert spoken.cues == (
        ("sad", pytest.approx(0.4), pytest.approx(1.0)),
        ("glad", pytest.approx(1.0), pytest.approx(1.5)),
    )


def test_no_text_reaches_a_shell_or_becomes_an_option(program: str, tmp_path: Path) -> None:
    evil = f"$(touch {tmp_path}/a); `touch {tmp_path}/b` && touch {tmp_path}/c | x {{output}}"
    assert seconds(evil, f"{program} text {{output}} {{text}}") > 1
    assert [p.name for p in tmp_path.iterdir()] == ["a tone.py"]
    # A leading dash gets a space before it.
    assert seconds("-o x", f"{program} text {{output}} {{text}}") == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("", "empty"),
        ("say 'x", "not a command"),
        ("say {txt}", r"\{txt\} is not one of"),
        ("{text} x", "program's name"),
        ("no-such-program-here {text}", "no program 'no-such-program-here'"),
        (f"{shlex.quote(sys.executable)} -c pass", "wrote nothing to its standard output"),
        (f"{shlex.quote(sys.executable)} -c pass -o {{output}}", r"wrote nothing to \{output\}"),
        (f"{shlex.quote(sys.executable)} -c 'print(1)'", "not usable"),
    ],
)
def test_commands_that_do_not_speak_are_told(template: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        script.speak("Hello", command=template)


def test_a_failure_shows_the_last_line(program: str) -> None:
    with pytest.raises(InputError, match=r"failed \(1\): the model is damaged\[0m$"):
        script.speak("fail", command=f"{program} stdin -")


def test_a_command_that_hangs_is_ended() -> None:
    sleep = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    code = f"import subprocess, sys; subprocess.run({sleep})"
    with pytest.raises(InputError, match="took longer than 1 s"):
        command.run([sys.executable, "-c", code], "Hello", "en", timeout=1.0, max_seconds=60.0)


ENDLESS = "import sys; x = b'y' * 65536\nwhile True: {}"


@pytest.mark.parametrize(
    ("write", "rest", "where"),
    [
        ("sys.stdout.buffer.write(x)", [], "standard output"),
        ("sys.stdout.buffer.write(x)", ["{output}"], "standard output"),
        ("sys.stderr.buffer.write(x)", [], "standard error"),
        ("open(sys.argv[1], 'ab').write(x)", ["{output}"], r"\{output\}"),
    ],
)
def test_a_command_that_writes_without_end_is_ended(
    write: str, rest: list[str], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_MAX_LOG", 2**20)
    template = [sys.executable, "-c", ENDLESS.format(write), *rest]
    with pytest.raises(InputError, match=rf"wrote more than 1 MB to .*{where}"):
        command.run(template, "Hello", "en", timeout=60.0, max_seconds=1.0)


def test_too_large_a_sound_of_a_command_that_ended_is_refused() -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(2**22))"
    with pytest.raises(InputError, match="wrote more than 1 MB to its standard output"):
        command.run([sys.executable, "-c", code], "Hello", "en", timeout=60.0, max_seconds=1.0)


def test_codes_are_codes(program: str) -> None:
    with pytest.raises(InputError, match="language"):
        script.speak("Hello", "--evil", command=f"{program} stdin - {{lang}}")
    with pytest.raises(InputError, match=r"no \{voice\}"):
        script.speak("Hello", voice="amy", command=f"{program} stdin -")
    with pytest.raises(InputError, match="longer than the limit"):
        script.speak("Hello " * 30, max_seconds=2, command=f"{program} stdin -")
