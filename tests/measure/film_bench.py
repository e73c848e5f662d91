"""One half of the works laid out for measuring: the shelf with its references, and every film that is put to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fingerprints.packing import squeezed_positions
from matcher import film_again
from matcher.alignment import union_length
from matcher.film_seen import Promise, Seen
from matcher.films import FilmShelf
from matcher.interface import Comparison, Segment
from tests.measure import film_clips, film_peers, films_corpus
from tests.measure.film_clips import Query, Span
from tests.measure.film_put import Described, Film, part
from tests.measure.films_corpus import SHARED, Half

Truths = Mapping[str, tuple[Segment, ...]]  # by reference
POINTS = "film-sift"
KINDS = ("film-pdq", POINTS, "sound-bits")  # of references, ours


@dataclass(frozen=True)
class Asked:
    """One film that is put to every method."""

    name: str
    attack: str  # "none" for distractors
    film: Film
    truths: Truths  # empty: a distractor
    counted_s: Mapping[str, float] = field(default_factory=dict)  # true matched seconds, by reference


class Bench:
    """The references of one half on a shelf, and the same for the peers."""

    def __init__(self, half: Half) -> None:
        self.half = half
        self.films = films_corpus.described_films(half.references)
        self.names = list(half.references)
        self.cut = {name: part(self.films[name], 0.0, until_s) for name, until_s in half.references.items()}
        self.flat = {name: film_peers.flat_spans(film["measure-flat"]) for name, film in self.cut.items()}
        self.shelf = FilmShelf(worth_a_look=0.0)
        self.hashes_alone = FilmShelf(worth_a_look=0.0)  # the same works in the lower tier
        for number, name in enumerate(self.names):
            self.shelf.add(number, self.cut[name], SHARED.get(name, ()))
            without = {kind: vectors for kind, vectors in self.cut[name].items() if kind != POINTS}
            self.hashes_alone.add(number, without, SHARED.get(name, ()))

    def asked(self, attacks: tuple[film_clips.Attack, ...], shows: int) -> Iterator[Asked]:
        """Yield every query, then every distractor."""
        yield from self.put(films_corpus.queries(self.half, attacks))
        yield from self.distractors(shows)

    def put(self, queries: Iterable[Query]) -> Iterator[Asked]:
        """Yield queries, written and described."""
        for query, film in films_corpus.put_queries(queries):
            truths = query.truths
            counted = {name: self.counted_s(name, true) for name, true in truths.items()}
            yield Asked(query.name, query.attack.name, film, truths, counted)

    def distractors(self, shows: int) -> Iterator[Asked]:
        """Yield what holds nothing of any reference: films, slide shows and drawn episodes (`shows` of each)."""
        with films_corpus.describers() as both:
            starts = dict(self.half.distractors)
            for footage in films_corpus.put_files(map(films_corpus.path_of, starts), *both):
                yield _distractor(footage.path.stem, footage.since(starts[footage.path.stem]))
        for makers in (
            films_corpus.slide_shows(self.half, shows),
            films_corpus.drawn_films(self.half, shows),
            films_corpus.plain_films(),
        ):
            for name, film in makers:
                yield _distractor(name, film)

    def counted_s(self, name: str, true: Iterable[Segment]) -> float:
        """Return how many seconds of the query count: not those that are flat, nor what all episodes share."""
        left_out = [*self.flat[name], *SHARED.get(name, ())]
        return sum(
            (
                segment.reference_end_s
                - segment.reference_start_s
                - union_length([common for span in left_out if (common := _common(span, segment)) is not None])
            )
            / abs(segment.speed)
            for segment in true
        )

    def bytes_per_hour(self, kinds: tuple[str, ...] = KINDS) -> float:
        """Return how much an hour of references takes in the database."""
        vectors = [film[kind] for film in self.cut.values() for kind in kinds if kind in film]
        size = sum(each.codes.nbytes + len(squeezed_positions(each)) for each in vectors)
        return 3600 * size / sum(self.half.references.values())


def said(shelf: FilmShelf, film: Film) -> list[Comparison]:
    """Return what a shelf says of a film: after a glance, and after a closer watch of what it promised."""
    return shelf.compare(*_watched(shelf, film))


def seen(shelf: FilmShelf, film: Film) -> Seen:
    """Return all that a shelf learns of a film before it judges."""
    return Seen.of(*_watched(shelf, film))


def _watched(shelf: FilmShelf, film: Film) -> tuple[Described, Promise, tuple[Described, ...]]:
    """Return the glance, what it promised, and what the closer watch told of that."""
    glance = film_again.looked_again(film.glance, film.duration_s, film.watch)
    promise = shelf.promising(glance, film.duration_s)
    if not promise.asked:
        return glance, promise, ()
    watched = film.watch([each.watch for each in promise.asked])
    further = shelf.further(glance, promise, watched.seen, duration_s=film.duration_s)
    promise, watched = film_again.watched_again(promise, watched, further, film.watch)
    return glance, promise, watched.seen


def _distractor(name: str, film: Film) -> Asked:
    return Asked(f"distractor {name}", "none", film, {})


def _common(span: Span, segment: Segment) -> Span | None:
    start, end = max(span[0], segment.reference_start_s), min(span[1], segment.reference_end_s)
    return (start, end) if end > start else None
