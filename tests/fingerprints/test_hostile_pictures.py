"""Some of each sort of hostile picture, put to the real decoder; `make measure-hostile` puts 10,000."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fingerprints.decode import Describer
from fingerprints.interface import Description, MediaFacts
from fingerprints.testing import same
from tests.fingerprints import media
from tests.measure import hostile, odd_pictures
from tests.measure.damage import DAMAGES

COUNT = 160
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[hostile.Answer]:
    """The answer to each of the first hostile pictures, with the limits a home is born with."""
    return hostile.measure(COUNT, tmp_path_factory.mktemp("hostile"))


def test_every_hostile_picture_is_answered_as_an_operator_deserves(answers):
    assert len(answers) == COUNT
    assert [(answer.family, answer.name, answer.fault) for answer in answers if answer.fault] == []


def test_no_hostile_picture_ends_its_decoder(answers):
    assert [(answer.family, answer.name, answer.sentence) for answer in answers if answer.has_died] == []


def test_no_hostile_picture_keeps_a_decoder_busy_for_long(answers):
    assert max(answer.took_s for answer in answers) < TIMEOUT_S


def test_every_sort_of_hostile_picture_is_among_them(answers):
    sorts = Counter(answer.family for answer in answers)
    assert set(sorts) == {*odd_pictures.FAMILIES, *DAMAGES, "spliced", "fuzzed EXIF"}
    assert min(sorts.values()) >= 4


def test_a_sound_picture_is_always_described(answers):
    sound = [answer for answer in answers if answer.family in {"sound", "turned", "broken EXIF", "thin", "wrong name"}]
    assert [(answer.name, answer.sentence) for answer in sound if answer.sentence] == []


def test_what_is_no_picture_is_always_refused(answers):
    foreign = [answer for answer in answers if answer.family in {"foreign", "stubs"}]
    assert [answer.name for answer in foreign if answer.sentence is None] == []


def test_the_same_seed_draws_the_same_pictures():
    first, second = ([make() for make in odd_pictures.odd_pictures(COUNT)] for _ in range(2))
    assert first == second
    assert len({odd.content for odd in first}) > COUNT * 0.9


@pytest.mark.parametrize(
    ("description", "took_s", "fault"),
    [
        (Description(None, {}, "This JPEG picture is damaged."), 1.0, None),
        (Description(None, {}, ""), 1.0, "not one sentence: ''"),
        (Description(None, {}, "Traceback (most recent call last)"), 1.0, "not one sentence"),
        (Description(None, {}, "This picture is odd. It is also broken."), 1.0, "not one sentence"),
        (Description(None, {}, "This picture turned the screen \x1b[31mred."), 1.0, "not one sentence"),
        (Description(None, {}, "Describing this file failed (KeyError: 1); please report it."), 1.0, "our own fault"),
        (Description(None, {}), 1.0, "neither described nor refused"),
        (Description(MediaFacts("image", 1, 1), {}, "This JPEG picture is damaged."), 1.0, "described and refused"),
        (Description(None, {}, "This JPEG picture is damaged."), 71.0, "answered after 71 s"),
    ],
)
def test_a_bad_answer_is_told_from_a_good_one(description, took_s, fault):
    found = hostile.fault_of(description, took_s, 70.0)
    assert (found is None) if fault is None else (found or "").startswith(fault)


def test_one_decoder_or_two_the_fingerprints_are_the_same_bit_by_bit(tmp_path):
    names = [*list(odd_pictures.whole())[:60:3], "large.jpg"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_bytes(odd_pictures.whole()[path.name])
    one, two, again = (described(paths, workers) for workers in (1, 2, 2))
    for name in names:
        assert one[name].error is None
        assert one[name].facts == two[name].facts == again[name].facts
        for kind, vectors in one[name].fingerprints.items():
            assert same(vectors, two[name].fingerprints[kind]), (name, kind)
            assert same(vectors, again[name].fingerprints[kind]), (name, kind)


def described(paths: list[Path], workers: int) -> dict[str, Description]:
    with Describer(replace(media.LIMITS, workers=workers)) as describer:
        return {path.name: description for path, description in describer.describe(paths, depth="glance")}
