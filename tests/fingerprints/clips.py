"""Films whose groups of pictures are as a test wants them, made on the spot; every second shows another drawing."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import SECOND, Column, FilmPass, Frame, Table, Tier, Vectors
from fingerprints.testing import drawing

RATE = 24
X264 = {"preset": "superfast"}
NO_CUTS = "scenecut=0"


class Diary:
    """A film kind that notes when it saw what: the moment, the size and the mean colour."""

    name, version, may_travel = "diary", 1, True
    notes = ("height", "width", "red", "green", "blue")
    table = Table(1, (SECOND, *(Column(name, 0, 1e4) for name in notes)))
    tier: Tier = "hashes"

    def __init__(self, frames_per_second: float = 8.0, glance_s: float = 0.4) -> None:
        self.frames_per_second = frames_per_second
        self.glance_s = glance_s

    def begin(self) -> FilmPass:
        """Open a new page."""
        return DiaryPage()


class DiaryPage:
    """What a diary noted of one film."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []

    def see(self, frame: Frame) -> None:
        """Note the frame."""
        self.rows.append((frame.at_s, *frame.pixels.shape[:2], *frame.pixels.mean(axis=(0, 1))))

    def finish(self) -> Vectors:
        """Return the notes as positions."""
        return Vectors(np.zeros((len(self.rows), 1), np.uint8), np.array(self.rows, np.float32).reshape(-1, 6))


def picture(number: int, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """Return the drawing that the frame of this number shows, with a bar that moves on in every frame."""
    made = drawing(number // RATE, width, height)
    made[:, (number * 3) % width : (number * 3) % width + 8] = 255
    return made


def clip(
    path: Path, seconds: float, *, key_every: int = 2 * RATE, codec: str = "libx264", x264: str = NO_CUTS, b: int = 2
) -> Path:
    """Write a film with a key frame every so many frames; `x264` are options of that encoder."""
    options = X264 | {"x264-params": f"keyint={key_every}:bframes={b}:{x264}"} if codec == "libx264" else {}
    with av.open(str(path), "w") as made:
        video = made.add_stream(codec, rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.codec_context.gop_size, video.codec_context.max_b_frames = key_every, b
        for number in range(round(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
    return path
