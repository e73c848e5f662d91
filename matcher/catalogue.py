"""The catalogue: owners, their works, and the assets of a work. References are in matcher.references."""

import difflib
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from fingerprints.interface import Tier
from matcher import places

WorkKind = Literal["anime", "manga", "art", "goods"]
WORK_KINDS: tuple[WorkKind, ...] = ("anime", "manga", "art", "goods")


class UnknownWork(MekikiError):
    """No work, or more than one, answers to a name."""


class UnknownOwner(MekikiError):
    """No owner has this name."""


class WorkExists(MekikiError):
    """The owner already has a work of this title."""


class WorkDetails(TypedDict, total=False):
    """What else may be said of a work."""

    aliases: Sequence[str]  # other titles, other languages
    creator: str  # as a credit would name them
    official_urls: Sequence[str]  # places where the owner shows the work; never asked to remove it
    provisional_until: datetime | None  # production ends then; leaks before that are the most harmful
    tier: Tier | None  # how much is kept of its films; None: as the home says ([fingerprints] film_tier)


class OwnerDetails(TypedDict, total=False):
    """What a notice must say of its principal."""

    representative: str
    address: str
    phone: str
    email: str
    country: str
    mandate: str


class WorkNames(NamedTuple):
    """What a work is called: its title, then its aliases."""

    names: tuple[str, ...]
    is_unreleased: bool  # its production has not ended


class Owner(Row, Base):
    """Who holds the rights: the principal of every notice for their works."""

    __tablename__ = "owners"

    name: Mapped[str] = mapped_column(String(300), unique=True)
    representative: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    mandate: Mapped[str] = mapped_column(Text, default="")  # on what authority the sender acts for this owner


class Work(Row, Base):
    """A title."""

    __tablename__ = "works"
    __table_args__ = (UniqueConstraint("owner_id", "title"),)

    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(10))  # "anime", "manga", "art" or "goods"
    aliases: Mapped[list[Any]]
    creator: Mapped[str] = mapped_column(String(300), default="")
    official_urls: Mapped[list[Any]]
    provisional_until: Mapped[datetime | None]  # set while production has not ended
    tier: Mapped[str | None] = mapped_column(String(10))  # "points" or "hashes"; None: [fingerprints] film_tier
    added_at: Mapped[datetime]


class Asset(Row, Base):
    """An episode, a volume or chapter, a character sheet, a product."""

    __tablename__ = "assets"
    __table_args__ = (UniqueConstraint("work_id", "name"),)

    work_id: Mapped[int] = mapped_column(ForeignKey("works.id"), index=True)
    name: Mapped[str] = mapped_column(String(300))


def owner(session: Session, name: str, **details: Unpack[OwnerDetails]) -> Owner:
    """Return the owner of this name, made if there is none; the details that are given replace the earlier ones."""
    found = session.scalar(select(Owner).where(Owner.name == name))
    if found is None:
        found = Owner(name=name)
        session.add(found)
    for field, value in details.items():
        setattr(found, field, value)
    session.flush()
    return found


def find_owner(session: Session, name: str) -> Owner:
    """Return the owner of this name or uuid. Raises UnknownOwner, naming the nearest."""
    owners = session.scalars(select(Owner)).all()
    for each in owners:
        if name == each.uuid or folded(name) == folded(each.name):
            return each
    near = difflib.get_close_matches(name, [each.name for each in owners], n=1)
    hint = f'did you mean "{near[0]}"?' if near else "`mekiki work list` shows who owns what."
    raise UnknownOwner(f'No owner is called "{name}"; {hint}')


def add_work(
    session: Session, title: str, *, owner: Owner, kind: WorkKind = "anime", **details: Unpack[WorkDetails]
) -> Work:
    """Return a new work of the owner. Raises WorkExists, or BadPlace for an official address that is none."""
    _check_places(details)
    titles = session.scalars(select(Work.title).where(Work.owner_id == owner.id))
    if folded(title) in {folded(known) for known in titles}:
        raise WorkExists(f'{owner.name} already has a work called "{title}"; add references to it, or choose a title.')
    made = Work(
        owner_id=owner.id,
        title=title,
        kind=kind,
        aliases=list(details.get("aliases", ())),
        creator=details.get("creator", ""),
        official_urls=list(details.get("official_urls", ())),
        provisional_until=details.get("provisional_until"),
        tier=details.get("tier"),
        added_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made


def amend(session: Session, work: Work, **details: Unpack[WorkDetails]) -> Work:
    """Add aliases and official addresses to a work, replace what else is given, and return it. Raises BadPlace."""
    _check_places(details)
    work.aliases = [*work.aliases, *(each for each in details.get("aliases", ()) if each not in work.aliases)]
    more = (each for each in details.get("official_urls", ()) if each not in work.official_urls)
    work.official_urls = [*work.official_urls, *more]
    work.creator = details.get("creator", work.creator)
    work.provisional_until = details.get("provisional_until", work.provisional_until)
    work.tier = details.get("tier", work.tier)
    session.flush()
    return work


def find_work(session: Session, name: str) -> Work:
    """Return the work with this uuid, title or alias; letters' case and width do not matter. Raises UnknownWork."""
    all_works = works(session)
    by_title = [each for each in all_works if name == each.uuid or folded(name) == folded(each.title)]
    found = by_title or [each for each in all_works if folded(name) in map(folded, each.aliases)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{each.title} ({each.uuid})" for each in found)
        raise UnknownWork(f'"{name}" names {len(found)} works: {choices}; use the uuid of the one you mean.')
    near = difflib.get_close_matches(name, [each.title for each in all_works], n=1)
    hint = f'did you mean "{near[0]}"?' if near else "add it with `mekiki work add`."
    raise UnknownWork(f'No work is called "{name}"; {hint}')


def works(session: Session) -> Sequence[Work]:
    """Return every work, by title."""
    return session.scalars(select(Work).order_by(Work.title, Work.id)).all()


def names(session: Session) -> list[WorkNames]:
    """Return what every work is called, by title."""
    now = clock.now()
    return [
        WorkNames((each.title, *each.aliases), each.provisional_until is not None and each.provisional_until > now)
        for each in works(session)
    ]


def work_of(session: Session, asset_id: int) -> Work:
    """Return the work an asset belongs to."""
    return session.scalars(select(Work).join(Asset, Asset.work_id == Work.id).where(Asset.id == asset_id)).one()


def asset(session: Session, work: Work, name: str) -> Asset:
    """Return the work's asset of this name, made if there is none."""
    found = session.scalar(select(Asset).where(Asset.work_id == work.id, Asset.name == name))
    if found is None:
        found = Asset(work_id=work.id, name=name)
        session.add(found)
        session.flush()
    return found


def _check_places(details: WorkDetails) -> None:
    """Tell of an address that cannot be one now, and not when a use is checked."""
    for url in details.get("official_urls", ()):
        places.pattern_of(url)


def folded(text: str) -> str:
    """Return the text as names are compared: one width, one case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
