"""The promises of allowances: the most permissive wins, an unknown goes to a person, and the floor of fans holds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import allowances
from matcher.allowance_testing import EMPTY, NOW, PIRATED, AllowanceContract
from matcher.allowances.creator_rule import CreatorRule
from matcher.allowances.earlier_no import EarlierNo
from matcher.allowances.false_alarm import FalseAlarm
from matcher.allowances.fan_work import FanWork
from matcher.allowances.licence import Licensed
from matcher.allowances.own_site import OwnSite
from matcher.allowances.released import ReleasedMaterial
from matcher.interface import AllowanceRows, Answer, FanRuleRow, LicenceRow, NegativeRow, Use

FAN = replace(
    PIRATED, is_commercial=False, matched_seconds=24.0, attribution="Footage: Lantern Road, © Studio Kiri",
    title="My review", page_kind="video",
)  # fmt: skip
LICENCE = LicenceRow("u1", "Vidbox", "vidbox.example", None, None, None)
RULE = FanRuleRow("u2", None, True, True, None, "Be kind.")
NEGATIVE = NegativeRow("u3", PIRATED.place, "licensed", "Aoi Mori", "Signed last week.", None)


class TestOwnSite(AllowanceContract):
    allowance = OwnSite()


class TestLicensed(AllowanceContract):
    allowance = Licensed()


class TestCreatorRule(AllowanceContract):
    allowance = CreatorRule()


class TestFanWork(AllowanceContract):
    allowance = FanWork()


class TestReleasedMaterial(AllowanceContract):
    allowance = ReleasedMaterial()


class TestEarlierNo(AllowanceContract):
    allowance = EarlierNo()


class TestFalseAlarm(AllowanceContract):
    allowance = FalseAlarm()


def fan_work(**changes: Any) -> str:
    return FanWork().check(replace(FAN, **changes), EMPTY).verdict


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(29.9, "allows"), (30.0, "allows"), (30.0000001, "allows"), (30.1, "unknown"), (30.9, "unknown"),
     (31.0, "does not allow"), (600.0, "does not allow")],
)  # fmt: skip
def test_thirty_seconds_in_total_are_allowed_and_the_measurements_error_goes_to_a_person(
    seconds: float, verdict: str
) -> None:
    assert fan_work(matched_seconds=seconds) == verdict


@pytest.mark.parametrize(("earns", "verdict"), [(False, "allows"), (None, "unknown"), (True, "does not allow")])
def test_a_fan_work_is_non_commercial_and_an_unknown_goes_to_a_person(earns: bool | None, verdict: str) -> None:
    assert fan_work(is_commercial=earns) == verdict


@pytest.mark.parametrize(
    ("attribution", "verdict"),
    [("Original: ＬＡＮＴＥＲＮ road", "allows"), ("All rights to their owners", "unknown"), (None, "does not allow")],
)
def test_a_fan_work_credits_the_maker(attribution: str | None, verdict: str) -> None:
    assert fan_work(attribution=attribution) == verdict


def test_a_credit_that_may_be_on_a_page_nobody_could_read_goes_to_a_person() -> None:
    assert fan_work(attribution=None, title="", text=" ") == "unknown"


def test_words_of_credit_beside_the_works_title_are_a_credit() -> None:
    assert fan_work(attribution="All rights to their owners", title="Lantern Road review") == "allows"


@pytest.mark.parametrize(
    ("page_kind", "pictures", "verdict"),
    [("page", 1, "unknown"), ("image_board", 1, "unknown"), ("page", 2, "does not allow"),
     ("manga_reader", 1, "does not allow"), ("marketplace", 1, "does not allow")],
)  # fmt: skip
def test_pages_of_manga_need_a_creators_rule_and_one_quoted_panel_goes_to_a_person(
    page_kind: str, pictures: int, verdict: str
) -> None:
    assert fan_work(matched_seconds=None, page_kind=page_kind, pictures=pictures) == verdict


@pytest.mark.parametrize(("pictures", "verdict"), [(1, "allows"), (2, "unknown")])
def test_a_fan_film_may_have_a_poster(pictures: int, verdict: str) -> None:
    assert fan_work(pictures=pictures) == verdict


def test_one_condition_that_fails_outweighs_one_that_is_unknown() -> None:
    assert fan_work(is_commercial=None, matched_seconds=600.0) == "does not allow"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "allows"),
        ({"territory": "JP"}, "allows"),
        ({"territory": "US"}, "does not allow"),
        ({"place": "other.example"}, "does not allow"),
        ({"starts_at": NOW + timedelta(seconds=1)}, "does not allow"),
        ({"starts_at": NOW}, "allows"),
        ({"ends_at": NOW}, "allows"),
        ({"ends_at": NOW - timedelta(seconds=1)}, "does not allow"),
    ],
)
def test_a_licence_is_work_by_place_by_territory_by_window(changes: dict[str, Any], verdict: str) -> None:
    rows = replace(EMPTY, licences=(replace(LICENCE, **changes),))
    assert Licensed().check(PIRATED, rows).verdict == verdict


def test_a_territorial_licence_at_a_place_whose_audience_is_unknown_goes_to_a_person() -> None:
    rows = replace(EMPTY, licences=(replace(LICENCE, territory="JP"),))
    assert Licensed().check(replace(PIRATED, territory=None), rows).verdict == "unknown"


def test_an_ended_licence_does_not_hide_one_that_is_in_force() -> None:
    ended = replace(LICENCE, uuid="ended", ends_at=NOW - timedelta(days=1))
    answer = Licensed().check(PIRATED, replace(EMPTY, licences=(ended, LICENCE)))
    assert (answer.verdict, answer.row) == ("allows", "licence:u1")


def test_the_owners_own_channel_on_a_shared_host_is_only_that_channel() -> None:
    rows = replace(EMPTY, official_hosts=("vidbox.example/kiri",))
    assert OwnSite().check(replace(PIRATED, place="vidbox.example/kiri/1"), rows).verdict == "allows"
    assert OwnSite().check(replace(PIRATED, place="vidbox.example/kirin/1"), rows).verdict == "does not allow"


@pytest.mark.parametrize(
    ("rule", "use", "verdict"),
    [
        ({"max_seconds": 180.0}, {"matched_seconds": 170.0}, "allows"),
        ({"max_seconds": 5.0}, {"matched_seconds": 29.0}, "allows"),
        ({"needs_non_commercial": False}, {"is_commercial": True}, "allows"),
        ({"needs_attribution": False}, {"attribution": None}, "allows"),
        ({"max_pictures": 10}, {"matched_seconds": None, "pictures": 10}, "allows"),
        ({"max_pictures": 10}, {"matched_seconds": None, "pictures": 11}, "does not allow"),
        ({"max_seconds": 180.0}, {"matched_seconds": 170.0, "is_commercial": None}, "unknown"),
    ],
)
def test_a_creators_rule_can_allow_more(rule: dict[str, Any], use: dict[str, Any], verdict: str) -> None:
    rows = replace(EMPTY, fan_rules=(replace(RULE, **rule),))
    assert CreatorRule().check(replace(FAN, **use), rows).verdict == verdict


@pytest.mark.parametrize(
    ("changes", "use", "verdict"),
    [
        ({}, {}, "allows"),
        ({"verdict": "infringing"}, {}, "does not allow"),
        ({"verdict": "unsure"}, {}, "does not allow"),
        ({"expires_at": NOW}, {}, "does not allow"),
        ({"expires_at": NOW + timedelta(seconds=1)}, {}, "allows"),
        ({"verdict": "fan use", "at": NOW}, {"newest_media_at": NOW}, "allows"),
        ({"verdict": "fan use", "at": NOW}, {"newest_media_at": NOW + timedelta(seconds=1)}, "unknown"),
        ({"verdict": "licensed", "at": NOW}, {"newest_media_at": NOW + timedelta(seconds=1)}, "allows"),
    ],
)
def test_an_earlier_no_holds_until_it_expires_or_the_place_shows_something_else(
    changes: dict[str, Any], use: dict[str, Any], verdict: str
) -> None:
    rows = replace(EMPTY, negatives=(replace(NEGATIVE, **changes),))
    assert EarlierNo().check(replace(PIRATED, **use), rows).verdict == verdict


@pytest.mark.parametrize(("released", "verdict"), [(0, "does not allow"), (1, "does not allow"), (2, "allows")])
def test_a_page_is_released_material_only_when_all_of_it_is(released: int, verdict: str) -> None:
    use = replace(PIRATED, media=2, released_media=released, known_media=released)
    assert ReleasedMaterial().check(use, EMPTY).verdict == verdict
    assert FalseAlarm().check(use, EMPTY).verdict == verdict


times = st.none() | st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days))
territories = st.sampled_from([None, "JP", "US"])
patterns = st.sampled_from(["vidbox.example", "*.example", "other.example", "vidbox.example/watch", "vidbox.example/w"])
licence_rows = st.builds(LicenceRow, st.uuids().map(str), st.just("Vidbox"), patterns, territories, times, times)
rule_rows = st.builds(
    FanRuleRow, st.uuids().map(str), st.none() | st.floats(0, 1000), st.booleans(), st.booleans(),
    st.none() | st.integers(0, 50), st.just("Be kind."),
)  # fmt: skip
negative_rows = st.builds(
    NegativeRow, st.uuids().map(str), st.just(PIRATED.place), st.sampled_from(["licensed", "fan use", "unsure"]),
    st.just("Aoi Mori"), st.just("Why."), times, times,
)  # fmt: skip
uses = st.builds(
    replace, st.just(PIRATED), is_commercial=st.sampled_from([True, False, None]), territory=territories,
    attribution=st.sampled_from([None, "© Studio Kiri", "to their owners"]),
    title=st.sampled_from(["", "Lantern Road"]), matched_seconds=st.none() | st.floats(0, 100),
    pictures=st.integers(0, 3), newest_media_at=times,
    page_kind=st.sampled_from(["page", "video", "marketplace", "manga_reader"]),
)  # fmt: skip
registries = st.builds(
    AllowanceRows, st.lists(licence_rows, max_size=3), st.lists(rule_rows, max_size=3),
    st.lists(negative_rows, max_size=3), st.floats(30, 60), st.lists(patterns, max_size=2),
)  # fmt: skip
PERMISSIVE = {"open": 0, "person": 1, "allowed": 2}


@given(uses, registries, st.one_of(licence_rows, rule_rows, negative_rows, patterns))
def test_one_more_row_never_makes_an_outcome_less_permissive(use: Use, rows: AllowanceRows, row: object) -> None:
    field = {LicenceRow: "licences", FanRuleRow: "fan_rules", NegativeRow: "negatives", str: "official_hosts"}[
        type(row)
    ]
    more = replace(rows, **{field: [*getattr(rows, field), row]})
    before, after = (allowances.outcome(allowances.check(use, each)) for each in (rows, more))
    assert PERMISSIVE[after] >= PERMISSIVE[before]


@given(uses, registries)
def test_what_the_floor_allows_no_registry_can_take_away(use: Use, rows: AllowanceRows) -> None:
    if FanWork().check(use, EMPTY).verdict == "allows":
        assert allowances.outcome(allowances.check(use, rows)) == "allowed"


@given(uses, registries)
def test_an_unknown_never_becomes_open_silently(use: Use, rows: AllowanceRows) -> None:
    answers = allowances.check(use, rows)
    doubts = any(answer.verdict == "unknown" for answer in answers)
    assert (allowances.outcome(answers) == "open") == (
        not doubts and all(answer.verdict == "does not allow" for answer in answers)
    )


@given(uses.filter(lambda use: use.is_commercial is None), registries)
def test_learning_that_a_page_earns_money_is_the_only_way_from_unknown_to_less(use: Use, rows: AllowanceRows) -> None:
    unknown = allowances.outcome(allowances.check(use, rows))
    known = allowances.outcome(allowances.check(replace(use, is_commercial=False), rows))
    assert PERMISSIVE[known] >= PERMISSIVE[unknown]


def test_every_allowance_is_in_the_transcript() -> None:
    answers = allowances.check(PIRATED, EMPTY)
    assert [answer.allowance for answer in answers] == [allowance.name for allowance in allowances.every()]
    assert len(answers) == 7


def test_the_decisive_answer_is_the_one_that_allows() -> None:
    answers = [Answer("a", "unknown", "?"), Answer("b", "allows", "Yes."), Answer("c", "does not allow", "No.")]
    assert allowances.decisive(answers) == answers[1]
    assert allowances.decisive(answers[2:]) is None
