"""A home that can write letters, and a case that was decided: what every test of the notices starts from."""

import pytest
from sqlalchemy.orm import Session

from config.home import Home
from notices import draft, ledger
from notices.ledger import Notice
from tests.notices import world


@pytest.fixture
def home(home: Home) -> Home:
    """The fresh home, with a sender filled in and no wait in the outbox."""
    return world.with_settings(home, sender=world.SENDER, notices={"outbox_delay_minutes": 0.0})


@pytest.fixture
def notice(session: Session, frozen_clock: object) -> Notice:
    """A complete draft to a host in the United States."""
    case = world.decided_case(session)
    draft.draft(session, [case.id])
    return ledger.find(session, "N-2026-000001")


ON_BOTH_DATABASES = ("test_road", "test_flood_guard")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the road of a notice on both databases, words and rules on SQLite alone: the rest would only cost time."""
    is_road = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_DATABASES
    if "database_url" in metafunc.fixturenames and not is_road:
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", ["sqlite"], indirect=True))
