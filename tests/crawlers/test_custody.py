"""The promises of the custody log: every act is chained to the one before, and a change is named."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import AppendOnlyViolation
from config.home import Home
from crawlers import custody


def log_three(session: Session) -> list[custody.CustodyEntry]:
    return [
        custody.record(session, actor="Aoi Mori", action=action, subject="capture:1", note={"page": number, "名": "絵"})
        for number, action in enumerate(("collected", "viewed", "exported"))
    ]


def test_entries_are_chained_and_sound(session: Session) -> None:
    first, second, third = log_three(session)
    assert first.previous_hash == custody.FIRST_HASH
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    session.expire_all()
    assert custody.broken_links(session) == []


@pytest.mark.parametrize("column", ["actor", "action", "subject", "note", "at"])
def test_a_changed_entry_is_named(session: Session, column: str) -> None:
    _first, second, _third = log_three(session)
    value = {"note": '{"page": 9}', "at": "2020-01-01 00:00:00"}.get(column, "somebody else")
    session.execute(text(f"UPDATE custody SET {column} = :value WHERE id = :id"), {"value": value, "id": second.id})
    session.expire_all()
    assert [entry.id for entry, _says in custody.broken_links(session)] == [second.id]


def test_a_removed_entry_is_missed_by_the_next(session: Session) -> None:
    _first, second, third = log_three(session)
    session.execute(text("DELETE FROM custody WHERE id = :id"), {"id": second.id})
    session.expire_all()
    assert [(entry.id, says) for entry, says in custody.broken_links(session)] == [
        (third.id, "the entry before it was removed or replaced")
    ]


def test_the_application_itself_cannot_change_an_entry(session: Session) -> None:
    first, _second, _third = log_three(session)
    first.actor = "somebody else"
    with pytest.raises(AppendOnlyViolation):
        session.flush()


def test_the_chain_goes_on_from_one_transaction_to_the_next(home: Home) -> None:
    for actor in ("Aoi Mori", "Ren Sato"):
        with home.sessions().begin() as session:
            custody.record(session, actor=actor, action="viewed", subject="capture:1")
    with home.readers()() as session:
        assert custody.broken_links(session) == []
        assert session.query(custody.CustodyEntry).count() == 2
