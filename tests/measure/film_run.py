"""Puts one half of the films to every method and keeps what each said; says on stderr how far it is."""

import sys
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from matcher.films import FilmShelf
from matcher.interface import Segment
from tests.measure import film_clips, film_lengths, film_peers, films_corpus
from tests.measure.film_bench import Asked, Bench, said
from tests.measure.film_clips import Query
from tests.measure.film_lengths import Timed
from tests.measure.film_metrics import Claim
from tests.measure.films_corpus import HALVES

OURS, HASHES = "mekiki", "hashes alone"  # the latter: ours, of works in the lower tier
METHODS = (OURS, *(kind.name for kind in film_peers.PEERS))
LOOK = 0.50  # matching.worth_a_look as shipped
SAYS_EVERY_S = 15.0


@dataclass(frozen=True)
class Plan:
    """What is asked of one half."""

    half: str
    attacks: tuple[str, ...]  # their names, for what they do cannot be sent to another process
    shows: int  # slide shows, and as many drawn episodes; 0: no distractors at all
    has_lengths: bool  # and, in the first part, the episode that is not registered
    has_tiers: bool  # asks the lower tier as well
    is_quick: bool
    part: tuple[int, int] = (0, 1)  # which of how many parts, that are asked at once

    def mine(self, planned: Sequence[Query]) -> list[Query]:
        """Return the films that this part asks."""
        return list(planned[self.part[0] :: self.part[1]])


@dataclass
class Run:
    """Everything one half gave."""

    half: str
    claims: dict[str, list[Claim]] = field(default_factory=lambda: {method: [] for method in (*METHODS, HASHES)})
    false: dict[str, list[Claim]] = field(default_factory=lambda: {method: [] for method in (*METHODS, HASHES)})
    wanted: list[Claim] = field(default_factory=list)
    copies: set[tuple[str, str]] = field(default_factory=set)  # (film, reference) put into the copy lane
    timed: list[Timed] = field(default_factory=list)
    sibling: dict[str, float] = field(default_factory=dict)  # what was said of the episode that is not registered
    distractor_s: float = 0.0
    bytes_per_reference_hour: float = 0.0
    bytes_per_reference_hour_hashes: float = 0.0
    took_s: float = 0.0

    def of_attacks(self, names: Collection[str]) -> "Run":
        """Return the run as if only these attacks had been asked."""
        claims = {method: [each for each in mine if each.attack in names] for method, mine in self.claims.items()}
        return replace(self, claims=claims, wanted=[claim for claim in self.wanted if claim.attack in names])

    def joined(self, other: "Run") -> "Run":
        """Return what two parts of one half gave."""
        return Run(
            self.half,
            {method: self.claims[method] + other.claims[method] for method in self.claims},
            {method: self.false[method] + other.false[method] for method in self.false},
            self.wanted + other.wanted,
            self.copies | other.copies,
            self.timed + other.timed,
            self.sibling | other.sibling,
            self.distractor_s + other.distractor_s,
            self.bytes_per_reference_hour,
            self.bytes_per_reference_hour_hashes,
            self.took_s + other.took_s,
        )


def measure(plan: Plan) -> Run:
    """Return what every method says of one half."""
    began = time.monotonic()
    half, run = HALVES[plan.half], Run(plan.half)
    bench = Bench(half)
    attacks = tuple(each for each in film_clips.ATTACKS if each.name in plan.attacks)
    queries = plan.mine(films_corpus.queries(half, attacks))
    lengths = plan.mine(film_lengths.planned(half, is_quick=plan.is_quick)) if plan.has_lengths else []
    _say(f"{plan.half} half: {len(bench.names)} references, {len(queries)} queries, {len(lengths)} clips of set length")
    for asked in _followed(bench.put(queries), plan.half, len(queries)):
        _ask(asked, bench, run, plan)
    for asked in _followed(bench.put(lengths), f"{plan.half} half, lengths", len(lengths)):
        run.timed.append(_timed(asked, bench))
    for asked in bench.distractors(plan.shows) if plan.shows else ():
        _ask(asked, bench, run, plan)
    _say(f"{plan.half} half: {run.distractor_s / 60:.0f} minutes of distractors")
    run.sibling = _sibling(bench) if plan.has_lengths and not plan.part[0] else {}
    run.bytes_per_reference_hour = bench.bytes_per_hour()
    run.bytes_per_reference_hour_hashes = bench.bytes_per_hour(("film-pdq",))
    run.took_s = time.monotonic() - began
    return run


def _ask(asked: Asked, bench: Bench, run: Run, plan: Plan) -> None:
    """Put one film to every method."""
    into = run.claims if asked.truths else run.false

    def claim(method: str, reference: str, score: float, segments: tuple[Segment, ...]) -> None:
        truth = asked.truths.get(reference, ())
        into[method].append(Claim(asked.name, asked.attack, reference, score, segments, truth))

    for each in said(bench.shelf, asked.film):
        reference = bench.names[each.reference_id]
        claim(OURS, reference, each.score, each.segments)
        if each.lane == "copy":
            run.copies.add((asked.name, reference))
    if plan.has_tiers and (not asked.truths or asked.attack in film_clips.QUICK):  # a quarter tells enough
        for each in said(bench.hashes_alone, asked.film):
            claim(HASHES, bench.names[each.reference_id], each.score, each.segments)
    for kind in film_peers.PEERS:
        references = {reference: bench.cut[reference][kind.name] for reference in bench.names}
        for peer in film_peers.compare(asked.film.peers[kind.name], references, kind.radius):
            claim(kind.name, peer.reference, peer.score, peer.segments)
    run.wanted += [Claim(asked.name, asked.attack, name, 1.0, (), truth) for name, truth in asked.truths.items()]
    run.distractor_s += 0.0 if asked.truths else asked.film.duration_s


def _timed(asked: Asked, bench: Bench) -> Timed:
    """Return how long our matcher says that a copied clip is; 0 when it does not name it."""
    (name,) = asked.truths
    found = {bench.names[each.reference_id]: each for each in said(bench.shelf, asked.film)}
    said_s = found[name].matched_seconds if name in found and found[name].score >= LOOK else 0.0
    (true,) = asked.truths[name]
    length_s = round(true.query_end_s - true.query_start_s, 3)
    return Timed(asked.name, asked.attack, length_s, round(asked.counted_s[name], 3), round(said_s, 3))


def _sibling(bench: Bench) -> dict[str, float]:
    """Return what is said of an episode that nobody registered, of a series whose other episodes are registered."""
    film = films_corpus.put_drawn(bench.half.sibling, 135.0)
    bare = FilmShelf(worth_a_look=0.0)
    for number, name in enumerate(bench.names):
        bare.add(number, bench.cut[name])
    figures: dict[str, float] = {}
    for suffix, shelf in (("", bench.shelf), ("_without_exclusions", bare)):
        found = said(shelf, film)
        figures |= {
            f"unregistered_episode_named{suffix}": float(sum(each.lane == "copy" for each in found)),
            f"unregistered_episode_leads{suffix}": float(
                sum(each.lane == "lead" and each.score >= LOOK for each in found)
            ),
            f"unregistered_episode_score{suffix}": max((each.score for each in found), default=0.0),
            f"unregistered_episode_seconds{suffix}": max((each.matched_seconds for each in found), default=0.0),
        }
    return {key: round(value, 3) for key, value in figures.items()}


def _followed(films: Iterable[Asked], title: str, total: int) -> Iterator[Asked]:
    """Pass the films on and say now and then how many there were."""
    said = time.monotonic()
    for number, film in enumerate(films, 1):
        yield film
        if time.monotonic() - said > SAYS_EVERY_S or number == total:
            said = time.monotonic()
            _say(f"{title}: {number} of {total} films")


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
