"""Answers that are written together change what they would change one by one, in whatever order they come."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from crawlers import captures, frontier, sources
from crawlers.answers import Answer, Errand, Writing
from crawlers.captures import Capture, Fetched, FindingRow, Sighting
from crawlers.frontier import Address, FrontierEntry, Sweep
from crawlers.interface import Finding, MediaLink
from crawlers.onward import Room
from crawlers.revisit import Rhythm
from crawlers.sources import Source

SITE = "https://board.example"
PAGES = ("first", "other", "moved", "target", "gone", "rests", "list")
MEDIA = ("one.jpg", "two.jpg", "three.jpg")
NAMES = (*PAGES, *MEDIA)


def source(name: str) -> Source:
    text = f'[source]\nid = "{name}"\nname = "B"\nkind = "image_board"\n[scope]\nseeds = ["{SITE}/first"]\n'
    return sources.parse(text, "board.toml")


def fetched(name: str, body: str, *, status: int = 200, mime: str = "text/html") -> Fetched:
    url = f"{SITE}/{name}"
    blob = hashlib.sha256(body.encode()).hexdigest()
    return Fetched(url, url, status, (("ETag", f'"{body}"'),), mime, blob, len(body), clock.now())


def post(name: str, *media: str, links: Sequence[str] = ()) -> Finding:
    shown = tuple(MediaLink(f"{SITE}/{one}", "image", at) for at, one in enumerate(media))
    return Finding(f"{SITE}/{name}", "image_board", name, media=shown, links=tuple(f"{SITE}/{one}" for one in links))


def answer(name: str, errand: Errand) -> Answer:
    """Return how the small board answers: pages that share pictures, one moved, one gone, one as it was, a list."""
    says: dict[str, Finding] = {
        "first": post("first", "one.jpg", "two.jpg"), "other": post("other", "two.jpg", "two.jpg", "new.jpg"),
        "moved": post("target", "three.jpg"), "target": post("target", "three.jpg"),
        "list": post("list", links=("post/1", "post/2", "first")),
    }  # fmt: skip
    if name == "gone":
        return Answer(errand, fetched(name, "", status=404), trouble="it is not there: the server answered 404")
    if name == "rests":
        return Answer(errand, fetched(name, "", status=304), is_unchanged=True)
    if name in MEDIA:
        return Answer(errand, fetched(name, name, mime="image/jpeg"))
    return Answer(errand, fetched(name, name), says[name])


def began(session: Session, of: Source) -> tuple[Sweep, dict[str, Errand]]:
    """Return a second sweep with everything in line: the first has seen one page, which rests, and its picture."""
    first = frontier.begin(session, of)
    rests, seen = frontier.add(
        session, first.id, [Address(f"{SITE}/rests", "page", 0), Address(f"{SITE}/one.jpg", "media", 0)]
    )
    write(session, of, first, [Answer(Errand(rests.id, rests.url, "page", 0), fetched("rests", "rests"),
                                      post("rests", "one.jpg"))])  # fmt: skip
    write(session, of, first, [answer("one.jpg", Errand(seen.id, seen.url, "media", 0))])
    first.finished_at, first.state = clock.now(), "done"
    sweep = frontier.begin(session, of)
    roles = {name: "media" if name in MEDIA else "page" for name in NAMES}
    found = frontier.all_of(session, sweep.id, [Address(f"{SITE}/{name}", roles[name], 0) for name in NAMES])  # type: ignore[arg-type]
    for row in found.values():
        row.due_at = sweep.started_at
    session.flush()
    return sweep, {name: Errand(found[f"{SITE}/{name}"].id, f"{SITE}/{name}", roles[name], 0) for name in NAMES}


def write(session: Session, of: Source, sweep: Sweep, came: Sequence[Answer]) -> None:
    Writing(session, of, sweep, Rhythm(3600, 86400), Room()).write(came)
    session.flush()


def state(session: Session, sweep: Sweep) -> dict[str, object]:
    """Return everything that is known of a source, without what numbers and clocks say."""
    shown = select(FindingRow.url, FindingRow.title, Sighting.url, Sighting.blob, Sighting.position)
    shown = shown.join(Sighting, Sighting.finding_id == FindingRow.id).where(FindingRow.source == sweep.source)
    rows = session.scalars(select(FrontierEntry).where(FrontierEntry.source == sweep.source))
    return {
        "captures": sorted(
            (row.kind, row.url, row.status, row.confirms is not None)
            for row in session.scalars(select(Capture).where(Capture.sweep_id == sweep.id))
        ),
        "findings": sorted(session.scalars(select(FindingRow.url).where(FindingRow.source == sweep.source))),
        "sightings": sorted(tuple(row) for row in session.execute(shown)),
        "entries": sorted(
            (row.url, row.state, row.shows or "", row.reason or "", row.due_at is None, row.finding_id is None,
             row.looks, row.failures, row.confirmed)
            for row in rows
        ),
        "counts": [sweep.pages, sweep.media, sweep.findings, sweep.found, sweep.unchanged, sweep.lost, sweep.received],
    }  # fmt: skip


@given(order=st.permutations(NAMES), cut=st.integers(1, len(NAMES)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_together_is_as_one_by_one(session: Session, order: list[str], cut: int) -> None:
    ends = []
    for name, size in (("alone", 1), ("together", len(NAMES)), ("parts", cut)):
        with session.begin_nested() as tried:
            of = source(name)
            sweep, errands = began(session, of)
            for start in range(0, len(order), size):
                write(session, of, sweep, [answer(one, errands[one]) for one in order[start : start + size]])
            assert captures.broken_links(session, sweep.id) == []
            ends.append(state(session, sweep))
            tried.rollback()
        session.expire_all()
    assert ends[1] == ends[0]
    assert ends[2] == ends[0]


def test_the_small_board_is_what_it_is_meant_to_be(session: Session) -> None:
    of = source("board")
    sweep, errands = began(session, of)
    write(session, of, sweep, [answer(name, errands[name]) for name in NAMES])

    found = state(session, sweep)
    assert [str(url).removeprefix(SITE) for url in found["findings"]] == ["/first", "/other", "/rests", "/target"]  # type: ignore[attr-defined]
    assert [(row[0].removeprefix(SITE), row[2].removeprefix(SITE)) for row in found["sightings"]] == [  # type: ignore[attr-defined]
        ("/first", "/one.jpg"), ("/first", "/two.jpg"), ("/other", "/two.jpg"), ("/rests", "/one.jpg"),
        ("/target", "/three.jpg"),
    ]  # fmt: skip
    line = [row.url.removeprefix(SITE) for row in frontier.in_line(session, sweep, "media", 9)]
    assert line == ["/new.jpg"]
    assert {"/post/1", "/post/2"} <= {row.url.removeprefix(SITE) for row in frontier.in_line(session, sweep, "page", 9)}


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_that_comes_again_changes_nothing(session: Session, times: int) -> None:
    of = source("board")
    sweep, errands = began(session, of)
    for _ in range(times):
        write(session, of, sweep, [answer("first", errands["first"])])

    assert (sweep.pages, sweep.found) == (1, 1)
