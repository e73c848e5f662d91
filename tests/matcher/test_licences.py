"""The promises of the licence registry: work x place x territory x window, revoked and never deleted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from matcher import catalogue, days, licences
from matcher.catalogue import Owner, Work
from matcher.licences import BadLicence, Grant, UnknownLicence
from tests import factories

HEAD = "owner,work,grantee,place,territory,starts,ends,note\n"


@pytest.fixture
def work(session: Session) -> Work:
    return factories.work(session)


def owner_of(session: Session, work: Work) -> Owner:
    return session.get_one(Owner, work.owner_id)


def test_a_licence_of_every_work_covers_each_work_of_the_owner_and_no_other(session: Session, work: Work) -> None:
    licences.add(session, Grant("Vidbox", "vidbox.example"), owner=owner_of(session, work), work=None, by="Aoi Mori")
    others = factories.work(session, "Other", of=catalogue.owner(session, "Another Studio"))
    assert [row.grantee for row in licences.rows_for(session, work)] == ["Vidbox"]
    assert licences.rows_for(session, others) == []


def test_a_revoked_licence_is_kept_and_asked_no_more(session: Session, work: Work) -> None:
    row = licences.add(session, Grant("Vidbox", "vidbox.example"), owner=owner_of(session, work), work=work, by="Aoi")
    licences.revoke(session, row.uuid)
    assert licences.rows_for(session, work) == []
    assert [each.uuid for each in licences.registered(session)] == [row.uuid]
    with pytest.raises(UnknownLicence):
        licences.revoke(session, "nothing")


def test_a_work_of_another_owner_is_refused(session: Session, work: Work) -> None:
    other = catalogue.owner(session, "Another Studio")
    with pytest.raises(BadLicence, match="does not belong"):
        licences.add(session, Grant("Vidbox", "vidbox.example"), owner=other, work=work, by="Aoi")


def test_a_csv_file_is_registered_line_by_line(session: Session, work: Work, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "\ufeff" + HEAD + "Studio Kiri,,ヴィドボックス,https://vidbox.example/,jp,2026-04-01,2027-03-31,覚書\n"
        "studio kiri,Lantern Road,Shop,shop.example/kiri,,,,\n"
    )
    first, second = licences.import_csv(session, file, by="Aoi Mori")
    assert (first.work_id, first.territory, first.place, first.note) == (None, "JP", "vidbox.example", "覚書")
    assert first.starts_at == datetime(2026, 3, 31, 15, tzinfo=UTC)  # midnight in Tokyo
    assert (second.work_id, second.territory, second.ends_at) == (work.id, None, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Nobody,,Vidbox,vidbox.example,,,,", "line 2: No owner"),
        ("Studio Kiri,Unknown,Vidbox,vidbox.example,,,,", "line 2: No work"),
        ("Studio Kiri,,,vidbox.example,,,,", "line 2: A licence names who"),
        ("Studio Kiri,,Vidbox,*,,,,", "line 2: .* is no place"),
        ("Studio Kiri,,Vidbox,vidbox.example,Japan,,,", "line 2: .* is no territory"),
        ("Studio Kiri,,Vidbox,vidbox.example,,31.12.2026,,", "line 2: .* is no date"),
        ("Studio Kiri,,Vidbox,vidbox.example,,2026-12-31,2026-01-01,", "line 2: .* ends before it starts"),
    ],
)
def test_a_bad_line_is_named_in_one_sentence(
    session: Session, work: Work, tmp_path: Path, line: str, says: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{HEAD}{line}\n")
    with pytest.raises(BadLicence, match=says):
        licences.import_csv(session, file, by="Aoi Mori")


@pytest.mark.parametrize("content", [b"", b"owner,work\n", b"\xff\xfe\x00broken", b"owner;work;grantee;place\n"])
def test_a_file_without_the_columns_is_one_sentence(session: Session, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(BadLicence):
        licences.import_csv(session, file, by="Aoi Mori")


def test_the_last_day_counts_until_it_is_over(session: Session) -> None:
    zone = licences.zone_of(session)
    start, end = days.first_moment("2026-11-30", zone), days.last_moment("2026-11-30", zone)
    assert start is not None
    assert end is not None
    assert 23.99 < (end - start).total_seconds() / 3600 < 24
    assert days.first_moment("", zone) is None
