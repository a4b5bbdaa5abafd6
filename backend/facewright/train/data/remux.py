"""Keeping a video's pictures as they were encoded, without its sound and metadata."""

from __future__ import annotations

import io

from facewright.media.files import Source, open_source

_FORMATS = {"format_whitelist": "mov,matroska,avi,mpegts,flv,h264"}


def remuxed(source: Source) -> bytes | None:
    """An MP4 of the same H.264 pictures, or None where they are something else.

    The caller compares frames: timestamps that hide some are not looked at here.
    """
    import av

    buffer = io.BytesIO()
    try:
        with open_source(source, "video") as stream, av.open(stream, options=_FORMATS) as inside:
            track = inside.streams.video[0]
            if track.codec_context.name != "h264" or track.codec_context.pix_fmt != "yuv420p":
                return None
            with av.open(buffer, "w", format="mp4") as outside:
                copy = outside.add_stream_from_template(track)
                for packet in inside.demux(track):
                    if packet.dts is not None:
                        packet.stream = copy
                        outside.mux(packet)
    except (av.FFmpegError, ValueError):
        return None
    return buffer.getvalue()
