"""The licence registry: who may show which work where, in which territory, in which window."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from matcher import catalogue, days, places
from matcher.catalogue import Owner, Work
from matcher.interface import LicenceRow

COLUMNS = ("owner", "work", "grantee", "place", "territory", "starts", "ends", "note")


class BadLicence(MekikiError):
    """A grant contradicts itself or cannot be read."""


class UnknownLicence(MekikiError):
    """No licence has this uuid."""


class Licence(Row, Base):
    """One grant: work x place x territory x window. Never deleted; it is revoked."""

    __tablename__ = "licences"

    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    work_id: Mapped[int | None] = mapped_column(ForeignKey("works.id"), index=True)  # None: every work of the owner
    grantee: Mapped[str] = mapped_column(String(300))
    place: Mapped[str] = mapped_column(String(500))  # "host", "host/path prefix" or "*.host"
    territory: Mapped[str | None] = mapped_column(String(2))  # ISO 3166 alpha-2; None: worldwide
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Grant:
    """What a licence says; empty means unlimited."""

    grantee: str
    place: str  # a pattern or a pasted address, see `matcher.places.pattern_of`
    territory: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None  # the last moment at which it holds
    note: str = ""


def add(session: Session, grant: Grant, *, owner: Owner, work: Work | None, by: str) -> Licence:
    """Register a grant for one work, or for every work of the owner (None), and return its row.

    Raises BadLicence or BadPlace.
    """
    if not grant.grantee.strip() or not by.strip():
        raise BadLicence("A licence names who it is granted to and who registered it; fill in both.")
    if work is not None and work.owner_id != owner.id:
        raise BadLicence(f"{work.title} does not belong to {owner.name}; name its own owner.")
    if grant.starts_at and grant.ends_at and grant.ends_at <= grant.starts_at:
        raise BadLicence(f"The licence for {grant.grantee} ends before it starts; correct one of the dates.")
    row = Licence(
        owner_id=owner.id,
        work_id=work.id if work else None,
        grantee=grant.grantee.strip(),
        place=places.pattern_of(grant.place),
        territory=_territory(grant.territory),
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        note=grant.note,
        by=by,
        at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def registered(session: Session) -> Sequence[Licence]:
    """Return every licence, revoked ones too, newest first."""
    return session.scalars(select(Licence).order_by(Licence.id.desc())).all()


def revoke(session: Session, uuid: str) -> Licence:
    """End a licence now and return its row; it stays readable. Raises UnknownLicence."""
    row = session.scalar(select(Licence).where(Licence.uuid == uuid))
    if row is None:
        raise UnknownLicence(f"There is no licence {uuid}; `mekiki licence list` shows them.")
    row.revoked_at = row.revoked_at or clock.now()
    session.flush()
    return row


def rows_for(session: Session, work: Work) -> list[LicenceRow]:
    """Return every licence of the work or of all its owner's works that is not revoked, over or not."""
    concerns = or_(Licence.work_id == work.id, (Licence.work_id.is_(None)) & (Licence.owner_id == work.owner_id))
    found = session.scalars(select(Licence).where(concerns, Licence.revoked_at.is_(None)).order_by(Licence.id))
    return [
        LicenceRow(each.uuid, each.grantee, each.place, each.territory, each.starts_at, each.ends_at) for each in found
    ]


def import_csv(session: Session, file: Path, *, by: str) -> list[Licence]:
    """Register every line of a CSV file with the columns owner, work, grantee, place, territory, starts, ends, note.

    An empty work means every work of the owner; an empty date means no limit; the end date is the last day that
    still counts. All or nothing: the first bad line raises BadLicence naming it, and the caller's rollback undoes.
    """
    made = []
    for number, line in _lines(file):
        try:
            owner = catalogue.find_owner(session, line["owner"])
            work = catalogue.find_work(session, line["work"]) if line["work"] else None
            made.append(add(session, _grant(line, zone_of(session)), owner=owner, work=work, by=by))
        except MekikiError as bad:
            raise BadLicence(f"{file.name}, line {number}: {bad}") from bad
    return made


def zone_of(session: Session) -> ZoneInfo:
    """Return the time zone in which this home reads dates."""
    return ZoneInfo(config.home.of(session).settings.schedule.timezone)


def _grant(line: dict[str, str], zone: ZoneInfo) -> Grant:
    return Grant(
        grantee=line["grantee"],
        place=line["place"],
        territory=line["territory"] or None,
        starts_at=days.first_moment(line["starts"], zone),
        ends_at=days.last_moment(line["ends"], zone),
        note=line["note"],
    )


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            missing = [column for column in COLUMNS[:4] if column not in (reader.fieldnames or ())]
            if missing:
                raise BadLicence(f"{file.name}, line 1: the column {missing[0]} is missing; put it in the first line.")
            for line in reader:
                yield reader.line_num, {column: (line.get(column) or "").strip() for column in COLUMNS}
    except (OSError, UnicodeDecodeError, csv.Error) as bad:
        raise BadLicence(f"{file} cannot be read as a UTF-8 CSV file ({bad}); save it as one.") from bad


def _territory(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    code = text.strip().upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise BadLicence(f'"{text}" is no territory; write a country as two letters, like JP, or leave it empty.')
    return code
