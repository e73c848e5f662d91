"""How a moment of a film is typed and printed: hours, minutes and seconds, or seconds alone."""

import math
import re

import click

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")


class MomentType(click.ParamType[float]):
    """[HH:]MM:SS or seconds, as seconds; whether a film is that long is not asked here."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; anything else is wrong usage, with an example."""
        if isinstance(value, float):
            return value
        seconds = _seconds(str(value).strip())
        if seconds is None:
            self.fail(
                f"{value!r} is no moment of a film; give seconds or a time, like 83, 1:23 or 00:01:23.", param, ctx
            )
        return seconds


MOMENT = MomentType()


def written(seconds: float) -> str:
    """Return a moment as it can be typed, to a tenth of a second."""
    tenths = round(seconds * 10)
    hours, minutes, rest = tenths // 36000, tenths // 600 % 60, tenths % 600
    return f"{hours:02d}:{minutes:02d}:{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")


def _seconds(typed: str) -> float | None:
    """Return the seconds of what was typed; None when it says no moment."""
    if fits := _CLOCK.fullmatch(typed):
        hours, minutes, seconds = (float(part or 0) for part in fits.groups())
        return 3600 * hours + 60 * minutes + seconds if minutes < 60 and seconds < 60 else None
    try:
        seconds = float(typed)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
