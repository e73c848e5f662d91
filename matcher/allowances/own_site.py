"""The owner's own places."""

from matcher import places
from matcher.interface import AllowanceRows, Answer, Use


class OwnSite:
    """The place is the owner's own: an official site, shop or channel of the work."""

    name = "own site"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:
        """Allow when the place lies on one of the work's official addresses."""
        for official in rows.official_hosts:
            if places.covers(official, use.place):
                return Answer(self.name, "allows", f"{official} is an official address of the work.")
        return Answer(self.name, "does not allow", "The place is none of the work's official addresses.")
