"""The transformer of TGDM eq. 9-11: shapes, gradients, windows, weights on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from facewright.drive import emoa2e, features
from facewright.errors import InputError
from safetensors.torch import load_file, save_file

TINY = emoa2e.Config(width=16, layers=1, heads=2, hidden=32, window=8)


def inputs(config: emoa2e.Config, count: int = 2) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    shape = (count, config.window, features.CLIP, features.COEFFICIENTS)
    given: tuple[torch.Tensor, ...] = (torch.randn(shape), torch.randn(count, config.identity))
    if config.emotion:
        given += (torch.randn(count, config.emotion), torch.tensor([1.0, 3.0])[:count])
    return given


@pytest.mark.parametrize("emotion", [0, 12])
def test_every_parameter_learns(emotion):
    config = replace(TINY, emotion=emotion)
    network = emoa2e.EmoA2E(config)
    out = network(*inputs(config))
    assert out.shape == (2, config.window, 64)
    out.square().sum().backward()
    idle = [k for k, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_intensity_scales_its_token_alone():
    """Eq. 9: φ = η φ_base; with φ_base zero, η says nothing."""
    config = replace(TINY, emotion=12)
    network = emoa2e.EmoA2E(config).eval()
    audio, alpha, emotion, _ = inputs(config)
    low, high = torch.ones(2), torch.full((2,), 3.0)
    assert not torch.allclose(
        network(audio, alpha, emotion, low), network(audio, alpha, emotion, high), atol=1e-6
    )
    torch.nn.init.zeros_(network.base_intensity)
    torch.testing.assert_close(
        network(audio, alpha, emotion, low), network(audio, alpha, emotion, high)
    )


def test_emotion_is_added_at_every_position():
    config = replace(TINY, emotion=12)
    network = emoa2e.EmoA2E(config).eval()
    seen = []
    network.transformer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    audio, alpha, emotion, intensity = inputs(config)
    network(audio, alpha, emotion, intensity)
    network(audio, alpha, 0 * emotion, intensity)
    difference = seen[0] - seen[1]
    assert difference.shape[1] == config.window + 2  # φ, identity, clips
    torch.testing.assert_close(
        difference, difference[:, :1].expand_as(difference), atol=1e-5, rtol=1e-4
    )
    assert difference.abs().max() > 1e-3


def test_clips_keep_their_position_without_emotion():
    """The variants share positional encodings, so the clips' do not move by a place."""
    seen = []
    for emotion in (0, 12):
        network = emoa2e.EmoA2E(replace(TINY, emotion=emotion)).eval()
        torch.nn.init.zeros_(network.audio[2].weight)
        torch.nn.init.zeros_(network.audio[2].bias)
        if emotion:
            torch.nn.init.zeros_(network.emotion[2].weight)
            torch.nn.init.zeros_(network.emotion[2].bias)
        network.transformer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        network(*inputs(network.config))
    torch.testing.assert_close(seen[0][:, 1:], seen[1][:, 2:])


def test_inputs_that_do_not_fit_are_refused():
    network = emoa2e.EmoA2E(TINY)
    audio, alpha = inputs(TINY)
    with pytest.raises(InputError, match="emotion, intensity"):
        network(audio, alpha, torch.zeros(2, 12), torch.ones(2))
    with pytest.raises(InputError, match="window of 8"):
        network(audio.repeat(1, 2, 1, 1), alpha)


@pytest.mark.parametrize("frames", [1, 2, 11, 161, 1000])
def test_windows_cover_any_length_in_any_batches(frames):
    torch.manual_seed(1)
    network = emoa2e.EmoA2E(TINY).eval()
    mfccs = np.random.default_rng(2).standard_normal((frames, 32)).astype(np.float32)
    out = network.predict(mfccs)
    assert out.shape == ((frames - 1) // 2 + 1, 64)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(network.predict(mfccs, batch=3), out, atol=1e-5)


def test_cross_fades_leave_no_seam():
    """Where every window says the same, so does the whole; and windows differ smoothly."""
    network = emoa2e.EmoA2E(TINY).eval()
    constant = np.ones((400, 32), np.float32)
    with torch.no_grad():
        network.head[2].weight.zero_()
        network.head[2].bias.fill_(0.25)
    np.testing.assert_allclose(network.predict(constant), 0.25, atol=1e-6)


def test_what_was_heard_does_not_depend_on_what_comes_a_window_later():
    torch.manual_seed(3)
    network = emoa2e.EmoA2E(TINY).eval()
    mfccs = np.random.default_rng(4).standard_normal((400, 32)).astype(np.float32)
    other = mfccs.copy()
    other[200:] = 0
    a, b = network.predict(mfccs), network.predict(other)
    reach = TINY.window + features.REACH
    np.testing.assert_allclose(a[: 100 - reach], b[: 100 - reach], atol=1e-6)
    assert np.abs(a[110:] - b[110:]).max() > 1e-3


class TestPrompts:
    """Emotion and intensity that change with time."""

    @pytest.fixture
    def network(self) -> emoa2e.EmoA2E:
        torch.manual_seed(5)
        return emoa2e.EmoA2E(replace(TINY, emotion=12)).eval()

    mfccs = np.random.default_rng(6).standard_normal((201, 32)).astype(np.float32)
    happy, sad = np.eye(12, dtype=np.float32)[[0, 1]]

    def test_constants_are_tracks_that_do_not_change(self, network):
        track = np.tile(self.happy, (101, 1))
        given = network.predict(self.mfccs, emotion=self.happy, intensity=2.0)
        same = network.predict(self.mfccs, emotion=track, intensity=np.full(101, 2.0, np.float32))
        np.testing.assert_allclose(same, given, atol=1e-5)
        assert np.abs(given - network.predict(self.mfccs, emotion=self.sad)).max() > 1e-4

    def test_a_prompt_changes_where_it_says(self, network):
        track = np.tile(self.happy, (101, 1))
        track[60:] = self.sad
        out = network.predict(self.mfccs, emotion=track)
        reach = TINY.window
        before = network.predict(self.mfccs, emotion=self.happy)
        after = network.predict(self.mfccs, emotion=self.sad)
        np.testing.assert_allclose(out[: 60 - reach], before[: 60 - reach], atol=1e-6)
        np.testing.assert_allclose(out[60 + reach :], after[60 + reach :], atol=1e-6)
        steps = np.abs(np.diff(out - before, axis=0)).max()
        assert steps < 0.6 * np.abs(after - before).max()

    def test_offsets_of_neutral_are_nothing(self, network):
        assert not network.emotion_offsets(self.mfccs, np.zeros(12, np.float32)).any()
        felt = network.emotion_offsets(self.mfccs, 5 * self.happy, 3.0)
        assert felt.any() and felt.min() >= 0 and felt.max() <= 1

    def test_what_does_not_fit_is_refused(self, network):
        with pytest.raises(InputError, match="needs it"):
            network.predict(self.mfccs)
        with pytest.raises(InputError, match="does not take it"):
            emoa2e.EmoA2E(TINY).predict(self.mfccs, emotion=self.happy)
        with pytest.raises(InputError, match="emotion"):
            network.predict(self.mfccs, emotion=np.zeros((7, 12), np.float32))
        with pytest.raises(InputError, match="intensity"):
            network.predict(self.mfccs, emotion=self.happy, intensity=np.ones(7, np.float32))


class TestWeights:
    @pytest.fixture
    def path(self, tmp_path) -> Path:
        path = tmp_path / "w.safetensors"
        emoa2e.save(path, emoa2e.EmoA2E(TINY), {"licence": "Apache-2.0"})
        return path

    def rewrite(self, path: Path, **changes: torch.Tensor | None) -> None:
        tensors = load_file(path)
        for key, value in changes.items():
            key = key.replace("__", ".")
            tensors.pop(key)
            if value is not None:
                tensors[key] = value
        save_file(tensors, path, {"name": "emoa2e", "config": json.dumps(_fields(TINY))})

    def test_come_back(self, path):
        network = emoa2e.load(path)
        assert network.config == TINY
        assert not network.training

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"head__2__bias": None}, "lacks tensor 'head.2.bias'"),
            ({"head__2__bias": torch.zeros(3)}, r"'head.2.bias' is \(3,\), expected \(64,\)"),
            ({"head__2__bias": torch.full((64,), torch.nan)}, "not finite"),
        ],
    )
    def test_unsound_tensors_are_refused(self, path, change, message):
        self.rewrite(path, **change)
        with pytest.raises(InputError, match=message):
            emoa2e.load(path)

    def test_other_files_are_refused(self, path, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            emoa2e.load(tmp_path / "absent.safetensors")
        text = tmp_path / "text.safetensors"
        text.write_text("not weights")
        with pytest.raises(InputError, match="not a safetensors file"):
            emoa2e.load(text)
        save_file({"a": torch.zeros(1)}, text, {"name": "other"})
        with pytest.raises(InputError, match="of 'other', not of 'emoa2e'"):
            emoa2e.load(text)
        save_file(load_file(path), text, {"name": "emoa2e", "config": '{"width": 15}'})
        with pytest.raises(InputError, match="no usable config"):
            emoa2e.load(text)


def _fields(config: emoa2e.Config) -> dict:
    from dataclasses import asdict

    return asdict(config)
