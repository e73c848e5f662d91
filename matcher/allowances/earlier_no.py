"""Negative memory, asked about one use."""

from matcher.answers import most_permissive
from matcher.interface import AllowanceRows, Answer, NegativeRow, Use

REMEMBERED = ("licensed", "fan use", "not a match")
# A licence is about the place; the other two are about what the place showed when a person looked.
ABOUT_THE_PLACE = ("licensed",)


class EarlierNo:
    """A person has already looked at this work at this place and said no: licensed, a fan use, or not a match."""

    name = "earlier no"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:
        """Allow while an earlier "no" holds; media that came to the place later send the use to a person again."""
        answers = [self._answer(row, use) for row in rows.negatives if row.verdict in REMEMBERED]
        if not answers:
            return Answer(self.name, "does not allow", "Nobody has said no to this work at this place before.")
        return most_permissive(answers)

    def _answer(self, row: NegativeRow, use: Use) -> Answer:
        said = f'{row.by} said "{row.verdict}": {row.reason}'
        key = f"negative:{row.uuid}"
        if row.expires_at and use.at >= row.expires_at:
            return Answer(self.name, "does not allow", f"{said} That answer expired on {row.expires_at:%Y-%m-%d}.", key)
        if row.verdict not in ABOUT_THE_PLACE and _has_newer_media(use, row):
            return Answer(self.name, "unknown", f"{said} The place shows other media of the work since then.", key)
        return Answer(self.name, "allows", said, key)


def _has_newer_media(use: Use, row: NegativeRow) -> bool:
    return row.at is not None and use.newest_media_at is not None and use.newest_media_at > row.at
