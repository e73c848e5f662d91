"""Who is there: the signed session, the token every form carries, and the patience a wrong password meets."""

import contextlib
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from dashboard.people import Person

COOKIE = "mekiki"
SESSION_S = 12 * 60 * 60  # a working day
KEY_BYTES = 32
TRIES = 5  # wrong passwords for one login before it has to wait
ADDRESS_TRIES = 30  # the same from one address, behind which there may be a whole office
WAIT_S = 300.0

Cookie = MutableMapping[str, Any]


class TooManyTries(MekikiError):
    """A login or an address has to wait before its next try."""

    permanent = False


class ForeignForm(MekikiError):
    """A form did not come from a page of this console, or its page is too old."""


def key(path: Path) -> str:
    """Return the secret that signs sessions, kept at `path` for its owner alone; made on first use."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_hex(KEY_BYTES))
    return path.read_text("ascii")


def enter(cookie: Cookie, person: Person) -> None:
    """Start a session of `person`; nothing of the earlier one survives, so a planted cookie is worth nothing."""
    cookie.clear()
    cookie.update(person=person.uuid, seal=_seal(person), language=person.language)


def leave(cookie: Cookie) -> None:
    """End the session."""
    cookie.clear()


def who(cookie: Cookie, session: Session) -> Person | None:
    """Return the person of a session; None when there is none, they were disabled, or their password changed."""
    person = session.scalar(select(Person).where(Person.uuid == cookie.get("person", "")))
    if person is None or person.disabled_at or not hmac.compare_digest(_seal(person), cookie.get("seal", "")):
        return None
    return person


def token(cookie: Cookie) -> str:
    """Return the token that every form of this session must carry."""
    if "token" not in cookie:
        cookie["token"] = secrets.token_urlsafe(24)
    return str(cookie["token"])


def check_token(cookie: Cookie, sent: str) -> None:
    """Raise ForeignForm unless the form carries this session's token."""
    if not hmac.compare_digest(str(cookie.get("token", "")).encode(), sent.encode()) or not sent:
        raise ForeignForm("This page is too old to be used; reload it and try again.")


def _seal(person: Person) -> str:
    """Bind a session to the password it was opened with."""
    return hashlib.sha256(person.password_hash.encode()).hexdigest()[:16]


class Patience:
    """Counts wrong passwords per login and per address; in memory, as a console is one process."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._failures: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def check(self, login: str, address: str) -> None:
        """Raise TooManyTries while the login or the address has failed too often."""
        with self._lock:
            self._forget_old()
            for name, tries in _names(login, address).items():
                if len(self._failures.get(name, ())) >= tries:
                    raise TooManyTries("Too many wrong passwords; wait five minutes and try again.")

    def failed(self, login: str, address: str) -> None:
        """Remember a wrong password."""
        with self._lock:
            for name in _names(login, address):
                self._failures.setdefault(name, []).append(self._seconds())

    def passed(self, login: str) -> None:
        """Forget the failures of a login that now got it right."""
        with self._lock:
            self._failures.pop(f"login {login.casefold()}", None)

    def _forget_old(self) -> None:
        horizon = self._seconds() - WAIT_S
        self._failures = {name: [at for at in tries if at > horizon] for name, tries in self._failures.items()}
        self._failures = {name: tries for name, tries in self._failures.items() if tries}


def _names(login: str, address: str) -> dict[str, int]:
    return {f"login {login.casefold()}": TRIES, f"address {address}": ADDRESS_TRIES}
