"""Fingerprints at rest: written once, read back bit by bit, never tried for ever."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from config.blobs import BlobMissing
from config.home import Home
from fingerprints import kinds, store
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.pdq import Pdq256
from fingerprints.store import Fingerprint, Medium
from fingerprints.testing import drawing, same
from tests import factories
from tests.fingerprints import media

BLOB = "ab" * 32


def described(seed: int = 1, count: int = 7) -> Description:
    random = np.random.default_rng(seed)
    codes = random.integers(0, 256, (count, 32), np.uint8)
    positions = random.random((count, 3), np.float32)
    return Description(
        MediaFacts("image", 640, 480), {("pdq256", Pdq256.version): Vectors(codes, positions, {"width": 320.0})}
    )


def put_picture(home: Home, seed: int = 1) -> str:
    return home.blobs.put(media.jpeg(media.Image.fromarray(drawing(seed))))


def rows(session) -> tuple[int | None, int | None]:
    return session.scalar(select(func.count(Medium.id))), session.scalar(select(func.count(Fingerprint.id)))


def test_what_was_saved_is_loaded_bit_by_bit(session):
    store.save(session, BLOB, described())
    loaded = store.load(session, BLOB, "pdq256", Pdq256.version)
    assert loaded is not None
    assert same(loaded, described().fingerprints["pdq256", Pdq256.version])
    row = store.medium(session, BLOB)
    assert row is not None
    assert store.facts_of(row) == MediaFacts("image", 640, 480)


def test_vectors_can_be_empty(session):
    store.save(session, BLOB, described(count=0))
    loaded = store.load(session, BLOB, "pdq256", Pdq256.version)
    assert loaded is not None
    assert loaded.codes.shape == (0, 32)


def test_what_was_never_written_is_none(session):
    store.save(session, BLOB, described())
    assert store.load(session, BLOB, "pdq256", Pdq256.version + 1) is None
    assert store.load(session, "cd" * 32, "pdq256", Pdq256.version) is None
    assert store.medium(session, "cd" * 32) is None


def test_many_are_loaded_at_once(session):
    blobs = [f"{number:064x}" for number in range(1200)]
    for number, blob in enumerate(blobs[::10]):
        store.save(session, blob, described(number, 2))
    assert set(store.load_many(session, blobs, "pdq256", Pdq256.version)) == set(blobs[::10])
    assert set(store.media(session, blobs)) == set(blobs[::10])


def test_the_second_worker_finds_the_work_done(home):
    for _ in range(2):
        with home.sessions().begin() as session:
            store.save(session, BLOB, described())
    with home.readers()() as session:
        assert rows(session) == (1, 1)


def test_a_blob_is_described_by_every_kind_once(session, home):
    blob = put_picture(home)
    store.describe(session, [blob, blob], depth="points")
    store.describe(session, [blob], depth="points")
    assert rows(session) == (1, len(kinds.PICTURE_KINDS))


def test_a_kind_that_is_missing_is_added(session, home):
    blob = put_picture(home)
    store.save(session, blob, described())
    store.describe(session, [blob], depth="points")
    assert rows(session) == (1, len(kinds.PICTURE_KINDS))
    kept = store.load(session, blob, "pdq256", Pdq256.version)
    assert kept is not None
    assert same(kept, described().fingerprints["pdq256", Pdq256.version])


def test_what_cannot_be_read_is_noted_and_not_tried_again(home):
    blob = home.blobs.put(b"words")
    tries: list[int] = []
    for _ in range(2):
        with home.sessions().begin() as session:
            store.describe(session, [blob], depth="points", progress=tries.append)
    with home.readers()() as session:
        row = store.medium(session, blob)
    assert row is not None
    assert row.kind is None
    assert row.error == "This is not a picture, film or sound: it is text."
    assert store.facts_of(row) is None
    assert tries == [1]


def test_an_imported_reference_without_pixels_is_left_as_it_came(home):
    with home.sessions().begin() as session:
        store.save(session, BLOB, described())
    with home.sessions().begin() as session:
        store.describe(session, [BLOB], depth="points")
    with home.readers()() as session:
        assert rows(session) == (1, 1)


def test_a_lost_blob_is_told(session):
    with pytest.raises(BlobMissing, match="restore it from a backup"):
        store.describe(session, [BLOB], depth="points")


def test_others_can_write_while_a_blob_is_decoded(home):
    blob = put_picture(home)

    def meanwhile(_done: int) -> None:
        with home.sessions().begin() as other:  # on SQLite this waits, and fails, while anybody holds the write lock
            factories.owner(other, "Somebody else")

    with home.sessions().begin() as session:
        store.describe(session, [blob], depth="points", progress=meanwhile)
    with home.readers()() as session:
        assert store.medium(session, blob) is not None


def test_a_film_from_the_corpus_is_described_by_every_kind(session, home, corpus: Path):
    blob = home.blobs.put_file(corpus / "video" / "sintel_e_112-115.mp4")
    store.describe(session, [blob], depth="points")
    row = store.medium(session, blob)
    assert row is not None
    facts = store.facts_of(row)
    assert facts is not None
    assert facts.medium == "video"
    for kind, version in kinds.wanted(facts, depth="points"):
        assert store.load(session, blob, kind, version) is not None
    film = store.load(session, blob, "film-pdq", FilmPdq.version)
    assert film is not None
    assert len(film.codes) > 0
    assert film.positions[:, 0].max() <= facts.duration_s
