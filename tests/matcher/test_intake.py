"""The first stages: every active reference and every sighting gets its fingerprints, once."""

import numpy as np

from config import clock
from config.home import Home
from fingerprints import store
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.kinds.pdq import Pdq256
from fingerprints.testing import drawing
from matcher import intake, kept, match
from tests import factories
from tests.fingerprints import media


def jpeg(seed: int) -> bytes:
    return media.jpeg(media.Image.fromarray(drawing(seed)))


def test_a_reference_is_pending_until_it_is_described(session, home: Home):
    work = factories.work(session)
    reference = factories.reference(session, work, blob=home.blobs.put(jpeg(1)))
    assert intake.pending_references(session, 10) == [reference.id]
    intake.describe_references(session, [reference.id])
    assert intake.pending_references(session, 10) == []
    assert store.load(session, reference.blob, "pdq256", Pdq256.version) is not None


def test_what_older_kinds_described_is_described_again_before_it_is_compared(session, home: Home):
    content = jpeg(5)
    sighting = factories.sighting(session, factories.finding(session), content, kind="image", position=0)
    home.blobs.put(content)
    old = Vectors(np.zeros((1, 32), np.uint8), np.zeros((1, 3), np.float32))
    store.save(session, sighting.blob, Description(MediaFacts("image", 320, 240), {("pdq256", 1): old}))
    assert match.pending(session, 10) == []
    assert intake.pending_sightings(session, 10) == [sighting.id]
    intake.describe_sightings(session, [sighting.id])
    assert intake.pending_sightings(session, 10) == []
    kept.keep(session, kept.pending(session, 10))
    assert match.pending(session, 10) == [sighting.id]


def test_only_active_references_with_a_held_file_are_pending(session, home: Home):
    work = factories.work(session)
    factories.reference(session, work, "disabled.png", blob=home.blobs.put(jpeg(1)), disabled_at=clock.now())
    factories.reference(session, work, "lost.png")
    held = factories.reference(session, work, "held.png", blob=home.blobs.put(jpeg(2)))
    assert intake.pending_references(session, 10) == [held.id]


def test_the_same_bytes_seen_twice_are_described_once(session, home: Home):
    content = jpeg(3)
    home.blobs.put(content)
    finding = factories.finding(session)
    first = factories.sighting(session, finding, content, kind="image", position=0)
    factories.sighting(session, finding, content, kind="image", position=1)
    assert intake.pending_sightings(session, 10) == [first.id]
    intake.describe_sightings(session, [first.id])
    assert intake.pending_sightings(session, 10) == []


def test_pending_returns_no_more_than_asked_for(session, home: Home):
    finding = factories.finding(session)
    for number in range(4):
        home.blobs.put(content := jpeg(number))
        factories.sighting(session, finding, content, kind="image", position=number)
    assert len(intake.pending_sightings(session, 3)) == 3
    assert len(intake.pending_sightings(session, 9)) == 4


def test_a_sighting_that_cannot_be_read_does_not_stay_pending(session, home: Home):
    home.blobs.put(b"<html>not a film</html>")
    sighting = factories.sighting(session, factories.finding(session), b"<html>not a film</html>")
    intake.describe_sightings(session, [sighting.id])
    assert intake.pending_sightings(session, 10) == []
    row = store.medium(session, sighting.blob)
    assert row is not None
    assert "HTML page" in (row.error or "")


def test_described_twice_is_described_once(home: Home):
    with home.sessions().begin() as session:
        reference = factories.reference(session, factories.work(session), blob=home.blobs.put(jpeg(1)))
    for _ in range(2):
        with home.sessions().begin() as session:
            intake.describe_references(session, [reference.id])
    with home.readers()() as session:
        assert len(store.media(session, [reference.blob])) == 1
