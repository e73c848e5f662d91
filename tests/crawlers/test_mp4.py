"""An MP4's index is read whole or refused, and the excerpt written from it is a normal film with the same times."""

import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers import excerpt, mp4
from crawlers.mp4 import Track
from crawlers.reels import NotAFilm
from tests.crawlers import films

FILM = films.mp4(40)


def moov_of(film: bytes) -> bytes:
    return next(film[box.start : box.end] for box in mp4.boxes(film, 0, len(film)) if box.kind == b"moov")


MOOV = moov_of(FILM)
TRACK = mp4.track(MOOV, len(FILM))


def excerpted(film: bytes, track: Track, most: int, max_bytes: int = 1 << 30) -> bytes:
    kept = excerpt.stretches(track, most=most, max_bytes=max_bytes)
    media = b"".join(film[one.first_byte : one.first_byte + one.length] for one in kept)
    opening = excerpt.opening(excerpt.PLAIN_FTYP, len(media))
    return opening + media + excerpt.index(track, kept, len(opening))


def test_the_index_says_where_and_when_every_picture_is() -> None:
    assert len(TRACK.sizes) == 40 * films.RATE
    assert TRACK.seconds == pytest.approx(40.0, abs=0.01)
    assert list(TRACK.keys) == list(range(0, 40 * films.RATE, films.RATE * films.KEY_S))
    assert TRACK.shifts is not None  # pictures out of order, or the test shows nothing


@pytest.mark.parametrize("most", [1, 3, 7, 20, 500])
def test_an_excerpt_has_the_pictures_and_the_times_of_the_film(most: int) -> None:
    whole, found = films.frames(FILM), films.frames(excerpted(FILM, TRACK, most))

    assert len(found) == min(most, 20) * films.RATE * films.KEY_S
    assert {at: whole[at] for at in found} == found
    assert max(found) > 37.0 or most == 1


def test_sound_between_the_pictures_is_left_out() -> None:
    film = films.mp4(12, sound=True)
    track = mp4.track(moov_of(film), len(film))

    whole, found = films.frames(film), films.frames(excerpted(film, track, 3))

    assert len(track.sizes) == 12 * films.RATE
    assert len(found) == 3 * films.RATE * films.KEY_S
    assert {at: whole[at] for at in found} == found


def test_an_excerpt_lasts_as_long_as_the_film() -> None:
    assert films.claimed_s(excerpted(FILM, TRACK, 3)) == pytest.approx(films.claimed_s(FILM), abs=0.2)


def test_stretches_keep_to_the_bytes_and_are_spread() -> None:
    kept = excerpt.stretches(TRACK, most=20, max_bytes=len(FILM) // 3)

    assert sum(one.length for one in kept) <= len(FILM) // 3
    starts = [TRACK.times[one.first] / TRACK.timescale for one in kept]
    assert (starts[0], starts[-1]) == (0.0, 38.0)
    assert max(after - before for before, after in itertools.pairwise(starts)) <= 10.0


def test_no_stretch_that_fits_is_a_sentence() -> None:
    with pytest.raises(NotAFilm, match="not even one stretch"):
        excerpt.stretches(TRACK, most=9, max_bytes=10)


def test_a_long_group_of_pictures_is_cut() -> None:
    one_key = mp4.track(moov_of(FILM).replace(b"stss", b"free"), len(FILM))  # every picture a key...
    lonely = Track(**{**one_key.__dict__, "keys": TRACK.keys[:1]})  # ... then only the first

    (stretch,) = excerpt.stretches(lonely, most=5, max_bytes=1 << 30)
    assert excerpt.seconds(lonely, [stretch]) == excerpt.MAX_STRETCH_S


def test_an_excerpt_names_no_other_file() -> None:
    elsewhere = MOOV.replace(b"url \x00\x00\x00\x01", b"url \x00\x00\x00\x00")
    assert elsewhere != MOOV

    found = excerpted(FILM, mp4.track(elsewhere, len(FILM)), 3)
    assert b"url \x00\x00\x00\x01" in found
    assert b"url \x00\x00\x00\x00" not in found


def patched(kind: bytes, at: int, value: int, form: str = ">I") -> bytes:
    """Return the film's index with a number written over, `at` bytes behind a box's name."""
    place = MOOV.index(kind) + 4 + at
    return MOOV[:place] + struct.pack(form, value) + MOOV[place + struct.calcsize(form) :]


@pytest.mark.parametrize(("moov", "says"), [
    (b"", "cut off"),
    (MOOV[:60], "does not fit"),
    (patched(b"stsz", -8, 0xFFFFFFFF), "does not fit"),
    (patched(b"stsz", -8, 4), "does not fit"),
    (patched(b"stsz", 8, 0xFFFFFFFF), "more pictures"),
    (patched(b"stsz", 8, 1_999_999), "claims more entries"),
    (patched(b"stsz", 8, 0), "no pictures"),
    (patched(b"stts", 4, 0x7FFFFFFF), "claims more entries"),
    (patched(b"stts", 8, 0xFFFFFFFF), "contradicts itself"),
    (patched(b"stsc", 12, 0xFFFFFFFF), "contradicts itself"),
    (patched(b"stsc", 8, 0), "contradicts itself"),
    (patched(b"stco", 8, 0xFFFFFFFF), "beyond its end"),
    (patched(b"stco", 4, 0), "contradicts itself"),
    (patched(b"stss", 8, 0), "contradicts itself"),
    (patched(b"stss", 8, 0xFFFFFFFF), "contradicts itself"),
    (patched(b"mdhd", 12, 0), "clock stands still"),
    (MOOV.replace(b"vide", b"soun"), "no pictures"),
    (MOOV.replace(b"stbl", b"free"), "lacks the box"),
    (MOOV.replace(b"avc1", b"encv"), "locked by DRM"),
    (struct.pack(">I4s", 8 + 8 * 2000, b"moov") + struct.pack(">I4s", 8, b"free") * 2000, "more boxes"),
])  # fmt: skip
def test_a_hostile_index_is_one_sentence(moov: bytes, says: str) -> None:
    with pytest.raises(NotAFilm, match=says):
        mp4.track(moov, len(FILM))


@pytest.mark.parametrize("version", [0, 1])
def test_more_edits_than_any_film_has_are_refused_before_a_decoder_sees_them(version: int) -> None:
    for sane in (MOOV, films.with_edits(MOOV, [], version=version), films.with_edits(MOOV, [64], version=version)):
        mp4.refuse_many_edits(sane)
    for odd in ([65], [20_000], [1, 1]):
        with pytest.raises(NotAFilm, match="more edits"):
            mp4.refuse_many_edits(films.with_edits(MOOV, odd, version=version))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(MOOV) - 1), st.binary(min_size=1, max_size=8))
def test_no_change_to_an_index_gets_past_as_anything_but_a_film_or_a_sentence(at: int, over: bytes) -> None:
    moov = MOOV[:at] + over + MOOV[at + len(over) :]
    try:
        mp4.refuse_many_edits(moov)
        found = mp4.track(moov, len(FILM))
        kept = excerpt.stretches(found, most=4, max_bytes=1 << 20)
        excerpt.index(found, kept, 100)
    except NotAFilm:
        return
    assert all(one.first_byte >= 0 and one.first_byte + one.length <= len(FILM) for one in kept)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_a_sentence(noise: bytes) -> None:
    for read in (lambda: mp4.track(noise, 1000), lambda: mp4.is_fragmented(noise), lambda: mp4.subsegments(noise, 0)):
        with pytest.raises(NotAFilm):
            read()


def test_a_segment_index_names_the_film_in_stretches(tmp_path: Path) -> None:
    films.write(tmp_path / "f.mp4", 12, movflags=films.FRAGMENTED)
    film = (tmp_path / "f.mp4").read_bytes()
    sidx = next(box for box in mp4.boxes(film, 0, len(film)) if box.kind == b"sidx")

    found = mp4.subsegments(film[sidx.start : sidx.end], sidx.end)

    assert [film[one.first_byte + 4 : one.first_byte + 8] for one in found] == [b"moof"] * 6
    assert sum(one.seconds for one in found) == pytest.approx(12.0, abs=0.2)
    assert mp4.is_fragmented(moov_of(film))
