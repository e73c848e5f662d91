"""How an area of a picture is typed and printed: four sides from the top left corner, as fractions or with percent
signs."""

import math

import click

from matcher.interface import Box

SIDES = ("left", "top", "right", "bottom")


class AreaType(click.ParamType[Box]):
    """LEFT,TOP,RIGHT,BOTTOM as a Box; whether a picture can have such an area is not asked here."""

    name = "area"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Box:
        """Return the box; anything else is wrong usage, with an example."""
        if isinstance(value, Box):
            return value
        parts = str(value).split(",")
        try:
            sides = [_side(part.strip()) for part in parts]
        except ValueError:
            sides = []
        if len(sides) != len(SIDES):
            self.fail(
                f"{value!r} is no area; give left, top, right and bottom, like 0.05,0,0.95,0.12 or 5%,0%,95%,12%.",
                param,
                ctx,
            )
        if max(sides) > 1 and "%" not in str(value):
            self.fail(f"{value!r} reaches beyond the picture; write percentages with a percent sign: 5%.", param, ctx)
        return Box(*sides)


AREA = AreaType()


def written(box: Box) -> str:
    """Return an area as it can be typed."""
    return ",".join(f"{100 * getattr(box, side):g}%" for side in SIDES)


def _side(typed: str) -> float:
    """Return one side as a fraction. Raises ValueError."""
    value = float(typed.removesuffix("%")) / (100 if typed.endswith("%") else 1)
    if not math.isfinite(value):
        raise ValueError(typed)
    return value
