"""The frontier knows each address of a source once, over all sweeps, and who is next."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from config import clock, settings
from crawlers import frontier, looks, sources
from crawlers.frontier import Address, FrontierEntry, Sweep
from crawlers.revisit import Rhythm
from crawlers.sources import Source
from tests.conftest import NOW

SOURCE = sources.parse(
    '[source]\nid = "a"\nname = "A"\nkind = "page"\n[scope]\nseeds = ["http://a.example/", "http://a.example/#top"]\n',
    "a",
)
OTHER = "http://a.example/other"
HOUR = timedelta(hours=1)
RHYTHM = Rhythm(3600.0, 86400.0)


def changed() -> Source:
    return SOURCE.model_copy(update={"sha256": "f" * 64})


def line(session: Session, sweep: Sweep) -> list[str]:
    return [row.url for role in ("media", "page") for row in frontier.in_line(session, sweep, role, 100)]


def page(session: Session, sweep: Sweep, url: str) -> FrontierEntry:
    (row,) = frontier.add(session, sweep.id, [Address(url, "page", 1)])
    return row


def test_a_new_sweep_begins_at_its_seeds_once_each(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)

    assert line(session, sweep) == ["http://a.example/"]


def test_an_address_is_added_once_over_all_sweeps_and_read_in_portions(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    many = [Address(f"http://a.example/{number}", "page", 1) for number in range(1200)]

    assert len(frontier.add(session, sweep.id, [*many[:1000], *many[:1000]])) == 1000
    later = frontier.begin(session, SOURCE)
    assert len(frontier.add(session, later.id, many)) == 200
    assert [row.depth for row in frontier.in_line(session, later, "page", 3)] == [0, 1, 1]
    assert frontier.left_over(session, later) == 1201


def test_sources_do_not_see_each_others_addresses(session: Session) -> None:
    page(session, frontier.begin(session, SOURCE), OTHER)
    other = SOURCE.model_copy(update={"source": SOURCE.source.model_copy(update={"id": "b"})})

    assert line(session, frontier.begin(session, other)) == ["http://a.example/"]


def test_what_a_sweep_left_over_comes_right_after_the_seeds_of_the_next(session: Session) -> None:
    with clock.frozen(NOW):
        first = frontier.begin(session, SOURCE)
        left = page(session, first, OTHER)
        (seed,) = frontier.entries(session, first.id, ["http://a.example/"]).values()
        looks.failed(seed, first.id, "no answer", RHYTHM)
        session.flush()
    with clock.frozen(NOW + HOUR):
        first.finished_at = clock.now()
        second = frontier.begin(session, SOURCE)
        page(session, second, "http://a.example/new")

        assert left.due_at == NOW
        assert line(session, second) == ["http://a.example/", OTHER, "http://a.example/new"]


def test_an_address_that_was_looked_at_leaves_the_line_until_it_has_rested(session: Session) -> None:
    with clock.frozen(NOW):
        sweep = frontier.begin(session, SOURCE)
        row = page(session, sweep, OTHER)
        looks.failed(row, sweep.id, "no answer", RHYTHM)
        looks.failed(row, sweep.id, "no answer", RHYTHM)
        session.flush()
        assert OTHER not in line(session, sweep)
        assert row.due_at == NOW + HOUR
    with clock.frozen(NOW + HOUR):
        assert OTHER in line(session, frontier.begin(session, SOURCE))


def test_a_source_has_its_own_rhythm_and_never_a_larger_budget_than_the_home(tmp_path: Path) -> None:
    crawl = settings.load(tmp_path, environment={}).crawl
    own = "max_minutes = {}\nmax_sweep_bytes = {}\n[fetch]\nrevisit_min_hours = 1.0\nrevisit_max_days = 0.01\n"
    text = '[source]\nid = "a"\nname = "A"\nkind = "page"\n[scope]\nseeds = ["http://a.example/"]\n'
    small, large = (sources.parse(text + own.format(*each), "a").within(crawl) for each in ((1.0, 9), (1e9, 10**18)))

    assert (small.max_minutes, small.max_sweep_bytes) == (1.0, 9)
    assert (large.max_minutes, large.max_sweep_bytes) == (crawl.max_minutes, crawl.max_sweep_bytes)
    assert (small.revisit_min_s, small.revisit_max_s) == (3600.0, 3600.0)


def test_a_stopped_sweep_goes_on_only_under_the_definition_it_began_with(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)

    assert frontier.unfinished(session, SOURCE) is sweep
    assert frontier.unfinished(session, changed()) is None
    sweep.finished_at = sweep.started_at
    assert frontier.unfinished(session, SOURCE) is None


def test_what_another_definition_read_is_read_anew(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    row = page(session, sweep, OTHER)
    looks.refused(row, sweep.id, "robots.txt", RHYTHM)
    session.flush()

    assert OTHER not in line(session, frontier.begin(session, SOURCE))
    assert OTHER in line(session, frontier.begin(session, changed()))


def test_what_failed_without_an_answer_may_be_tried_again_in_the_same_sweep(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    (seed,) = frontier.in_line(session, sweep, "page", 9)
    looks.failed(seed, sweep.id, "a.example did not answer", RHYTHM)
    session.flush()
    assert line(session, sweep) == []

    frontier.reopen_failed(session, sweep)
    session.flush()

    assert line(session, sweep) == [seed.url]
    assert (seed.state, seed.reason) == ("waiting", "a.example did not answer")
