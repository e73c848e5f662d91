"""Films as re-posters change them: queries with the truth about which second shows which second of which reference."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.interface import Segment

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Alter = Callable[[Picture, Picture], Picture]  # (frame of the copy, frame of the unrelated film) -> frame

WIDE_PX = 480
FPS = 12
LEAD_S = 4.0  # of unrelated film before and after each copied clip


@dataclass(frozen=True)
class Attack:
    """One way to alter a film."""

    name: str
    alter: Alter
    speed: float = 1.0
    lengths_s: tuple[float, ...] = (10.0,)  # of the copied clips; more than one are a montage
    quality: int = 30  # x264's constant rate factor; 30 is a usual re-post, 40 is poor
    fps: int = FPS
    wide_px: int = WIDE_PX


@dataclass(frozen=True)
class Clip:
    """A stretch of a reference inside a query."""

    reference: str
    reference_s: float
    query_s: float
    length_s: float  # in the query
    speed: float

    def segment(self) -> Segment:
        """Return the truth as a segment."""
        return Segment(
            self.query_s, self.query_s + self.length_s,
            self.reference_s, self.reference_s + self.speed * self.length_s, self.speed, 0.0,
        )  # fmt: skip


@dataclass(frozen=True)
class Query:
    """One film to look up and what it holds; no clips: it holds nothing of any reference."""

    name: str
    attack: Attack
    clips: tuple[Clip, ...]
    carrier: str  # the unrelated film around the clips
    duration_s: float


def as_is(copy: Picture, _: Picture) -> Picture:
    return copy


def mirror(copy: Picture, _: Picture) -> Picture:
    return np.ascontiguousarray(copy[:, ::-1])


def cropped(share: float, across: float = 0.5, down: float = 0.5) -> Alter:
    """Keep `share` of each side."""

    def alter(copy: Picture, _: Picture) -> Picture:
        height, width = copy.shape[:2]
        top, left = round(height * (1 - share) * down), round(width * (1 - share) * across)
        part = copy[top : top + round(height * share), left : left + round(width * share)]
        return _sized(part, width, height)

    return alter


def letterboxed(copy: Picture, _: Picture) -> Picture:
    height, width = copy.shape[:2]
    out = np.zeros_like(copy)
    inner = round(height * 0.7)
    top = (height - inner) // 2
    out[top : top + inner] = _sized(copy, width, inner)
    return out


def subtitled(copy: Picture, _: Picture) -> Picture:
    out = copy.copy()
    height, width = out.shape[:2]
    for colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        where = (round(width * 0.08), round(height * 0.9))
        cv2.putText(out, "What are you waiting for, then?", where, cv2.FONT_HERSHEY_SIMPLEX, width / 560, colour, thick)
    cv2.rectangle(out, (width - 90, 12), (width - 14, 44), (230, 40, 60), -1)
    cv2.putText(out, "anime4u", (width - 86, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return out


def grey(copy: Picture, _: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(copy, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def recoloured(copy: Picture, _: Picture) -> Picture:
    hsv = cv2.cvtColor(copy, cv2.COLOR_RGB2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + 12) % 180
    hsv[..., 1:] = np.clip(hsv[..., 1:] * np.array([1.4, 1.15]) + 8, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def tilted(copy: Picture, _: Picture) -> Picture:
    height, width = copy.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1.08)
    return np.asarray(cv2.warpAffine(copy, turn, (width, height)), np.uint8)


def filmed(copy: Picture, _: Picture) -> Picture:
    """As a telephone films a screen: perspective, blur, glare."""
    height, width = copy.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = corners + np.array([(20, 12), (-10, 4), (-24, -14), (8, -6)], np.float32) * width / 480
    out = cv2.warpPerspective(
        copy, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=(20, 18, 16)
    )
    glare = np.linspace(0.75, 1.15, width)[None, :, None]
    return np.asarray(np.clip(cv2.GaussianBlur(out, (0, 0), 1.0) * glare, 0, 255), np.uint8)


def inset(share: float) -> Alter:
    """Lay the copy, `share` as wide, over the unrelated film."""

    def alter(copy: Picture, carrier: Picture) -> Picture:
        height, width = copy.shape[:2]
        out = carrier.copy()
        small = _sized(copy, round(width * share), round(height * share))
        top, left = round(height * 0.3), round(width * (1 - share) * 0.9)
        out[top : top + small.shape[0], left : left + small.shape[1]] = small
        return out

    return alter


def pillared(copy: Picture, _: Picture) -> Picture:
    """As a phone app frames a wide film: small, between blurred copies of itself."""
    height, width = copy.shape[:2]
    out = cv2.GaussianBlur(cropped(0.6)(copy, copy), (0, 0), 12)
    share = 0.66
    small = _sized(copy, round(width * share), round(height * share))
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(out, np.uint8)


def both(first: Alter, then: Alter) -> Alter:
    """Do one after the other."""
    return lambda copy, carrier: then(first(copy, carrier), carrier)


ATTACKS = (
    Attack("re-encoded", as_is, quality=38, wide_px=426),
    Attack("poor", as_is, quality=42, wide_px=320),
    Attack("mirror", mirror),
    Attack("crop 10 %", cropped(0.9)),
    Attack("crop 20 %", cropped(0.8, 0.7, 0.3)),
    Attack("crop 30 %", cropped(0.7, 0.25, 0.7)),
    Attack("letterbox", letterboxed),
    Attack("subtitles and logo", subtitled),
    Attack("grey", grey),
    Attack("recoloured", recoloured),
    Attack("8 frames a second", as_is, fps=8),
    Attack("speed 0.80", as_is, speed=0.8),
    Attack("speed 1.10", as_is, speed=1.1),
    Attack("speed 1.25", as_is, speed=1.25),
    Attack("tilted 5 degrees", tilted),
    Attack("filmed from a screen", filmed),
    Attack("picture in picture 50 %", inset(0.5)),
    Attack("picture in picture 35 %", inset(0.35)),
    Attack("blurred pillars", pillared),
    Attack("mirror, crop and speed", both(mirror, cropped(0.85)), speed=1.1),
    Attack("clip of 3 s", as_is, lengths_s=(3.0,)),
    Attack("clip of 5 s", as_is, lengths_s=(5.0,)),
    Attack("clip of 20 s", as_is, lengths_s=(20.0,)),
    Attack("clip of 28 s", as_is, lengths_s=(28.0,)),
    Attack("clip of 32 s", as_is, lengths_s=(32.0,)),
    Attack("montage", as_is, lengths_s=(4.0, 4.0, 4.0)),
)
QUICK = (
    "re-encoded", "mirror", "crop 20 %", "letterbox", "speed 1.10", "subtitles and logo", "clip of 5 s",
    "picture in picture 50 %", "clip of 20 s",
)  # fmt: skip


def plan(attack: Attack, reference: str, until_s: float, carrier: str, random: np.random.Generator) -> Query | None:
    """Return a query of clips drawn from the first `until_s` of a reference; None when it is too short for them."""
    free_s = until_s - 1.0 - sum(attack.lengths_s) * attack.speed
    if free_s < 0:
        return None
    clips, at_s = [], LEAD_S
    order = random.permutation(len(attack.lengths_s))
    gaps = np.sort(random.uniform(0, free_s, len(order)))  # so that clips of one montage never overlap
    begins = 0.5 + gaps + attack.speed * np.concatenate([[0], np.cumsum(attack.lengths_s)[:-1]])
    for number in order:
        length = attack.lengths_s[number]
        clips.append(Clip(reference, float(begins[number]), at_s, length, attack.speed))
        at_s += length + LEAD_S
    return Query(f"{reference}, {attack.name}", attack, tuple(clips), carrier, at_s)


def write(query: Query, films: Callable[[str], Path], out: Path) -> None:
    """Write the query as an MP4 without sound."""
    attack = query.attack
    footage = [Footage(films(clip.reference), clip.reference_s, clip.segment().reference_end_s) for clip in query.clips]
    around = Footage(films(query.carrier), 0.0, query.duration_s)
    height = round(attack.wide_px * footage[0].aspect / 2) * 2
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=attack.fps)
        stream.width, stream.height, stream.pix_fmt = attack.wide_px, height, "yuv420p"
        stream.options = {"preset": "superfast", "crf": str(attack.quality)}
        stream.codec_context.thread_count = 1
        for number in range(int(query.duration_s * attack.fps)):
            at_s = number / attack.fps
            picture = _sized(around.at(at_s), attack.wide_px, height)
            for clip, source in zip(query.clips, footage, strict=True):
                if clip.query_s <= at_s < clip.query_s + clip.length_s:
                    there = clip.reference_s + clip.speed * (at_s - clip.query_s)
                    picture = attack.alter(_sized(source.at(there), attack.wide_px, height), picture)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, attack.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class Footage:
    """The pictures of a stretch of a film, by time; a film that is too short begins again."""

    def __init__(self, path: Path, start_s: float, end_s: float) -> None:
        kept = list(_pictures(path, start_s, end_s))
        self._at_s = np.array([at_s for at_s, _ in kept])
        self._pictures = [picture for _, picture in kept]
        self._end_s = float(self._at_s[-1]) + 0.04
        self.aspect = self._pictures[0].shape[0] / self._pictures[0].shape[1]

    def at(self, at_s: float) -> Picture:
        """Return what is on screen at a second."""
        at_s = at_s if at_s <= self._end_s + 1 else at_s % self._end_s
        return self._pictures[max(0, int(np.searchsorted(self._at_s, at_s + 1e-6)) - 1)]


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


def _sized(picture: Picture, width: int, height: int) -> Picture:
    if picture.shape[:2] == (height, width):
        return picture
    how = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
