"""Measures by networks whose weights the user brings, in one folder.

========================  =====================================================
``lpips.safetensors``     LPIPS and tLP: the state of ``lpips.LPIPS`` (alex, vgg)
``identity.onnx``         identity: a face embedding, ArcFace or another
``emotion.onnx``          EFD: features of an emotion network
``fid.onnx``              FID: features of Inception or another network
``syncnet_face.onnx``,    LSE-C and LSE-D: SyncNet's two halves
``syncnet_sound.onnx``
========================  =====================================================

An .onnx may have a .json of the same name beside it that says how pictures are given to
it: see ``embedding.Intake``. Nothing is unpickled; ONNX runs in OpenCV.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facewright.evaluate.judges import Judge


def judges_in(folder: Path | None) -> tuple[list[Judge], dict[str, str]]:
    """The judges that a folder has weights for, and why the others do not measure.

    Raises:
        InputError: naming a weights file that cannot be used.
    """
    judges: list[Judge] = []
    absent: dict[str, str] = {}
    for name, files, make in _known():
        missing = [file for file in files if folder is None or not (folder / file).is_file()]
        if missing:
            where = "none given" if folder is None else f"no {', '.join(missing)} in it"
            absent[name] = f"needs {' and '.join(files)} in the folder of --weights ({where})"
        else:
            assert folder is not None
            judges.append(make(*(folder / file for file in files)))
    return judges, absent


def _known() -> tuple[tuple[str, tuple[str, ...], Callable[..., Judge]], ...]:
    from facewright.evaluate.learned.embedding import Emotion, Identity
    from facewright.evaluate.learned.frechet import Frechet
    from facewright.evaluate.learned.lpips import Lpips
    from facewright.evaluate.learned.syncnet import SyncNet

    return (
        ("LPIPS, tLP", ("lpips.safetensors",), Lpips),
        ("identity", ("identity.onnx",), Identity),
        ("EFD", ("emotion.onnx",), Emotion),
        ("FID", ("fid.onnx",), Frechet),
        ("LSE-C, LSE-D", ("syncnet_face.onnx", "syncnet_sound.onnx"), SyncNet),
    )
