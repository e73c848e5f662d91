"""The people of a home, the runs of its jobs, and who is looking at which case."""

import functools
from collections.abc import Sequence
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError

MIN_PASSWORD = 12  # characters; NIST SP 800-63B-4 section 3.1.1.2 asks for 15 alone, 8 beside a second factor
MAX_PASSWORD = 1024  # so that nobody makes the server hash a novel
LANGUAGES = ("en", "ja")
_hasher = PasswordHasher()


class WrongPassword(MekikiError):
    """Somebody could not be let in; why is not told."""

    def __init__(self) -> None:
        super().__init__("The login or the password is wrong.")


class BadPerson(MekikiError):
    """A person cannot be added like this."""


class UnknownPerson(MekikiError):
    """Nobody has this login."""


class Person(Row, Base):
    """Somebody who may log in; decisions and approvals carry their name."""

    __tablename__ = "people"

    login: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))  # the legal name that signs
    password_hash: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(5), default="en")
    may_approve: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class JobRun(Row, Base):
    """One run of one job: what it did, or why it failed."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(String(40), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)


class CaseClaim(Row, Base):
    """A lease: one person works on one case until it ends."""

    __tablename__ = "case_claims"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    until: Mapped[datetime]


def add(
    session: Session, login: str, *, name: str, password: str, may_approve: bool = False, language: str = "en"
) -> Person:
    """Return a new person who may log in. Raises BadPerson for a taken login, no name or a short password."""
    login = _spelled(login)
    if not login or any(sign.isspace() for sign in login):
        raise BadPerson("A login is one word; choose another.")
    if not name.strip():
        raise BadPerson("Decisions are signed with a name; give the person's legal name.")
    if language not in LANGUAGES:
        raise BadPerson(f'"{language}" is no language of the console; choose {" or ".join(LANGUAGES)}.')
    if session.scalar(select(Person).where(Person.login == login)) is not None:
        raise BadPerson(f'The login "{login}" is taken; choose another.')
    person = Person(
        login=login,
        name=name.strip(),
        password_hash=_hash(password),
        language=language,
        may_approve=may_approve,
        added_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def authenticate(session: Session, login: str, password: str) -> Person:
    """Return the person this login and password let in. Raises WrongPassword, after the same work in every case."""
    person = session.scalar(select(Person).where(Person.login == _spelled(login)))
    # An unknown login is checked against a hash too, or the answer's speed would tell which logins exist.
    is_right = _fits(person.password_hash if person else _nobodys_hash(), password)
    if person is None or person.disabled_at is not None or not is_right:
        raise WrongPassword
    if _hasher.check_needs_rehash(person.password_hash):
        person.password_hash = _hash(password)
    return person


def set_password(session: Session, login: str, password: str) -> Person:
    """Give a person a new password and return the person. Raises UnknownPerson or BadPerson."""
    person = find(session, login)
    person.password_hash = _hash(password)
    session.flush()
    return person


def find(session: Session, login: str) -> Person:
    """Return the person with this login. Raises UnknownPerson."""
    person = session.scalar(select(Person).where(Person.login == _spelled(login)))
    if person is None:
        raise UnknownPerson(f'Nobody has the login "{login}"; `mekiki person list` shows everybody.')
    return person


def everybody(session: Session) -> Sequence[Person]:
    """Return every person, disabled ones too, by login."""
    return session.scalars(select(Person).order_by(Person.login)).all()


def disable(session: Session, login: str) -> Person:
    """Let a person in no longer and return the person; what they decided stays. Raises UnknownPerson."""
    person = find(session, login)
    person.disabled_at = person.disabled_at or clock.now()
    session.flush()
    return person


def _spelled(login: str) -> str:
    return login.strip().lower()


def _hash(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise BadPerson(f"The password is shorter than {MIN_PASSWORD} characters; choose a longer one.")
    if len(password) > MAX_PASSWORD:
        raise BadPerson(f"The password is longer than {MAX_PASSWORD} characters; choose a shorter one.")
    return _hasher.hash(password)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:MAX_PASSWORD])
    except VerificationError:
        return False


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
