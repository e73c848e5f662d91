"""Every built-in kind keeps the promises of its contract; a new kind adds its three lines here."""

from fingerprints import kinds
from fingerprints.interface import FilmKind, MediaFacts, PictureKind, SoundKind
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.film_sift import FilmSift
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.phash import Phash64
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.sound_bits import SoundBits
from fingerprints.kinds.thumb import Thumb
from fingerprints.testing import FilmKindContract, PictureKindContract, SoundKindContract


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


class TestSoundBits(SoundKindContract):
    def kind(self) -> SoundKind:
        return SoundBits()


def test_every_built_in_kind_is_under_contract():
    tested = {type(case().kind()) for case in (TestPdq256, TestRootSift, TestThumb, TestPhash64, TestFilmPdq,
                                               TestFilmSift, TestSoundBits)}  # fmt: skip
    assert {type(kind) for kind in (*kinds.PICTURE_KINDS, *kinds.FILM_KINDS, *kinds.SOUND_KINDS)} == tested


def test_a_silent_film_wants_no_sound_kinds():
    silent = set(kinds.wanted(MediaFacts("video", 640, 360, 10.0)))
    heard = set(kinds.wanted(MediaFacts("video", 640, 360, 10.0, has_sound=True)))
    assert silent == {(kind.name, kind.version) for kind in kinds.FILM_KINDS}
    assert heard - silent == {(kind.name, kind.version) for kind in kinds.SOUND_KINDS}
