"""Odd, broken and hostile films, put to the real decoder: a sentence or a description each, and no address touched."""

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import settings
from fingerprints.decode import Describer, limits_of
from fingerprints.screening import screen
from fingerprints.sniff import HEAD_BYTES, Unreadable, sniff
from tests.measure import hostile, odd_films
from tests.measure.odd_pictures import Odd

TIMEOUT_S = 60.0
DAMAGED = {"broken off", "durations", "sizes", "times", "tables", "matroska"}


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """A door on loopback that nobody should knock at."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0)
        yield door


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, listener: socket.socket) -> list[Odd]:
    return odd_films.odd_films(tmp_path_factory.mktemp("films"), listener.getsockname()[1])


@pytest.fixture(scope="module", params=["points", "glance"])
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, odd: list[Odd]
) -> list[hostile.Answer]:
    """The answer to each, with the limits a home is born with."""
    folder = tmp_path_factory.mktemp("asked")
    with Describer(limits_of(settings.load(folder, {}))) as describer:
        makers = [lambda each=each: each for each in odd]
        return list(hostile.answers(describer, makers, folder, depth=request.param))


def knocks(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_every_odd_film_is_answered_as_an_operator_deserves(answers):
    assert [(answer.family, answer.name, answer.fault) for answer in answers if answer.fault] == []


def test_no_odd_film_ends_its_decoder_or_keeps_it_busy_for_long(answers):
    assert [(answer.family, answer.name, answer.sentence) for answer in answers if answer.has_died] == []
    assert max(answer.took_s for answer in answers) < TIMEOUT_S


def test_a_sound_film_is_described_and_every_sort_of_damage_is_among_them(answers):
    assert [answer.name for answer in answers if answer.family == "sound" and answer.sentence] == []
    assert set(Counter(answer.family for answer in answers)) == {"sound", "names others", *DAMAGED}


def test_a_playlist_is_never_followed_whatever_it_is_called(answers):
    followed = [
        answer.name
        for answer in answers
        if answer.family == "names others" and answer.sentence is None and "elsewhere" not in answer.name
    ]
    assert followed == []


def test_no_address_is_touched_even_where_nothing_but_the_reader_forbids_it(odd, listener, tmp_path):
    """In this process, which has a network: the children have none, and would prove nothing."""
    limits = limits_of(settings.load(tmp_path, {}))
    assert knocks(listener) == 0
    for each in (each for each in odd if each.family == "names others"):
        path: Path = tmp_path / each.name
        path.write_bytes(each.content)
        try:
            form = sniff(each.content[:HEAD_BYTES])
            screen(path, form, limits, films=(), sounds=(), depth="glance")
        except Unreadable:
            pass
    assert knocks(listener) == 0


def test_the_listener_would_have_counted(listener):
    socket.create_connection(listener.getsockname()).close()
    assert knocks(listener) == 1
