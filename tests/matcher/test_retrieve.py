"""What the shelf promises: it always shows what the database says, whoever wrote it."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from config.home import Home
from fingerprints import store
from matcher import retrieve
from matcher.references import Exclusion, Reference
from matcher.retrieve import Shelf
from tests import factories
from tests.factories import NOW
from tests.matcher.drawn_pictures import described_drawing, reference, vectors


def found(shelf: Shelf, session: Session, seed: int) -> list[int]:
    shelf.refresh(session)
    return [each.reference_id for each in shelf.compare(session, vectors(described_drawing(seed)))]


def test_a_reference_registered_by_another_process_is_found_at_the_next_question(home: Home) -> None:
    with home.sessions().begin() as session:
        work = factories.work(session)
        session.expunge(work)
    shelf = Shelf(home.settings.matching)
    with home.readers()() as reading:
        assert found(shelf, reading, 11) == []
    with home.sessions().begin() as elsewhere:
        added = reference(elsewhere, work, 11).id
    with home.readers()() as reading:
        assert found(shelf, reading, 11) == [added]


def disabled(session: Session, row: Reference) -> None:
    row.disabled_at = NOW


def excluded(session: Session, row: Reference) -> None:
    session.add(Exclusion(reference_id=row.id, start_s=0, end_s=9, reason="opening", by="Aoi", at=NOW))


@pytest.mark.parametrize("change", [disabled, excluded])
def test_every_change_of_a_reference_is_taken_up(
    session: Session, home: Home, change: Callable[[Session, Reference], None]
) -> None:
    row = reference(session, factories.work(session), 11)
    shelf = Shelf(home.settings.matching)
    assert found(shelf, session, 11) == [row.id]
    change(session, row)
    session.flush()
    assert found(shelf, session, 11) == ([] if change is disabled else [row.id])


def test_disabling_one_and_describing_another_at_once_is_noticed(session: Session, home: Home) -> None:
    work = factories.work(session)
    late, gone = reference(session, work, 11, is_described=False), reference(session, work, 13)
    shelf = Shelf(home.settings.matching)
    assert found(shelf, session, 13) == [gone.id]
    gone.disabled_at = NOW
    store.save(session, late.blob, described_drawing(11))
    session.flush()
    assert (found(shelf, session, 11), found(shelf, session, 13)) == ([late.id], [])


def test_what_was_rolled_back_leaves_the_shelf(home: Home) -> None:
    shelf = Shelf(home.settings.matching)
    with home.sessions()() as session:
        row = reference(session, factories.work(session), 11)
        assert found(shelf, session, 11) == [row.id]
        session.rollback()
    with home.readers()() as reading:
        assert found(shelf, reading, 11) == []
        assert len(shelf) == 0


def test_every_reference_up_to_the_settled_one_was_described(session: Session) -> None:
    assert retrieve.settled_reference_id(session) == 0
    work = factories.work(session)
    first, gap, last = (reference(session, work, seed, is_described=seed != 13) for seed in (11, 13, 10))
    assert retrieve.settled_reference_id(session) == first.id
    store.save(session, gap.blob, described_drawing(13))
    assert retrieve.settled_reference_id(session) == last.id
