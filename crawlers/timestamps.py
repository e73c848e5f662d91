"""Timestamps of others: documents that time-stamping authorities are asked to stamp, and the tokens that came.

Being offline is no failure: what could not be asked is asked again later, ever more seldom. A token's bytes are kept
whatever they hold. Nothing but a SHA-256 leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Question:
    """What an authority is asked about one errand."""

    errand_id: int
    tries: int  # before this one
    url: str
    document: bytes


@dataclass(frozen=True)
class _Answer:
    """What became of a question."""

    trouble: str | None = None  # why there is no token; everything below is empty then
    token: bytes = b""
    received_at: datetime | None = None
    stamped_at: datetime | None = None
    authority: str | None = None
    says: str | None = None  # why the token could not be read


def stamp(session: Session, ids: Sequence[int]) -> None:
    """Ask the authorities. One that does not answer is left alone for a while, with everything that waits for it.

    Nothing is asked of `session` before they have answered: SQLite's one write lock must not be held while a server far
    away takes its time. An errand that somebody else has run meanwhile stays as they left it.
    """
    opened = config.home.of(session)
    with opened.readers()() as reading:
        questions = [asked for errand_id in ids if (asked := _question(reading, errand_id)) is not None]
    guard, silent = Guard.of(opened.settings.crawl), set[str]()
    answers = list[tuple[_Question, _Answer]]()
    for question in questions:
        if question.url not in silent:
            answer = _asked(guard, question)
            answers.append((question, answer))
            silent |= {question.url} if answer.trouble else set()
    for question, answer in answers:
        _keep(session, question, answer)


def of(session: Session, subjects: Sequence[str]) -> list[tuple[TimestampErrand, TimestampToken | None]]:
    """Return every errand for these subjects with its token, None where it still waits; oldest first."""
    rows = (
        select(TimestampErrand, TimestampToken)
        .outerjoin(TimestampToken, TimestampToken.errand_id == TimestampErrand.id)
        .where(TimestampErrand.subject.in_(subjects))
        .order_by(TimestampErrand.id)
    )
    return [(errand, token) for errand, token in session.execute(rows)]


def _question(session: Session, errand_id: int) -> _Question | None:
    """Return what is to be asked; None when the errand was run already, or is not due any more."""
    errand = session.get_one(TimestampErrand, errand_id)
    if errand.next_due is None or errand.next_due > clock.now():
        return None
    document = config.home.of(session).blobs.get(errand.document)
    return _Question(errand.id, errand.tries, errand.url, document)


def _asked(guard: Guard, question: _Question) -> _Answer:
    try:
        token = letterbox.ask(guard, question.url, tokens.request(question.document), tokens.ASKS)
        received_at = clock.now()
        stamped_at, authority, says = _read(token, question.document)
    except (NoAnswer, NotStamped) as no:
        return _Answer(trouble=str(no))
    return _Answer(None, token, received_at, stamped_at, authority, says)


def _keep(session: Session, question: _Question, answer: _Answer) -> None:
    """Keep the token on the custody log, or when the authority is asked again and why."""
    errand = session.get_one(TimestampErrand, question.errand_id, with_for_update=True, populate_existing=True)
    if errand.next_due is None or errand.tries != question.tries:
        return
    errand.tries += 1
    if answer.trouble is not None:
        errand.trouble = answer.trouble
        _put_off(session, errand)
        return
    errand.next_due, errand.trouble = None, None
    token = TimestampToken(
        errand_id=errand.id, blob=config.home.of(session).blobs.put(answer.token), received_at=answer.received_at,
        stamped_at=answer.stamped_at, authority=answer.authority, says=answer.says,
    )  # fmt: skip
    session.add(token)
    session.flush()
    note = {"document": errand.document, "token": token.blob, "authority": errand.url}
    custody.record(session, actor="mekiki", action=custody.TIMESTAMPED, subject=errand.subject, note=note)


def _put_off(session: Session, errand: TimestampErrand) -> None:
    """Leave an authority alone, the longer the more often it gave no token, and all that waits for it."""
    until = clock.now() + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(errand.tries - 1, 10))
    others = update(TimestampErrand).where(TimestampErrand.url == errand.url, TimestampErrand.next_due < until)
    session.flush()
    session.execute(others.values(next_due=until))


def _read(answer: bytes, document: bytes) -> tuple[datetime | None, str | None, str | None]:
    """Return when, by whom, and why that is not known; raises NotStamped for what is no token of the document."""
    try:
        read = tokens.check(answer, document)
    except Unreadable as odd:
        return None, None, str(odd)
    return read.at, read.authority, None
