"""The voice benchmark's parts about lips."""

from __future__ import annotations

import numpy as np
from facewright.checks import Float32
from facewright.drive.base import DriveControls
from facewright.errors import InputError
from facewright.evaluate.statistics import FEWEST, interval
from facewright.evaluate.voice import phones
from facewright.evaluate.voice.aligned import KeptAllphone, english_prompts
from facewright.evaluate.voice.real import Mouth, simple_mouths
from facewright.evaluate.voice.tables import Part, Table, Verdict, ranged
from facewright.media.speech import Speech
from facewright.train.speech.judged import Seen, against_lips
from facewright.train.speech.score import Sentence, aligned_sentences

from benchmarks.voice_inputs import Inputs

FPS = 25.0
BARS = (0.80, 0.62, 0.60, 0.72)  # of phones.MEASURES
AIM = 0.5  # of the mean correlation with real lips


def phones_part(inputs: Inputs, part: Part) -> None:
    """Against aligned phones, beside phone recognition with rules and loudness."""
    sets = {
        "LibriVox": lambda: list(aligned_sentences(inputs.sentences)),
        "English prompts": lambda: english_prompts(inputs.cache),
    }
    for name, read in sets.items():
        try:
            sentences = read()
        except (InputError, ImportError) as error:
            part.missing.append(f"{name}: {error}")
            continue
        _against(inputs, part, name, sentences)


def _against(inputs: Inputs, part: Part, name: str, sentences: list[Sentence]) -> None:
    def ours(sentence: Sentence, fps: float) -> Float32:
        return inputs.driver(sentence.speech, None, DriveControls(fps=fps)).expression

    ways: dict[str, phones.Way] = {
        "driver": ours,
        "allphone + rules": phones.allphone_way(KeptAllphone(inputs.cache)),
        "loudness": phones.loudness_way,
    }
    found = {
        way: phones.sums([work(s, FPS) for s in sentences], FPS, sentences)
        for way, work in ways.items()
    }
    rows = [(way, *(ranged(*row) for row in phones.intervals(one))) for way, one in found.items()]
    gains = phones.gains(found["driver"], found["allphone + rules"])
    rows.append(("driver − allphone", *(ranged(*row, signed=True) for row in gains)))
    seconds = sum(s.seconds for s in sentences)
    wanted = int(found["driver"].events[:, 2].sum())
    part.tables.append(
        Table(
            f"{name}: {len(sentences)} recordings, {seconds:.0f} s, {wanted} bilabials",
            ("", *phones.MEASURES),
            tuple(rows),
            "Pooled correlations and F (±40 ms) at 25 fps against rules over aligned phones; in "
            "brackets the 95 % bootstrap interval over recordings. Allphone shares acoustic "
            "model and rules with the reference.",
        )
    )
    values = found["driver"].measures()
    for measure, value, bar in zip(phones.MEASURES, values, BARS, strict=True):
        verdict = Verdict(f"{name}, {measure} ≥ {bar:.2f}", f"{value:.3f}", bool(value >= bar))
        part.verdicts.append(verdict)
    if name == "English prompts":
        for measure, row in zip(phones.MEASURES, gains, strict=True):
            bar = f"{name}, {measure} above free phone recognition with rules"
            kept = None if measure == "rounding" else bool(row[0] > 0)
            part.verdicts.append(Verdict(bar, ranged(*row, signed=True), kept))


def real_part(inputs: Inputs, part: Part) -> None:
    """Against the lips of real clips: correlation, and distance of the mouth's points."""
    clips, allphone = inputs.judged, KeptAllphone(inputs.cache)

    def lips(speech: Speech, fps: float) -> Float32:
        return inputs.driver(speech, None, DriveControls(fps=fps)).expression

    seen = [against_lips(lips, inputs.path(clip), allphone) for clip in clips]
    who = [clip.identity for clip in clips]
    part.tables.append(_correlations(seen, who))
    losers = [one.name for one in seen if one.driver <= one.loudness]
    part.verdicts += [
        Verdict(
            "above loudness on each clip",
            f"{len(seen) - len(losers)} of {len(seen)}"
            + (f", not on {', '.join(losers)}" if losers else ""),
            not losers,
        ),
        Verdict(f"mean correlation, aim {AIM}", f"{np.mean([s.driver for s in seen]):.3f}"),
    ]
    _distances(inputs, part)


def _correlations(seen: list[Seen], who: list[str]) -> Table:
    rows = [
        (one.name, person, *(f"{v:.2f}" for v in (one.driver, one.loudness, one.allphone)),
         f"{one.best:.2f} at {1000 * one.lag:+.0f} ms")
        for one, person in zip(seen, who, strict=True)
    ]  # fmt: skip
    columns = [[getattr(one, way) for one in seen] for way in ("driver", "loudness", "allphone")]
    means = [_mean(column) for column in columns]
    rows.append(
        ("mean [95 %]", f"{len(seen)} clips", *means, f"{np.mean([s.best for s in seen]):.2f}")
    )
    by = {person: [k for k, p in enumerate(who) if p == person] for person in who}
    speakers = [np.mean([np.mean([c[k] for k in ks]) for ks in by.values()]) for c in columns]
    rows.append(("mean", f"{len(by)} speakers", *(f"{v:.2f}" for v in speakers), ""))
    return Table(
        "Inner lips' opening: correlation with the video at zero lag",
        ("clip", "who", "driver", "loudness", "allphone + rules", "driver's best within ±200 ms"),
        tuple(rows),
        "A negative lag: the real lips are ahead. Clips whose note says 'corrected' were shifted "
        "by whole frames before.",
    )


def _distances(inputs: Inputs, part: Part) -> None:
    rows: list[tuple[str, ...]] = []
    gathered: dict[str, list[tuple[float, float]]] = {}
    for clip in inputs.judged:
        assert clip.speech is not None
        mouth = Mouth(clip)
        ways = {
            "driver": inputs.driver(clip.speech, None, DriveControls(fps=clip.fps)).expression,
            **simple_mouths(clip, clip.speech),
        }
        cells = []
        for way, face in ways.items():
            found = mouth.distance(face)
            gathered.setdefault(way, []).append((found.mouth, found.motion))
            cells.append(f"{found.mouth:.2f} / {found.motion:.2f}")
        rows.append((clip.name, *cells))
    means = [np.mean(values, 0) for values in gathered.values()]
    rows.append(("mean", *(f"{mouth:.2f} / {motion:.2f}" for mouth, motion in means)))
    part.tables.append(
        Table(
            "MLD: mouth landmark distance, pixels at 256 × 256: all / motion alone",
            ("clip", *gathered),
            tuple(rows),
            "40 points of the lips on the clip's own fitted face and head poses. 'Motion alone': "
            "each point's mean over the clip taken out. The mean face's mouth is shut; the "
            "clip's mean is what no driver can know.",
        )
    )
    by = {way: np.mean(values, 0) for way, values in gathered.items()}
    part.verdicts.append(
        Verdict(
            "MLD beside mean face and loudness",
            "; ".join(f"{way} {mouth:.2f}/{motion:.2f}" for way, (mouth, motion) in by.items()),
        )
    )


def _mean(values: list[float]) -> str:
    if len(values) < FEWEST:
        return f"{np.mean(values):.2f}"
    return ranged(float(np.mean(values)), *interval(values), digits=2)
