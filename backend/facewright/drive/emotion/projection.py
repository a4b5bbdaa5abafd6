"""From a text's embedding to the code z_emo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from facewright import checks, stored
from facewright.checks import Float32
from facewright.drive.emotion.encoders import Encoder
from facewright.drive.emotion.lexicon import contents, mixture
from facewright.drive.emotion.styles import CODE, code_of
from facewright.errors import InputError

NAME = "emotion_text"
WEIGHTS = Path(__file__).with_name("weights") / "emotion_text.safetensors"


#: A text is embedded as it stands and in two sentences that say that it is about feeling.
SENTENCES = ("{}", "she feels {}", "the emotion: {}")
_SHARPER = 1.5  # power of a style's share; of 1 to 20 best on what was held out


class Projector(Protocol):
    """Embeddings -> codes."""

    def project(self, embeddings: Float32) -> Float32:
        """(N, C) codes, 0..1, of (N, 3 E) vectors of :func:`embed`."""
        ...


@dataclass(frozen=True, slots=True)
class Config:
    """What the network is made of; travels in the weights' header.

    Attributes:
        encoder: whose embeddings it takes.
        size: E, of the encoder's vectors.
        centres: M, texts that it knows.
        gamma: of the kernel: the higher, the nearer a text must be to count.
        outputs: C, of a code.
    """

    encoder: str
    size: int
    centres: int
    gamma: float = 1.5
    outputs: int = CODE


class Projection(nn.Module):
    """Kernel ridge regression over texts whose codes are known: radial basis functions.

    Embeddings are centred and made unit vectors x; k(x, x_m) = exp(-2 gamma (1 - x·x_m)).
    A text far from all of them still has a nearest style, which is what it is read as. On
    words and phrases held out this was better than a perceptron.
    """

    mean: Tensor
    centres: Tensor
    weights: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        size = len(SENTENCES) * config.size
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("centres", torch.zeros(config.centres, size))
        # One more than styles: neutral, which a text can be as well.
        self.register_buffer("weights", torch.zeros(config.centres, config.outputs + 1))

    @torch.inference_mode()
    def project(self, embeddings: Float32) -> Float32:
        """(N, C) codes, 0..1, of (N, 3 E) vectors of :func:`embed`.

        A regression on little data says a little of everything, so weak styles
        are made weaker; where neutral is the strongest, all are 0.
        """
        embeddings = checks.floats("embeddings", embeddings, ("N", len(self.mean)))
        found = (self._kernel(torch.from_numpy(embeddings)) @ self.weights).clamp(min=0)
        code, neutral = found[:, :-1], found[:, -1:]
        top = code.amax(1, keepdim=True).clamp(min=1e-6)
        code = torch.where(neutral > top, 0, top * (code / top) ** _SHARPER)
        return code.clamp(max=1).numpy()

    def fit(self, embeddings: Float32, codes: Float32, ridge: float) -> None:
        """Take (M, 3 E) texts with their (M, C) codes as what is known.

        Args:
            embeddings, codes: of the texts.
            ridge: how little a single text is believed; styles with few texts are weighted
                up until all count alike.
        """
        given = torch.from_numpy(embeddings)
        self.mean.copy_(given.mean(0))
        self.centres.copy_(nn.functional.normalize(given - self.mean, dim=-1))
        wanted = np.hstack([codes, ~codes.any(1, keepdims=True)]).astype(np.float64)
        strongest = wanted.argmax(1)
        share = 1 / np.bincount(strongest, minlength=wanted.shape[1])[strongest]
        noise = ridge * share.mean() / share
        kernel = self._kernel(given).double().numpy() + np.diag(noise)
        self.weights.copy_(torch.from_numpy(np.linalg.solve(kernel, wanted)))

    def _kernel(self, embeddings: Tensor) -> Tensor:
        """(N, M) how near texts are to those that are known."""
        unit = nn.functional.normalize(embeddings - self.mean, dim=-1)
        return torch.exp(2 * self.config.gamma * (unit @ self.centres.T - 1))


def embed(encoder: Encoder, texts: Sequence[str]) -> Float32:
    """(N, 3 E) what a projection takes of N texts: their vectors in each of ``SENTENCES``."""
    vectors = [encoder.encode([said.format(text) for text in texts]) for said in SENTENCES]
    return np.concatenate(vectors, axis=1)


def fitted(
    encoder: Encoder, texts: Sequence[str], codes: Float32, gamma: float, ridge: float
) -> Projection:
    """A projection of an encoder's embeddings that knows some texts."""
    network = Projection(Config(encoder.name, encoder.size, len(texts), gamma))
    network.fit(embed(encoder, texts), codes, ridge)
    return network.eval()


def anchored(encoder: Encoder) -> Projection:
    """A projection for an encoder that none was made for, such as CLIP with one's own file.

    It knows the lexicon's English words; what ``facewright train emotion`` makes knows whole
    sentences, and is better.
    """
    known = [
        (word.replace("-", " "), code_of(mixture(key)))
        for group in contents()["english"].values()
        for key, words in group.items()
        for word in words.split()
    ]
    codes = np.stack([code for _, code in known])
    return fitted(encoder, [word for word, _ in known], codes, gamma=1.5, ridge=0.5)


def save(path: Path, network: Projection, about: dict[str, str]) -> None:
    """Write weights with their header; 16 bits are enough."""
    stored.save(path, NAME, network, about, torch.float16)


def load(path: Path, encoder: Encoder) -> Projection:
    """Read a projection of an encoder's embeddings.

    Raises:
        InputError: the file is missing, does not fit, or is for another encoder.
    """
    network = stored.load(path, NAME, lambda config: Projection(Config(**config)))
    config = network.config
    if (config.encoder, config.size, config.outputs) != (encoder.name, encoder.size, CODE):
        raise InputError(
            f"projection: {path} is for {config.encoder!r} ({config.size}) and {config.outputs} "
            f"styles, not for {encoder.name!r} ({encoder.size}) and {CODE}"
        )
    return network
