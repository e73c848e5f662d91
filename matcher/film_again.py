"""A second look: at what a glance saw next to nothing of, as shots that rise from black or begin on white snow; and at
what a closer watch left undecided, once that has shown more clearly how a copy lies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fingerprints.interface import Vectors, Watch, Watched
from matcher.film_looks import LEAST_QUALITY, qualities
from matcher.film_seen import Promise, joined
from matcher.film_watch import LOOKS, POINTS, Asked

LEAST_BETWEEN_S = 1.0  # two key frames, so that what lies between them may be another picture
LENGTH_S = 0.5  # of a second look; both kinds see something every half second
FEW, ONE_IN_S = 4, 30.0  # looks of a short film; of a longer one, one in so many seconds


def looked_again(
    glance: Mapping[str, Vectors], duration_s: float, watch: Callable[[Sequence[Watch]], Watched]
) -> Mapping[str, Vectors]:
    """Return the glance with what is seen halfway to the next key frame, where a key frame shows next to nothing; as it
    was when the film can be watched no more."""
    wanted = unseen(glance, duration_s)
    watched = watch(wanted) if wanted else Watched(None, ())
    parts = {name: [glance[name], *(told[name] for told in watched.seen)] for name in glance if name in (LOOKS, POINTS)}
    return {**glance, **{name: joined(some) for name, some in parts.items()}} if watched.seen else glance


def watched_again(
    promise: Promise, watched: Watched, further: Sequence[Asked], watch: Callable[[Sequence[Watch]], Watched]
) -> tuple[Promise, Watched]:
    """Return the promise and what was watched of it with what is watched further; as they were when nothing is, or when
    the film can be watched no more."""
    more = watch([each.watch for each in further]) if further else Watched(None, ())
    if not more.seen:
        return promise, watched
    return replace(promise, asked=(*promise.asked, *further)), replace(watched, seen=(*watched.seen, *more.seen))


def unseen(glance: Mapping[str, Vectors], duration_s: float) -> list[Watch]:
    """Return where a second look may show something, evenly spread where there is much of it. Pure."""
    if LOOKS not in glance or not len(glance[LOOKS].codes):
        return []
    at_s, quality = qualities(glance[LOOKS])
    next_s = np.append(at_s[1:], duration_s)
    is_unseen = (quality < LEAST_QUALITY) & (next_s - at_s >= LEAST_BETWEEN_S)
    halfway_s = np.floor((at_s + next_s)[is_unseen]) / 2  # on a half second, when both kinds look
    most = min(len(halfway_s), max(FEW, int(duration_s / ONE_IN_S)))
    chosen = np.linspace(0, len(halfway_s) - 1, most).round().astype(np.int64)
    kinds = tuple(name for name in (LOOKS, POINTS) if name in glance)
    return [Watch(each, each + LENGTH_S, kinds) for each in halfway_s[chosen].tolist()]
