"""The fair-use registry: what a creator allows beyond the floor."""

from matcher import fan_terms
from matcher.answers import most_permissive
from matcher.interface import AllowanceRows, Answer, FanRuleRow, Use


class CreatorRule:
    """The creator's own published rule for fans, which can allow more than everybody has and never less."""

    name = "creator's rule"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:
        """Return the most permissive answer among the creator's rules."""
        if not rows.fan_rules:
            return Answer(self.name, "does not allow", "The creator has registered no rule for fans.")
        answers = [self._answer(row, use, rows.floor_seconds) for row in rows.fan_rules]
        return most_permissive(answers)

    def _answer(self, row: FanRuleRow, use: Use, floor_s: float) -> Answer:
        all_terms = [
            fan_terms.footage(use, max(floor_s, row.max_seconds or 0.0)),
            fan_terms.pictures(use, row.max_pictures),
        ]
        if row.needs_non_commercial:
            all_terms.append(fan_terms.trade(use))
        if row.needs_attribution:
            all_terms.append(fan_terms.credit(use))
        term = fan_terms.together(all_terms)
        return Answer(self.name, term.verdict, f'"{row.says}" {term.says}', f"fan rule:{row.uuid}")
