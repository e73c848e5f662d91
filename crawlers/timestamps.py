"""Timestamps of others: documents that time-stamping authorities are asked to stamp, and the tokens that came.

Being offline is no failure: what could not be asked is asked again later, ever more seldom. A token's bytes are kept
whatever they hold. Nothing but a SHA-256 leaves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock
from config.database import AppendOnly, Base, Row
from crawlers import custody, letterbox, tokens
from crawlers.guard import Guard
from crawlers.letterbox import NoAnswer
from crawlers.tokens import NotStamped, Unreadable

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(days=1)


class TimestampErrand(Row, Base):
    """One document to be stamped by one authority."""

    __tablename__ = "timestamp_errands"
    __table_args__ = (UniqueConstraint("document", "url"),)

    subject: Mapped[str] = mapped_column(String(200), index=True)  # "sweep:<uuid>" or "case:<uuid>", as in custody
    document: Mapped[str] = mapped_column(String(64))  # blob
    url: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[datetime]  # when it was put on the list
    next_due: Mapped[datetime | None] = mapped_column(index=True)  # None: it has its token
    tries: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str | None] = mapped_column(Text)  # why there is no token yet


class TimestampToken(AppendOnly, Row, Base):
    """The answer of an authority, as it came."""

    __tablename__ = "timestamp_tokens"

    errand_id: Mapped[int] = mapped_column(ForeignKey("timestamp_errands.id"), unique=True)
    blob: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]  # by the clock of this machine: compare it with the authority's
    stamped_at: Mapped[datetime | None]  # None: this program cannot read the token
    authority: Mapped[str | None] = mapped_column(Text)
    says: Mapped[str | None] = mapped_column(Text)  # why it could not be read


def wish(session: Session, subject: str, document: bytes) -> None:
    """Have a document stamped by every authority of the settings, in time; asked twice it is stamped once."""
    home = config.home.of(session)
    urls = home.settings.evidence.timestamp_urls
    if not urls:
        return
    blob, at = home.blobs.put(document), clock.now()
    known = set(session.scalars(select(TimestampErrand.url).where(TimestampErrand.document == blob)))
    for url in dict.fromkeys(urls):
        if url not in known:
            session.add(TimestampErrand(subject=subject, document=blob, url=url, asked_at=at, next_due=at))
    session.flush()


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return the errands that are due, the longest due first."""
    due = select(TimestampErrand.id).where(TimestampErrand.next_due <= clock.now())
    return session.scalars(due.order_by(TimestampErrand.next_due, TimestampErrand.id).limit(limit)).all()


def stamp(session: Session, ids: Sequence[int]) -> None:
    """Ask the authorities. One that does not answer is left alone for a while, with everything that waits for it."""
    for errand_id in ids:
        errand = session.get_one(TimestampErrand, errand_id)
        if errand.next_due is not None and errand.next_due <= clock.now():
            _stamp(session, errand)


def of(session: Session, subjects: Sequence[str]) -> list[tuple[TimestampErrand, TimestampToken | None]]:
    """Return every errand for these subjects with its token, None where it still waits; oldest first."""
    rows = (
        select(TimestampErrand, TimestampToken)
        .outerjoin(TimestampToken, TimestampToken.errand_id == TimestampErrand.id)
        .where(TimestampErrand.subject.in_(subjects))
        .order_by(TimestampErrand.id)
    )
    return [(errand, token) for errand, token in session.execute(rows)]


def _stamp(session: Session, errand: TimestampErrand) -> None:
    home = config.home.of(session)
    document, now = home.blobs.get(errand.document), clock.now()
    errand.tries += 1
    try:
        answer = letterbox.ask(Guard.of(home.settings.crawl), errand.url, tokens.request(document), tokens.ASKS)
        read = _read(answer, document)
    except (NoAnswer, NotStamped) as no:
        errand.trouble = str(no)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(errand.tries - 1, 10))
        others = update(TimestampErrand).where(
            TimestampErrand.url == errand.url, TimestampErrand.next_due < now + wait
        )  # fmt: skip
        session.flush()
        session.execute(others.values(next_due=now + wait))
        return
    errand.next_due, errand.trouble = None, None
    stamped_at, authority, says = read
    token = TimestampToken(
        errand_id=errand.id, blob=home.blobs.put(answer), received_at=clock.now(), stamped_at=stamped_at,
        authority=authority, says=says,
    )  # fmt: skip
    session.add(token)
    session.flush()
    note = {"document": errand.document, "token": token.blob, "authority": errand.url}
    custody.record(session, actor="mekiki", action=custody.TIMESTAMPED, subject=errand.subject, note=note)


def _read(answer: bytes, document: bytes) -> tuple[datetime | None, str | None, str | None]:
    """Return when, by whom, and why that is not known; raises NotStamped for what is no token of the document."""
    try:
        read = tokens.check(answer, document)
    except Unreadable as odd:
        return None, None, str(odd)
    return read.at, read.authority, None
