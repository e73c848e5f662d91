"""Writes queries as files: copied clips inside an unrelated film, altered, encoded, with or without sound."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from tests.measure.film_alterations import Picture, sized
from tests.measure.film_clips import Clip, Query

Samples = NDArray[np.float32]  # (count,), mono, -1 to 1

WIDE_PX = 480  # of the pictures that clips are cut from
RATE_HZ = 44_100
PITCH = 1.06  # about a semitone, as uploaders do it
GRAIN_S = 0.06  # of sound that is laid side by side to change the pitch alone


class Source(Protocol):
    """The pictures of a film, by the second."""

    @property
    def aspect(self) -> float:
        """Height over width."""
        ...

    def at(self, at_s: float) -> Picture:
        """Return what is on screen at a second."""
        ...


Sources = Callable[[str, float, float], Source]  # (name, from second, to second) -> the film there
Heard = Callable[[str, float, float], Samples]  # the same of its sound; nothing for a silent film


class Footage:
    """A stretch of a film that is a file; one that is too short begins again."""

    def __init__(self, path: Path, start_s: float, end_s: float) -> None:
        kept = list(_pictures(path, start_s, end_s)) or list(_pictures(path, 0.0, end_s - start_s))
        self._at_s = np.array([at_s for at_s, _ in kept])
        self._pictures = [picture for _, picture in kept]
        self._start_s, self._end_s = float(self._at_s[0]), float(self._at_s[-1]) + 0.04
        self.aspect = self._pictures[0].shape[0] / self._pictures[0].shape[1]

    def at(self, at_s: float) -> Picture:
        """Return what is on screen at a second."""
        if at_s > self._end_s + 1:
            at_s = self._start_s + (at_s - self._start_s) % (self._end_s - self._start_s)
        return self._pictures[max(0, int(np.searchsorted(self._at_s, at_s + 1e-6)) - 1)]


def write(query: Query, sources: Sources, heard: Heard, out: Path) -> None:
    """Write the query as an MP4."""
    attack = query.attack
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=attack.fps)
        footage = [_footage(clip, sources) for clip in query.clips]
        height = round(attack.wide_px * footage[0].aspect / 2) * 2
        stream.width, stream.height, stream.pix_fmt = attack.wide_px, height, "yuv420p"
        stream.options = {"preset": "superfast", "crf": str(attack.quality)}
        stream.codec_context.thread_count = 1
        voice = container.add_stream("aac", rate=RATE_HZ, layout="mono") if attack.sound else None
        for number, picture in enumerate(_shown(query, footage, sources, height)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, attack.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            encode_sound(container, voice, sound_of(query, heard))


def _footage(clip: Clip, sources: Sources) -> Source:
    true = clip.segment()
    return sources(clip.reference, true.reference_start_s, true.reference_end_s)


def _shown(query: Query, footage: list[Source], sources: Sources, height: int) -> Iterator[Picture]:
    attack, from_s = query.attack, query.carrier_from_s
    around = sources(query.carrier, from_s, from_s + query.duration_s)
    for number in range(int(query.duration_s * attack.fps)):
        at_s = number / attack.fps
        picture = sized(around.at(from_s + at_s), attack.wide_px, height)
        for clip, source in zip(query.clips, footage, strict=True):
            if clip.query_s <= at_s + 1e-6 < clip.query_s + clip.length_s:
                there = clip.reference_s + clip.speed * (at_s - clip.query_s)
                picture = attack.alter(sized(source.at(there), attack.wide_px, height), picture)
        yield picture


def sound_of(query: Query, heard: Heard) -> Samples:
    """Return the sound of a query: that of its clips, changed as the attack says, over that of the carrier."""
    track = _fitted(heard(query.carrier, 0.0, query.duration_s), query.duration_s)
    for clip in query.clips:
        true = clip.segment()
        length_s = true.reference_end_s - true.reference_start_s
        copied = SOUNDS[query.attack.sound](heard(clip.reference, true.reference_start_s, true.reference_end_s))
        begin = round(clip.query_s * RATE_HZ)
        track[begin : begin + round(length_s * RATE_HZ)] = _fitted(copied, length_s)
    return track


def pitched(samples: Samples) -> Samples:
    """Return the sound as long as before and PITCH times as high: played faster, its grains laid side by side."""
    grain = round(GRAIN_S * RATE_HZ)
    if len(samples) < 4 * grain:
        return samples
    faster = np.interp(np.arange(0, len(samples) - 1, PITCH), np.arange(len(samples)), samples).astype(np.float32)
    window = np.hanning(grain).astype(np.float32)
    out = np.zeros(len(samples) + grain, np.float32)
    for begin in range(0, len(samples) - grain, grain // 2):
        start = min(int(begin / PITCH), len(faster) - grain)
        out[begin : begin + grain] += faster[start : start + grain] * window
    return out[: len(samples)]


def music(samples: Samples) -> Samples:
    """Return other sound, as long: three notes that change every half second."""
    at_s = np.arange(len(samples)) / RATE_HZ
    notes = np.random.default_rng(len(samples)).choice([220.0, 247.0, 262.0, 294.0, 330.0, 392.0], (3, 400))
    chord = sum(np.sin(2 * np.pi * voice[(at_s * 2).astype(int) % 400] * at_s) for voice in notes)
    return np.asarray(0.2 * chord, np.float32)


SOUNDS: dict[str, Callable[[Samples], Samples]] = {
    "kept": lambda samples: samples,
    "replaced": music,
    "pitched": pitched,
}


def _fitted(samples: Samples, length_s: float) -> Samples:
    out = np.zeros(round(length_s * RATE_HZ), np.float32)
    count = min(len(out), len(samples))
    out[:count] = samples[:count]
    return out


def encode_sound(container: Any, stream: Any, samples: Samples) -> None:
    """Write the samples into a stream of a container."""
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ, frame_size=1024)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def samples_of(path: Path, start_s: float, end_s: float) -> Samples:
    """Return a stretch of a file's sound; silence when it has none."""
    pieces = [np.zeros((1, 0), np.float32)]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(round((end_s - start_s) * RATE_HZ), np.float32)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        for frame in container.decode(container.streams.audio[0]):
            if (frame.time or 0.0) > end_s:
                break
            pieces += [np.asarray(piece.to_ndarray(), np.float32) for piece in resampler.resample(frame)]
    whole: Samples = np.concatenate(pieces, axis=1)[0]
    return whole[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def _pictures(path: Path, start_s: float, end_s: float) -> Iterator[tuple[float, Picture]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        origin = float((stream.start_time or 0) * (stream.time_base or 0))
        last = None
        for frame in container.decode(stream):
            at_s = frame.time - origin
            if at_s > end_s:
                break
            if at_s < start_s - 0.2:
                continue
            wide = min(WIDE_PX, frame.width)
            tall = round(wide * frame.height / frame.width / 2) * 2
            if last is None or at_s - last >= 0.03:
                last = at_s
                small = frame.reformat(width=wide, height=tall, format="rgb24", interpolation="AREA")
                yield at_s, np.asarray(small.to_ndarray(), np.uint8)
