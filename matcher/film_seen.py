"""What is known of a film that was seen: the glance, and the closer watch of what the glance promised."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fingerprints.interface import Vectors
from matcher import alignment
from matcher.film_looks import flat_spans
from matcher.film_points import Sighting
from matcher.film_watch import CUTS, LOOKS, POINTS, Asked

Told = Mapping[str, Vectors]  # by kind


@dataclass(frozen=True)
class Promise:
    """What a glance makes worth the decoding of every frame."""

    owners: tuple[int, ...]  # the references that may be shown
    sightings: Mapping[int, Sequence[Sighting]]  # by reference, what single pictures of the glance show
    asked: tuple[Asked, ...]  # the stretches to watch, in this order

    def of_those(self, still_there: Collection[int]) -> "Promise":
        """Return the promise without references that were taken off the shelf meanwhile; as much is asked."""
        owners = tuple(owner for owner in self.owners if owner in still_there)
        return replace(self, owners=owners, sightings={owner: self.sightings.get(owner, ()) for owner in owners})


@dataclass(frozen=True)
class Seen:
    """A film as it was seen, by frames as they are and by straightened ones."""

    promise: Promise
    looks: Vectors  # whole frames: those of the watch, and of the glance where nobody watched
    glanced: tuple[Vectors, ...]  # pictures of the glance; what they show is in the promise
    points: tuple[Vectors, ...]  # pictures of the watch
    cuts: alignment.Seconds  # when the picture changed at once
    straightened: tuple[tuple[Asked, Told], ...]

    @classmethod
    def of(cls, glance: Told, promise: Promise, watched: Sequence[Told]) -> "Seen":
        """Return what glance and watch say together."""
        pairs = list(zip(promise.asked, watched, strict=True)) if watched else []
        plain = [(asked.watch, told) for asked, told in pairs if asked.reference_id is None]
        spans = [(watch.start_s, watch.end_s) for watch, _ in plain]
        first = glance.get(LOOKS, Vectors(np.empty((0, 32), np.uint8), np.empty((0, 4), np.float32)))
        outside = ~alignment.inside(first.positions[:, 0].astype(np.float64), spans)
        return cls(
            promise,
            joined([Vectors(first.codes[outside], first.positions[outside]), *(told[LOOKS] for _, told in plain)]),
            (glance[POINTS],) if POINTS in glance else (),
            tuple(told[POINTS] for _, told in plain),
            moments(told for _, told in plain),
            tuple((asked, told) for asked, told in pairs if asked.reference_id in promise.owners),
        )

    def cuts_of(self, reference_id: int) -> alignment.Seconds:
        """Return when the picture changed at once, in frames as they are and in those straightened for a reference."""
        mine = moments(told for asked, told in self.straightened if asked.reference_id == reference_id)
        return np.concatenate([self.cuts, mine])

    @property
    def flat(self) -> alignment.Spans:
        """When the film shows next to nothing."""
        return flat_spans(self.looks)


def moments(watched: Iterable[Told]) -> alignment.Seconds:
    """Return when the picture changes at once in stretches that were watched."""
    found = [told[CUTS].positions[:, 0].astype(np.float64) for told in watched if CUTS in told]
    return np.concatenate([np.zeros(0), *found])


def joined(parts: Sequence[Vectors]) -> Vectors:
    """Return the rows of all parts, of one film and kind, in order of time."""
    some = [part for part in parts if len(part.codes)] or parts[:1]  # what shows nothing knows no facts
    positions = np.concatenate([part.positions for part in some])
    order = np.argsort(positions[:, 0], kind="stable")
    return Vectors(np.concatenate([part.codes for part in some])[order], positions[order], some[0].facts)
