"""Answers of allowances, compared: which of several is the most permissive."""

from collections.abc import Iterable

from matcher.interface import AllowanceVerdict, Answer

PERMISSIVENESS: dict[AllowanceVerdict, int] = {"allows": 2, "unknown": 1, "does not allow": 0}


def most_permissive(answers: Iterable[Answer]) -> Answer:
    """Return the first of the most permissive answers; there must be one."""
    return max(answers, key=lambda answer: PERMISSIVENESS[answer.verdict])
