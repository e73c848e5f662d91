"""Opens a film or a sound inside a decoding child and decodes it frame by frame. Refuses to open any other file than
the one it was given."""

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from fingerprints.edits import has_many_edits
from fingerprints.limits import Limits
from fingerprints.sniff import Format, Unreadable

BUFFER_BYTES = 1 << 20
SLACK_S = 1e-3  # two moments closer than this are one: Matroska rounds time stamps to milliseconds
MOST_LEAD_S = 0.25  # AVI counts from the first frame sent, not from the first shown; longer leads are lost frames
DEMUXERS = "mov,matroska,webm,mpegts,avi,flv,asf,mpeg,mpegvideo,ogg,mp3,aac,flac,wav,aiff"


@dataclass(frozen=True)
class Streams:
    """What of an opened file will be decoded."""

    container: InputContainer
    video: Any | None
    audio: Any | None

    @property
    def frame_s(self) -> float:
        """How long one frame is on screen, as the header says."""
        rate = self.video and (self.video.average_rate or self.video.base_rate)
        return min(float(1 / rate), 1.0) if rate else 0.04


@contextlib.contextmanager
def opened(path: Path, form: Format, limits: Limits) -> Iterator[Streams]:
    """Open the file with the demuxer its bytes ask for and check what its header claims. Raises Unreadable."""
    options = {"max_pixels": str(limits.max_pixels), "threads": "1"}  # one child per core already
    guards = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    with path.open("rb") as file, _as_sentence(form):
        if form.decoder == "mov" and has_many_edits(file):
            options["ignore_editlist"] = "1"  # described as stored, in a second, and not as edited, in a minute
        container = _open(file, form, options, guards)
        with container:
            streams = _chosen(container, form)
            _check(streams, form, limits)
            yield streams


def _open(file: Any, form: Format, options: dict[str, str], guards: dict[str, str]) -> InputContainer:
    names = form.decoder.split(",")
    for name in names:
        try:
            container: InputContainer = av.open(  # a file object: a path might be read as an address
                file, "r", format=name, options=options | guards, buffer_size=BUFFER_BYTES, io_open=_refuse_other_files,
                metadata_errors="ignore",
            )  # fmt: skip
            return container
        except av.FFmpegError:
            if name == names[-1]:
                raise
            file.seek(0)
    raise Unreadable(f"This {form.name} file names no way to open it.")


def _refuse_other_files(url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
    raise Unreadable(f"This file wants another file opened ({url[:80]}), which is refused.")


def _chosen(container: InputContainer, form: Format) -> Streams:
    pictures = [s for s in container.streams.video if not _is_cover(s) and s.codec_context is not None]
    sounds = [s for s in container.streams.audio if s.codec_context is not None]
    if not pictures and not sounds:
        raise Unreadable(f"This {form.name} file holds neither pictures nor sound that can be decoded.")
    return Streams(container, pictures[0] if pictures else None, sounds[0] if sounds else None)


def _is_cover(stream: Any) -> bool:
    """Say whether a stream is only the still picture on the sleeve of a sound file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _check(streams: Streams, form: Format, limits: Limits) -> None:
    if streams.video is not None:
        context = streams.video.codec_context
        context.thread_count = 1
        context.options = {"max_pixels": str(limits.max_pixels)}  # the frames' own size: the header's is only a claim
        if context.width * context.height > limits.max_pixels:
            raise Unreadable(
                f"This {form.name} film has frames of more than {limits.max_pixels:,} pixels (decode.max_pixels)."
            )
    claimed = streams.container.duration
    if claimed is not None and claimed / av.time_base > limits.max_video_s:
        raise too_long(form, limits)


def too_long(form: Format, limits: Limits) -> Unreadable:
    """Return the refusal of a file that lasts longer than allowed."""
    return Unreadable(f"This {form.name} file lasts longer than {limits.max_video_s:,.0f} s (decode.max_video_s).")


@contextlib.contextmanager
def _as_sentence(form: Format) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as broken:
        if broken.errno in (errno.ENOMEM, errno.EAGAIN):  # EAGAIN: no room for the stack of a thread
            raise Unreadable(f"This {form.name} file needs more memory than a decoder may use.") from broken
        reason = broken.strerror or type(broken).__name__
        raise Unreadable(f"This {form.name} file is damaged or broken off ({reason}).") from broken
    except MemoryError as full:
        raise Unreadable(f"This {form.name} file needs more memory than a decoder may use.") from full


def packets(streams: Streams) -> Iterator[Any]:
    """Yield the packets of pictures and of sound as they come; damaged ones are left out."""
    wanted = [stream for stream in (streams.video, streams.audio) if stream is not None]
    coming = streams.container.demux(*wanted)
    while True:
        try:
            packet = next(coming)
        except StopIteration:
            return
        except av.InvalidDataError:  # one damaged packet; the rest is worth having
            continue
        except av.FFmpegError:  # broken off: what came before was yielded
            return
        yield packet


def frames_of(packet: Any) -> list[Any]:
    """Return the frames that this packet completes; a damaged one completes none."""
    try:
        return list(packet.decode())
    except av.InvalidDataError:
        return []


def decoded(streams: Streams) -> Iterator[Any]:
    """Yield the decoded frames, of pictures and of sound, as they come; damaged packets are left out."""
    for packet in packets(streams):
        try:
            frames = frames_of(packet)
        except av.FFmpegError:  # broken off: what came before was yielded
            return
        yield from frames


def start_s(streams: Streams) -> float:
    """Return when the pictures start on the file's own clock; 0 when the header does not say."""
    video = streams.video
    return float(video.start_time * video.time_base) if video is not None and video.start_time is not None else 0.0


def origin_s(streams: Streams, first: Any) -> float:
    """Return when a film's own seconds begin on the file's clock, given the first frame that is shown."""
    claimed_s = start_s(streams)
    return first.time if first.time is not None and abs(first.time - claimed_s) < MOST_LEAD_S else claimed_s


def displayed_size(frame: Any, streams: Streams) -> tuple[int, int]:
    """Return the width and height of a frame as displayed: pixels made square, turned upright."""
    aspect = streams.video.sample_aspect_ratio if streams.video is not None else None
    width = frame.width
    if aspect and Fraction(1, 4) <= aspect <= 4 and abs(aspect - 1) > Fraction(1, 100):
        width = max(1, round(width * aspect))
    return (frame.height, width) if round(frame.rotation / 90) % 2 else (width, frame.height)


def pixels(frame: Any, size: tuple[int, int], form: str = "rgb24") -> NDArray[np.uint8]:
    """Return a decoded frame upright, at the displayed size (width, height) asked for, in RGB or "gray"."""
    turns = round(frame.rotation / 90) % 4  # a telephone films lying down and only notes how it was held
    width, height = size[::-1] if turns % 2 else size
    small = frame.reformat(width=width, height=height, format=form, interpolation="AREA", threads=1).to_ndarray()
    return np.ascontiguousarray(np.rot90(small, turns))


def fitted(size: tuple[int, int], long_side_px: int) -> tuple[int, int]:
    """Return the size scaled down so that its long side is at most `long_side_px`; never up."""
    scale = min(1.0, long_side_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
