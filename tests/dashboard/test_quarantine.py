"""A reference in quarantine, on the command line: one alert with its figures, let out or disabled in one act."""

import pytest
from sqlalchemy import select

from config.home import Home
from matcher import assess, cases
from matcher.case_rows import Case
from tests import factories
from tests.dashboard.spoken import Mekiki
from tests.matcher import drawn_logos

PLACES = 12


@pytest.fixture
def poison(own_home: Home) -> str:
    """The uuid of a logo that a dozen places show."""
    with own_home.sessions().begin() as session:
        reference = drawn_logos.reference(session, factories.work(session))
        for number in range(PLACES):
            factories.match(session, drawn_logos.sighting(session, number), reference)
        while ids := assess.pending(session, 20):
            assess.assess(session, ids)
        cases.open_cases(session, list(cases.pending(session, 20)))
        return reference.uuid


def states(home: Home) -> list[str]:
    with home.readers()() as session:
        return list(session.scalars(select(Case.state)))


def test_the_list_tells_in_a_second_what_it_is(mekiki: Mekiki, poison: str) -> None:
    assert "logo.png" in mekiki("reference", "quarantine", "list").err
    (row,) = mekiki("reference", "quarantine", "list", "--json").rows
    assert (row["uuid"], row["reference"], row["work"], row["places"]) == (poison, "logo.png", "Lantern Road", PLACES)
    assert row["why"].startswith("Found at 9 places, and nobody confirmed any before; up to 8 pass.")
    assert row["plain"].startswith("Plain: ")
    assert row["figures"]["limit"] == 8


def test_one_command_lets_a_real_flood_go_on(own_home: Home, mekiki: Mekiki, poison: str) -> None:
    assert states(own_home) == ["open"] * 8
    said = mekiki("reference", "quarantine", "release", poison, "--reason", "It leaked.", "--by", "Aoi Mori")
    assert (said.code, "Released at 12 places" in said.err) == (0, True)
    assert states(own_home) == ["open"] * PLACES
    assert mekiki("reference", "quarantine", "list", "--json").rows == []


def test_one_command_clears_the_queue_of_poison(own_home: Home, mekiki: Mekiki, poison: str) -> None:
    said = mekiki("reference", "quarantine", "disable", poison, "--reason", "A logo.", "--by", "Aoi Mori")
    assert (said.code, states(own_home)) == (0, ["closed"] * 8)
    again = mekiki("reference", "quarantine", "release", poison, "--reason", "No.", "--by", "Aoi Mori")
    assert (again.code, "logo.png is not in quarantine" in again.err) == (1, True)
