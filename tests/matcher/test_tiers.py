"""How much is kept of a work's films: said by the home, overridden a work, and never asked twice."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import Home
from config.settings import SettingsError, load
from fingerprints import kinds, store
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.store import Fingerprint
from matcher import catalogue, intake, references
from matcher.catalogue import Work
from tests import factories
from tests.fingerprints import media

SEEN = {kind.name for kind in kinds.SEEN_KINDS}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.drawn_film(tmp_path / "ep1.mp4", 2)


def kinds_of(session: Session, blob: str) -> set[str]:
    return set(session.scalars(select(Fingerprint.kind).where(Fingerprint.blob == blob)))


def registered(session: Session, home: Home, film: Path, title: str = "Lantern Road", **more: str) -> tuple[Work, str]:
    work = factories.work(session, title, **more)
    [row] = references.register(session, work, [film])
    assert intake.pending_references(session, 10) == [row.id]
    return work, row.blob


def describe(session: Session) -> None:
    for _turn in range(2):  # of two references with the same bytes, one has its turn after the other
        intake.describe_references(session, intake.pending_references(session, 10))
    assert intake.pending_references(session, 10) == []


def test_a_home_keeps_points_unless_it_says_otherwise(session, home: Home, film):
    _work, blob = registered(session, home, film)
    describe(session)
    assert kinds_of(session, blob) == {"film-pdq", "film-sift"}


def test_of_a_work_of_hashes_no_points_are_made(session, home: Home, film):
    _work, blob = registered(session, home, film, tier="hashes")
    describe(session)
    assert kinds_of(session, blob) == {"film-pdq"}


def test_a_work_that_wants_points_has_its_films_described_again(session, home: Home, film):
    work, blob = registered(session, home, film, tier="hashes")
    describe(session)
    catalogue.amend(session, work, tier="points")
    assert len(intake.pending_references(session, 10)) == 1
    describe(session)
    assert kinds_of(session, blob) == {"film-pdq", "film-sift"}


def test_a_work_that_wants_hashes_alone_keeps_the_points_it_has(session, home: Home, film):
    work, blob = registered(session, home, film)
    describe(session)
    catalogue.amend(session, work, tier="hashes")
    assert intake.pending_references(session, 10) == []
    assert kinds_of(session, blob) == {"film-pdq", "film-sift"}


def test_a_film_of_two_works_is_described_as_deeply_as_either_asks(session, home: Home, film):
    work, blob = registered(session, home, film, tier="hashes")
    other = factories.work(session, "Another", of=session.get_one(catalogue.Owner, work.owner_id), tier="points")
    references.register(session, other, [film])
    describe(session)
    assert kinds_of(session, blob) == {"film-pdq", "film-sift"}


def test_what_is_seen_is_glanced_at_whatever_is_kept_of_references(session, home: Home, film):
    home.blobs.put(film.read_bytes())
    sighting = factories.sighting(session, factories.finding(session), film.read_bytes())
    assert intake.pending_sightings(session, 10) == [sighting.id]
    intake.describe_sightings(session, [sighting.id])
    assert intake.pending_sightings(session, 10) == []
    assert kinds_of(session, sighting.blob) == SEEN


def test_one_film_may_be_protected_and_seen(session, home: Home, film):
    _work, blob = registered(session, home, film)
    sighting = factories.sighting(session, factories.finding(session), film.read_bytes())
    intake.describe_sightings(session, [sighting.id])
    assert len(intake.pending_references(session, 10)) == 1
    describe(session)
    assert intake.pending_sightings(session, 10) == []
    assert kinds_of(session, blob) == {"film-pdq", "film-sift"} | SEEN


def test_what_came_as_a_package_stays_as_it_came(session):
    codes = Vectors(np.zeros((1, 32), np.uint8), np.zeros((1, 4), np.float32))
    description = Description(MediaFacts("video", 640, 360, 2.0), {("film-pdq", FilmPdq.version): codes})
    store.save(session, "ab" * 32, description)
    factories.reference(session, factories.work(session, tier="points"), blob="ab" * 32)
    assert intake.pending_references(session, 10) == []


def test_the_home_says_what_is_kept_of_every_work(tmp_path):
    (tmp_path / "mekiki.toml").write_text('[fingerprints]\nfilm_tier = "hashes"\n')
    assert load(tmp_path, environment={}).fingerprints.film_tier == "hashes"
    (tmp_path / "mekiki.toml").write_text('[fingerprints]\nfilm_tier = "everything"\n')
    with pytest.raises(SettingsError, match=r"fingerprints\.film_tier"):
        load(tmp_path, environment={})
