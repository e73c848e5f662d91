"""How times, durations, prices and scores are put into words; the same on every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal, is_currency

from config import clock
from dashboard.dictionary import Dictionary

HOT = timedelta(hours=3)
WARM = timedelta(hours=10)
DAY_S = 86_400


@dataclass(frozen=True)
class Left:
    """How much of the 24 hours is left, and how loudly to say it."""

    says: str
    tone: str  # "hot", "warm" or "calm"


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language, with times told in one time zone."""

    dictionary: Dictionary
    zone: ZoneInfo

    def left(self, due_at: datetime) -> Left:
        """Say how long until `due_at`, or by how much it has passed."""
        rest = due_at - clock.now()
        if rest < timedelta(0):
            return Left(self.dictionary.say("overdue by %(span)s", span=self.span(-rest)), "hot")
        return Left(self.span(rest), "hot" if rest < HOT else "warm" if rest < WARM else "calm")

    def span(self, rest: timedelta) -> str:
        """Return a span in the two units a person would use: "2 h 10 min", "3 d 4 h"."""
        say = self.dictionary.say
        minutes = int(rest.total_seconds() // 60)
        hours, days = minutes // 60, int(rest.total_seconds() // DAY_S)
        if days >= 2:
            return say("%(days)s d %(hours)s h", days=days, hours=hours % 24)
        if hours:
            return say("%(hours)s h %(minutes)s min", hours=hours, minutes=f"{minutes % 60:02d}")
        return say("%(minutes)s min", minutes=minutes)

    def ago(self, at: datetime) -> str:
        """Say how long ago something was."""
        return self.dictionary.say("%(span)s ago", span=self.span(max(clock.now() - at, timedelta(0))))

    def at(self, at: datetime) -> str:
        """Return date and time in the home's time zone; the time alone when it is today."""
        local = at.astimezone(self.zone)
        is_today = local.date() == clock.now().astimezone(self.zone).date()
        return self.dictionary.say("today %(time)s", time=f"{local:%H:%M}") if is_today else f"{local:%Y-%m-%d %H:%M}"

    def day(self, at: datetime) -> str:
        """Return the date in the home's time zone."""
        return f"{at.astimezone(self.zone):%Y-%m-%d}"

    def now(self) -> str:
        """Return the day and the time, in full."""
        pattern = self.dictionary.say("EEEE d MMMM, HH:mm")
        return str(format_datetime(clock.now().astimezone(self.zone), pattern, locale=self.dictionary.language))

    def size(self, size_bytes: int) -> str:
        """Return how much a body holds, in the unit a person would use."""
        units = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
        for one, unit in units:
            if size_bytes >= one:
                amount = size_bytes / one
                return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
        return f"{size_bytes} B"

    def price(self, amount: Decimal, currency: str | None) -> str:
        """Return a price as the language writes it."""
        if currency is None or not is_currency(currency):  # a page may name one that nobody else knows
            return f"{format_decimal(amount, locale=self.dictionary.language)} {currency or ''}".rstrip()
        return str(format_currency(amount, currency, locale=self.dictionary.language))


def timecode(seconds: float) -> str:
    """Return seconds as hh:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def score(value: float) -> str:
    """Return a score with the three digits that matter; never rounded up to certainty."""
    return f"{min(int(value * 1000), 999) / 1000:.3f}"
