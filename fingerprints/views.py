"""Makes what the console shows of a medium, inside a decoding child: a JPEG, or a small film that browsers play."""

import contextlib
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fingerprints import films
from fingerprints.films import Streams
from fingerprints.limits import Limits
from fingerprints.pictures import read_picture
from fingerprints.sniff import Format, Unreadable

JPEG_QUALITY = 85
EARLIER_S = 10.0  # where to look again when seeking ended too late; most films have a key frame in that time
MOST_FRAMES_PER_SECOND = 30
SOUND_RATE_HZ = 48_000  # what Opus works at
BIT_RATE = 700_000
QUICK = {"deadline": "realtime", "cpu-used": "8"}  # a person waits for it, and nobody keeps it


def preview(path: Path, form: Format, limits: Limits, *, at_s: float, long_side_px: int) -> bytes:
    """Return a JPEG of the picture, or of what a film shows at `at_s`. Raises Unreadable."""
    if form.family == "picture":
        return _jpeg(read_picture(path, form, limits, long_side_px=long_side_px)[1].pixels)
    for seek_s in (at_s, at_s - EARLIER_S, 0.0):
        with films.opened(path, form, limits) as streams:
            frame = _on_screen(streams, at_s, seek_s, form)
            if frame is not None:
                return _jpeg(films.pixels(frame, films.fitted(films.displayed_size(frame, streams), long_side_px)))
    raise Unreadable(f"No picture of this {form.name} film can be decoded at {at_s:g} s.")


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _on_screen(streams: Streams, at_s: float, seek_s: float, form: Format) -> Any | None:
    """Return the last frame that starts at or before `at_s`, looking from `seek_s` on; the film's last one when it is
    shorter. None when seeking ended behind `at_s`, as it may where a container has no index."""
    if streams.video is None:
        raise Unreadable(f"This {form.name} file is sound without pictures.")
    start_s = films.start_s(streams)
    if seek_s > 0:
        with contextlib.suppress(av.FFmpegError):  # a file that cannot be sought is decoded from its start
            streams.container.seek(int((seek_s + start_s) / streams.video.time_base), stream=streams.video)
    shown = None
    for frame in films.decoded(Streams(streams.container, streams.video, None)):
        if frame.time is not None and frame.time - start_s > at_s + films.SLACK_S and (shown is not None or seek_s > 0):
            break
        shown = frame
    return shown


def proxy(path: Path, form: Format, limits: Limits, *, out: Path, long_side_px: int) -> None:
    """Write the film, or the sound, as WebM (VP8, Opus) to `out`. Raises Unreadable."""
    if form.family == "picture":
        raise Unreadable(f"This is a {form.name} picture; there is no film to play.")
    with films.opened(path, form, limits) as streams:
        size = _size(streams, long_side_px)
    with films.opened(path, form, limits) as streams, av.open(str(out), "w", format="webm") as made:
        picture = None if size is None else _PictureTrack(made, streams, size)
        sound = None if streams.audio is None else _SoundTrack(made)
        for frame in films.decoded(streams):
            track = picture if isinstance(frame, av.VideoFrame) else sound
            if track is not None:
                track.take(frame)
        for track in (picture, sound):
            if track is not None:
                track.finish()
    if not any(track is not None and track.has_content for track in (picture, sound)):
        raise Unreadable(f"Nothing of this {form.name} file can be decoded; it is damaged or broken off.")


def _size(streams: Streams, long_side_px: int) -> tuple[int, int] | None:
    """Return the even size of the copy by the first picture, which alone knows how it is turned; None without one."""
    if streams.video is None:
        return None
    first = next(films.decoded(Streams(streams.container, streams.video, None)), None)
    if first is None:
        return None
    width, height = films.fitted(films.displayed_size(first, streams), long_side_px)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


class _PictureTrack:
    """The pictures of one copy; their time stamps are kept, in milliseconds."""

    def __init__(self, made: Any, streams: Streams, size: tuple[int, int]) -> None:
        self._made = made
        self._size = size
        self._stream = made.add_stream("libvpx", rate=MOST_FRAMES_PER_SECOND, options=QUICK)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.bit_rate = BIT_RATE
        self._stream.codec_context.time_base = Fraction(1, 1000)
        self._least_ms = 1000 // (MOST_FRAMES_PER_SECOND + 1)
        self._start_s = films.start_s(streams)
        self._last_ms = -self._least_ms
        self.has_content = False

    def take(self, frame: Any) -> None:
        """Encode one decoded frame, unless it follows the one before too closely."""
        if frame.time is None:
            return
        at_ms = round((frame.time - self._start_s) * 1000)
        if at_ms < self._last_ms + self._least_ms:
            return
        shown = av.VideoFrame.from_ndarray(films.pixels(frame, self._size), format="rgb24")
        shown.pts, shown.time_base = at_ms, Fraction(1, 1000)
        self._made.mux(self._stream.encode(shown))
        self._last_ms = at_ms
        self.has_content = True

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self.has_content:
            self._made.mux(self._stream.encode(None))


class _SoundTrack:
    """The sound of one copy, stereo."""

    def __init__(self, made: Any) -> None:
        self._made = made
        self._stream = made.add_stream("libopus", rate=SOUND_RATE_HZ, layout="stereo")
        self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=SOUND_RATE_HZ)
        self.has_content = False

    def take(self, frame: Any) -> None:
        """Encode one decoded piece; what cannot be resampled is left out."""
        with contextlib.suppress(av.FFmpegError, ValueError):  # a damaged file changes its layout on the way
            for piece in self._resampler.resample(frame):
                self._made.mux(self._stream.encode(piece))
                self.has_content = True

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self.has_content:
            self.take(None)
            self._made.mux(self._stream.encode(None))
