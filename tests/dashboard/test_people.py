"""The promises of people: passwords are hashed, short ones refused, and a failed login does not say why."""

import pytest
from sqlalchemy.orm import Session

from dashboard import people
from dashboard.people import BadPerson, Person, WrongPassword

PASSWORD = "lantern road at dusk"


@pytest.fixture
def aoi(session: Session) -> Person:
    return people.add(session, "Aoi", name="Aoi Mori", password=PASSWORD, may_approve=True)


def test_the_right_password_lets_in_whatever_the_case_of_the_login(session: Session, aoi: Person) -> None:
    assert people.authenticate(session, " AOI ", PASSWORD).id == aoi.id


def test_the_password_itself_is_never_kept(aoi: Person) -> None:
    assert aoi.password_hash.startswith("$argon2id$")
    assert PASSWORD not in aoi.password_hash


@pytest.mark.parametrize(("login", "password"), [("aoi", "wrong"), ("nobody", PASSWORD), ("aoi", ""), ("", "")])
def test_a_wrong_login_and_a_wrong_password_say_the_same(
    session: Session, aoi: Person, login: str, password: str
) -> None:
    with pytest.raises(WrongPassword, match=r"^The login or the password is wrong\.$"):
        people.authenticate(session, login, password)


def test_a_disabled_person_is_not_let_in(session: Session, aoi: Person) -> None:
    people.disable(session, "aoi")
    with pytest.raises(WrongPassword):
        people.authenticate(session, "aoi", PASSWORD)


def test_a_new_password_replaces_the_old(session: Session, aoi: Person) -> None:
    people.set_password(session, "aoi", "another long password")
    assert people.authenticate(session, "aoi", "another long password").id == aoi.id
    with pytest.raises(WrongPassword):
        people.authenticate(session, "aoi", PASSWORD)


@pytest.mark.parametrize(
    ("login", "name", "password"),
    [("aoi", "Aoi Mori", PASSWORD), ("ren", " ", PASSWORD), ("two words", "R", PASSWORD), ("ren", "Ren", "short")],
    ids=["taken", "no name", "no word", "short password"],
)
def test_a_person_that_cannot_be_is_refused(
    session: Session, aoi: Person, login: str, name: str, password: str
) -> None:
    with pytest.raises(BadPerson):
        people.add(session, login, name=name, password=password)
