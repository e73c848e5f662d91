"""One half of the works laid out for measuring: the shelf with its references, and every film that is put to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matcher.films import FilmShelf
from matcher.interface import Segment
from tests.measure import film_clips, films_corpus
from tests.measure.films_corpus import SHARED, Described, Half

Truths = Mapping[str, tuple[Segment, ...]]  # by reference


@dataclass(frozen=True)
class Asked:
    """One film that is put to every method."""

    name: str
    attack: str  # "none" for distractors
    described: Described
    truths: Truths  # empty: a distractor
    duration_s: float


class Bench:
    """The references of one half on a shelf, and the same for the peers."""

    def __init__(self, half: Half) -> None:
        before = films_corpus.children_cpu_s()
        self.half = half
        self.films = films_corpus.described_films(sorted({*half.references, *(name for name, _ in half.distractors)}))
        self.describe_cpu_s = films_corpus.children_cpu_s() - before  # of ours and both peers
        self.described_s = sum(duration_s(each) for each in self.films.values())
        self.names = list(half.references)
        self.cut = {
            name: films_corpus.part(self.films[name], 0.0, until_s) for name, until_s in half.references.items()
        }
        self.shelf = FilmShelf(worth_a_look=0.0)
        for number, name in enumerate(self.names):
            self.shelf.add(number, self.cut[name], SHARED.get(name, ()))

    def asked(self, attacks: tuple[film_clips.Attack, ...], shows: int) -> Iterator[Asked]:
        """Yield every query, then every distractor."""
        for query, described in films_corpus.described_queries(films_corpus.queries(self.half, attacks)):
            truths: dict[str, tuple[Segment, ...]] = {}
            for clip in query.clips:
                truths[clip.reference] = (*truths.get(clip.reference, ()), clip.segment())
            yield Asked(query.name, query.attack.name, described, truths, query.duration_s)
        others = [(name, films_corpus.part(self.films[name], start_s, 1e6)) for name, start_s in self.half.distractors]
        for name, described in [*others, *films_corpus.slide_shows(self.half, shows), *films_corpus.plain_films()]:
            yield Asked(f"distractor {name}", "none", described, {}, duration_s(described))

    def bytes_per_hour(self) -> float:
        """Return how much an hour of references takes in the database."""
        kinds = ("film-pdq", "film-sift", "sound-bits")
        vectors = [film[kind] for film in self.cut.values() for kind in kinds if kind in film]
        size = sum(each.codes.nbytes + each.positions.nbytes for each in vectors)
        return 3600 * size / sum(duration_s(each) for each in self.cut.values())


def duration_s(described: Described) -> float:
    """Return how long a film is, to a second."""
    at_s = described["peer-phash"].positions[:, 0]
    return float(at_s.max()) + 1 if len(at_s) else 0.0
