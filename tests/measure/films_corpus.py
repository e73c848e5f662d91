"""The films of the measure: two halves of different works, with references, queries and distractors."""

import contextlib
import hashlib
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from fingerprints.decode import Describer, Limits
from fingerprints.interface import Frame
from tests.conftest import CORPUS
from tests.measure import film_clips, film_drawings, film_put, film_writing
from tests.measure.film_alterations import Picture
from tests.measure.film_clips import Query, Span
from tests.measure.film_drawings import DRAWN
from tests.measure.film_put import STEP_S, Described, Drawn, Film, Footage

FOLDER = CORPUS / "video"
LIMITS = Limits(max_pixels=50_000_000, max_video_s=7200, memory_mb=2048, timeout_s=300, workers=1)
SEED = 22
SLIDE_S, SLIDES = 5.0, 12  # how long one picture of a slide show stays; how many there are
LONGEST_S = 600.0  # of a carrier that is drawn


@dataclass(frozen=True)
class Half:
    """One half of the works. Names are file stems or "drawn SERIES/EPISODE"; a number is how far it is registered."""

    references: Mapping[str, float]
    carriers: tuple[str, ...]  # unrelated films that clips are put into; figures share a table, so none of them
    distractors: tuple[tuple[str, float], ...]  # film, and from which second it is played: no shot of it is registered
    stills: tuple[str, ...]  # corpus folders of the slide shows
    drawn: tuple[int, ...]  # drawn series of which no episode is registered
    drawn_s: float  # of one drawn distractor
    sibling: str  # the episode that is not registered, of the series that is

    @property
    def drawn_references(self) -> tuple[str, ...]:
        """The registered episodes of the drawn series."""
        return tuple(name for name in self.references if name.startswith(DRAWN))


BBB_A, BBB_B, CAMINANDES = "bbb_a_0000-0100", "bbb_b_0049-0122", "caminandes_llama-drama"
PLAYS = tuple(f"planetblupi_play{number}" for number in (101, 103, 105, 107, 108, 110, 113, 118, 119))
HALVES: dict[str, Half] = {
    "tuning": Half(
        references={
            BBB_A: 47.0, BBB_B: 34.0, CAMINANDES: 20.0, "planetblupi_win005": 17.5, "figure_crystal": 12.0,
            "drawn 11/1": 140.0, "drawn 11/2": 125.0,
        },
        carriers=("planetblupi_play103", "fillets-ng_intro", "sintel_b_city", "drawn 15/1"),
        distractors=(
            ("fillets-ng_intro", 0.0), ("sintel_b_city", 0.0), ("sintel_trailer", 0.0), ("sintel_c_203-211", 0.0),
            ("pc_motion_ep1", 0.0), ("pc_motion_ep2", 10.0), ("tupi_example_butterfly", 0.0),
            ("figure_frog", 0.0), ("planetblupi_win129", 0.0), *((play, 0.0) for play in PLAYS[:4]),
        ),
        stills=("comics",),
        drawn=(12, 13, 14),
        drawn_s=45.0,
        sibling="drawn 11/3",
    ),
    "reported": Half(
        references={
            "fillets-ng_intro": 40.0, "sintel_b_city": 26.2, "sintel_trailer": 52.0, "pc_motion_ep1": 45.0,
            "tupi_example_butterfly": 10.0, "sintel_c_203-211": 17.9, "figure_frog": 8.3,
            "drawn 31/1": 140.0, "drawn 31/2": 125.0,
        },
        carriers=("planetblupi_history2", CAMINANDES, "planetblupi_win129", "drawn 36/1"),
        distractors=(
            (BBB_A, 0.0), (BBB_B, 0.0), (CAMINANDES, 0.0), ("fillets-ng_intro", 42.0), ("sintel_d_242-248", 0.0),
            ("sintel_e_112-115", 0.0), ("planetblupi_win005", 0.0), ("planetblupi_win129", 0.0),
            ("planetblupi_history2", 0.0), ("figure_crystal", 0.0), ("figure_rabbit", 0.0),
            ("bbb_a_copy1_timecode", 0.0),
            *((play, 0.0) for play in PLAYS[4:]),
        ),
        # not the comics: the motion comic that is registered was made from their panels
        stills=("art/wesnoth", "art/renpy", "art/ardentryst", "art/openclipart"),
        drawn=(32, 33, 34, 35),
        drawn_s=240.0,
        sibling="drawn 31/3",
    ),
}  # fmt: skip
SHARED: dict[str, tuple[Span, ...]] = {  # the opening and ending of every episode
    "pc_motion_ep1": ((0.0, 10.0), (37.0, 45.0)),
    **{
        name: film_drawings.episode(name, until_s).shared
        for half in HALVES.values() for name, until_s in half.references.items() if name.startswith(DRAWN)
    },
}  # fmt: skip

BLACK_UNTIL_S = {"fillets-ng_intro": 6.5, "caminandes_llama-drama": 2.5}  # nothing to copy before


def path_of(name: str) -> Path:
    """Return a film of the corpus."""
    return next(path for path in FOLDER.iterdir() if path.stem == name)


def duration_of(name: str) -> float:
    """Return how long a drawn film is: as far as it is registered, or long enough for any use."""
    return next((half.references[name] for half in HALVES.values() if name in half.references), LONGEST_S)


def source(name: str, start_s: float, end_s: float) -> film_writing.Source:
    """Return the pictures of a stretch of a film, of the corpus or drawn."""
    if name.startswith(DRAWN):
        return film_drawings.episode(name, duration_of(name))
    return film_writing.Footage(path_of(name), start_s, end_s)


def heard(name: str, start_s: float, end_s: float) -> film_writing.Samples:
    """Return the sound of a stretch of a film; drawn films are silent."""
    if name.startswith(DRAWN):
        return np.zeros(round((end_s - start_s) * film_writing.RATE_HZ), np.float32)
    return film_writing.samples_of(path_of(name), start_s, end_s)


def free_span(name: str, until_s: float) -> Span:
    """Return the longest stretch of a reference that proves something: without what all its episodes share."""
    edges = [BLACK_UNTIL_S.get(name, 0.0), *(edge for span in SHARED.get(name, ()) for edge in span), until_s]
    return max(zip(edges[::2], edges[1::2], strict=True), key=lambda span: span[1] - span[0])


def queries(half: Half, attacks: tuple[film_clips.Attack, ...]) -> list[Query]:
    """Return one query for each attack and reference that is long enough; the same in every run."""
    free = {name: free_span(name, until_s) for name, until_s in half.references.items()}
    names = list(half.references)
    planned = []
    for number, attack in enumerate(attacks):
        random = np.random.default_rng((SEED, *attack.name.encode()))  # the same whatever else is asked
        for turn, reference in enumerate(names):
            long = [each for each in names if free[each][1] - free[each][0] >= 8 and each != reference]
            others = [long[(turn + step) % len(long)] for step in range(attack.works - 1)]
            carrier = half.carriers[(number + turn) % len(half.carriers)]
            query = film_clips.plan(attack, [reference, *others], free, carrier, random)
            if query is not None:
                planned.append(query)
    return planned


@contextlib.contextmanager
def describers() -> Iterator[tuple[Describer, Describer]]:
    """Open (our decoding child, the peers' decoding child)."""
    with Describer(LIMITS) as ours, Describer(LIMITS, kinds="tests.measure.film_peers") as peers:
        yield ours, peers


def put_queries(planned: Iterable[Query]) -> Iterator[tuple[Query, Footage]]:
    """Yield every query as a file, gone afterwards; while one is written, the child describes the one before."""
    waiting: deque[Query] = deque()
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as folder, describers() as (ours, peers):

        def written() -> Iterator[Path]:
            for number, query in enumerate(planned):
                path = Path(folder) / f"{number}.mp4"
                film_writing.write(query, source, heard, path)
                waiting.append(query)
                yield path

        for footage in put_files(written(), ours, peers):
            yield waiting.popleft(), footage
            footage.path.unlink()


def put_files(paths: Iterable[Path], ours: Describer, peers: Describer) -> Iterator[Footage]:
    """Yield files as they are put to the methods."""
    for path, description in ours.describe(paths, depth="glance"):
        assert description.facts is not None, description.error
        glance = {kind: vectors for (kind, _), vectors in description.fingerprints.items()}
        [(_, theirs)] = peers.describe([path], depth="hashes")
        said = {kind: vectors for (kind, _), vectors in theirs.fingerprints.items()}
        yield Footage(path, ours, glance, said, description.facts.duration_s)


def described_films(names: Iterable[str]) -> dict[str, Described]:
    """Return the fingerprints of whole films as references, by name; drawn ones as they left the studio."""
    wanted = list(names)
    paths = [path_of(each) for each in wanted if DRAWN not in each]
    found: dict[str, Described] = {name: drawn_film(name, duration_of(name)) for name in wanted if DRAWN in name}
    with describers() as (ours, peers):
        both = zip(ours.describe(paths, depth="points"), peers.describe(paths, depth="hashes"), strict=True)
        for (path, own), (_, theirs) in both:
            said = own.fingerprints | theirs.fingerprints
            found[path.stem] = {kind: vectors for (kind, _), vectors in said.items()}
    return found


def drawn_film(name: str, duration_s: float) -> Described:
    """Return the fingerprints of a drawn film that is registered."""
    return film_put.registered(_drawn_frames(name, duration_s))


def _drawn_frames(name: str, duration_s: float) -> Iterator[Frame]:
    for at_s, picture in film_drawings.episode(name, duration_s).frames(1 / STEP_S):
        yield Frame(picture, at_s)


def put_drawn(name: str, duration_s: float) -> Drawn:
    """Return a drawn film as it is put to the methods."""
    return Drawn(partial(_drawn_frames, name, duration_s))


def slide_shows(half: Half, shows: int) -> Iterator[tuple[str, Film]]:
    """Yield (name, film) of films made of still pictures, zoomed and panned slowly; none shows a reference."""
    paths = sorted(path for folder in half.stills for path in (CORPUS / folder).rglob("*") if path.is_file())
    paths = [path for path in paths if path.suffix in {".webp", ".jpg", ".png"}]
    order = np.random.default_rng(SEED).permutation(len(paths))
    for number in range(shows):
        chosen = [paths[place] for place in order[number * SLIDES : (number + 1) * SLIDES]]
        if chosen:
            yield f"slides {number}", Drawn(partial(_slides, chosen))


def _slides(paths: list[Path]) -> Iterator[Frame]:
    steps = int(SLIDE_S / STEP_S)
    for number, path in enumerate(paths):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert picture is not None, path
        height, width = picture.shape[:2]
        for step in range(steps):
            gone = step / steps
            share, along = (1 - 0.3 * gone, 0.5) if number % 2 else (0.75, gone)
            high, wide = max(16, round(height * share)), max(16, round(width * share))
            top, left = round((height - high) * 0.5), round((width - wide) * along)
            inner = np.ascontiguousarray(picture[top : top + high, left : left + wide, ::-1])
            small = np.asarray(cv2.resize(inner, (480, 270), interpolation=cv2.INTER_AREA), np.uint8)
            yield Frame(small, (number * steps + step) * STEP_S)


def drawn_films(half: Half, count: int) -> Iterator[tuple[str, Film]]:
    """Yield (name, film) of so many episodes of drawn series of which nothing is registered."""
    for number in range(count):
        name = f"{DRAWN}{half.drawn[number % len(half.drawn)]}/{1 + number // len(half.drawn)}"
        yield name, put_drawn(name, half.drawn_s)


def plain_films() -> Iterator[tuple[str, Film]]:
    """Yield noise, a flat frame, a gradient and a flicker, twenty seconds each."""
    for name in ("noise", "flat", "gradient", "flicker"):
        yield name, Drawn(partial(_plain_frames, name))


def _plain_frames(name: str) -> Iterator[Frame]:
    for number in range(80):
        yield Frame(_plain(name, number), number * STEP_S)


def _plain(name: str, number: int) -> Picture:
    if name == "noise":
        return np.random.default_rng((SEED, number)).integers(0, 256, (270, 480, 3)).astype(np.uint8)
    if name == "gradient":
        return _ramp()
    return np.full((270, 480, 3), 90 if name == "flat" else 255 * (number % 2), np.uint8)


@lru_cache(maxsize=1)
def _ramp() -> Picture:
    return np.repeat(np.linspace(0, 255, 480).astype(np.uint8)[None, :, None], 270, axis=0).repeat(3, axis=2)


def corpus_hash() -> str:
    """Return one hash over every film of the corpus."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
