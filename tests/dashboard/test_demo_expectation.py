"""The demo judges itself honestly: what was missed, what should not be there, what was let be."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from dashboard.demo import expectation
from dashboard.demo.expectation import Verdict
from dashboard.demo.server import SmallWeb
from dashboard.demo.world import Place, Shown, World
from matcher.case_rows import Assessment, Case
from tests import factories
from tests.factories import NOW

PORT = 8111
PICTURE = (Shown(Path("a.jpg")),)
WORLD = World(
    titles=(),
    places=(
        Place("pix.example", "/1", "copy", "pirated", PICTURE, "Lantern Road", "cropped"),
        Place("pix.example", "/2", "hidden", "pirated", PICTURE, "Lantern Road", is_forbidden=True),
        Place("fan.example", "/1", "clip", "allowed", PICTURE, "Lantern Road"),
        Place("else.example", "/1", "cup", "unrelated", PICTURE),
    ),
)


class Registry:
    """Writes rows the way the stages would."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.work = factories.work(session)
        self.sweep = factories.sweep(session)

    def assessed(self, key: str, outcome: str) -> None:
        host, _, path = key.partition("/")
        found = factories.finding(self.session, f"http://{host}:{PORT}/{path}", of=self.sweep)
        answers = [{"allowance": "fan work", "verdict": "allows", "says": "It is.", "row": None}]
        self.session.add(
            Assessment(
                finding_id=found.id, work_id=self.work.id, moment="opening", outcome=outcome, matched_seconds=20.0,
                answers=answers if outcome == "allowed" else [], newest_match_id=0, at=NOW,
            )
        )  # fmt: skip

    def opened(self, key: str) -> None:
        host, _, path = key.partition("/")
        self.session.add(
            Case(
                work_id=self.work.id, place=f"{host}:{PORT}/{path}", detected_at=NOW, due_at=NOW, score=0.97,
                lane="copy", harm=0, state="open",
            )
        )  # fmt: skip


@pytest.fixture
def registry(session: Session) -> Registry:
    return Registry(session)


def judged(registry: Registry, web: SmallWeb | None = None) -> Verdict:
    registry.session.flush()
    return expectation.compare(registry.session, WORLD, web or SmallWeb(), PORT)


def test_everything_as_it_should_be_holds(registry: Registry) -> None:
    registry.assessed("pix.example/1", "open")
    registry.opened("pix.example/1")
    registry.assessed("fan.example/1", "allowed")
    verdict = judged(registry)
    assert verdict.holds
    assert verdict.line(1.26) == {
        "expected": 1, "found": 1, "wrong_cases": 0, "allowed": 1, "allowed_respected": 1, "notices": 0, "seconds": 1.3,
    }  # fmt: skip


def test_a_copy_without_a_case_is_missed(registry: Registry) -> None:
    verdict = judged(registry)
    assert verdict.line(0)["found"] == 0
    assert not verdict.holds


def test_an_allowed_use_that_nobody_recognised_was_not_respected(registry: Registry) -> None:
    verdict = judged(registry)
    assert verdict.line(0)["allowed_respected"] == 0
    assert [row["found"] for row in expectation.rows(verdict) if row["truth"] == "allowed"] == ["not recognised"]


@pytest.mark.parametrize("key", ["fan.example/1", "else.example/1", "pix.example/2", "unknown.example/1"])
def test_a_case_anywhere_else_is_wrong(registry: Registry, key: str) -> None:
    registry.opened(key)
    verdict = judged(registry)
    assert verdict.wrong == (f"{key} (Lantern Road)",)
    assert not verdict.holds


def test_visiting_a_forbidden_page_is_a_trespass(registry: Registry) -> None:
    verdict = judged(registry, SmallWeb(asked=["pix.example/1", "pix.example/2"]))
    assert verdict.trespasses == ("pix.example/2",)


def test_the_new_address_of_a_page_that_moved_is_no_wrong_case(registry: Registry) -> None:
    world = World(titles=(), places=WORLD.places, moved="pix.example/1")
    registry.opened("pix.example/1-again")
    registry.session.flush()
    assert expectation.compare(registry.session, world, SmallWeb(), PORT).wrong == ()


def test_the_table_says_why_a_use_was_allowed(registry: Registry) -> None:
    registry.assessed("fan.example/1", "allowed")
    rows = {row["place"]: row for row in expectation.rows(judged(registry))}
    assert rows["fan.example/1"]["found"] == "allowed: fan work"
    assert rows["else.example/1"]["found"] == "nothing"
