"""What the match stage promises: every captured picture meets every reference once, whichever came first."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.blobs import BlobStore
from config.home import Home
from fingerprints import store
from fingerprints.interface import Description, MediaFacts, Watch, Watched
from matcher import kept, match, retrieve
from matcher.catalogue import Work
from matcher.kept import Kept
from matcher.match import Match
from tests import factories
from tests.factories import NOW
from tests.matcher.drawn_films import clip, described, drawn, glanced
from tests.matcher.drawn_pictures import Picture, blob_of, described_drawing, reference, sighting
from tests.matcher.stages import compared


def mirrored(picture: Picture) -> Picture:
    return picture[:, ::-1]


@pytest.fixture
def work(session: Session) -> Work:
    return factories.work(session)


def no_film(_watches: Sequence[Watch]) -> Watched:
    raise AssertionError("a still picture is not watched")


def matches(session: Session) -> list[tuple[str, int]]:
    return [(row.blob, row.reference_id) for row in session.scalars(select(Match).order_by(Match.id))]


def test_a_captured_copy_is_matched_with_its_reference(session: Session, work: Work) -> None:
    wanted, _other = reference(session, work, 11), reference(session, work, 13)
    sighting(session, 11, mirrored)
    sighting(session, 20)
    compared(session)
    assert matches(session) == [(blob_of(11, mirrored), wanted.id)]
    row = session.scalars(select(Match)).one()
    assert (row.lane, row.segments, row.matched_seconds) == ("copy", [], 0.0)
    assert row.transform is not None
    assert row.transform["mirrored"] is True
    assert len(row.transform["outline"]) == 4
    assert {"signal", "value", "says"} == set(row.reasons[0])


def test_old_captures_are_looked_at_again_when_a_reference_arrives(session: Session, work: Work) -> None:
    reference(session, work, 13)
    sighting(session, 11, mirrored)
    compared(session)
    assert matches(session) == []
    late = reference(session, work, 11)
    assert compared(session) == 1
    assert matches(session) == [(blob_of(11, mirrored), late.id)]


def test_a_capture_is_compared_once(session: Session, work: Work) -> None:
    reference(session, work, 11)
    sighting(session, 11)
    assert compared(session) == 1
    assert compared(session) == 0
    assert session.scalar(select(func.count()).select_from(Kept)) == 1


def test_running_twice_is_running_once(session: Session, work: Work) -> None:
    reference(session, work, 11)
    ids = [sighting(session, 11).id, sighting(session, 11, mirrored).id]
    match.compare(session, ids)
    match.compare(session, ids)
    assert len(matches(session)) == 2


def test_captures_are_looked_at_although_nothing_is_registered(session: Session) -> None:
    sighting(session, 11)
    assert compared(session) == 1
    assert session.scalars(select(Kept)).one().asked_at is None


def test_a_reference_counts_once_it_is_described(session: Session, work: Work) -> None:
    slow = reference(session, work, 11, is_described=False)
    reference(session, work, 13)
    sighting(session, 11, mirrored)
    compared(session)
    assert matches(session) == []
    store.save(session, slow.blob, described_drawing(11))
    assert compared(session) == 1
    assert matches(session) == [(blob_of(11, mirrored), slow.id)]


def test_an_unreadable_reference_does_not_hold_up_the_others(session: Session, work: Work) -> None:
    broken = reference(session, work, 13, is_described=False)
    store.save(session, broken.blob, Description(None, {}, "It is damaged."))
    wanted = reference(session, work, 11)
    sighting(session, 11)
    compared(session)
    assert matches(session) == [(blob_of(11), wanted.id)]
    assert match.pending(session, 8) == []


def test_an_unreadable_capture_is_not_pending(session: Session, work: Work) -> None:
    reference(session, work, 11)
    row = factories.sighting(session, factories.finding(session), b"broken", kind="image")
    assert match.pending(session, 8) == []
    store.save(session, row.blob, Description(None, {}, "It is damaged."))
    assert match.pending(session, 8) == []


def test_a_disabled_reference_is_no_longer_found(session: Session, work: Work) -> None:
    row = reference(session, work, 11)
    assert len(match.compare_description(session, described_drawing(11), no_film)) == 1
    row.disabled_at = NOW
    session.flush()
    assert match.compare_description(session, described_drawing(11), no_film) == []


def test_a_picture_of_the_negative_bank_is_a_lead_at_most_and_says_why(session: Session, work: Work) -> None:
    reference(session, work, 11, bank="negative")
    (found,) = match.compare_description(session, described_drawing(11, mirrored), no_film)
    assert found.lane == "lead"
    assert "negative bank" in found.reasons[-1].says


def test_a_licensed_picture_is_a_match_like_any(session: Session, work: Work) -> None:
    row = reference(session, work, 11, bank="licensed")
    (found,) = match.compare_description(session, described_drawing(11), no_film)
    assert (found.reference_id, found.lane) == (row.id, "copy")


def test_a_file_that_cannot_be_read_matches_nothing(session: Session) -> None:
    assert match.compare_description(session, Description(None, {}, "It is damaged."), no_film) == []


def test_the_newest_sightings_come_first(session: Session) -> None:
    old, new = sighting(session, 11), sighting(session, 13)
    kept.keep(session, kept.pending(session, 8))
    assert match.pending(session, 1) == [new.id]
    assert match.pending(session, 8) == [new.id, old.id]


def test_the_same_file_registered_twice_gives_two_matches(session: Session, work: Work) -> None:
    one, other = reference(session, work, 11), reference(session, work, 11, bank="licensed")
    sighting(session, 11)
    compared(session)
    assert {number for _, number in matches(session)} == {one.id, other.id}


def test_the_shelf_is_kept_between_questions(session: Session, work: Work) -> None:
    reference(session, work, 11)
    first = retrieve.shelf(session)
    assert len(first) == 1
    assert retrieve.shelf(session) is first


FILM_S = 30.0


def shown(home: Home) -> int:
    """Register a film, and have a longer one seen that shows most of it; return the sighting. No file of it is held."""
    ours, theirs = described(drawn(1), FILM_S), glanced(clip(drawn(1), drawn(9), start_s=2, at_s=4, length_s=26), 36)
    versions = retrieve.versions_in_use()
    with home.sessions().begin() as session:
        row = factories.reference(session, factories.work(session))
        facts = MediaFacts("video", 320, 180, FILM_S, 24.0)
        store.save(session, row.blob, Description(facts, {(name, versions[name]): ours[name] for name in ours}))
        seen = factories.sighting(session, factories.finding(session))
        facts = MediaFacts("video", 320, 180, 36.0, 24.0)
        store.save(session, seen.blob, Description(facts, {(name, versions[name]): theirs[name] for name in theirs}))
        return seen.id


def test_a_film_whose_file_is_gone_is_named_by_its_key_frames_and_the_reasons_say_so(home: Home) -> None:
    ids = [shown(home)]
    with home.sessions().begin() as session:
        kept.keep(session, kept.pending(session, 8))
        assert match.pending(session, 8) == ids
        match.compare(session, ids)
    with home.readers()() as session:
        row = session.scalars(select(Match)).one()
    assert row.matched_seconds > 20
    (said,) = [reason["says"] for reason in row.reasons if reason["signal"] == "key frames only"]
    assert said.endswith("Its file is not held here any more.")


class OthersWrite(BlobStore):
    """Blobs, each of which somebody else writes a row before it is opened."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.blobs.root)
        self._home = home
        self.asked = 0

    def has(self, sha256: str) -> bool:
        self.asked += 1
        with self._home.sessions().begin() as other:  # on SQLite this waits, and fails, while anybody may write
            factories.owner(other, f"Somebody else {self.asked}")
        return super().has(sha256)


class SharedHome(Home):
    """A home in which others write whenever a film is about to be watched."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "blobs", OthersWrite(Home(self.settings, self.engine)))


def test_others_can_write_while_a_film_is_watched(home: Home) -> None:
    ids = [shown(home)]
    shared = SharedHome(home.settings, home.engine)
    with shared.sessions().begin() as session:
        match.compare(session, ids)
        assert session.scalar(select(func.count()).select_from(Match)) == 1
    assert isinstance(shared.blobs, OthersWrite)
    assert shared.blobs.asked == 1


def test_matches_become_visible_in_the_order_of_their_ids(home: Home) -> None:
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with home.sessions()() as first, home.sessions()() as second:
        match.compare(first, [])
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            match.compare(second, [])
        second.rollback()
        first.rollback()
        match.compare(second, [])
