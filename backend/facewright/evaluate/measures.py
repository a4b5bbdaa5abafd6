"""What each measure is called, how it is written, and what it means."""

from __future__ import annotations

from dataclasses import dataclass

from facewright.evaluate.statistics import higher_is_better


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes:
        name: its key in report.json.
        title: its name in a report, with the unit.
        digits: after the point.
        meaning: one sentence.
        headline: whether gains in it are shown first.
        plotted: whether its curve over time is shown.
    """

    name: str
    title: str
    digits: int
    meaning: str
    headline: bool = False
    plotted: bool = False

    @property
    def arrow(self) -> str:
        """Which way is better."""
        if self.name in ("opening", "milliseconds"):
            return ""
        return "↑" if higher_is_better(self.name) else "↓"

    def text(self, value: float, *, signed: bool = False) -> str:
        """A value as reports write it."""
        return f"{value:+.{self.digits}f}" if signed else f"{value:.{self.digits}f}"


_PLACES = {
    "mouth": "iBUG points 48-67, grown by 25 %",
    "face": "bounds of the 68 points, grown by 10 %",
    "eyes_moved": "both eyes' boxes (grown by 40 %), on frames whose lids or gaze differ from "
    "the source's: a blink's weight by 0.2 or an eye's direction by 5 degrees",
    "eyes": "both eyes' boxes, all frames",
    "frame": "the whole frame",
}


def _likeness() -> list[Measure]:
    kinds = (
        ("psnr", "PSNR", " (dB)", 2, "peak signal-to-noise ratio"),
        ("ssim", "SSIM", "", 3, "structural similarity (Wang et al. 2004)"),
        ("ms_ssim", "MS-SSIM", "", 3, "multi-scale SSIM (Wang et al. 2003, eq. 7)"),
    )
    return [
        Measure(
            f"{kind}_{place}",
            f"{short} {place.replace('_', ' ')}{unit}",
            digits,
            f"{long} over {where}; mean over frames, then over clips",
            headline=kind == "psnr" and place in ("mouth", "face", "eyes_moved"),
            plotted=f"{kind}_{place}" in ("psnr_mouth", "psnr_face"),
        )
        for kind, short, unit, digits, long in kinds
        for place, where in _PLACES.items()
    ]


MEASURES: tuple[Measure, ...] = (
    *_likeness(),
    Measure("lmd_mouth", "LMD mouth (px)", 2, "landmark distance (Chen et al. 2018): mean "
            "distance of 40 lip points, in pixels at 256 x 256", headline=True),
    Measure("lmd_face", "LMD face (px)", 2, "the same of 468 face points"),
    Measure("lmd_mouth_aligned", "LMD mouth, aligned (px)", 2, "lip points after the similarity "
            "that brings eyes, nose and forehead together"),
    Measure("opening", "lips' gap", 3, "over the distance of the outer eye corners", plotted=True),
    Measure("opening_correlation", "correlation of the lips' gap", 3, "Pearson's, over a clip"),
    Measure("expression", "expression error", 3, "Euclidean distance of beta, both frames "
            "captured again (Exp in TGDM)", headline=True),
    Measure("pose_degrees", "pose error (°)", 2, "angle between both heads", headline=True),
    Measure("gaze_degrees", "gaze error (°)", 2, "mean angle of both eyes", headline=True),
    Measure("faces_lost", "faces lost", 3, "share of made frames in which no face is found"),
    Measure("warped_error_ratio", "warped error / real clip's", 3, "squared difference of "
            "consecutive frames aligned by the real clip's optical flow (Lai et al. 2018), over "
            "the real clip's own", headline=True),
    Measure("warped_error_face_ratio", "the same, face", 3, "within the face's box"),
    Measure("warped_error", "warped error", 2, "the same in (0..255)^2, before dividing",
            plotted=True),
    Measure("warped_error_face", "warped error, face", 2, "within the face's box"),
    Measure("pixel_mse", "Pixel-MSE", 2, "squared difference of consecutive frames aligned by "
            "their own flow; a still picture has 0"),
    Measure("pixel_mse_ratio", "Pixel-MSE / real clip's", 3, "over the real clip's own"),
    Measure("tlp", "tLP", 4, "LPIPS of consecutive frames; a still picture has 0"),
    Measure("lpips", "LPIPS", 4, "learned perceptual distance (Zhang et al. 2018)", headline=True),
    Measure("identity", "identity", 3, "cosine of the user's face embedding with the source's",
            headline=True),
    Measure("emotion", "EFD", 3, "distance of the user's emotion features"),
    Measure("fid", "FID", 2, "Fréchet distance of the user's image features (Heusel et al. 2017)"),
    Measure("lse_d", "LSE-D", 2, "least distance of sound and lips over offsets (SyncNet)"),
    Measure("lse_c", "LSE-C", 2, "confidence: median less least distance (SyncNet)"),
    Measure("milliseconds", "ms a frame", 1, "to make, without capture, on this machine"),
)  # fmt: skip

_BY_NAME = {measure.name: measure for measure in MEASURES}

#: What is shown clip by clip, by mode.
COLUMNS: dict[str, tuple[Measure, ...]] = {
    "self": tuple(_BY_NAME[n] for n in ("psnr_mouth", "psnr_face", "psnr_eyes_moved",
                                        "lmd_mouth", "warped_error_ratio")),
    "cross": tuple(_BY_NAME[n] for n in ("expression", "pose_degrees", "gaze_degrees",
                                         "identity")),
    "audio": tuple(_BY_NAME[n] for n in ("lmd_mouth_aligned", "opening_correlation", "lse_c",
                                         "identity")),
}  # fmt: skip
