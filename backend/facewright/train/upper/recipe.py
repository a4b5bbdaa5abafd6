"""GoHD's expression predictor in two stages, on a CPU.

    facewright train upper --clips FOLDER --manifest FILE --work out/upper

The first stage learns lips from a corpus of speech and knows no face; the second learns
eyes and brows from tracked clips, with the first one's weights frozen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from facewright.drive.upper import network
from facewright.drive.upper.feature import EyeMotion, default_eye_motion
from facewright.drive.upper.gohd import Predicted
from facewright.drive.upper.prior import Prior
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.train.performance import Performance, folds
from facewright.train.speech.corpus import Corpus
from facewright.train.speech.phones import Utterance
from facewright.train.upper import evaluate, losses
from facewright.train.upper.data import MappedLips, Takes
from facewright.train.upper.experts import (
    LipReader,
    PhonemeTeacher,
    load_reader,
    save_reader,
    train_reader,
)
from facewright.train.upper.loop import Report
from facewright.train.upper.presets import PRESETS, Preset
from facewright.train.upper.stages import Eyes, Lips

__all__ = ["PRESETS", "Preset", "leave_speakers_out", "save", "train"]

LICENCE = "Apache-2.0"


def train(
    clips: Sequence[Performance],
    corpus: Callable[[], Sequence[Utterance]],
    preset: Preset,
    work: Path,
    seed: int = 0,
    report: Report | None = None,
) -> network.Predictor:
    """Both stages; goes on from checkpoints in ``work``.

    Args:
        clips: what stage 2 learns from.
        corpus: makes or reads what stage 1 learns from; called where it is needed.
        preset: the recipe.
        work: folder of checkpoints, the reader's and stage 1's weights, and the log.
        seed: of weights and data.
        report: told the mean losses now and then.

    Returns:
        The averaged networks.
    """
    eyes = default_eye_motion()
    face = default_face(eyes)
    predictor, reader = first_stage(corpus, eyes, face, preset, work, seed, report)
    takes = Takes(clips, eyes, preset.config.rate, preset.window[1], seed)
    second = Eyes(predictor, takes, face, reader, preset, work)
    second.run(report=report)
    return second.averaged()


def first_stage(
    corpus: Callable[[], Sequence[Utterance]],
    eyes: EyeMotion,
    face: losses.Face,
    preset: Preset,
    work: Path,
    seed: int,
    report: Report | None = None,
) -> tuple[network.Predictor, LipReader]:
    """Stage 1, or what it left in ``work``; arguments as :func:`train`'s.

    Returns:
        The predictor, its generator untrained, and Φ_read.
    """
    done, read = work / "stage1.safetensors", work / "reader.safetensors"
    if done.is_file() and read.is_file():
        predictor = new_predictor(preset, seed)
        known = network.load(done)
        if known.config != preset.config:
            raise InputError(f"work: {done} is of another preset; choose another folder")
        predictor.mapper.load_state_dict(known.mapper.state_dict())
        return predictor, load_reader(read)
    speech = corpus()
    reader, right = train_reader(speech, face, preset.config.rate, preset.reader_steps, seed)
    save_reader(read, reader)
    if report:
        report("reader", preset.reader_steps, {"right": right})
    predictor = new_predictor(preset, seed)
    teacher = PhonemeTeacher(
        Corpus(speech), preset.config.rate, preset.window[0], preset.human_share, seed
    )
    batches = MappedLips(teacher, eyes, preset.config.rate, seed)
    generators = {"sampler": teacher.sampler.rng}
    Lips(predictor, batches, face, reader, preset, work, generators).run(report=report)
    network.save(done, predictor, {"licence": LICENCE})
    return predictor, reader


def leave_speakers_out(
    clips: Sequence[Performance],
    corpus: Callable[[], Sequence[Utterance]],
    preset: Preset,
    work: Path,
    seed: int = 0,
    seeds: int = 8,
    parts: int | None = None,
    report: Report | None = None,
) -> evaluate.Table:
    """Stage 2 without each speaker who can be tested; and the scores, by speaker.

    Args:
        clips, corpus, preset, work, seed, report: as :func:`train`'s.
        seeds: performances of each clip.
        parts: into how many folds the speakers are put; None for one each.
    """
    model, eyes = load_model(), default_eye_motion()
    face = default_face(eyes)
    heard = {clip.identity for clip in evaluate.tested(clips)}
    among = [clip for clip in clips if clip.identity in heard]
    others = tuple(clip for clip in clips if clip.identity not in heard)
    table = evaluate.Table()
    for number, fold in enumerate(folds(among, parts)):
        predictor, reader = first_stage(corpus, eyes, face, preset, work, seed, report)
        taught = fold.train + others
        takes = Takes(taught, eyes, preset.config.rate, preset.window[1], seed)
        without = work / "without" / f"{parts or len(heard)}-{number}"
        second = Eyes(predictor, takes, face, reader, preset, without)
        second.run(report=report)
        weights = without / "upper.safetensors"
        who = sorted({clip.identity for clip in fold.test})
        save(weights, second.averaged(), preset, f"Without {', '.join(who)}")
        learned = Predicted(weights)
        ways = {
            "mean face": evaluate.mean_face,
            "still": evaluate.still,
            "blinks": evaluate.blinking,
            "prior": evaluate.performed(Prior()),
            "gohd": evaluate.performed(learned),
            "gohd brows": evaluate.brows_of(learned),
        }
        for name, way in ways.items():
            for speaker in who:
                test = [c for c in evaluate.tested(fold.test) if c.identity == speaker]
                scores = table.scores.setdefault(name, {})
                scores[speaker] = evaluate.score(way, test, model, eyes, seeds)
    return table


def save(path: Path, predictor: network.Predictor, preset: Preset, credit: str) -> None:
    """Write weights with licence, credit and recipe in their header."""
    about = {"licence": LICENCE, "credit": credit, "recipe": json.dumps(asdict(preset))}
    network.save(path, predictor, about)


def new_predictor(preset: Preset, seed: int) -> network.Predictor:
    """Untrained networks."""
    torch.manual_seed(seed)
    return network.Predictor(preset.config)


def default_face(eyes: EyeMotion) -> losses.Face:
    """Landmarks of the default model."""
    return losses.Face(load_model(), eyes)
