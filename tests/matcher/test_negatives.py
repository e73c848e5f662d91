"""The promises of negative memory: a "no" has an author, a reason and an end, and can be restored."""

import pytest
from sqlalchemy.orm import Session

from config import clock
from matcher import negatives
from matcher.negatives import UnknownNegative
from tests import factories


def test_a_no_is_remembered_for_its_work_and_place_alone(session: Session) -> None:
    work, other = factories.work(session), factories.work(session, "Dusk", of=factories.owner(session, "Another"))
    with clock.frozen(factories.NOW):
        row = negatives.remember(
            session, place="a.example/1", work_id=work.id, verdict="fan use", reason="A review.", by="Aoi Mori"
        )
    (kept,) = negatives.rows_for(session, place="a.example/1", work_id=work.id)
    assert (kept.uuid, kept.by, kept.reason) == (row.uuid, "Aoi Mori", "A review.")
    assert kept.expires_at == factories.NOW + negatives.MEMORY
    assert negatives.rows_for(session, place="a.example/2", work_id=work.id) == []
    assert negatives.rows_for(session, place="a.example/1", work_id=other.id) == []


def test_a_restored_no_is_kept_and_asked_no_more(session: Session) -> None:
    work = factories.work(session)
    row = negatives.remember(session, place="a", work_id=work.id, verdict="licensed", reason="Signed.", by="Aoi Mori")
    negatives.restore(session, row.uuid)
    assert negatives.rows_for(session, place="a", work_id=work.id) == []
    assert [each.uuid for each in negatives.remembered(session)] == [row.uuid]
    with pytest.raises(UnknownNegative):
        negatives.restore(session, "nothing")
