"""The licence registry, asked about one use."""

from matcher import places
from matcher.answers import most_permissive
from matcher.interface import AllowanceRows, AllowanceVerdict, Answer, LicenceRow, Use


class Licensed:
    """A licence of the owner covers this work, at this place, in this territory, at this time."""

    name = "licence"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:
        """Return the most permissive answer among the work's licences for this place."""
        here = [row for row in rows.licences if places.covers(row.place, use.place)]
        if not here:
            count = len(rows.licences)
            held = "the work has none" if not count else f"none of its {count} names this place"
            return Answer(self.name, "does not allow", f"No licence covers the place: {held}.")
        return most_permissive(self._answer(row, use) for row in here)

    def _answer(self, row: LicenceRow, use: Use) -> Answer:
        verdict, why = _window_and_territory(row, use)
        return Answer(self.name, verdict, f"Licensed to {row.grantee} at {row.place}: {why}", f"licence:{row.uuid}")


def _window_and_territory(row: LicenceRow, use: Use) -> tuple[AllowanceVerdict, str]:
    if row.starts_at and use.at < row.starts_at:
        return "does not allow", f"it begins only on {row.starts_at:%Y-%m-%d}."
    if row.ends_at and use.at > row.ends_at:
        return "does not allow", f"it ended on {row.ends_at:%Y-%m-%d}."
    until = f"until {row.ends_at:%Y-%m-%d}" if row.ends_at else "without end"
    if row.territory is None:
        return "allows", f"in force worldwide, {until}."
    if use.territory is None:
        return "unknown", f"in force for {row.territory}, {until}; whom the place addresses is not known."
    if use.territory == row.territory:
        return "allows", f"in force for {row.territory}, {until}."
    return "does not allow", f"it is for {row.territory}, and the place addresses {use.territory}."
