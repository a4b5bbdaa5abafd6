"""The committed stubs are those of the committed contract."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


def test_the_stubs_are_current(root):
    pytest.importorskip("grpc_tools", reason="grpcio-tools makes the stubs")
    done = subprocess.run(
        [sys.executable, str(root / "proto/generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_stale_stubs_are_named(root, tmp_path):
    pytest.importorskip("grpc_tools", reason="grpcio-tools makes the stubs")
    script = (root / "proto/generate.py").read_text(encoding="utf-8")
    for path in (root / "proto").rglob("*.proto"):
        copy = tmp_path / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "proto/generate.py").write_text(script, encoding="utf-8")
    run = [sys.executable, str(tmp_path / "proto/generate.py")]
    assert subprocess.run(run, check=True, capture_output=True).returncode == 0
    stub = tmp_path / "addon/v1/face_pb2.py"
    stub.write_text(stub.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    done = subprocess.run([*run, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stale: addon/v1/face_pb2.py" in done.stderr
    assert "run: python proto/generate.py" in done.stderr


def test_both_copies_import_relatively(root):
    for package in ("backend/facewright/serve/v1", "addon/v1"):
        text = (root / package / "service_pb2.py").read_text(encoding="utf-8")
        assert re.search(r"^from \. import face_pb2", text, re.MULTILINE)
        assert "from facewright.v1" not in text


def test_every_number_has_its_unit_or_bounds(root):
    """Scalar fields of the contract carry a comment, on their line or the one above."""
    bare = []
    for path in sorted((root / "proto").rglob("*.proto")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for above, line in zip(["", *lines], lines, strict=False):
            field = re.match(
                r"\s+(optional |repeated )?(u?int\d+|float|double|bytes) \w+ = \d", line
            )
            if field and "//" not in line and not above.strip().startswith("//"):
                bare.append(f"{path.name}: {line.strip()}")
    assert bare == []
