"""Every way to describe a medium, one file each; other distributions add theirs by entry points."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain

from config import plugins
from config.errors import MekikiError
from fingerprints.interface import Depth, FilmKind, MediaFacts, PictureKind, SoundKind, Table
from fingerprints.kinds.colorhash import ColorHash42
from fingerprints.kinds.crop_resistant import CropResistant
from fingerprints.kinds.dhash import Dhash64
from fingerprints.kinds.film_pdq import FilmPdq, SeenPdq
from fingerprints.kinds.film_sift import FilmSift, SeenSift
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.phash import Phash64
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.seen_cuts import SeenCuts
from fingerprints.kinds.seen_insets import SeenInsets
from fingerprints.kinds.sound_bits import SoundBits
from fingerprints.kinds.thumb import Thumb
from fingerprints.kinds.whash import Whash64

PICTURE_KINDS: tuple[PictureKind, ...] = (Pdq256(), RootSift(), Thumb(), Phash64())
# Computed only where somebody asks for them: partners exchange lists of them, matching does not need them.
EXCHANGE_KINDS: tuple[PictureKind, ...] = (Dhash64(), Whash64(), ColorHash42(), CropResistant())
FILM_KINDS: tuple[FilmKind, ...] = (FilmPdq(), FilmSift())  # of references
SEEN_KINDS: tuple[FilmKind, ...] = (SeenPdq(), SeenSift(), SeenInsets(), SeenCuts())  # of films that were seen
SOUND_KINDS: tuple[SoundKind, ...] = (SoundBits(),)


class UnknownKind(MekikiError):
    """Somebody asked for an exchange kind that there is not."""

    permanent = False  # a fault of the setting, not of any file: nothing is to be set aside as unreadable


def picture_kinds() -> Mapping[str, PictureKind]:
    """Return every way to describe a still picture, by name: the built-ins and those of `mekiki.picture_kinds`."""
    return plugins.gather("picture_kinds", PICTURE_KINDS)


def exchange_kinds() -> Mapping[str, PictureKind]:
    """Return every kind that is only computed for exchange, by name: the built-ins and those of
    `mekiki.exchange_kinds`."""
    return plugins.gather("exchange_kinds", EXCHANGE_KINDS)


def exchange(names: Iterable[str]) -> list[PictureKind]:
    """Return the exchange kinds of these names, each once. One that is always computed and may travel can be named too,
    and is not returned. Raises UnknownKind."""
    chosen = list(dict.fromkeys(names))
    if not chosen:
        return []
    known = exchange_kinds()
    always = {name for name, kind in picture_kinds().items() if kind.may_travel}
    for name in chosen:
        if name not in known and name not in always:
            near = difflib.get_close_matches(name.lower(), [*known, *always], n=1, cutoff=0.4)
            hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}."
            raise UnknownKind(f'There is no fingerprint "{name}" to exchange ([fingerprints] exchange, --also); {hint}')
    return [known[name] for name in chosen if name in known]


def film_kinds() -> Mapping[str, FilmKind]:
    """Return every way to describe a reference film, by name: the built-ins and those of `mekiki.film_kinds`."""
    return plugins.gather("film_kinds", FILM_KINDS)


def seen_kinds() -> Mapping[str, FilmKind]:
    """Return every way to describe a film that was seen, by name: the built-ins and those of `mekiki.seen_kinds`."""
    return plugins.gather("seen_kinds", SEEN_KINDS)


def sound_kinds() -> Mapping[str, SoundKind]:
    """Return every way to describe sound, by name: the built-ins and those of `mekiki.sound_kinds`."""
    return plugins.gather("sound_kinds", SOUND_KINDS)


def of_references() -> Iterator[PictureKind | FilmKind | SoundKind]:
    """Yield every way to describe a reference, exchange kinds among them."""
    groups = (picture_kinds(), exchange_kinds(), film_kinds(), sound_kinds())
    return chain.from_iterable(group.values() for group in groups)


@cache
def tables() -> Mapping[tuple[str, int], Table]:
    """Return what the vectors of every kind look like, by its name and version; found out once."""
    return {(kind.name, kind.version): kind.table for kind in (*of_references(), *seen_kinds().values())}


def filmed(depth: Depth, *, films: Mapping[str, FilmKind], seen: Mapping[str, FilmKind]) -> list[FilmKind]:
    """Return which of these kinds describe a film at this depth."""
    if depth == "glance":
        return list(seen.values())
    return [kind for kind in films.values() if depth == "points" or kind.tier == "hashes"]


def wanted(facts: MediaFacts, also: Iterable[str] = (), *, depth: Depth) -> list[tuple[str, int]]:
    """Return (name, version) of every kind that describes a medium with these facts at this depth, the exchange kinds
    in `also` included. Stills and sound are described alike at every depth. Raises UnknownKind."""
    kinds: list[PictureKind | FilmKind | SoundKind] = []
    if facts.medium == "image":
        kinds += picture_kinds().values()
        kinds += exchange(also)
    if facts.medium == "video":
        kinds += filmed(depth, films=film_kinds(), seen=seen_kinds())
    if facts.has_sound:
        kinds += sound_kinds().values()
    return [(kind.name, kind.version) for kind in kinds]
