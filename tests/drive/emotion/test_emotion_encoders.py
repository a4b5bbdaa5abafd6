"""Text encoders: the one that ships, CLIP's from a file, and what of files is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from facewright.drive.emotion.encoders import ClipEncoder, SentenceEncoder
from facewright.drive.emotion.projection import (
    Config,
    Projection,
    anchored,
    embed,
    fitted,
    load,
    save,
)
from facewright.drive.emotion.styles import STYLES
from facewright.drive.emotion.text import Interpreter, interpreter
from facewright.errors import InputError
from safetensors.torch import save_file


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_sentences_are_unit_vectors_alike_in_meaning(encoder: SentenceEncoder) -> None:
    found = encoder.encode(["a furious man", "a man in a rage", "two loaves of bread", "sad"])
    assert found.shape == (4, encoder.size)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.2
    # Alone or among others: the same vector.
    assert np.allclose(encoder.encode(["sad"])[0], found[3], atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.size)


def test_sentences_are_what_the_authors_model_makes_of_them(encoder: SentenceEncoder) -> None:
    # First numbers of sentence-transformers' own all-MiniLM-L6-v2.
    found = encoder.encode(["sadly surprised", "hatred"])[:, :4]
    assert np.allclose(
        found,
        [[-0.00660, 0.02950, 0.02737, -0.00415], [-0.05829, 0.12351, 0.00320, 0.02703]],
        atol=1e-4,
    )


def test_another_files_weights_are_refused(tmp_path: Path, encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match=r"no model\.safetensors"):
        SentenceEncoder(tmp_path)
    from facewright.drive.emotion.encoders import _packaged

    (tmp_path / "tokenizer.json").write_bytes((_packaged() / "tokenizer.json").read_bytes())
    save_file({"x": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="lacks tensor"):
        SentenceEncoder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"PK not safetensors")
    with pytest.raises(InputError, match="not a safetensors"):
        SentenceEncoder(tmp_path)


def test_a_projection_knows_its_texts_and_its_encoder(
    tmp_path: Path, encoder: SentenceEncoder
) -> None:
    codes = np.eye(len(STYLES), dtype=np.float32)[[0, 2, 1]]
    codes = np.vstack([codes, np.zeros((1, len(STYLES)), np.float32)])
    network = fitted(encoder, ["joy", "tears", "rage", "a table"], codes, gamma=1.0, ridge=0.1)
    found = network.project(embed(encoder, ["joyful", "she weeps", "raging", "a wooden table"]))
    assert found[:3].argmax(1).tolist() == [0, 2, 1] and not found[3].any()
    save(tmp_path / "p.safetensors", network, {"licence": "CC0-1.0"})
    again = load(tmp_path / "p.safetensors", encoder).project(embed(encoder, ["joyful"]))
    assert np.allclose(again, found[:1], atol=5e-3)

    other = Projection(Config("another encoder", encoder.size, 2))
    save(tmp_path / "q.safetensors", other, {})
    with pytest.raises(InputError, match="another encoder"):
        load(tmp_path / "q.safetensors", encoder)
    with pytest.raises(InputError, match="projector"):
        Interpreter(projector=network)


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A CLIP that is tiny and knows nothing, in open_clip's own names."""
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:  # torchvision of another torch
        pytest.skip(f"needs open_clip ({error})")
    folder = tmp_path_factory.mktemp("clip")
    config = {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1,
        },
    }  # fmt: skip
    (folder / "tiny-clip.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    save_file(
        {k: v.contiguous() for k, v in open_clip.create_model("tiny-clip").state_dict().items()},
        folder / "clip.safetensors",
    )
    return folder / "clip.safetensors", "tiny-clip"


def test_clip_reads_its_text_tower(clip_file: tuple[Path, str]) -> None:
    import open_clip

    file, name = clip_file
    encoder = ClipEncoder(file, name)
    found = encoder.encode(["a happy face", "a sad face"])
    torch.manual_seed(0)
    whole = open_clip.create_model(name).eval()
    tokens = open_clip.get_tokenizer(name)(["a happy face", "a sad face"])
    with torch.no_grad():
        wanted = whole.encode_text(tokens, normalize=True).numpy()
    assert np.allclose(found, wanted, atol=1e-5)
    reading = Interpreter(encoder, anchored(encoder)).read("some unheard-of mood")
    assert np.isfinite(reading.code).all() and not reading.known


def test_clips_files_are_checked(clip_file: tuple[Path, str], tmp_path: Path) -> None:
    file, _ = clip_file
    with pytest.raises(InputError, match="expected"):
        ClipEncoder(file)  # of another architecture
    with pytest.raises(InputError, match="does not exist"):
        interpreter(clip=tmp_path / "none.safetensors").read("some unheard-of mood")
