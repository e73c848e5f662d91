"""[legal]: on what basis we look at a site, and who decided that its robots.txt is not obeyed, if anybody did."""

import datetime as dt
from typing import Literal

from pydantic import field_validator, model_validator

from config import clock
from crawlers import urls
from crawlers.table import Table


class Legal(Table):
    """[legal]: what a lawyer asks first; all of it goes with every sweep's record."""

    basis: str = ""  # in a sentence, why we may look
    robots: Literal["obey", "record_and_ignore"] = "obey"
    reason: str = ""  # why robots.txt is ignored
    approver: str = ""  # the person who decided it
    date: dt.date | None = None  # when
    terms_url: str = ""

    @field_validator("terms_url")
    @classmethod
    def _web(cls, url: str) -> str:
        if url and urls.canonical(url) is None:
            raise ValueError(f'"{url}" is no web address; write it whole, like "https://example.com/terms"')
        return url

    @field_validator("date")
    @classmethod
    def _past(cls, date: dt.date | None) -> dt.date | None:
        # A day of grace: the approver's calendar may be ahead of UTC.
        if date is not None and date > clock.now().date() + dt.timedelta(days=1):
            raise ValueError(f"{date} is still to come; write the day on which the approver decided")
        return date

    @model_validator(mode="after")
    def _decided(self) -> "Legal":
        missing = [name for name in ("reason", "approver", "date") if not getattr(self, name)]
        if self.ignores_robots and missing:
            raise ValueError(
                f'robots = "record_and_ignore" is a named person\'s decision; add {", ".join(missing)} '
                'or write robots = "obey"'
            )
        return self

    @property
    def ignores_robots(self) -> bool:
        """Whether a named person decided that robots.txt is kept as evidence and not obeyed."""
        return self.robots == "record_and_ignore"

    def record(self) -> dict[str, str]:
        """Return what was decided, as it goes with a sweep's record; what is empty is left out."""
        said = self.model_dump(mode="json")
        return {name: str(value) for name, value in said.items() if value}
