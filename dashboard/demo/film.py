"""Films in and out: frames and sound to MP4 or HLS, and a film file back to frames and sound. It draws nothing."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from config.errors import MekikiError
from dashboard.demo.music import RATE_HZ, Samples

Picture = NDArray[np.uint8]  # (height, width, 3), RGB


class NoFilmEncoder(MekikiError):
    """The video library was built without an H.264 encoder."""


@dataclass(frozen=True)
class Film:
    """A film that can be watched once or more: each call of `frames` starts from the beginning."""

    frames: Callable[[], Iterator[Picture]]
    frames_per_second: float
    seconds: float
    sound: Samples  # mono, RATE_HZ


@dataclass(frozen=True)
class Quality:
    """How a film is encoded."""

    size: tuple[int, int] = (640, 360)
    kbps: int = 700
    sound_codec: str = "aac"
    sound_kbps: int = 96


def write(film: Film, path: Path, quality: Quality = Quality()) -> Path:
    """Encode the film as MP4 with its index at the front, as sites deliver it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as box:
        _fill(box, film, quality)
    return path


def write_hls(film: Film, folder: Path, quality: Quality) -> Path:
    """Encode the film as MPEG-TS segments of four seconds and return its master playlist."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "hls_time": "4", "hls_list_size": "0", "hls_playlist_type": "vod",
        "hls_segment_filename": str(folder / "part%03d.ts"),
    }  # fmt: skip
    with av.open(str(folder / "media.m3u8"), "w", format="hls", options=options) as box:
        _fill(box, film, quality)
    wide, tall = quality.size
    rate = (quality.kbps + quality.sound_kbps) * 1000
    master = folder / "master.m3u8"
    master.write_text(
        f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-STREAM-INF:BANDWIDTH={rate},RESOLUTION={wide}x{tall}\nmedia.m3u8\n", "ascii"
    )
    return master


def _fill(box: "av.container.OutputContainer", film: Film, quality: Quality) -> None:
    rate = Fraction(film.frames_per_second).limit_denominator(1000)
    picture = cast(av.VideoStream, box.add_stream(_h264(), rate=rate))
    picture.width, picture.height = quality.size
    picture.pix_fmt = "yuv420p"
    picture.bit_rate = quality.kbps * 1000
    picture.gop_size = round(film.frames_per_second * 4)
    picture.codec_context.thread_count = 2
    if picture.codec_context.name == "libx264":
        picture.options = {"preset": "veryfast"}
    voice = cast(av.AudioStream, box.add_stream(quality.sound_codec, rate=RATE_HZ, layout="mono"))
    voice.bit_rate = quality.sound_kbps * 1000
    sounds = _sound_packets(voice, film.sound)
    due, waiting = 0.0, next(sounds, None)
    for number, pixels in enumerate(film.frames()):
        frame = av.VideoFrame.from_ndarray(_sized(pixels, quality.size), format="rgb24")
        frame.pts, frame.time_base = number, 1 / rate
        box.mux(picture.encode(frame))
        due = (number + 1) / film.frames_per_second
        while waiting is not None and waiting[0] <= due:  # interleaved, as a player reads
            box.mux(waiting[1])
            waiting = next(sounds, None)
    box.mux(picture.encode())
    while waiting is not None:
        if waiting[0] <= due:
            box.mux(waiting[1])
        waiting = next(sounds, None)


def _sound_packets(voice: "av.AudioStream", sound: Samples) -> Iterator[tuple[float, "list[av.Packet[Any]]"]]:
    """Yield (up to which second, packets)."""
    step = 1024
    kind = "s16p" if voice.codec_context.name == "libmp3lame" else "fltp"
    for start in range(0, len(sound), step):
        block = sound[None, start : start + step]
        block = np.ascontiguousarray(block * 32767).astype(np.int16) if kind == "s16p" else np.ascontiguousarray(block)
        frame = av.AudioFrame.from_ndarray(block, format=kind, layout="mono")
        frame.rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield start / RATE_HZ, voice.encode(frame)
    yield len(sound) / RATE_HZ, voice.encode(None)


def _sized(pixels: Picture, size: tuple[int, int]) -> Picture:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return np.ascontiguousarray(pixels)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _h264() -> str:
    """Prefer the encoder whose licence asks nothing of those who use this program."""
    for name in ("libopenh264", "libx264"):
        with contextlib.suppress(av.codec.codec.UnknownCodecError):
            return str(av.codec.Codec(name, "w").name)
    raise NoFilmEncoder("PyAV has no H.264 encoder here; install the `av` wheel of PyPI.")


def read(path: Path, start_s: float = 0.0, end_s: float | None = None) -> Film:
    """Return a film file, or a stretch of it, as a Film; frames are decoded anew for each watching."""
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        rate = float(stream.average_rate or 12)
        whole = float(box.duration or 0) / av.time_base
    end = min(end_s, whole) if end_s is not None else whole
    return Film(lambda: _frames(path, start_s, end), rate, end - start_s, _sound(path, start_s, end))


def _frames(path: Path, start_s: float, end_s: float) -> Iterator[Picture]:
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        stream.thread_type = "AUTO"
        if start_s > 0:
            box.seek(int(start_s * av.time_base))
        for frame in box.decode(stream):
            if frame.time is None or frame.time < start_s - 1e-3:
                continue
            if frame.time >= end_s - 1e-3:
                return
            yield cast(Picture, frame.to_ndarray(format="rgb24"))


def _sound(path: Path, start_s: float, end_s: float) -> Samples:
    with av.open(str(path)) as box:
        if not box.streams.audio:
            return np.zeros(round((end_s - start_s) * RATE_HZ), dtype=np.float32)
        if start_s > 1:
            box.seek(int((start_s - 1) * av.time_base))
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        blocks: list[Samples] = []
        first: float | None = None
        for frame in box.decode(audio=0):
            if frame.time is not None and frame.time > end_s:
                break
            first = frame.time if first is None else first
            blocks += [each.to_ndarray()[0] for each in resampler.resample(frame)]
    whole = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
    skip = max(round((start_s - (first or 0.0)) * RATE_HZ), 0)
    return whole[skip : skip + round((end_s - start_s) * RATE_HZ)].astype(np.float32)


def part(film: Film, start_s: float, end_s: float) -> Film:
    """Return a stretch of a film."""
    first, last = round(start_s * film.frames_per_second), round(end_s * film.frames_per_second)
    sound = film.sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return Film(lambda: itertools.islice(film.frames(), first, last), film.frames_per_second, end_s - start_s, sound)


def joined(films: Iterable[Film], frames_per_second: float, size: tuple[int, int]) -> Film:
    """Return several films one after the other, brought to one rate and size."""
    parts = list(films)

    def frames() -> Iterator[Picture]:
        for part in parts:
            for pixels in resampled(part, frames_per_second, 1.0):
                yield _sized(pixels, size)

    sound = [np.pad(part.sound, (0, max(0, round(part.seconds * RATE_HZ) - len(part.sound)))) for part in parts]
    return Film(frames, frames_per_second, sum(part.seconds for part in parts), np.concatenate(sound))


def resampled(film: Film, frames_per_second: float, speed: float) -> Iterator[Picture]:
    """Yield the film's frames at another rate, `speed` times as fast, by dropping or holding frames."""
    step = film.frames_per_second / frames_per_second * speed
    due = 0.0
    for number, pixels in enumerate(film.frames()):
        while due < number + 1 - 1e-9:
            yield pixels
            due += step


def faster(film: Film, speed: float) -> Film:
    """Return the film `speed` times as fast, sound and all (its pitch rises with it)."""
    places = np.arange(0, len(film.sound) - 1, speed)
    sound = np.interp(places, np.arange(len(film.sound)), film.sound).astype(np.float32)
    rate = film.frames_per_second
    return Film(lambda: resampled(film, rate, speed), rate, film.seconds / speed, sound)


def changed(film: Film, change: Callable[[Picture, float], Picture]) -> Film:
    """Return the film with every frame passed through `change(pixels, second)`."""

    def frames() -> Iterator[Picture]:
        for pixels, number in zip(film.frames(), itertools.count(), strict=False):
            yield change(pixels, number / film.frames_per_second)

    return Film(frames, film.frames_per_second, film.seconds, film.sound)
