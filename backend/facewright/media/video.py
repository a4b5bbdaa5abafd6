"""Video out (H.264 + AAC in MP4) and in, one frame at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.media.files import Source, atomic_output, check_writable, open_source, source_name
from facewright.media.speech import MAX_SECONDS, decode_sound

#: Rate of the sound written; what every player and Blender take.
SOUND_RATE = 48_000

#: What a video's name ends in.
VIDEO_SUFFIXES = (".mp4", ".m4v")

#: Largest side of a video written; H.264 level 6.2 ends there.
MAX_SIDE = 8192

_ITU709 = 1  # colour primaries, transfer and matrix of BT.709, in H.273's numbering
# SWS_BICUBIC, FULL_CHR_H_INT, FULL_CHR_H_INP, ACCURATE_RND: without the last three, flat
# colours come back up to 3/255 darker.
_CONVERSION = 0x4 | 0x2000 | 0x4000 | 0x40000
_VIDEO_FORMATS = "mov,matroska,avi,asf,mpegts,mpeg,ogg,flv,h264,hevc,ivf"


def frame_rate(fps: float) -> Fraction:
    """The exact rate that ``fps`` stands for: 23.976 and 29.97 are NTSC's n / 1.001."""
    checks.number("fps", fps, low=1.0, high=240.0)
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if abs(float(ntsc) - fps) < 0.005 and abs(fps - round(fps)) > 0.005:
        return ntsc
    return Fraction(fps).limit_denominator(1001)


class VideoWriter:
    """Write frames, and optionally a sound, to an MP4 as they come.

    H.264 4:2:0 with BT.709 tags, AAC at 48 kHz, the index at the file's start. The file
    appears under its name only when :meth:`close` succeeded; use it as a context manager,
    so that an exception leaves nothing behind. Odd sizes are padded to even ones by
    repeating the last row or column. The sound keeps its length; it is decoded while
    frames are written, not before.

    Args:
        path: the .mp4 to write.
        size: (width, height) of every frame, pixels, 2..8192.
        fps: frames a second; frame k is shown at k / fps seconds.
        sound: a sound file (path or bytes), or None for a silent video.
        comment: provenance, kept in the file's metadata.
        quality: x264's constant rate factor, 0 (lossless) to 51; 17 is visually clean.

    Raises:
        InputError: a bad size, rate or sound.
        OutputError: the file cannot be written (here, in :meth:`write` or in
            :meth:`close`).
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float,
        *,
        sound: Source | None = None,
        comment: str = "",
        quality: int = 17,
    ) -> None:
        import av

        checks.floats("size", size, (2,), low=2, high=MAX_SIDE)
        self._width, self._height = int(size[0]), int(size[1])
        check_writable(path, VIDEO_SUFFIXES)
        self.frames = 0
        self._clean = ExitStack()
        self._container: Any = None
        self._sound: _SoundTrack | None = None
        try:
            temporary = self._clean.enter_context(atomic_output(path))
            self._container = av.open(
                str(temporary), "w", format="mp4", options={"movflags": "+faststart"}
            )
            self._container.metadata["comment"] = comment
            self._rate = frame_rate(fps)
            self._video = self._video_stream(quality)
            if sound is not None:
                self._sound = _SoundTrack(self._container, sound)
        except BaseException as error:
            self._abandon(error)
            raise

    def write(self, frames: UInt8) -> None:
        """Append (H, W, 3) or (B, H, W, 3) uint8 sRGB frames."""
        frames = np.asarray(frames)
        if frames.dtype != np.uint8 or frames.shape[-3:] != (self._height, self._width, 3):
            raise InputError(
                f"frames: expected uint8 (…, {self._height}, {self._width}, 3),"
                f" got {frames.dtype} {frames.shape}"
            )
        for pixels in frames.reshape(-1, self._height, self._width, 3):
            self._encode(pixels)
            self.frames += 1
            if self._sound is not None:  # interleaved, so that the muxer holds little back
                self._sound.write_until(self.frames / self._rate)

    def close(self) -> None:
        """Finish the file and give it its name."""
        try:
            self._mux(self._video.encode(None))
            if self._sound is not None:
                self._sound.write_until(None)
            self._container.close()
        except BaseException as error:
            self._abandon(error)
            raise
        self._clean.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon(error)

    def _video_stream(self, quality: int) -> Any:
        import av

        if "libx264" not in av.codecs_available:
            raise InputError("av: this build of PyAV lacks libx264; install PyAV's own wheel")
        stream = self._container.add_stream("libx264", rate=self._rate)
        stream.width, stream.height = self._width + self._width % 2, self._height + self._height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / self._rate
        stream.options = {"crf": str(int(quality)), "preset": "veryfast"}
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _ITU709
        context.color_range = 1  # 16..235
        return stream

    def _encode(self, pixels: UInt8) -> None:
        import av

        if self._width % 2 or self._height % 2:
            pad = ((0, self._height % 2), (0, self._width % 2), (0, 0))
            pixels = np.pad(pixels, pad, mode="edge")
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = rgb.reformat(
            format="yuv420p",
            dst_colorspace=_ITU709,
            dst_color_range=1,
            interpolation=_CONVERSION,
        )
        frame.color_primaries = frame.color_trc = _ITU709
        frame.pts, frame.time_base = self.frames, 1 / self._rate
        self._mux(self._video.encode(frame))

    def _mux(self, packets: Any) -> None:
        self._container.mux(packets)

    def _abandon(self, error: BaseException) -> None:
        """Remove the file; an error of the disk is raised as OutputError."""
        if self._sound is not None:
            self._sound.close()
        if self._container is not None:
            with suppress(Exception):  # the first error is the one that counts
                self._container.close()
        self._clean.__exit__(type(error), error, error.__traceback__)


class _SoundTrack:
    """Decodes a sound and encodes it to AAC up to a time."""

    def __init__(self, container: Any, source: Source) -> None:
        self._container = container
        self._pieces = _resampled(source)
        first = next(self._pieces)  # errors of the sound show before any frame
        self._channels = first.shape[1]
        self._stream = container.add_stream("aac", rate=SOUND_RATE)
        self._stream.layout = "stereo" if self._channels == 2 else "mono"
        self._stream.bit_rate = 96_000 * self._channels
        self._pending: Float32 | None = first
        self._written = 0

    def write_until(self, seconds: Fraction | None) -> None:
        """Encode up to ``seconds``, or the rest and what the encoder held back."""
        while self._pending is not None:
            if seconds is not None and self._written > seconds * SOUND_RATE:
                return
            self._encode(self._pending)
            self._pending = next(self._pieces, None)
        if seconds is None:
            self._container.mux(self._stream.encode(None))

    def close(self) -> None:
        """Let go of the sound's file and resampler."""
        self._pieces.close()

    def _encode(self, samples: Float32) -> None:
        import av

        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T), format="fltp", layout=self._stream.layout.name
        )
        frame.sample_rate, frame.pts = SOUND_RATE, self._written
        frame.time_base = Fraction(1, SOUND_RATE)
        self._written += len(samples)
        self._container.mux(self._stream.encode(frame))


def _resampled(source: Source) -> Generator[Float32, None, None]:
    """(n, 1 or 2) blocks at 48 kHz within ±1; more than two channels are averaged."""
    import soxr

    resampler: Any = None
    for block in decode_sound(source, max_seconds=MAX_SECONDS, name="sound"):
        samples = block.samples
        if samples.shape[1] > 2:
            samples = samples.mean(axis=1, keepdims=True)
        if resampler is None:
            resampler = soxr.ResampleStream(
                block.rate, SOUND_RATE, samples.shape[1], dtype="float32", quality="HQ"
            )
            yield np.zeros((0, samples.shape[1]), np.float32)  # tells the channels
        yield _limited(resampler.resample_chunk(samples))
    if resampler is None:
        raise InputError(f"{source_name(source, 'sound')}: holds no sound")
    empty = np.zeros((0, samples.shape[1]), np.float32)
    yield _limited(resampler.resample_chunk(empty, last=True))


def _limited(samples: Float32) -> Float32:
    return np.clip(samples, -1.0, 1.0)  # resampling overshoots full scale a little


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file says of itself.

    Attributes:
        width, height: pixels, as stored.
        fps: average frames a second.
        frames: number of frames, 0 where the file does not say.
        seconds: length of the video track, 0.0 where the file does not say.
        sound_seconds: length of the sound, None without one.
        comment: the metadata's comment.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    sound_seconds: float | None
    comment: str


def read_video_info(source: Source) -> VideoInfo:
    """Read a video's header. Raises InputError where it is none."""
    with open_source(source, "video") as stream, _opened(stream, source) as container:
        track = container.streams.video[0]
        sound = container.streams.audio[0] if container.streams.audio else None
        return VideoInfo(
            track.width,
            track.height,
            float(track.average_rate or 0),
            track.frames,
            float((track.duration or 0) * track.time_base),
            None if sound is None else float((sound.duration or 0) * sound.time_base),
            container.metadata.get("comment", ""),
        )


def read_frames(source: Source, *, max_pixels: int = MAX_SIDE * MAX_SIDE) -> Iterator[UInt8]:
    """Decode a video frame by frame to (H, W, 3) uint8 sRGB.

    Raises (while iterating):
        InputError: no video, damaged, or frames of more than ``max_pixels``.
    """
    import av

    called = source_name(source, "video")
    with open_source(source, "video") as stream, _opened(stream, source) as container:
        track = container.streams.video[0]
        if track.width * track.height > max_pixels:
            raise InputError(
                f"{called}: {track.width} x {track.height}, over {max_pixels:,} pixels"
            )
        track.thread_type = "AUTO"
        try:
            for frame in container.decode(track):
                rgb = frame.reformat(format="rgb24", interpolation=_CONVERSION)
                yield rgb.to_ndarray()
        except av.FFmpegError as error:
            raise InputError(f"{called}: damaged video ({error.strerror})") from error


def _opened(stream: Any, source: Source) -> Any:
    import av

    called = source_name(source, "video")
    try:
        container = av.open(
            stream, options={"format_whitelist": _VIDEO_FORMATS}, metadata_errors="ignore"
        )
    except av.FFmpegError as error:
        raise InputError(f"{called}: not a video that can be decoded ({error.strerror})") from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{called}: has no video in it")
    return container
