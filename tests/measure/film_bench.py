"""One half of the works laid out for measuring: the shelf with its references, and every film that is put to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from matcher.alignment import union_length
from matcher.films import FilmShelf
from matcher.interface import Segment
from tests.measure import film_clips, film_peers, films_corpus
from tests.measure.film_clips import Query, Span
from tests.measure.films_corpus import SHARED, Described, Half

Truths = Mapping[str, tuple[Segment, ...]]  # by reference
KINDS = ("film-pdq", "film-sift", "sound-bits")  # ours; the rest that a film is described by is the peers'


@dataclass(frozen=True)
class Asked:
    """One film that is put to every method."""

    name: str
    attack: str  # "none" for distractors
    described: Described
    truths: Truths  # empty: a distractor
    duration_s: float
    counted_s: Mapping[str, float] = field(default_factory=dict)  # true matched seconds, by reference

    @property
    def ours(self) -> Described:
        """What our own kinds say of it."""
        return {kind: self.described[kind] for kind in KINDS if kind in self.described}


class Bench:
    """The references of one half on a shelf, and the same for the peers."""

    def __init__(self, half: Half) -> None:
        self.half = half
        self.films = films_corpus.described_films(sorted({*half.references, *(name for name, _ in half.distractors)}))
        self.names = list(half.references)
        self.cut = {
            name: films_corpus.part(self.films[name], 0.0, until_s) for name, until_s in half.references.items()
        }
        self.flat = {name: film_peers.flat_spans(film["measure-flat"]) for name, film in self.cut.items()}
        self.shelf = FilmShelf(worth_a_look=0.0)
        for number, name in enumerate(self.names):
            self.shelf.add(number, self.cut[name], SHARED.get(name, ()))

    def asked(self, attacks: tuple[film_clips.Attack, ...], shows: int) -> Iterator[Asked]:
        """Yield every query, then every distractor."""
        yield from self.put(films_corpus.queries(self.half, attacks))
        yield from self.distractors(shows)

    def put(self, queries: Iterable[Query]) -> Iterator[Asked]:
        """Yield queries, written and described."""
        for query, described in films_corpus.described_queries(queries):
            truths = query.truths
            counted = {name: self.counted_s(name, true) for name, true in truths.items()}
            yield Asked(query.name, query.attack.name, described, truths, query.duration_s, counted)

    def distractors(self, shows: int) -> Iterator[Asked]:
        """Yield what holds nothing of any reference: films, slide shows and drawn episodes (`shows` of each)."""
        for name, start_s in self.half.distractors:
            yield _distractor(name, films_corpus.part(self.films[name], start_s, 1e6))
        for makers in (
            films_corpus.slide_shows(self.half, shows),
            films_corpus.drawn_films(self.half, shows),
            films_corpus.plain_films(),
        ):
            for name, described in makers:
                yield _distractor(name, described)

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

    def bytes_per_hour(self) -> float:
        """Return how much an hour of references takes in the database."""
        vectors = [film[kind] for film in self.cut.values() for kind in KINDS if kind in film]
        size = sum(each.codes.nbytes + each.positions.nbytes for each in vectors)
        return 3600 * size / sum(duration_s(each) for each in self.cut.values())


def _distractor(name: str, described: Described) -> Asked:
    return Asked(f"distractor {name}", "none", described, {}, duration_s(described))


def _common(span: Span, segment: Segment) -> Span | None:
    start, end = max(span[0], segment.reference_start_s), min(span[1], segment.reference_end_s)
    return (start, end) if end > start else None


def duration_s(described: Described) -> float:
    """Return how long a film is, to a second."""
    at_s = described["peer-phash"].positions[:, 0]
    return float(at_s.max()) + 1 if len(at_s) else 0.0
