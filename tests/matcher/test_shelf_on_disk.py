"""What was on the shelf once opens from disk, in any process; what is lost or damaged there is read again."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from config.home import Home
from fingerprints import store
from fingerprints.interface import Description, MediaFacts, Sound, Vectors
from fingerprints.kinds import FILM_KINDS, SOUND_KINDS
from fingerprints.kinds.sound_bits import RATE_HZ, SoundBits
from matcher import films, pictures, retrieve, shelved, stop_areas, upkeep
from matcher.catalogue import Work
from matcher.indexes.snapshots import Array, Snapshots
from matcher.interface import Box, Comparison
from matcher.references import Exclusion, Reference
from matcher.retrieve import Shelf
from tests import factories
from tests.factories import NOW
from tests.matcher import drawn_films, drawn_pictures
from tests.matcher.drawn_films import drawn, glanced, watched

ROOT = Path(__file__).parents[2]
LENGTH_S = 16.0
VERSIONS = {kind.name: kind.version for kind in (*FILM_KINDS, *SOUND_KINDS)}
READ = {*VERSIONS, *pictures.KINDS}


@cache
def film(seed: int) -> Mapping[str, Vectors]:
    """Return the frames, pictures and sound of a drawn film, as they are stored."""
    samples = np.random.default_rng(seed).normal(0, 0.1, int(LENGTH_S * RATE_HZ)).astype(np.float32)
    return {
        **drawn_films.described(drawn(seed), LENGTH_S),
        SoundBits.name: SoundBits().describe(Sound(samples, RATE_HZ)),
    }


@cache
def glance(seed: int) -> Mapping[str, Vectors]:
    return glanced(drawn(seed), LENGTH_S)


def film_reference(session: Session, of: Work, seed: int) -> Reference:
    row = factories.reference(session, of, f"film {seed}.mp4")
    described = {(name, VERSIONS[name]): vectors for name, vectors in film(seed).items()}
    store.save(session, row.blob, Description(MediaFacts("video", 320, 180, LENGTH_S, 24.0), described))
    return row


@pytest.fixture
def registered(home: Home) -> list[int]:
    """Two films and two pictures of a home, in that order."""
    with home.sessions().begin() as session:
        work = factories.work(session)
        rows = [*(film_reference(session, work, seed) for seed in (1, 2)),
                *(drawn_pictures.reference(session, work, seed) for seed in (11, 13))]  # fmt: skip
        return [row.id for row in rows]


@pytest.fixture
def stored(home: Home, registered: list[int]) -> list[int]:
    """The same, and the indexes are on disk."""
    with home.sessions()() as session:
        retrieve.shelf(session)
        upkeep.compact(session, range(len(upkeep.INDEXES)))
    return registered


def answers(shelf: Shelf, session: Session) -> list[list[Comparison]]:
    """Return everything that a shelf says of two films and two pictures."""
    shelf.refresh(session)
    seen = [
        shelf.compare_film(glance(seed), LENGTH_S, lambda watches, seed=seed: watched(drawn(seed), LENGTH_S, watches))
        for seed in (1, 2)
    ]
    pictures = [drawn_pictures.vectors(drawn_pictures.described_drawing(seed)) for seed in (11, 13)]
    return [*seen, *(shelf.compare(session, vectors) for vectors in pictures)]


def found(shelf: Shelf, session: Session) -> list[list[int]]:
    return [[each.reference_id for each in some] for some in answers(shelf, session)]


def opened(home: Home) -> Shelf:
    """Return a shelf as another process would have it."""
    return Shelf(home.settings.matching, home.settings.indexes)


@contextmanager
def vectors_read(home: Home) -> Iterator[list[str]]:
    """Note the kind of every statement that reads vectors from the database."""
    read: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, told: Any, *_more: object) -> None:
        if "fingerprints.codes" in statement:
            values = told.values() if isinstance(told, dict) else told
            read.extend(value for value in values if value in READ)

    event.listen(home.engine, "before_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(home.engine, "before_cursor_execute", note)


def test_another_shelf_finds_the_same_and_reads_nothing_from_the_database(home: Home, stored: list[int]) -> None:
    with home.readers()() as session:
        fresh = answers(Shelf(home.settings.matching), session)
        assert [[each.reference_id for each in some] for some in fresh] == [[each] for each in stored]
        shelf = opened(home)
        with vectors_read(home) as read:
            shelf.refresh(session)
        assert read == []
        assert answers(shelf, session) == fresh


CHILD = """
import sys
from pathlib import Path
from config import home
from matcher.retrieve import Shelf
from tests.matcher.test_shelf_on_disk import found, vectors_read
opened = home.Home(home.settings.load(Path(sys.argv[1]), environment={}), home.database.engine(sys.argv[2]))
shelf = Shelf(opened.settings.matching, opened.settings.indexes)
with opened.readers()() as session:
    with vectors_read(opened) as read:
        shelf.refresh(session)
    print(len(read), found(shelf, session))
"""


def test_another_process_finds_the_same(home: Home, stored: list[int], database_url: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(home.path), database_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == f"0 {[[each] for each in stored]}"


def test_only_what_came_since_is_read_from_the_database(home: Home, stored: list[int]) -> None:
    with home.sessions().begin() as session:
        work = factories.work(session, "Another", of=factories.owner(session, "Another studio"))
        late = film_reference(session, work, 3).id
    with home.readers()() as session, vectors_read(home) as read:
        shelf = opened(home)
        shelf.refresh(session)
        assert sorted(read) == sorted(VERSIONS)
        assert shelf.indexes["films"].figures().delta == 1
        (found,) = shelf.compare_registered(film(3)["film-pdq"])
        assert found.reference_id == late


def test_a_reference_that_was_disabled_is_never_returned_from_disk(home: Home, stored: list[int]) -> None:
    with home.sessions().begin() as session:
        for reference_id in (stored[0], stored[2]):
            session.get_one(Reference, reference_id).disabled_at = NOW
    with home.readers()() as session:
        shelf = opened(home)
        assert found(shelf, session) == [[], [stored[1]], [], [stored[3]]]
        assert shelf.indexes["films"].figures().tombstones == 1


def test_an_exclusion_costs_no_reading_and_counts_at_once(home: Home, stored: list[int]) -> None:
    with home.sessions().begin() as session:
        session.add(Exclusion(reference_id=stored[0], start_s=0, end_s=LENGTH_S, reason="all", by="Aoi", at=NOW))
    with home.readers()() as session:
        shelf = opened(home)
        with vectors_read(home) as read:
            shelf.refresh(session)
        assert read == []
        excluded, whole, *_ = answers(shelf, session)
        assert "copy" not in {each.lane for each in excluded}
        assert {each.lane for each in whole} == {"copy"}


def test_an_area_makes_another_content_of_a_picture(home: Home, stored: list[int]) -> None:
    with home.sessions().begin() as session:
        row = session.get_one(Reference, stored[2])
        stop_areas.mark(session, row, Box(0, 0, 1, 0.99), by="Aoi", reason="a frame")
    with home.readers()() as session:
        marked, bare = opened(home), Shelf(home.settings.matching)
        assert answers(marked, session) == answers(bare, session)
        figures = marked.indexes["pictures"].figures()
        assert (figures.delta, figures.tombstones) == (1, 1)


def emptied(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def flipped(folder: Path) -> None:
    for path in folder.glob("*/generation-*/*"):
        content = path.read_bytes()
        path.write_bytes(
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
            if content
            else b""
        )


def a_file(folder: Path) -> None:
    emptied(folder)
    folder.rmdir()
    folder.write_text("a file where the folder was")


@pytest.mark.parametrize("lose", [emptied, flipped, a_file])
def test_what_is_lost_or_damaged_on_disk_is_read_again(
    home: Home, stored: list[int], lose: Callable[[Path], None]
) -> None:
    lose(home.settings.indexes)
    with home.readers()() as session:
        shelf = opened(home)
        assert found(shelf, session) == [[each] for each in stored]
        assert all(bool(index.damages) == (lose is not emptied) for index in shelf.indexes.values())


def test_after_damage_the_indexes_are_written_again(home: Home, stored: list[int]) -> None:
    flipped(home.settings.indexes)
    with home.readers()() as session:
        shelf = opened(home)
        shelf.refresh(session)
        due = [each.name for each in upkeep.INDEXES if shelf.is_due(each.name, each.few)]
        assert due == [each.name for each in upkeep.INDEXES]
        for name in due:
            shelf.compact(name)
        assert not any(shelf.is_due(each.name, each.few) for each in upkeep.INDEXES)
        again = opened(home)
        with vectors_read(home) as read:
            again.refresh(session)
        assert read == []
        assert not any(index.damages for index in again.indexes.values())
        assert found(again, session) == [[each] for each in stored]


def test_a_folder_that_cannot_be_written_is_one_sentence_and_matching_goes_on(
    home: Home, registered: list[int]
) -> None:
    home.settings.indexes.write_text("a file where the folder would be")
    with home.sessions()() as session:
        shelf = retrieve.shelf(session)
        with pytest.raises(upkeep.IndexNotWritten, match="could not be written") as raised:
            upkeep.compact(session, [0])
        assert raised.value.permanent
        assert found(shelf, session) == [[each] for each in registered]


def test_an_index_that_another_process_is_writing_is_left_to_it(home: Home, registered: list[int]) -> None:
    with home.sessions()() as session:
        shelf = retrieve.shelf(session)
        assert shelf.is_due("films", 1)

        def meanwhile() -> Iterator[tuple[str, np.ndarray]]:
            upkeep.compact(session, [0])
            yield "owners", np.zeros(0, np.int64)

        Snapshots(home.settings.indexes / "films").write(meanwhile(), 0)
        assert not shelf.is_due("films", 1)
        assert found(shelf, session) == [[each] for each in registered]


def test_a_running_process_takes_up_what_another_one_wrote(home: Home, registered: list[int]) -> None:
    with home.readers()() as session:
        running = opened(home)
        running.refresh(session)
        assert running.indexes["films"].figures().delta == 2
    with home.sessions().begin() as session:
        work = factories.work(session, "Another", of=factories.owner(session, "Another studio"))
        film_reference(session, work, 3)
        writer = opened(home)
        writer.refresh(session)
        for name in writer.indexes:
            writer.compact(name)
    with home.readers()() as session:
        with vectors_read(home) as read:
            running.refresh(session)
        assert read == []
        assert found(running, session) == [[each] for each in registered]
        figures = running.indexes["films"].figures()
        assert (figures.entries, figures.delta, figures.generation) == (3, 0, 1)


def told(count: int, columns: int, width: int) -> Vectors:
    """Return made-up vectors, the same on every machine: 20 moments, several rows of each."""
    chance = np.random.default_rng(5)
    positions = np.column_stack([np.sort(chance.integers(0, 20, count)), chance.integers(0, 90, (count, columns - 1))])
    facts = {"width": 320.0, "height": 180.0, "left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    return Vectors(chance.integers(0, 256, (count, width)).astype(np.uint8), positions.astype(np.float32), facts)


def digest(kept: Mapping[str, Array]) -> str:
    found = [(name, kept[name].dtype.str, kept[name].shape, kept[name].tobytes()) for name in sorted(kept)]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def test_what_is_kept_of_a_reference_stays_what_it_is() -> None:
    """Whoever changes it raises shelved.LAYOUT, for older generations on disk hold what it was, and then this."""
    views = told(200, 4, 32)
    views.positions[:, 1] = np.arange(200) % 5
    kept, codes = films.kept({"film-pdq": views, "film-sift": told(150, 6, 16), "sound-bits": told(80, 1, 4)})
    hashes = told(9, 7, 32)
    hashes.positions[:5, [0, 6]] = 0  # upright, and no part of a grid
    new = pictures._new({"pdq256": hashes, "rootsift": told(60, 5, 128)}, ())
    of_picture = digest({**new.kept, "hashes": new.hashes, "points": new.points})
    assert (shelved.LAYOUT, digest({**kept, "points": codes}), of_picture) == (
        2,
        "2bcd4c7aa2b61599",
        "aa5fdd292c0722c5",
    )


def test_a_small_home_writes_nothing_and_a_larger_one_once(home: Home, registered: list[int]) -> None:
    with home.sessions()() as session:
        assert upkeep.pending(session, 9) == []  # nobody asked for the shelf yet
        retrieve.shelf(session)
        assert upkeep.pending(session, 9) == []
        work = factories.work(session, "Another", of=factories.owner(session, "Another studio"))
        for number in range(upkeep.INDEXES[0].few):
            row = factories.reference(session, work, f"copy {number}.mp4")
            described = {("film-pdq", VERSIONS["film-pdq"]): film(1)["film-pdq"]}
            store.save(session, row.blob, Description(MediaFacts("video", 320, 180, LENGTH_S, 24.0), described))
        retrieve.shelf(session)
        assert upkeep.pending(session, 9) == [0]
        upkeep.compact(session, [0])
        assert upkeep.pending(session, 9) == []
    assert (home.settings.indexes / "films" / "current").exists()


def test_how_the_indexes_stand_is_told_without_opening_them(home: Home, registered: list[int]) -> None:
    with home.sessions()() as session:
        assert [(each.entries, each.lag, each.made_at) for each in upkeep.standing(session)] == [(0, 2, None)] * 5
        retrieve.shelf(session)
        upkeep.compact(session, range(len(upkeep.INDEXES)))
        late = film_reference(session, factories.work(session, "Other", of=factories.owner(session, "Other")), 3)
        told = {each.name: each for each in upkeep.standing(session)}
        assert {name: each.lag for name, each in told.items()} == {
            "films": 1, "film-points": 1, "pictures": 0, "picture-hashes": 0, "picture-points": 0,
        }  # fmt: skip
        assert (told["films"].entries, told["pictures"].entries) == (2, 2)
        assert all(
            each.bytes_on_disk > 0 and each.made_at is not None and each.damage is None for each in told.values()
        )
        late.disabled_at = NOW
        session.flush()
        assert not any(each.lag for each in upkeep.standing(session))
        (home.settings.indexes / "films" / "current").write_text("no pointer")
        damaged = upkeep.standing(session)[0]
        assert (damaged.entries, damaged.lag) == (0, 2)
        assert damaged.damage
        assert "films" in damaged.damage


def test_references_that_nobody_described_yet_are_counted(home: Home, registered: list[int]) -> None:
    with home.sessions()() as session:
        assert retrieve.undescribed(session) == 0
        factories.reference(session, factories.work(session, "Other", of=factories.owner(session, "Other")), "new.mp4")
        assert retrieve.undescribed(session) == 1
