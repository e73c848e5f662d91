"""The promises of every allowance, as a test class: subclass it, give `allowance`, and run pytest."""

from dataclasses import replace
from datetime import UTC, datetime

from matcher.interface import Allowance, AllowanceRows, Use

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# A whole film, on a page that earns money and credits nobody, with nothing in any registry.
PIRATED = Use(
    work_id=1,
    owner_id=1,
    finding_id=1,
    place="vidbox.example/watch/1",
    host="vidbox.example",
    at=NOW,
    territory="JP",
    page_kind="video",
    is_commercial=True,
    attribution=None,
    title="Lantern Road 1",
    text="Watch the whole episode.",
    matched_seconds=1400.0,
    pictures=0,
    banks=("works",),
    aliases=("Lantern Road", "Studio Kiri"),
    media=1,
)
EMPTY = AllowanceRows(licences=(), fan_rules=(), negatives=(), floor_seconds=30.0)


class AllowanceContract:
    """What `matcher.allowances` relies on."""

    allowance: Allowance

    def test_it_has_a_name_and_words_for_reviewers(self) -> None:
        """The name is stored with every answer; the class docstring is one sentence that reviewers read."""
        assert self.allowance.name
        assert len(self.allowance.name) <= 40
        words = (type(self.allowance).__doc__ or "").strip()
        assert words.endswith(".")

    def test_it_answers_under_its_own_name_with_a_sentence(self) -> None:
        """Whatever it is asked."""
        for use in (PIRATED, replace(PIRATED, is_commercial=None, attribution=None, title="", text="")):
            answer = self.allowance.check(use, EMPTY)
            assert answer.allowance == self.allowance.name
            assert answer.says.strip().endswith((".", "。", "”", '"'))

    def test_an_empty_registry_allows_no_piracy(self) -> None:
        """A whole film for money, credited to nobody, is allowed by nothing."""
        assert self.allowance.check(PIRATED, EMPTY).verdict == "does not allow"

    def test_the_same_question_has_the_same_answer(self) -> None:
        """An allowance is pure: no clock, no network, no memory."""
        assert self.allowance.check(PIRATED, EMPTY) == self.allowance.check(PIRATED, EMPTY)
