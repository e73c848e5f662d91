"""Shows a film to every film kind at once and its sound to every sound kind, inside a decoding child.

A kind sees what is on screen at the moments k / its own rate: a held picture is seen again, so that a film of 12 frames
a second and its copy of 30 give the same pictures at the same moments.
"""

import contextlib
import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from fingerprints.films import SLACK_S, Streams, decoded, displayed_size, fitted, opened, pixels, start_s, too_long
from fingerprints.interface import Description, FilmKind, Frame, MediaFacts, Sound, SoundKind, Vectors
from fingerprints.limits import Limits
from fingerprints.sniff import Format, Unreadable

LONG_SIDE_PX = 640  # of the frames the kinds see
SOUND_RATE_HZ = 11025
MOST_LEAD_S = 0.25  # AVI counts from the first frame sent, not from the first shown; longer leads are lost frames
MOST_HELD_S = 60.0  # a picture held longer is not shown again: a damaged time stamp may hold it for hours
MOST_SILENCE_S = 60.0  # put before sound that starts later than the pictures


def screen(
    path: Path, form: Format, limits: Limits, *, films: Collection[FilmKind], sounds: Collection[SoundKind]
) -> Description:
    """Return what every kind says of one film or sound. Raises Unreadable when nothing of it can be decoded."""
    with opened(path, form, limits) as streams:
        picture = _Screen(streams, films, limits.max_video_s)
        track = _Track()
        for frame in decoded(streams):
            if isinstance(frame, av.VideoFrame):
                picture.show(frame)
            else:
                track.hear(frame, picture.origin_s)
            if picture.is_too_long or track.end_s > limits.max_video_s:
                raise too_long(form, limits)
        track.hear(None, 0.0)
        fingerprints = picture.finish()
    facts = _facts(streams, picture, track, form)
    if facts.has_sound:
        heard = track.sound()
        fingerprints |= {(kind.name, kind.version): kind.describe(heard) for kind in sounds}
    return Description(facts, fingerprints)


def _facts(streams: Streams, picture: "_Screen", track: "_Track", form: Format) -> MediaFacts:
    """Return what decoding showed; the header's own claims are not believed."""
    if streams.video is None and not track.end_s:
        raise Unreadable(f"Nothing of the sound of this {form.name} file can be decoded; it is damaged or broken off.")
    if streams.video is None:
        return MediaFacts("audio", duration_s=round(track.end_s, 3), has_sound=True)
    if picture.size is None:
        raise Unreadable(f"No picture of this {form.name} film can be decoded; it is damaged or broken off.")
    rate = round(1 / streams.frame_s, 3)
    return MediaFacts("video", *picture.size, round(picture.end_s, 3), rate, has_sound=track.end_s > 0)


class _Grid:
    """The moments k / rate at which one kind wants to see the screen."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next = 0

    def until(self, end_s: float, since_s: float) -> Iterator[float]:
        """Yield the moments not yet asked for before `end_s`, while the picture of `since_s` is news."""
        end = math.ceil((end_s - SLACK_S) * self._rate)
        news_end = math.ceil((since_s + MOST_HELD_S) * self._rate)
        moments = range(self._next, min(end, news_end))
        self._next = max(self._next, end)
        for number in moments:
            yield number / self._rate


class _Screen:
    """The picture now on screen, and the kinds that look at it."""

    def __init__(self, streams: Streams, kinds: Collection[FilmKind], most_s: float) -> None:
        self._streams = streams
        self._viewers = [(kind, kind.begin(), _Grid(kind.frames_per_second)) for kind in kinds]
        self._most_s = most_s
        self._frame: Any | None = None
        self.is_too_long = False
        self._since_s = 0.0
        self.size: tuple[int, int] | None = None  # as displayed; None before the first picture
        self.origin_s = start_s(streams)  # on the file's clock: where this film's seconds begin

    @property
    def end_s(self) -> float:
        """When the last picture leaves the screen."""
        return self._since_s + self._streams.frame_s if self._frame is not None else 0.0

    def show(self, frame: Any) -> None:
        """Put the next decoded frame on screen."""
        if self.size is None:
            self.size = displayed_size(frame, self._streams)
            if frame.time is not None and abs(frame.time - self.origin_s) < MOST_LEAD_S:
                self.origin_s = frame.time
        at_s = self.end_s if frame.time is None else frame.time - self.origin_s
        if at_s > self._most_s:  # asked before anything is shown: a damaged time stamp may be years away
            self.is_too_long = True
            return
        at_s = max(at_s, self._since_s)  # damaged time stamps go back; time does not
        self._seen_until(at_s)
        self._frame, self._since_s = frame, at_s

    def finish(self) -> dict[tuple[str, int], Vectors]:
        """Return what every kind says of the whole film."""
        self._seen_until(self.end_s)
        if self.size is None:
            return {}
        return {(kind.name, kind.version): run.finish() for kind, run, _ in self._viewers}

    def _seen_until(self, end_s: float) -> None:
        picture: NDArray[np.uint8] | None = None
        for _, run, grid in self._viewers:
            for moment_s in grid.until(end_s, self._since_s):
                if self._frame is None:
                    continue  # before the first picture there is nothing to see
                if picture is None:
                    size = fitted(displayed_size(self._frame, self._streams), LONG_SIDE_PX)
                    picture = pixels(self._frame, size)
                run.see(Frame(picture, moment_s))


class _Track:
    """The sound so far, mono, starting where the pictures start."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE_HZ)
        self._pieces: list[NDArray[np.int16]] = []
        self._count = 0
        self._has_begun = False

    @property
    def end_s(self) -> float:
        """How much was heard."""
        return self._count / SOUND_RATE_HZ

    def hear(self, frame: Any | None, origin_s: float) -> None:
        """Take the next decoded piece; None at the end. What cannot be resampled is left out."""
        if frame is not None and not self._has_begun:
            self._has_begun = True
            late_s = frame.time - origin_s if frame.time is not None else 0.0
            self._keep(np.zeros(int(min(max(late_s, 0.0), MOST_SILENCE_S) * SOUND_RATE_HZ), np.int16))
        with contextlib.suppress(av.FFmpegError, ValueError):  # a damaged file changes its layout on the way
            for piece in self._resampler.resample(frame):
                self._keep(np.asarray(piece.to_ndarray(), np.int16).reshape(-1))

    def _keep(self, piece: NDArray[np.int16]) -> None:
        self._pieces.append(piece)
        self._count += len(piece)

    def sound(self) -> Sound:
        """Return everything heard."""
        whole = np.concatenate(self._pieces)
        self._pieces.clear()
        return Sound(whole.astype(np.float32) / np.float32(32768), SOUND_RATE_HZ)
