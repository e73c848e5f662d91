"""Small real films for the crawlers' tests: every frame's brightness says its second."""

import io
import struct
from pathlib import Path

import av
import numpy as np

from crawlers.mp4 import box_at, boxes

RATE = 8  # frames a second
SOUND_HZ = 8000
KEY_S = 2  # between pictures that need no other
SIZE = (64, 48)
FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof+global_sidx"  # can only be written to a file


def write(target: Path | io.BytesIO, seconds: int, *, form: str = "mp4", sound: bool = False, **options: str) -> None:
    """Write a film with a picture that needs no other every two seconds, with pictures out of order between them.

    `sound` is silence, in pieces between the pictures.
    """
    where: str | io.BytesIO = str(target) if isinstance(target, Path) else target
    with av.open(where, "w", format=form, options=options) as box:
        stream = box.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.gop_size = RATE * KEY_S
        stream.options = {"x264-params": f"keyint={RATE * KEY_S}:scenecut=0:bframes=2", "crf": "10"}
        voice = box.add_stream("aac", rate=SOUND_HZ, layout="mono") if sound else None
        for number in range(seconds * RATE):
            if voice is not None:
                silence = av.AudioFrame.from_ndarray(np.zeros((1, SOUND_HZ // RATE), np.float32), "fltp", "mono")
                silence.rate, silence.pts = SOUND_HZ, number * SOUND_HZ // RATE
                box.mux(voice.encode(silence))
            noise = np.random.default_rng(number).integers(0, 16, (SIZE[1], SIZE[0], 3))
            pixels = np.full((SIZE[1], SIZE[0], 3), 16 + 3 * (number // RATE) % 220) + noise
            frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
            for packet in stream.encode(frame):
                box.mux(packet)
        for packet in stream.encode(None):
            box.mux(packet)


def mp4(seconds: int, *, sound: bool = False, **options: str) -> bytes:
    """Return an MP4, its index behind the pictures unless `movflags` say otherwise."""
    out = io.BytesIO()
    write(out, seconds, sound=sound, **options)
    return out.getvalue()


def frames(film: bytes) -> dict[float, float]:
    """Return the brightness of every frame by its time in seconds, as a decoder sees a file."""
    with av.open(io.BytesIO(film), "r") as box:
        return {round(float(frame.time or 0), 3): float(frame.to_ndarray(format="gray").mean())
                for frame in box.decode(video=0)}  # fmt: skip


def claimed_s(film: bytes) -> float:
    """Return how long a file says it plays."""
    with av.open(io.BytesIO(film), "r") as box:
        return float(box.duration or 0) / av.time_base


def with_edits(moov: bytes, counts: list[int], *, version: int = 0) -> bytes:
    """Return the index with these edit lists in its first track."""
    entry = 12 if version == 0 else 20
    lists = b"".join(
        struct.pack(">I4sII", 16 + entry * count, b"elst", version << 24, count) + bytes(entry * count)
        for count in counts
    )
    more = struct.pack(">I4s", 8 + len(lists), b"edts") + lists
    whole = box_at(moov, 0, len(moov))
    trak = next(box for box in boxes(moov, whole.inside, whole.end) if box.kind == b"trak")
    inside = b"".join(moov[box.start : box.end] for box in boxes(moov, trak.inside, trak.end) if box.kind != b"edts")
    new = struct.pack(">I4s", 8 + len(more) + len(inside), b"trak") + more + inside
    rest = moov[whole.inside : trak.start] + new + moov[trak.end :]
    return struct.pack(">I4s", 8 + len(rest), b"moov") + rest
