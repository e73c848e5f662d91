"""The floor every fan has, whatever the creator says."""

from matcher import fan_terms
from matcher.interface import AllowanceRows, Answer, Use


class FanWork:
    """A fan work: non-commercial, at most 30 seconds of footage in total, and the maker is credited."""

    name = "fan work"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:
        """Allow when every condition is met; a value that does not show sends the use to a person."""
        all_terms = [fan_terms.trade(use), fan_terms.footage(use, rows.floor_seconds), fan_terms.credit(use)]
        if use.pictures:
            all_terms.append(fan_terms.stills(use))
        term = fan_terms.together(all_terms)
        return Answer(self.name, term.verdict, term.says)
