"""What references of different works merely share, learned as the product learns it, without its database."""

from collections.abc import Mapping, Sequence

from fingerprints.interface import Vectors
from matcher import shared_parts
from matcher.closer_look import Fitted
from matcher.interface import Box
from matcher.pictures import PictureShelf
from matcher.shared_parts import Half

Described = Mapping[str, Vectors]  # by kind
Areas = dict[int, tuple[Box, ...]]  # by the reference's number


def learned(shelf: PictureShelf, references: Sequence[Described], works: Sequence[str]) -> Areas:
    """Return the areas that are not distinctive; see `matcher.shared_areas`, which does the same with rows.

    `shelf` holds the references by their places in the sequence, without areas; `works` names the work of each.
    """
    areas: Areas = {}
    for number, mine in enumerate(references):
        for fitted in shelf.looks(mine, references.__getitem__):
            other = fitted.reference_id
            if works[other] == works[number]:
                continue
            for learner, half in _halves(fitted, references, number):
                known = areas.get(learner, ())
                areas[learner] = (*known, *shared_parts.shared_boxes(half, references[learner], known))
    return {number: boxes for number, boxes in sorted(areas.items()) if boxes}


def _halves(fitted: Fitted, references: Sequence[Described], number: int) -> list[tuple[int, Half]]:
    other = references[fitted.reference_id]
    halves = shared_parts.halves(fitted, other, references[number])
    if halves is None or not shared_parts.are_two(halves, other, references[number]):
        return []
    return [(number, halves[1]), (fitted.reference_id, halves[0])]
