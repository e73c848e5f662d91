"""The promise of evidence: nothing of a capture can be changed without `verify` naming the row."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

import config.home
from crawlers import captures, evidence
from crawlers.captures import Capture, Fetched
from crawlers.custody import CustodyEntry
from tests import factories


def kept(session: Session, count: int = 3) -> list[Capture]:
    """A sweep of real captures, their bodies stored, the end of their chain on the custody log."""
    sweep = factories.sweep(session)
    blobs = config.home.of(session).blobs
    rows = []
    for number in range(count):
        body = f"<p>page {number}</p>".encode()
        url = f"http://vidbox.example/{number}"
        fetched = Fetched(
            url=url, final_url=url, status=200, headers=(("Content-Type", "text/html"), ("X-名", "絵")),
            mime="text/html", blob=blobs.put(body), size_bytes=len(body),
            fetched_at=factories.NOW + timedelta(seconds=number),
        )  # fmt: skip
        rows.append(captures.keep(session, sweep.id, "page", fetched))
    evidence.collected(session, sweep)
    return rows


def named(session: Session) -> list[tuple[str, int]]:
    session.expire_all()
    return [(fault.table, fault.row_id) for fault in evidence.verify(session)]


def test_untouched_evidence_is_whole(session: Session) -> None:
    kept(session)
    assert named(session) == []


def test_a_part_of_the_evidence_is_checked_by_itself_and_its_end_too(session: Session) -> None:
    first, second, third = kept(session)
    entry = session.scalars(select(CustodyEntry)).one()

    def told(*rows: Capture, about: str = entry.subject) -> list[tuple[str, int]]:
        session.expire_all()
        again = session.scalars(select(Capture).where(Capture.id.in_([row.id for row in rows])).order_by(Capture.id))
        return [(fault.table, fault.row_id) for fault in evidence.verify_some(session, again.all(), [about])]

    assert told(first, second, third) == []
    session.execute(text("UPDATE captures SET status = 404 WHERE id = :id"), {"id": second.id})
    assert told(first) == []
    assert told(first, second) == [("captures", second.id)]
    session.execute(text("DELETE FROM captures WHERE id = :id"), {"id": third.id})
    assert told(first) == [("sweeps", first.sweep_id)]
    assert told(first, about="sweep:another") == []
    session.execute(text("UPDATE custody SET actor = 'nobody' WHERE id = :id"), {"id": entry.id})
    assert told(first, about="sweep:another") == [("custody", entry.id)]


CHANGES = {
    "url": "http://elsewhere.example/", "final_url": "http://elsewhere.example/", "status": 404, "mime": "text/plain",
    "headers": "[]", "fetched_at": "2020-01-01 00:00:00", "size_bytes": 1, "ip_address": "192.0.2.1", "kind": "media",
    "hash": "1" * 64, "previous_hash": "1" * 64, "url_hash": "1" * 32, "parts": '[["http://a.example/", "aa", 1]]',
    "uuid": "0" * 36,
}  # fmt: skip


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_a_changed_column_names_the_row(session: Session, column: str) -> None:
    _first, second, third = kept(session)
    session.execute(
        text(f"UPDATE captures SET {column} = :value WHERE id = :id"), {"value": CHANGES[column], "id": second.id}
    )
    found = named(session)
    assert ("captures", second.id) in found
    assert set(found) <= {("captures", second.id), ("captures", third.id)}


def test_changed_bytes_name_the_row(session: Session) -> None:
    _first, second, _third = kept(session)
    path = config.home.of(session).blobs.path(second.body_sha256)
    path.chmod(0o600)
    path.write_bytes(b"<p>page X</p>")
    (fault,) = evidence.verify(session)
    assert (fault.table, fault.row_id) == ("captures", second.id)
    assert second.uuid in str(fault)
    assert "bytes were changed" in str(fault)


def test_missing_bytes_name_the_row(session: Session) -> None:
    first, _second, _third = kept(session)
    config.home.of(session).blobs.path(first.body_sha256).unlink()
    assert named(session) == [("captures", first.id)]


def test_a_body_exchanged_with_its_hash_still_names_the_row(session: Session) -> None:
    _first, second, _third = kept(session)
    other = config.home.of(session).blobs.put(b"<p>page Y</p>")
    session.execute(text("UPDATE captures SET body_sha256 = :sha WHERE id = :id"), {"sha": other, "id": second.id})
    assert named(session) == [("captures", second.id)]


def test_a_capture_resealed_after_a_change_breaks_the_chain_behind_it(session: Session) -> None:
    _first, second, third = kept(session)
    changed = Capture(**{column.key: getattr(second, column.key) for column in Capture.__table__.columns})
    changed.status = 404
    session.execute(
        text("UPDATE captures SET status = 404, hash = :h WHERE id = :id"),
        {"h": captures.seal(changed), "id": second.id},
    )
    assert named(session) == [("captures", third.id)]


@pytest.mark.parametrize("which", [0, 1])
def test_a_removed_capture_is_missed(session: Session, which: int) -> None:
    rows = kept(session)
    session.execute(text("DELETE FROM captures WHERE id = :id"), {"id": rows[which].id})
    assert ("captures", rows[which + 1].id) in named(session)


def test_captures_cut_off_the_end_are_missed(session: Session) -> None:
    last = kept(session)[-1]
    last_id, sweep_id = last.id, last.sweep_id
    session.execute(text("DELETE FROM captures WHERE id = :id"), {"id": last_id})
    assert named(session) == [("sweeps", sweep_id)]


def test_a_sighting_that_claims_other_bytes_is_named(session: Session) -> None:
    finding = factories.finding(session)
    sighting = factories.sighting(session, finding)
    session.execute(text("UPDATE sightings SET blob = :blob"), {"blob": "1" * 64})
    assert ("sightings", sighting.id) in named(session)
