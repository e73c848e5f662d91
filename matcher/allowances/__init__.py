"""Allowances: every reason not to notice, one file each. The most permissive one wins.

They are checked when a case opens, when a person decides, and again when a notice leaves.
"""

import functools
from collections.abc import Sequence
from typing import Literal

from config import plugins
from matcher.allowances.creator_rule import CreatorRule
from matcher.allowances.earlier_no import EarlierNo
from matcher.allowances.false_alarm import FalseAlarm
from matcher.allowances.fan_work import FanWork
from matcher.allowances.licence import Licensed
from matcher.allowances.own_site import OwnSite
from matcher.allowances.released import ReleasedMaterial
from matcher.interface import Allowance, AllowanceRows, Answer, Use

Outcome = Literal["allowed", "person", "open"]

# In the order in which reviewers read them.
BUILT_IN: tuple[Allowance, ...] = (
    OwnSite(), Licensed(), CreatorRule(), FanWork(), ReleasedMaterial(), EarlierNo(), FalseAlarm(),
)  # fmt: skip


@functools.cache
def every() -> tuple[Allowance, ...]:
    """Return the built-in allowances and those of other distributions (entry points `mekiki.allowances`)."""
    return tuple(plugins.gather("allowances", BUILT_IN).values())


def check(use: Use, rows: AllowanceRows) -> list[Answer]:
    """Return what every allowance says of one use; none is skipped, so that the transcript is whole."""
    return [allowance.check(use, rows) for allowance in every()]


def outcome(answers: Sequence[Answer]) -> Outcome:
    """Return "allowed" when any allowance allows, else "person" when any does not know, else "open"."""
    verdicts = {answer.verdict for answer in answers}
    if "allows" in verdicts:
        return "allowed"
    return "person" if "unknown" in verdicts else "open"


def decisive(answers: Sequence[Answer]) -> Answer | None:
    """Return the answer that decided: the first that allows, else the first that does not know, else None."""
    for verdict in ("allows", "unknown"):
        for answer in answers:
            if answer.verdict == verdict:
                return answer
    return None
