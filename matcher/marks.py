"""How far a stage has worked through what only ever grows, so that nobody walks through millions to find nothing.

Below its mark a stage asks only for what can make old rows pending again. Once a day it looks at everything all the
same: a mark saves time, and nothing depends on it. Losing one costs a long look, nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, String, Table, func, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from config import clock, database, home, log
from config.database import Base

WALK = timedelta(days=1)  # after so long everything is looked at, whatever the mark says
OVERLAP = timedelta(hours=1)  # so much later than its time a change may become visible
MOST_LEFT = 1000  # rows of one mark
ROWS_AT_ONCE = 500  # of one IN (...)
Looking = Callable[[Session, "Done"], "Look"]
_log = log.get(__name__)


class Mark(Base):
    """Up to where one stage has nothing left to do, and up to where it may have once others have committed."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    upto: Mapped[dict[str, Any]] = mapped_column(default=dict)  # table -> id; {}: it never was idle
    at: Mapped[datetime | None]  # when that was so
    left: Mapped[list[Any]] = mapped_column(default=list)  # ids up to there that cannot be worked on, but may be later
    kinds: Mapped[str] = mapped_column(String(64), default="")  # by which kinds and versions it was worked through
    walked_at: Mapped[datetime | None]  # when everything was looked at last
    next_upto: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {}: nobody is waited for
    next_at: Mapped[datetime | None]
    writers: Mapped[list[Any]] = mapped_column(default=list)  # who may still commit rows up to `next_upto`


@dataclass(frozen=True)
class Done:
    """Up to where nothing is left to do; as it is made, nothing is known and everything is looked at."""

    upto: Mapping[str, int] = field(default_factory=dict)  # table -> id
    since: datetime | None = None  # changes from then on are looked at
    left: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.upto)

    def beyond(self, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """Return the condition that a row, by its id, is newer than what is done."""
        table = column.class_.__table__
        return column > self.upto.get(table.name, 0)


@dataclass(frozen=True)
class Look:
    """What a stage finds beyond what is done."""

    pending: Sequence[int]  # if there is anything, one row at least
    left: Sequence[int] = ()  # what cannot be worked on now but may be later; no more than MOST_LEFT, and one


def portions(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield ids some at a time, in order and once each: asked for by them, both databases go by their indexes."""
    rest = iter(sorted(set(ids)))
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some


def done(session: Session, name: str, kinds: str = "") -> Done:
    """Return up to where a stage has nothing left to do; nothing where it worked by other kinds."""
    rows = select(Mark.upto, Mark.at, Mark.left).where(Mark.name == name, Mark.kinds == kinds)
    row = session.execute(rows).one_or_none()
    if row is None or row.at is None:
        return Done()
    return Done(row.upto, row.at - OVERLAP, tuple(row.left))


def advance(
    session: Session, name: str, columns: Sequence[InstrumentedAttribute[int]], look: Looking, *, kinds: str = ""
) -> None:
    """Move a stage's mark up to the newest rows of these ids, if nothing is pending and none can appear below.

    The whole look of the day reads apart from `session`, which on SQLite would hold the one write lock meanwhile.
    """
    now = clock.now()
    everywhere = _everywhere(session, name, look, kinds)
    row = _locked(session, name)
    known = done(session, name, kinds)
    sure = _sure(session, row, [column.class_.__table__ for column in columns], now)
    beyond = look(session, known)
    if beyond.pending:
        return
    if everywhere is not None and everywhere.pending:
        _log.warning("a mark was too far", mark=name, row=everywhere.pending[0])
        row.upto, row.at, row.next_upto = {}, None, {}
        return
    if everywhere is not None or not known:
        row.walked_at = now
    if sure is None or len(beyond.left) > MOST_LEFT:
        return
    if _is_news(row, sure, kinds) or list(beyond.left) != row.left:
        (row.upto, row.at), row.left, row.kinds = sure, list(beyond.left), kinds


def _everywhere(session: Session, name: str, look: Looking, kinds: str) -> Look | None:
    """Return what a look at everything finds, when it is time for one; None when it is not."""
    with home.of(session).readers()() as reading:
        row = reading.get(Mark, name)
        if row is None or row.at is None or row.kinds != kinds:
            return None  # it looks everywhere anyway
        if row.walked_at is not None and clock.now() - row.walked_at < WALK:
            return None
        return look(reading, Done())


def _locked(session: Session, name: str) -> Mark:
    """Return the mark, which nobody else moves until this session commits."""
    session.execute(database.unless_there(session, Mark).values(name=name, upto={}, left=[], next_upto={}, writers=[]))
    rows = select(Mark).where(Mark.name == name).with_for_update()
    return session.scalars(rows, execution_options={"populate_existing": True}).one()


def _sure(
    session: Session, row: Mark, tables: Sequence[Table], now: datetime
) -> tuple[dict[str, int], datetime] | None:
    """Return up to which ids every row is visible from now on, and since when; None while that is not known.

    On PostgreSQL an older id may be committed after a newer one. So the newest ids are read first and then who is
    writing; when all of these are through, nothing can appear below.
    """
    newest = {table.name: session.scalar(select(func.max(table.c.id))) or 0 for table in tables}
    writers = database.writers(session, tables)
    if not writers:
        row.next_upto, row.writers = {}, []
        return newest, now
    sure = None
    if row.next_upto and row.next_at is not None:
        if set(row.writers) & set(writers):
            return None
        sure = dict(row.next_upto), row.next_at
    row.next_upto, row.next_at, row.writers = newest, now, writers
    return sure


def _is_news(row: Mark, sure: tuple[dict[str, int], datetime], kinds: str) -> bool:
    """Say whether a mark would move: further in a table, or to a time that spares looking at old changes again."""
    upto, at = sure
    if row.at is None or row.kinds != kinds or at - row.at > OVERLAP:
        return True
    return any(number > row.upto.get(name, 0) for name, number in upto.items())
