"""Shows a film to every film kind at once and its sound to every sound kind, inside a decoding child.

A kind that describes a film whole sees what is on screen at the moments k / its own rate: a held picture is seen again,
so that a film of 12 frames a second and its copy of 30 give the same pictures at the same moments. A kind that only
glances at a film sees its key frames, each at its own moment.
"""

import contextlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from fingerprints.films import Streams, decoded, opened, too_long
from fingerprints.glance import Blind, Glance
from fingerprints.interface import Depth, Description, FilmKind, MediaFacts, Sound, SoundKind
from fingerprints.limits import Limits
from fingerprints.shown import AtGlance, OnGrid, Screen, Viewer
from fingerprints.sniff import Format, Unreadable

SOUND_RATE_HZ = 11025
MOST_SILENCE_S = 60.0  # put before sound that starts later than the pictures


@dataclass(frozen=True)
class _Seen:
    """What one pass over a file showed."""

    facts: MediaFacts
    track: "_Track"
    origin_s: float  # when the film's own seconds begin, on the file's clock


def screen(
    path: Path,
    form: Format,
    limits: Limits,
    *,
    films: Collection[FilmKind],
    sounds: Collection[SoundKind],
    depth: Depth,
) -> Description:
    """Return what every kind says of one film or sound: of all of it, or at a glance. What cannot be glanced at is
    decoded whole. Raises Unreadable when nothing of it can be decoded."""
    paces_s = [kind.glance_s for kind in films if math.isfinite(kind.glance_s)]
    least_s = min(paces_s, default=0.0) if depth == "glance" else None
    viewers = _viewers(films, depth)
    with opened(path, form, limits) as streams:
        seen = _seen(streams, viewers, form, limits, least_s=least_s)
    if seen is None:
        viewers = _viewers(films, depth)
        with opened(path, form, limits) as streams:
            seen = _seen(streams, viewers, form, limits, least_s=None)
    assert seen is not None
    found = {}
    if seen.facts.medium == "video":
        found = {(kind.name, kind.version): each.finish() for kind, each in zip(films, viewers, strict=True)}
    if seen.facts.has_sound:
        heard = seen.track.sound(seen.origin_s)
        found |= {(kind.name, kind.version): kind.describe(heard) for kind in sounds}
    return Description(seen.facts, found)


def _viewers(films: Collection[FilmKind], depth: Depth) -> list[Viewer]:
    return [AtGlance(kind) if depth == "glance" else OnGrid(kind) for kind in films]


def _seen(
    streams: Streams, viewers: Sequence[Viewer], form: Format, limits: Limits, *, least_s: float | None
) -> _Seen | None:
    """Show the film to all viewers: all of it, or, given the least seconds between two key frames, a glance.

    None when it cannot be glanced at. Raises Unreadable.
    """
    glance = None if least_s is None else Glance(streams, least_s)
    picture, track = Screen(streams, viewers), _Track()
    try:
        for frame in decoded(streams) if glance is None else glance.frames():
            if isinstance(frame, av.VideoFrame):
                at_s = picture.at_s(frame)
                if at_s > limits.max_video_s:  # asked before anything is shown: a damaged time stamp may be years away
                    raise too_long(form, limits)
                picture.show(frame, at_s)
            else:
                track.hear(frame)
                if track.end_s(picture.origin_s) > limits.max_video_s:
                    raise too_long(form, limits)
    except Blind:
        return None
    track.hear(None)
    picture.look_until(picture.end_s)
    if glance is not None and streams.video is not None and picture.size is None:
        return None
    end_s = picture.end_s
    if glance is not None and glance.end_s is not None:
        end_s = max(end_s, glance.end_s - picture.origin_s + streams.frame_s)
    if end_s > limits.max_video_s + streams.frame_s:
        raise too_long(form, limits)
    if streams.video is not None and picture.size is None:
        raise _nothing_seen(streams, form, limits)
    return _Seen(_facts(streams, picture, track, end_s, form), track, picture.origin_s)


def _nothing_seen(streams: Streams, form: Format, limits: Limits) -> Unreadable:
    """Return the refusal of a film of which no picture came; a decoder that refused a size knows none afterwards."""
    assert streams.video is not None
    says = f"No picture of this {form.name} film can be decoded; it is damaged or broken off"
    if streams.video.codec_context.width == 0:
        return Unreadable(f"{says}, or its frames have more than {limits.max_pixels:,} pixels (decode.max_pixels).")
    return Unreadable(f"{says}.")


def _facts(streams: Streams, picture: Screen, track: "_Track", end_s: float, form: Format) -> MediaFacts:
    """Return what decoding showed; the header's own claims are not believed."""
    sound_s = track.end_s(picture.origin_s)
    if streams.video is None and not sound_s:
        raise Unreadable(f"Nothing of the sound of this {form.name} file can be decoded; it is damaged or broken off.")
    if streams.video is None:
        return MediaFacts("audio", duration_s=round(sound_s, 3), has_sound=True)
    assert picture.size is not None
    rate = round(1 / streams.frame_s, 3)
    return MediaFacts("video", *picture.size, round(end_s, 3), rate, has_sound=sound_s > 0)


class _Track:
    """The sound so far, mono, starting where the pictures start."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE_HZ, frame_size=SOUND_RATE_HZ)
        self._pieces: list[NDArray[np.int16]] = []
        self._count = 0
        self._begun_s: float | None = None  # on the file's clock

    def end_s(self, origin_s: float) -> float:
        """Return when the sound ends; 0 when nothing was heard."""
        return self._silent_s(origin_s) + self._count / SOUND_RATE_HZ if self._count else 0.0

    def hear(self, frame: Any | None) -> None:
        """Take the next decoded piece; None at the end. What cannot be resampled is left out."""
        if frame is not None and self._begun_s is None:
            self._begun_s = frame.time or 0.0
        with contextlib.suppress(av.FFmpegError, ValueError):  # a damaged file changes its layout on the way
            for piece in self._resampler.resample(frame):
                self._pieces.append(np.asarray(piece.to_ndarray(), np.int16).reshape(-1))
                self._count += len(self._pieces[-1])

    def sound(self, origin_s: float) -> Sound:
        """Return everything heard."""
        silence = np.zeros(int(self._silent_s(origin_s) * SOUND_RATE_HZ), np.int16)
        whole = np.concatenate([silence, *self._pieces])
        self._pieces.clear()
        return Sound(whole.astype(np.float32) / np.float32(32768), SOUND_RATE_HZ)

    def _silent_s(self, origin_s: float) -> float:
        """Return by how much the sound starts later than the pictures."""
        return min(max((self._begun_s or 0.0) - origin_s, 0.0), MOST_SILENCE_S)
