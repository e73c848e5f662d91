"""A source that always has findings and has none today is an error, not a success."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import Home
from crawlers import health, sources, tallies
from crawlers.frontier import Sweep
from crawlers.interface import Finding, Listing, MediaLink
from crawlers.sources import Source
from crawlers.tallies import FOUND, Tally
from tests import factories
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source
from tests.crawlers.test_again import time_passes


def swept(session: Session, name: str, findings: int, *, days_ago: float = 0.0, **met: int) -> Sweep:
    """A sweep that ended so long ago, with what it counted: `price=3` is three findings that had a price."""
    at = factories.NOW - timedelta(days=days_ago)
    row = factories.sweep(session, name, findings=findings, started_at=at, finished_at=at)
    tally = Tally()
    tally.add(FOUND, number=findings)
    for field, number in met.items():
        tally.add(f"has {field}", number=number)
    tally.write(session, row.id)
    return row


def source(name: str, extra: str = "") -> Source:
    return sources.parse(
        f'[source]\nid = "{name}"\nname = "N"\nkind = "marketplace"\n[scope]\nseeds = ["http://a.example/"]\n{extra}',
        "a.toml",
    )


def test_what_is_usual_is_the_median_of_the_two_weeks_before(session: Session) -> None:
    for days_ago, findings in ((40, 900), (20, 900), (13, 10), (9, 14), (5, 12), (1, 11)):
        swept(session, "shop", findings, days_ago=days_ago)
    swept(session, "shop", 12)

    assert health.of(session, "shop").usual_findings == 11.5


def test_a_source_swept_rarely_is_measured_by_its_newest_sweeps(session: Session) -> None:
    for days_ago, findings in ((90, 900), (50, 20), (30, 21), (20, 22)):
        swept(session, "shop", findings, days_ago=days_ago)
    swept(session, "shop", 21)

    assert health.of(session, "shop").usual_findings == 21.0


@pytest.mark.parametrize(("findings", "says"), [
    (30, None), (16, None), (14, "14 findings where 30 are usual"), (0, "no findings where 30 are usual"),
])  # fmt: skip
def test_half_of_what_is_usual_is_an_alarm(session: Session, findings: int, says: str | None) -> None:
    for days_ago in (3, 2, 1):
        swept(session, "shop", 30, days_ago=days_ago)
    now = swept(session, "shop", findings)

    said = health.alarm(session, source("shop"), now)

    assert (said is None) if says is None else (says in str(said))


def test_few_sweeps_make_nothing_usual_enough_for_half_of_it_to_be_an_alarm(session: Session) -> None:
    swept(session, "shop", 30, days_ago=1)

    assert health.alarm(session, source("shop"), swept(session, "shop", 10)) is None


def test_what_is_usual_is_learnt_anew_when_the_file_has_changed_but_for_none_at_all(session: Session) -> None:
    for days_ago in (3, 2, 1):
        swept(session, "shop", 30, days_ago=days_ago, price=30)
    now = swept(session, "shop", 10)
    now.source_sha256 = "1" * 64

    assert health.alarm(session, source("shop"), now) is None
    now.findings = 0
    assert "no findings where 30 are usual" in str(health.alarm(session, source("shop"), now))


def test_a_field_that_every_finding_must_have_may_be_lacking_in_few(session: Session) -> None:
    expecting = source("shop", '[expect]\nmust_have = ["title", "price"]\nmay_lack = 0.25\n')

    assert health.alarm(session, expecting, swept(session, "shop", 8, title=8, price=6)) is None
    assert health.alarm(session, expecting, swept(session, "shop", 8, title=8, price=5)) == (
        "shop: 3 of 8 findings lack price, which its file says they must have; try `mekiki source test FILE URL` on "
        "one of its pages."
    )


def test_a_field_that_most_findings_used_to_have_is_missed(session: Session) -> None:
    for days_ago in (3, 2, 1):
        swept(session, "shop", 20, days_ago=days_ago, price=19, date=4)
    lost = swept(session, "shop", 20, price=2)

    assert health.alarm(session, source("shop"), lost) == (
        "shop: 2 of 20 findings have price where 95% are usual; the site may have changed, try `mekiki source test "
        "FILE URL` on one of its pages."
    )


def test_a_field_that_few_findings_had_is_not_missed(session: Session) -> None:
    for days_ago in (3, 2, 1):
        swept(session, "shop", 20, days_ago=days_ago, price=19, date=4)

    assert health.alarm(session, source("shop"), swept(session, "shop", 20, price=12)) is None


def test_counts_are_added_over_the_runs_of_one_sweep(session: Session) -> None:
    row = factories.sweep(session, "shop")
    finding = Finding("u", "page", "T", listing=Listing(None, None, "s"), media=(MediaLink("m", "image", 0),))
    for _ in range(2):
        tally = Tally()
        tally.page("http://a.example/1", 200, finding, None)
        tally.write(session, row.id)
        tally.write(session, row.id)  # nothing new since

    met = tallies.of(session, row.id)

    assert {what: told.count for what, told in met.items()} == {
        FOUND: 2, "has title": 2, "has seller": 2, "has images": 2,
    }  # fmt: skip
    assert met[FOUND].example == "http://a.example/1"


def test_zero_where_some_are_usual_is_an_alarm_and_half_is_few(session: Session) -> None:
    for findings in (10, 12, 0):
        factories.sweep(session, "dry", findings=findings)
    for findings in (10, 12, 4):
        factories.sweep(session, "few", findings=findings)
    factories.sweep(session, "well", findings=0)
    factories.sweep(session, "down", findings=3)
    factories.sweep(session, "down", findings=0, state="failed", error="It is down.", finished_at=None)

    seen = {name: health.of(session, name) for name in ("dry", "few", "well", "down", "new")}

    assert {name: one.condition for name, one in seen.items()} == {
        "dry": "changed", "few": "few", "well": "well", "down": "failing", "new": "never swept",
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
    assert '"changed"' in mekiki("source", "health", "--json").stdout


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


def counted(mekiki: Mekiki, name: str) -> Mapping[str, int]:
    said = json.loads(mekiki("source", "health", name, "--json").stdout)
    return {what: told["count"] for what, told in said["met"].items()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_challenge_stops_the_sweep_and_is_handed_to_a_person(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    wall = html("Verifying you are human. This may take a few seconds.", "<title>Just a moment...</title>")
    web.changed["/"] = Answer(wall.body, 403, headers={"cf-mitigated": "challenge"})
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], '[extract]\nitem = "a.thread"')

    ended = mekiki("sweep", "board")
    said = mekiki("source", "health", "board")

    assert ended.returncode == 1
    assert ended.stderr == (
        f"mekiki: {web.url('/')} shuts us out; open it in a browser and ask the site, or disable the source. "
        "The page is a challenge of Cloudflare.\n"
    )
    assert [path for _at, path in web.asked] == ["/robots.txt", "/"]
    assert said.returncode == 1
    assert "shut out" in said.stderr
    assert counted(mekiki, "board")["page that shuts us out"] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_refuses_page_after_page_is_a_wall_too(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    for number in range(12):
        web.changed[f"/board/{number}"] = Answer(b"<html>no</html>", 403)
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], '[extract]\nitem = "a.thread"')

    ended = mekiki("sweep", "board")

    assert ended.returncode == 1
    assert ended.stderr.endswith("It has refused 8 pages in a row with status 403.\n")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_site_that_changed_is_an_alarm_in_the_same_sweep(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    extra = '[extract]\nitem = "a.item"\n[expect]\nmust_have = ["price", "images"]\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", ["/market"], extra)
    assert mekiki("sweep", "market").returncode == 0
    for number in range(3):
        web.changed[f"/item/{number}"] = html(f"<h1>Stand {number}</h1><img src='/photo/{number}.png'>")
    time_passes(web_home)

    ended = mekiki("sweep", "market")

    assert ended.returncode == 1
    assert "3 of 3 findings lack price, which its file says they must have" in ended.stderr
    with web_home.readers()() as session:
        assert session.scalars(select(Sweep.state).order_by(Sweep.id)).all() == ["done", "failed"]
        assert health.of(session, "market").condition == "changed"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_everything_a_sweep_met_is_counted_and_shown(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.gone.add("/reader/1")
    seeds = ["/busy", "/private/1", "/reader/1", "/board/3", "/out", "/lair", "/market"]
    extra = "max_depth = 0\n[fetch]\nmax_media_bytes = 100000\ntimeout_s = 0.2\n[schedule]\ncron = '0 5 * * *'\n"
    write_source(web_home.settings.sources, web, "all", "page", seeds, extra)
    assert mekiki("sweep", "all").returncode == 0

    said = json.loads(mekiki("source", "health", "all", "--json").stdout)
    met = {what: told["count"] for what, told in said["met"].items()}

    assert (met["asked to wait"], met["seconds asked to wait"]) == (1, 1)
    assert (met["refused by robots.txt"], met["page not found"], met["outside the source"]) == (1, 1, 1)
    assert met[FOUND] == 3
    assert met["page that leads on"] == 1
    assert met["larger than the limit"] >= 1
    assert met["refused by the address guard"] >= 2
    assert met["medium that failed"] >= 1
    assert met["address without an answer"] >= 1
    assert said["met"]["refused by robots.txt"]["example"].startswith(web.url("/private/1"))
    assert said["next_run"].endswith("05:00:00+09:00")
