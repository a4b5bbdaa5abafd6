"""``python -m benchmarks``: every measurement in turn, each as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run all modules beside this one that are commands; 1 where any failed."""
    names = sorted(
        path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text("utf-8")
    )
    failed = []
    for name in names:
        if name == "__main__":
            continue
        print(f"== python -m benchmarks.{name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, cwd=FOLDER.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"short of a promise, or failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
