"""Films as re-posters change them: queries with the truth about which second shows which second of which reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.interface import Segment
from tests.measure import film_alterations as alterations
from tests.measure.film_alterations import Alter, as_is

FPS = 12
LEAD_S = 4.0  # of unrelated film before and after each copied clip
EDGE_S = 0.5  # of a reference that clips keep away from, at either end
Span = tuple[float, float]


@dataclass(frozen=True)
class Attack:
    """One way to alter a film."""

    name: str
    alter: Alter
    speed: float = 1.0  # -1: played backwards
    lengths_s: tuple[float, ...] = (10.0,)  # of the copied clips; more than one are a montage
    quality: int = 30  # x264's constant rate factor; 30 is a usual re-post, 40 is poor
    fps: int = FPS
    wide_px: int = 480
    gap_s: float = LEAD_S  # of unrelated film between two clips
    works: int = 1  # that the clips are taken from, in turn
    sound: str = ""  # a name of film_writing.SOUNDS; none: the film is silent


@dataclass(frozen=True)
class Clip:
    """A stretch of a reference inside a query."""

    reference: str
    reference_s: float  # what is shown first; played backwards, that is the end of the stretch
    query_s: float
    length_s: float  # in the query
    speed: float

    def segment(self) -> Segment:
        """Return the truth as a segment; backwards, the reference still runs from early to late, at speed -1."""
        ends = sorted((self.reference_s, self.reference_s + self.speed * self.length_s))
        return Segment(self.query_s, self.query_s + self.length_s, ends[0], ends[1], self.speed, 0.0)


@dataclass(frozen=True)
class Query:
    """One film to look up and what it holds; no clips: it holds nothing of any reference."""

    name: str
    attack: Attack
    clips: tuple[Clip, ...]
    carrier: str  # the unrelated film around the clips
    duration_s: float
    carrier_from_s: float = 0.0

    @property
    def truths(self) -> dict[str, tuple[Segment, ...]]:
        """The true segments, by reference."""
        names = dict.fromkeys(clip.reference for clip in self.clips)
        return {name: tuple(clip.segment() for clip in self.clips if clip.reference == name) for name in names}


ATTACKS = (
    Attack("re-encoded", as_is, quality=38, wide_px=426),
    Attack("poor", as_is, quality=42, wide_px=320),
    Attack("mirror", alterations.mirror),
    Attack("crop 10 %", alterations.cropped(0.9)),
    Attack("crop 10 % off-centre", alterations.cropped(0.9, 1.0, 0.0)),
    Attack("crop 20 %", alterations.cropped(0.8, 0.7, 0.3)),
    Attack("crop 30 %", alterations.cropped(0.7, 0.25, 0.7)),
    Attack("letterbox", alterations.letterboxed),
    Attack("subtitles and logo", alterations.subtitled),
    Attack("grey", alterations.grey),
    Attack("recoloured", alterations.recoloured),
    Attack("8 frames a second", as_is, fps=8),
    Attack("10 frames a second", as_is, fps=10),
    Attack("speed 0.75", as_is, speed=0.75),
    Attack("speed 0.80", as_is, speed=0.8),
    Attack("speed 1.10", as_is, speed=1.1),
    Attack("speed 1.25", as_is, speed=1.25),
    Attack("speed 1.33", as_is, speed=1.33),
    Attack("tilted 5 degrees", alterations.tilted),
    Attack("filmed from a screen", alterations.filmed),
    Attack("picture in picture 50 %", alterations.inset(0.5)),
    Attack("picture in picture 35 %", alterations.inset(0.35)),
    Attack("picture in picture 20 %", alterations.inset(0.2), wide_px=854),
    Attack("reaction 50 %", alterations.cornered(0.5)),
    Attack("reaction 35 %", alterations.cornered(0.35)),
    Attack("reaction 20 %", alterations.cornered(0.2), wide_px=854),
    Attack("blurred pillars", alterations.pillared),
    Attack("mirror, crop and speed", alterations.both(alterations.mirror, alterations.cropped(0.85)), speed=1.1),
    Attack("played backwards", as_is, speed=-1.0),
    Attack("scenes re-ordered", as_is, lengths_s=(5.0, 5.0, 5.0), gap_s=0.0),
    Attack("sound replaced", as_is, sound="replaced"),
    Attack("sound pitched up", as_is, sound="pitched"),
    Attack("clip of 3 s", as_is, lengths_s=(3.0,)),
    Attack("clip of 5 s", as_is, lengths_s=(5.0,)),
    Attack("clip of 20 s", as_is, lengths_s=(20.0,)),
    Attack("clip of 28 s", as_is, lengths_s=(28.0,)),
    Attack("clip of 32 s", as_is, lengths_s=(32.0,)),
    Attack("montage", as_is, lengths_s=(4.0, 4.0, 4.0)),
    Attack(
        "montage of several works", as_is, lengths_s=(3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 3.0, 2.0), gap_s=0.0, works=3
    ),
)
QUICK = (
    "re-encoded", "mirror", "crop 20 %", "letterbox", "speed 1.10", "subtitles and logo", "clip of 5 s",
    "picture in picture 50 %", "clip of 20 s", "reaction 35 %", "played backwards",
)  # fmt: skip


def plan(
    attack: Attack, references: Sequence[str], free: Mapping[str, Span], carrier: str, random: np.random.Generator
) -> Query | None:
    """Return a query of clips of these references, in turn, each drawn from its free span; None when one is too short.

    Clips of one reference never overlap; where no film lies between them they are never in their own order.
    """
    lengths = attack.lengths_s
    of = [references[number % len(references)] for number in range(len(lengths))]
    begins = [0.0] * len(lengths)
    for reference in references:
        mine = [number for number, each in enumerate(of) if each == reference]
        order = random.permutation(len(mine)) if attack.gap_s else np.roll(np.arange(len(mine)), 1)
        there = [mine[place] for place in order]  # which clip is first, second … in the reference
        places = _places([lengths[number] * abs(attack.speed) for number in there], free[reference], random)
        if places is None:
            return None
        for number, place_s in zip(there, places, strict=True):
            begins[number] = place_s
    clips, at_s = [], LEAD_S
    for reference, begin_s, length_s in zip(of, begins, lengths, strict=True):
        first_s = begin_s + length_s * -attack.speed if attack.speed < 0 else begin_s
        clips.append(Clip(reference, first_s, at_s, length_s, attack.speed))
        at_s += length_s + attack.gap_s
    return Query(f"{references[0]}, {attack.name}", attack, tuple(clips), carrier, at_s + LEAD_S - attack.gap_s)


def _places(lengths_s: Sequence[float], free: Span, random: np.random.Generator) -> list[float] | None:
    """Return where stretches of these lengths begin, spread over a span without overlap; None when it is too short."""
    left_s = free[1] - free[0] - 2 * EDGE_S - sum(lengths_s)
    if left_s < 0:
        return None
    gaps = np.sort(random.uniform(0, left_s, len(lengths_s)))
    before = np.concatenate([[0.0], np.cumsum(lengths_s)[:-1]])
    return [float(each) for each in free[0] + EDGE_S + gaps + before]
