"""Known chatter is swallowed, anything else still reaches stderr."""

from __future__ import annotations

import os

import pytest
from facewright.capture.quiet import quiet_start


def test_only_chatter_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_start():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"E0000 something really went wrong\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "E0000 something really went wrong\nafterwards\n"


def test_stderr_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError), quiet_start():
        raise ValueError
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"
