"""The database ground: one declarative Base, one engine for SQLite and PostgreSQL, append-only rows, row claims."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, TypeVarTuple

import uuid_utils
from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    FromClause,
    Insert,
    MetaData,
    Select,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)  # fmt: skip
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column, sessionmaker

from config.errors import MekikiError

BUSY_TIMEOUT_MS = 120_000  # another process may hold SQLite's write lock while it compares a batch of films
# Who inserts holds this lock from before the first row gets its id until after the last one is visible.
WRITERS = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'
        AND relation = ANY (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) name)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid IS DISTINCT FROM pg_backend_pid()
""")
Columns = TypeVarTuple("Columns")
Value = TypeVar("Value")


class AppendOnlyViolation(MekikiError):
    """Something tried to change or delete a row that may be evidence."""


class DatabaseUnreachable(MekikiError):
    """The database of this home cannot be opened."""

    permanent = False


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite stores it naive, so the zone is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the database; times come from clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The one metadata; every package's tables hang on it, foreign keys by table name and pointing down."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(), list[Any]: JSON()}  # noqa: RUF012


def new_uuid() -> str:
    """Return a UUIDv7 as text; its order is the order of creation."""
    return str(uuid_utils.uuid7())


class Row:
    """The row id used inside, and the UUIDv7 that may appear in urls and letters."""

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)


class AppendOnly:
    """Mixin: rows are inserted and read, never changed or deleted through the application."""


@event.listens_for(Mapper, "before_update")
def _refuse_update(_mapper: Mapper[Any], _connection: Any, target: object) -> None:
    if isinstance(target, AppendOnly):
        raise AppendOnlyViolation(f"{type(target).__name__} rows are append-only; add a new row instead.")


@event.listens_for(Mapper, "before_delete")
def _refuse_delete(_mapper: Mapper[Any], _connection: Any, target: object) -> None:
    if isinstance(target, AppendOnly):
        raise AppendOnlyViolation(f"{type(target).__name__} rows are append-only; they cannot be deleted.")


def engine(url: str) -> Engine:
    """Return an engine for SQLite (WAL, synchronous=FULL, foreign keys on) or PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    made = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(made, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's guess
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        # IMMEDIATE: a reader that later writes would otherwise fail at once with "database is locked", no waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return made


def sessions(made: Engine) -> sessionmaker[Session]:
    """Return the maker of sessions that write; each transaction takes SQLite's write lock when it begins."""
    return sessionmaker(made.execution_options(writes=True), expire_on_commit=False)


def readers(made: Engine) -> sessionmaker[Session]:
    """Return the maker of sessions that only read and never wait for a writer."""
    return sessionmaker(made, expire_on_commit=False)


@contextmanager
def reachable(url: str) -> Iterator[None]:
    """Turn a failure to open the database into one sentence."""
    try:
        yield
    except DBAPIError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise DatabaseUnreachable(f"Cannot use the database {shown}: {error.orig}; run `mekiki doctor`.") from error


def append_all(session: Session, rows: Sequence[Row]) -> None:
    """Insert rows of one table at once, in their order, and give them their ids; they are values that nobody watches.

    For rows that are written once and never again: a flush looks at all that the session holds, at twice the cost.
    """
    if not rows:
        return
    mapper = inspect(type(rows[0]))
    table = mapper.local_table
    for row in rows:
        row.uuid = row.uuid or new_uuid()
    said = [inspect(row).dict for row in rows]
    names = [each.key for each in mapper.column_attrs if any(each.key in one for one in said)]
    session.execute(insert(table), [{name: one.get(name) for name in names} for one in said])
    ids: dict[str, int] = {}
    for some in portions([row.uuid for row in rows]):
        ids.update((row.uuid, row.id) for row in session.execute(_numbered(table, some)))
    for row in rows:
        row.id = ids[row.uuid]


def _numbered(table: FromClause, uuids: Sequence[str]) -> Select[str, int]:
    return select(table.c.uuid, table.c.id).where(table.c.uuid.in_(uuids))


def portions(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield values in portions that fit into one statement of every database."""
    for start in range(0, len(values), 500):
        yield values[start : start + 500]


def claim(session: Session, rows: Select[*Columns]) -> Select[*Columns]:
    """Let two workers never take the same rows: SKIP LOCKED on PostgreSQL; SQLite's one writer needs nothing."""
    if session.get_bind().dialect.name == "postgresql":
        return rows.with_for_update(skip_locked=True)
    return rows


def writers(session: Session, tables: Sequence[Table]) -> list[str]:
    """Return who else may still commit rows of these tables whose ids were given before now; SQLite's one writer is
    through when another one begins."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    return sorted(session.scalars(WRITERS, {"names": [table.name for table in tables]}))


def unless_there(session: Session, table: type[Base]) -> Insert:
    """Return an INSERT that does nothing where another worker was quicker."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
