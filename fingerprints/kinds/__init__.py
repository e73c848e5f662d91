"""Every way to describe a medium, one file each; other distributions add theirs by entry points."""

from collections.abc import Mapping

from config import plugins
from fingerprints.interface import FilmKind, MediaFacts, PictureKind, SoundKind
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.film_sift import FilmSift
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.phash import Phash64
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.sound_bits import SoundBits
from fingerprints.kinds.thumb import Thumb

PICTURE_KINDS: tuple[PictureKind, ...] = (Pdq256(), RootSift(), Thumb(), Phash64())
FILM_KINDS: tuple[FilmKind, ...] = (FilmPdq(), FilmSift())
SOUND_KINDS: tuple[SoundKind, ...] = (SoundBits(),)


def picture_kinds() -> Mapping[str, PictureKind]:
    """Return every way to describe a still picture, by name: the built-ins and those of `mekiki.picture_kinds`."""
    return plugins.gather("picture_kinds", PICTURE_KINDS)


def film_kinds() -> Mapping[str, FilmKind]:
    """Return every way to describe a film, by name: the built-ins and those of `mekiki.film_kinds`."""
    return plugins.gather("film_kinds", FILM_KINDS)


def sound_kinds() -> Mapping[str, SoundKind]:
    """Return every way to describe sound, by name: the built-ins and those of `mekiki.sound_kinds`."""
    return plugins.gather("sound_kinds", SOUND_KINDS)


def wanted(facts: MediaFacts) -> list[tuple[str, int]]:
    """Return (name, version) of every kind that describes a medium with these facts."""
    kinds: list[PictureKind | FilmKind | SoundKind] = []
    if facts.medium == "image":
        kinds += picture_kinds().values()
    if facts.medium == "video":
        kinds += film_kinds().values()
    if facts.has_sound:
        kinds += sound_kinds().values()
    return [(kind.name, kind.version) for kind in kinds]
