"""Clips of exact length for the 30-second rule: does `matched_seconds` say how long a copied stretch really was?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from tests.measure import film_alterations as alterations
from tests.measure import film_drawings, films_corpus
from tests.measure.film_clips import EDGE_S, FPS, Attack, Clip, Query, Span
from tests.measure.films_corpus import SEED, Half

LENGTHS_S = (3.0, 5.0, 8.0, 12.0, 20.0, 28.0, 29.0, 31.0, 32.0, 45.0, 60.0)
QUICK_LENGTHS_S = (5.0, 12.0, 29.0, 31.0)
RULE_S, ASKED_OF_THE_RULE = 30.0, (28.0, 29.0, 31.0, 32.0)
WORKS, QUICK_WORKS = 3, 1  # references a length and treatment is tried on
CARDS = ("sintel_trailer",)  # a quarter of it are fades and lines of type: nobody could say to a second what counts
LEADS_S = (2.0, 9.0)  # of unrelated film before and after
TREATMENTS = (
    Attack("as is", alterations.as_is, quality=26),
    Attack("240p", alterations.as_is, quality=36, wide_px=426),
    Attack("crop 20 %", alterations.cropped(0.8, 0.7, 0.3)),
    Attack("subtitled", alterations.subtitled),
    Attack("picture in picture 50 %", alterations.inset(0.5)),
    Attack("speed 1.10", alterations.as_is, speed=1.1),
)
OVER_A_CARD = "over black and a card"  # the clip runs through a black second and a title card of three


@dataclass(frozen=True)
class Timed:
    """What was said of one clip."""

    query: str
    treatment: str
    length_s: float  # in the query, flat frames and all
    true_s: float  # of it, what counts
    said_s: float  # 0: not found


def planned(half: Half, *, is_quick: bool) -> list[Query]:
    """Return the clips: every length, treatment and work that is long enough, a few works; always the same."""
    lengths = QUICK_LENGTHS_S if is_quick else LENGTHS_S
    treatments = (TREATMENTS[0], TREATMENTS[2]) if is_quick else TREATMENTS
    made = []
    for length_s in lengths:
        for turn, treatment in enumerate(treatments):
            random = np.random.default_rng((SEED, int(length_s), turn))
            needed_s = length_s * treatment.speed + 2 * EDGE_S
            free = {
                name: span
                for name in half.references
                if name not in CARDS and (span := _free(half, name, needed_s, random))
            }
            long = list(free)
            for step in range(min(QUICK_WORKS if is_quick else WORKS, len(long))):
                name = long[(turn + step) % len(long)]
                begin_s = float(random.uniform(free[name][0] + EDGE_S, free[name][1] + EDGE_S - needed_s))
                made.append(_query(half, treatment, (name, length_s, begin_s), random))
        if length_s >= 12.0:
            made += [_over_a_card(half, name, length_s) for name in half.drawn_references]
    return made


def _free(half: Half, name: str, needed_s: float, random: np.random.Generator) -> Span | None:
    """Return a stretch that a clip may be cut from, without black and cards where it can be; None when none is long."""
    until_s = half.references[name]
    whole = films_corpus.free_span(name, until_s)
    parts = film_drawings.episode(name, until_s).parts if name in half.drawn_references else (whole,)
    long = [part for part in parts if part[1] - part[0] >= needed_s]
    if long:
        return long[int(random.integers(len(long)))]
    return whole if whole[1] - whole[0] >= needed_s else None


def _over_a_card(half: Half, name: str, length_s: float) -> Query:
    episode = film_drawings.episode(name, half.references[name])
    card = next(shot for shot in episode.shots if shot.move == "card")
    random = np.random.default_rng((SEED, int(length_s), 99))
    begin_s = card.begin_s - random.uniform(3.0, length_s - 5.0)
    return _query(half, replace(TREATMENTS[0], name=OVER_A_CARD), (name, length_s, begin_s), random)


def _query(half: Half, treatment: Attack, what: tuple[str, float, float], random: np.random.Generator) -> Query:
    """Return a clip somewhere in an unrelated film; it begins on a frame, so that its length is exact."""
    name, length_s, begin_s = what
    before_s, after_s = (round(each * FPS) / FPS for each in random.uniform(*LEADS_S, 2))
    carrier = half.carriers[int(random.integers(len(half.carriers)))]
    clip = Clip(name, begin_s, before_s, length_s, treatment.speed)
    title = f"{name}, {length_s:g} s from {begin_s:.1f}, {treatment.name}"
    return Query(title, treatment, (clip,), carrier, before_s + length_s + after_s)


def figures(timed: Iterable[Timed]) -> dict[str, float]:
    """Return the figures of the rule; -1 where nothing was asked."""
    said = list(timed)
    ruled = [each for each in said if each.length_s in ASKED_OF_THE_RULE]
    return {
        "length_clips": len(said),
        "matched_within_1s": share(abs(each.said_s - each.true_s) <= 1.0 for each in said),
        "matched_error_median_s": round(float(np.median([abs(e.said_s - e.true_s) for e in said])), 3) if said else -1,
        "thirty_second_rule_right": share((each.said_s > RULE_S) == (each.true_s > RULE_S) for each in ruled),
    }


def tables(timed: Iterable[Timed]) -> dict[str, dict[str, float]]:
    """Return the share within a second by length and by treatment, and the clips that were further off."""
    by_length: dict[str, list[bool]] = defaultdict(list)
    by_treatment: dict[str, list[bool]] = defaultdict(list)
    off = {}
    for each in timed:
        is_near = abs(each.said_s - each.true_s) <= 1.0
        by_length[f"{each.length_s:g} s"].append(is_near)
        by_treatment[each.treatment].append(is_near)
        if not is_near:
            off[each.query] = round(each.said_s - each.true_s, 2)
    return {
        "within_1s_by_length": {key: share(values) for key, values in by_length.items()},
        "within_1s_by_treatment": {key: share(values) for key, values in by_treatment.items()},
        "off_by_more": off,
    }


def share(facts: Iterable[bool]) -> float:
    """Return the share of facts that are true; -1 of none."""
    known = list(facts)
    return round(float(np.mean(known)), 3) if known else -1.0
