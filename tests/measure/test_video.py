"""The measuring of films itself: fair halves, true truths, the same films every time."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from matcher.interface import Segment
from tests.measure import film_clips, film_drawings, film_lengths, film_peers, film_writing, films_corpus
from tests.measure.film_alterations import as_is, cornered, sized
from tests.measure.film_clips import ATTACKS, QUICK, Attack
from tests.measure.film_drawings import Episode
from tests.measure.film_lengths import Timed
from tests.measure.film_metrics import Claim, ends, segment_scores
from tests.measure.films_corpus import HALVES

NAMES = tuple(HALVES)


def series(name: str) -> str:
    """Return what a film belongs to: nothing of one series may stand on both sides."""
    name = name.split("/")[0]
    for work in ("bbb", "sintel", "pc_motion", "caminandes", "drawn 11", "drawn 31"):
        if name.startswith(work):
            return work
    return name


def test_no_work_is_registered_in_both_halves() -> None:
    one, other = ({series(name) for name in HALVES[half].references} for half in NAMES)
    assert not one & other


@pytest.mark.parametrize("half", NAMES)
def test_what_distracts_or_carries_is_not_registered(half: str) -> None:
    part = HALVES[half]
    for name, from_s in part.distractors:
        assert from_s >= part.references.get(name, 0.0)
    assert not {f"drawn {number}" for number in part.drawn} & {name.split("/")[0] for name in part.references}
    assert not {series(name) for name in part.carriers} & {
        series(name) for name in part.references if name.startswith("drawn")
    }
    assert part.sibling not in part.references


def test_the_two_halves_are_distracted_by_different_drawings() -> None:
    one, other = (HALVES[half] for half in NAMES)
    assert not set(one.stills) & set(other.stills)
    assert not set(one.drawn) & set(other.drawn)


@pytest.mark.parametrize("half", NAMES)
def test_every_clip_lies_where_its_work_proves_something(half: str) -> None:
    part = HALVES[half]
    planned = [*films_corpus.queries(part, ATTACKS), *film_lengths.planned(part, is_quick=False)]
    assert len({query.name for query in planned}) == len(planned)
    for query in planned:
        assert query.carrier not in query.truths
        for name, true in query.truths.items():
            free = films_corpus.free_span(name, part.references[name])
            for each in true:
                assert free[0] <= each.reference_start_s < each.reference_end_s <= free[1]
                assert 0 < each.query_start_s < each.query_end_s < query.duration_s


def test_clips_of_one_reference_never_overlap_and_are_re_ordered() -> None:
    for query in films_corpus.queries(HALVES["reported"], ATTACKS):
        for true in query.truths.values():
            spans = sorted((each.reference_start_s, each.reference_end_s) for each in true)
            assert all(end <= start + 1e-9 for (_, end), (start, _) in pairwise(spans))
            if query.attack.gap_s == 0 and len(true) > 1:
                begins = [each.reference_start_s for each in true]
                assert begins != sorted(begins)


def test_the_same_queries_are_asked_whatever_else_is_asked() -> None:
    half = HALVES["reported"]
    whole = {query.name: query.truths for query in films_corpus.queries(half, ATTACKS)}
    some = films_corpus.queries(half, tuple(each for each in ATTACKS if each.name in QUICK))
    assert some
    assert all(whole[query.name] == query.truths for query in some)


def test_every_attack_and_every_length_is_asked() -> None:
    half = HALVES["reported"]
    assert {query.attack.name for query in films_corpus.queries(half, ATTACKS)} == {each.name for each in ATTACKS}
    asked = {query.clips[0].length_s for query in film_lengths.planned(half, is_quick=False)}
    assert asked == set(film_lengths.LENGTHS_S)
    assert set(QUICK) <= {each.name for each in ATTACKS}


def test_played_backwards_the_first_second_shown_is_the_last_of_the_reference() -> None:
    attack = Attack("backwards", as_is, speed=-1.0)
    query = film_clips.plan(attack, ["a"], {"a": (10.0, 40.0)}, "b", np.random.default_rng(1))
    assert query is not None
    (clip,), true = query.clips, query.clips[0].segment()
    assert clip.reference_s == true.reference_end_s
    assert true.reference_end_s - true.reference_start_s == clip.length_s


def test_an_episode_shares_its_opening_and_ending_and_nothing_else() -> None:
    one, two, other = Episode(7, 1, 60.0, 96, 54), Episode(7, 2, 70.0, 96, 54), Episode(8, 1, 60.0, 96, 54)
    for (start, end), (begin, _) in zip(one.shared, two.shared, strict=True):
        for gone in np.arange(0.1, end - start, 0.7):
            assert (one.at(start + gone) == two.at(begin + gone)).all()
            assert (one.at(start + gone) != other.at(start + gone)).any()
    seen = {picture.tobytes() for _, picture in two.frames(4)}
    begin, end = one.opening[1] + 0.2, one.ending[0] - 0.3
    alike = [at_s for at_s in np.arange(begin, end, 0.25) if one.at(at_s).tobytes() in seen]
    assert all(not one.at(at_s).any() for at_s in alike)  # only black


def test_drawings_are_held_and_cut_and_the_same_every_time() -> None:
    film = Episode(9, 1, 50.0, 96, 54)
    pictures = [picture.tobytes() for _, picture in film.frames(24)]
    assert len(set(pictures)) < 0.75 * len(pictures)
    assert len(film.shots) > 10
    film_drawings._stage.cache_clear()
    assert pictures == [picture.tobytes() for _, picture in Episode(9, 1, 50.0, 96, 54).frames(24)]


def test_black_and_title_cards_are_seen_as_flat_and_paintings_are_not() -> None:
    film = Episode(11, 1, 60.0)
    flat = film_peers.flat_spans(films_corpus.drawn_film(film.name, 60.0)["measure-flat"])
    card = [shot for shot in film.shots if shot.move in {"black", "card"}]
    assert {start for start, _ in flat} == {
        at_s for at_s in np.arange(0, 60, 0.25) if card[0].begin_s <= at_s < card[1].end_s
    }


def test_a_written_query_shows_the_clip_when_it_says_so(tmp_path: Path) -> None:
    attack = Attack("corner", cornered(0.5), sound="pitched")
    query = film_clips.plan(
        attack, ["drawn 11/1"], {"drawn 11/1": (30.0, 50.0)}, "drawn 15/1", np.random.default_rng(1)
    )
    assert query is not None
    path = tmp_path / "a.mp4"
    film_writing.write(query, films_corpus.source, films_corpus.heard, path)
    footage = film_writing.Footage(path, 0.0, query.duration_s)
    (clip,) = query.clips
    reference = films_corpus.source("drawn 11/1", 0.0, 0.0)
    for at_s, is_shown in (
        (clip.query_s - 0.5, False),
        (clip.query_s + 5, True),
        (clip.query_s + clip.length_s + 1, False),
    ):
        small = footage.at(at_s)[127:262, 230:470].astype(int)
        there = sized(reference.at(clip.reference_s + at_s - clip.query_s), 240, 135).astype(int)
        assert (np.abs(small - there).mean() < 15) == is_shown


def test_sound_changes_its_pitch_and_not_its_length() -> None:
    at_s = np.arange(film_writing.RATE_HZ * 2) / film_writing.RATE_HZ
    higher = film_writing.pitched(np.sin(2 * np.pi * 440 * at_s).astype(np.float32))
    spectrum = np.abs(np.fft.rfft(higher))
    assert len(higher) == len(at_s)
    assert float(spectrum.argmax()) / 2 == pytest.approx(440 * film_writing.PITCH, rel=0.02)


def test_the_rule_is_judged_by_what_counts() -> None:
    right = Timed("a", "as is", 31.0, 31.0, 30.6)
    over_a_card = Timed("b", "as is", 32.0, 28.0, 32.0)
    missed = Timed("c", "as is", 5.0, 5.0, 0.0)
    figures = film_lengths.figures([right, over_a_card, missed])
    assert figures["matched_within_1s"] == 0.333
    assert figures["thirty_second_rule_right"] == 0.5


def test_a_film_played_backwards_is_scored_as_the_stretch_it_is() -> None:
    true = Segment(4.0, 14.0, 20.0, 30.0, -1.0, 0.0)
    for said in (Segment(4.0, 14.0, 20.0, 30.0, -1.0, 9.0), Segment(4.0, 14.0, 30.0, 20.0, -1.0, 9.0)):
        claim = Claim("q", "a", "r", 1.0, (said,), (true,))
        assert segment_scores([claim], [claim], 0.5).f1() == 1.0
        assert ends([claim], 0.5) == ([0.0, 0.0], [0.0])
