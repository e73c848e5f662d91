"""The frontier knows each address of a sweep once, and which sweep goes on."""

from sqlalchemy.orm import Session

from crawlers import frontier, sources
from crawlers.frontier import Address
from crawlers.sources import Source

SOURCE = sources.parse(
    '[source]\nid = "a"\nname = "A"\nkind = "page"\n[scope]\nseeds = ["http://a.example/", "http://a.example/#top"]\n',
    "a",
)
OTHER = "http://a.example/other"


def changed() -> Source:
    return SOURCE.model_copy(update={"sha256": "f" * 64})


def test_a_new_sweep_waits_at_its_seeds_once_each(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)

    assert [row.url for row in frontier.waiting(session, sweep.id)] == ["http://a.example/"]


def test_an_address_is_added_once_and_a_limit_is_kept(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    many = [Address(f"http://a.example/{number}", "page", 1) for number in range(1200)]

    assert len(frontier.add(session, sweep.id, [*many, *many], at_most=1000)) == 1000
    assert len(frontier.add(session, sweep.id, many)) == 200
    assert frontier.count(session, sweep.id, role="page") == 1201


def test_media_of_pages_already_seen_come_before_further_pages(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    frontier.add(session, sweep.id, [Address("http://a.example/1.png", "media", 0), Address(OTHER, "page", 1)])

    assert [row.role for row in frontier.waiting(session, sweep.id)] == ["media", "page", "page"]


def test_a_stopped_sweep_goes_on_only_under_the_definition_it_began_with(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)

    assert frontier.unfinished(session, SOURCE) is sweep
    assert frontier.unfinished(session, changed()) is None
    sweep.finished_at = sweep.started_at
    assert frontier.unfinished(session, SOURCE) is None


def test_what_failed_may_be_tried_again_and_what_is_left_is_given_up(session: Session) -> None:
    sweep = frontier.begin(session, SOURCE)
    (seed,) = frontier.waiting(session, sweep.id)
    frontier.settle(seed, "failed", "a.example did not answer")
    session.flush()

    frontier.reopen_failed(session, sweep.id)
    session.flush()
    assert frontier.waiting(session, sweep.id) == [seed]
    frontier.give_up_waiting(session, sweep.id, "the sweep's time was over")
    assert (seed.state, seed.reason, seed.tries) == ("refused", "the sweep's time was over", 3)
