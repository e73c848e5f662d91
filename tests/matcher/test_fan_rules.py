"""The promises of the fair-use registry: a creator's words are kept, and a rule can be ended, never deleted."""

import pytest
from sqlalchemy.orm import Session

from matcher import catalogue, fan_rules
from matcher.fan_rules import BadFanRule, Terms, UnknownFanRule
from tests import factories


def test_a_rule_holds_for_its_work_or_for_every_work_of_the_owner(session: Session) -> None:
    kiri = factories.owner(session)
    road, dusk = factories.work(session, of=kiri), factories.work(session, "Dusk", of=kiri)
    fan_rules.add(session, Terms("Three minutes.", max_seconds=180.0), owner=kiri, work=road, by="Aoi Mori")
    fan_rules.add(session, Terms("Ten pages.", max_pictures=10), owner=kiri, work=None, by="Aoi Mori")
    assert [row.says for row in fan_rules.rows_for(session, road)] == ["Three minutes.", "Ten pages."]
    assert [row.says for row in fan_rules.rows_for(session, dusk)] == ["Ten pages."]


def test_an_ended_rule_is_kept_and_asked_no_more(session: Session) -> None:
    work = factories.work(session)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    rule = fan_rules.add(session, Terms("Three minutes."), owner=owner, work=work, by="Aoi Mori")
    fan_rules.revoke(session, rule.uuid)
    assert fan_rules.rows_for(session, work) == []
    assert [each.uuid for each in fan_rules.registered(session)] == [rule.uuid]
    with pytest.raises(UnknownFanRule):
        fan_rules.revoke(session, "nothing")


@pytest.mark.parametrize("terms", [Terms(" "), Terms("Less.", max_seconds=-1.0), Terms("Less.", max_pictures=-1)])
def test_a_rule_that_says_nothing_or_less_than_nothing_is_refused(session: Session, terms: Terms) -> None:
    work = factories.work(session)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    with pytest.raises(BadFanRule):
        fan_rules.add(session, terms, owner=owner, work=work, by="Aoi Mori")
