"""The ground holds on SQLite and on PostgreSQL alike."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import AppendOnlyViolation
from crawlers.custody import CustodyEntry
from matcher.catalogue import Owner


def entry() -> CustodyEntry:
    return CustodyEntry(
        at=datetime(2026, 1, 1, tzinfo=UTC), actor="a", action="b", subject="c", note={}, previous_hash="p", hash="h"
    )


def test_times_come_back_aware_and_in_utc(session: Session) -> None:
    session.add(entry())
    session.flush()
    session.expire_all()
    assert session.scalars(select(CustodyEntry)).one().at == datetime(2026, 1, 1, tzinfo=UTC)


def test_evidence_cannot_be_changed_through_the_application(session: Session) -> None:
    row = entry()
    session.add(row)
    session.flush()
    row.actor = "somebody else"
    with pytest.raises(AppendOnlyViolation):
        session.flush()


def test_rows_get_a_uuid_for_the_outside(session: Session) -> None:
    owner = Owner(name="Studio")
    session.add(owner)
    session.flush()
    assert len(owner.uuid) == 36
