"""Small films, sounds and pictures for the tests, made on the spot."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fingerprints.limits import Limits
from fingerprints.testing import drawing, tune

LIMITS = Limits(max_pixels=50_000_000, max_video_s=3600, memory_mb=3072, timeout_s=60, workers=2)


def film(
    path: Path, shots: list[NDArray[np.uint8]], *, rate: int = 12, sound: bool = False, fragmented: bool = False
) -> Path:
    """Write a film that shows each picture for one second."""
    options = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    height, width = shots[0].shape[:2]
    with av.open(str(path), "w", options=options) as made:
        codec, quick = ("libvpx", {"cpu-used": "8"}) if path.suffix == ".webm" else ("libx264", {"preset": "veryfast"})
        video = made.add_stream(codec, rate=rate, options={"g": str(rate), "deadline": "realtime"} | quick)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = made.add_stream("libopus", rate=48_000, layout="mono") if sound else None
        for second, picture in enumerate(shots):
            for number in range(rate):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = second * rate + number, Fraction(1, rate)
                made.mux(video.encode(frame))
        made.mux(video.encode(None))
        if audio is not None:
            melody = np.repeat(tune(1, len(shots)), 4)[: len(shots) * 44_100].reshape(1, -1)
            heard = av.AudioFrame.from_ndarray(melody, format="flt", layout="mono")
            heard.rate, heard.pts = 44_100, 0
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
            for piece in [*resampler.resample(heard), *resampler.resample(None)]:
                made.mux(audio.encode(piece))
            made.mux(audio.encode(None))
    return path


def drawn_film(path: Path, seconds: int = 4, **more: bool) -> Path:
    """Write a film of drawings, 320 x 240."""
    return film(path, [drawing(seed) for seed in range(seconds)], **more)


def wav(path: Path, seconds: float = 3.0) -> Path:
    """Write a melody at 11,025 samples a second."""
    samples = (tune(1, seconds) * 32767).astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, 11025, 22050, 2, 16, b"data", len(samples))
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(form) + len(samples)) + b"WAVE" + form + samples)
    return path


def flat(colour: str, width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture of one colour."""
    return Image.new("RGB", (width, height), colour)


def pixels(colour: str, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return the pixels of one colour."""
    return np.asarray(flat(colour, width, height))


def jpeg(picture: Image.Image, **more: object) -> bytes:
    """Return the picture as JPEG."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **more)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """Return a small, well-formed PNG whose header claims a size that its few bytes do not show."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
