"""A source that always has findings and has none today is an error, not a success."""

import pytest
from sqlalchemy.orm import Session

from config.home import Home
from crawlers import health
from tests import factories
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, html, write_source


def test_zero_where_some_are_usual_is_failing_and_half_is_few(session: Session) -> None:
    for findings in (10, 12, 0):
        factories.sweep(session, "dry", findings=findings)
    for findings in (10, 12, 4):
        factories.sweep(session, "few", findings=findings)
    factories.sweep(session, "well", findings=0)
    factories.sweep(session, "down", findings=3)
    factories.sweep(session, "down", findings=0, state="failed", error="It is down.", finished_at=None)

    seen = {name: health.of(session, name) for name in ("dry", "few", "well", "down", "new")}

    assert {name: one.condition for name, one in seen.items()} == {
        "dry": "failing", "few": "few", "well": "well", "down": "failing", "new": "never swept",
    }  # fmt: skip
    assert (seen["dry"].usual_findings, seen["down"].failures_in_a_row, seen["down"].says) == (11.0, 1, "It is down.")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sweep_without_the_usual_findings_fails_and_says_so(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "market", "marketplace", ["/market"], '[extract]\nitem = "a.item"')
    with web_home.sessions().begin() as session:
        factories.sweep(session, "market", findings=3)
    web.changed["/market"] = html("<p>our new design</p>")

    empty = mekiki("sweep", "market")

    assert empty.returncode == 1
    assert empty.stderr == (
        "mekiki: market: no findings where 3 are usual; the site may have changed, try "
        "`mekiki source test FILE URL` on one of its pages.\n"
    )
    assert "failing" in mekiki("source", "health", "--json").stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sweep_that_may_visit_nothing_is_no_success(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "shut", "page", ["/private/1"])

    shut = mekiki("sweep", "shut")

    assert shut.returncode == 1
    assert shut.stderr == (
        f"mekiki: shut: no page could be visited (robots.txt of {web.url('')} does not allow it); look at its "
        "seeds, or ask the site.\n"
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_that_shuts_us_out_stops_the_sweep_and_asks_for_a_person(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    extra = '[expect]\nblocked_if = ["Checking your browser"]'
    write_source(web_home.settings.sources, web, "walled", "page", ["/challenge"], extra)

    walled = mekiki("sweep", "walled")

    assert walled.returncode == 1
    assert walled.stderr.count("\n") == 1
    assert "shuts us out" in walled.stderr
