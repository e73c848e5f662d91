"""Every built-in kind keeps the promises of its contract; a new kind adds its three lines here."""

import numpy as np
from numpy.typing import NDArray

from fingerprints import kinds
from fingerprints.interface import Depth, FilmKind, MediaFacts, PictureKind, SoundKind
from fingerprints.kinds.film_pdq import FilmPdq, SeenPdq
from fingerprints.kinds.film_sift import FilmSift, SeenSift
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.phash import Phash64
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.seen_cuts import SeenCuts
from fingerprints.kinds.seen_insets import SeenInsets
from fingerprints.kinds.sound_bits import SoundBits
from fingerprints.kinds.thumb import Thumb
from fingerprints.testing import FilmKindContract, PictureKindContract, SoundKindContract, drawing

DEPTHS: tuple[Depth, ...] = ("points", "hashes", "glance")


class TestPdq256(PictureKindContract):
    def kind(self) -> PictureKind:
        return Pdq256()


class TestRootSift(PictureKindContract):
    def kind(self) -> PictureKind:
        return RootSift()


class TestThumb(PictureKindContract):
    def kind(self) -> PictureKind:
        return Thumb()


class TestPhash64(PictureKindContract):
    def kind(self) -> PictureKind:
        return Phash64()


class TestFilmPdq(FilmKindContract):
    def kind(self) -> FilmKind:
        return FilmPdq()


class TestFilmSift(FilmKindContract):
    def kind(self) -> FilmKind:
        return FilmSift()


class TestSeenPdq(FilmKindContract):
    def kind(self) -> FilmKind:
        return SeenPdq()


class TestSeenSift(FilmKindContract):
    def kind(self) -> FilmKind:
        return SeenSift()


class TestSeenInsets(FilmKindContract):
    def kind(self) -> FilmKind:
        return SeenInsets()

    def film(self) -> list[NDArray[np.uint8]]:
        """A film that stays small inside another one."""
        pictures = []
        for number in range(8):
            picture = drawing(number, 640, 360)
            picture[60:240, 200:520] = drawing(100 + number, 320, 180)
            pictures.append(picture)
        return pictures


class TestSeenCuts(FilmKindContract):
    def kind(self) -> FilmKind:
        return SeenCuts()


class TestSoundBits(SoundKindContract):
    def kind(self) -> SoundKind:
        return SoundBits()


def test_every_built_in_kind_is_under_contract():
    tested = {type(case().kind()) for case in (TestPdq256, TestRootSift, TestThumb, TestPhash64, TestFilmPdq,
                                               TestFilmSift, TestSeenPdq, TestSeenSift, TestSeenInsets, TestSeenCuts,
                                               TestSoundBits)}  # fmt: skip
    filmed = *kinds.FILM_KINDS, *kinds.SEEN_KINDS
    assert {type(kind) for kind in (*kinds.PICTURE_KINDS, *filmed, *kinds.SOUND_KINDS)} == tested


def test_a_silent_film_wants_no_sound_kinds():
    silent = set(kinds.wanted(MediaFacts("video", 640, 360, 10.0), depth="points"))
    heard = set(kinds.wanted(MediaFacts("video", 640, 360, 10.0, has_sound=True), depth="points"))
    assert silent == {(kind.name, kind.version) for kind in kinds.FILM_KINDS}
    assert heard - silent == {(kind.name, kind.version) for kind in kinds.SOUND_KINDS}


def test_each_depth_has_its_own_film_kinds_and_stills_are_the_same_at_every_depth():
    film, still = MediaFacts("video", 640, 360, 10.0), MediaFacts("image", 640, 360)
    named = {depth: [name for name, _ in kinds.wanted(film, depth=depth)] for depth in DEPTHS}
    assert named["points"] == ["film-pdq", "film-sift"]
    assert named["hashes"] == ["film-pdq"]
    assert named["glance"] == [kind.name for kind in kinds.SEEN_KINDS]
    assert named["glance"][:2] == ["seen-pdq", "seen-sift"]
    assert len({tuple(kinds.wanted(still, depth=depth)) for depth in DEPTHS}) == 1
