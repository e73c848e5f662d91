"""What a copy spoils of the original: how much of its picture, sound and time is left, one plain sentence each. Pure.

Only what was measured is told: where a figure of either side is not known, its sentence is left out, never guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fingerprints.interface import MediaFacts
from matcher import cut_out
from matcher.burnt_in import Area
from matcher.cut_out import Marked
from matcher.figures import percent, seconds_of
from matcher.interface import Altered, Segment, Transform
from matcher.lying import frame_share, lies, window_share
from matcher.same_sound import Hearing

# Media rows round, encoders pad and corners jitter: less than this is not told.
NEARLY_ALL = 0.97
NEARLY_SAME_SPEED = 0.01
SAME_BITRATE = 0.9  # two encodings of one film at one setting differ by a few percent
LEAST_TURN = 2.0  # degrees
LEAST_HEARD_S = 10.0
MOSTLY_HEARD = 0.9  # of what was compared: with less the rest is told
IN_STEP = 0.05  # shares of the picture that are told as one, over several stretches


@dataclass(frozen=True)
class Side:
    """One of the two files, as far as it is known here."""

    facts: MediaFacts
    size_bytes: int | None = None  # None: the file itself is not held

    @property
    def bits_a_second(self) -> float | None:
        """All streams together; None when the size or the length is not known."""
        if not self.size_bytes or self.facts.duration_s <= 0:
            return None
        return self.size_bytes * 8 / self.facts.duration_s


@dataclass(frozen=True)
class Harm:
    """One thing that is less than in the original."""

    name: str  # "resolution", "bitrate", "crop", ...; stored and printed, so never renamed
    value: float  # what is left as a share, or seconds, degrees, times; as the sentence says
    says: str


Lying = Sequence[tuple[float, Altered]]  # (seconds, how the picture lies); a still picture counts as one second


def report(
    copy: Side,
    original: Side | None,
    segments: Sequence[Segment],
    transform: Transform | None,
    *,
    marked: Sequence[Marked] = (),
    hearing: Hearing | None = None,
) -> tuple[Harm, ...]:
    """Return what the copy spoils, the most telling first; empty when nothing that was measured is less.

    `transform` belongs to still pictures, `segments` to films. `marked` are stretches of the original that its owner
    named, as openings; `hearing` is what comparing the sound gave, None when it was not compared.
    """
    lying = _lying(segments, transform)
    harms: list[Harm] = []
    if original is not None:
        harms += _resolution(copy.facts, original.facts, lying)
        harms += [*_bitrate(copy, original), *_frame_rate(copy.facts, original.facts)]
    for see in (_crop, _room, _mirror, _turn):
        harms += see(lying)
    harms += _speed(segments)
    if original is not None:
        harms += [
            Harm(each.name, each.seconds, each.says)
            for each in cut_out.missing(segments, copy.facts.duration_s, original.facts.duration_s, marked)
        ]
        harms += _sound(copy.facts, original.facts, hearing)
    return tuple(harms)


def _lying(segments: Sequence[Segment], transform: Transform | None) -> list[tuple[float, Altered]]:
    if transform is not None:
        altered = lies(transform)
        return [] if altered is None else [(1.0, altered)]
    return [(_seconds(one), one.altered) for one in segments if one.altered is not None]


def _seconds(segment: Segment) -> float:
    return segment.query_end_s - segment.query_start_s


def _resolution(copy: MediaFacts, original: MediaFacts, lying: Lying) -> Iterator[Harm]:
    """Pixels that show the original, of the pixels it has."""
    if not (copy.width and copy.height and original.width and original.height):
        return
    taken = _mean([(seconds, frame_share(each)) for seconds, each in lying]) if lying else 1.0
    left = taken * copy.width * copy.height / (original.width * original.height)
    if left < NEARLY_ALL:
        ours, theirs = f"{original.width}x{original.height}", f"{copy.width}x{copy.height}"
        yield Harm("resolution", left, f"{ours} became {theirs}: {percent(left)} of the pixels are left.")


def _bitrate(copy: Side, original: Side) -> Iterator[Harm]:
    theirs, ours = copy.bits_a_second, original.bits_a_second
    if theirs is None or ours is None or theirs >= SAME_BITRATE * ours:
        return
    left = theirs / ours
    says = f"{_rate(ours)} of data a second became {_rate(theirs)}: {percent(left)} are left."
    yield Harm("bitrate", left, says)


def _frame_rate(copy: MediaFacts, original: MediaFacts) -> Iterator[Harm]:
    theirs, ours = copy.frames_per_second, original.frames_per_second
    if 0 < theirs < NEARLY_ALL * ours:
        says = f"{_plain(ours)} frames a second became {_plain(theirs)}."
        yield Harm("frame rate", theirs / ours, says)


def _crop(lying: Lying) -> Iterator[Harm]:
    shares = [(seconds, window_share(each)) for seconds, each in lying]
    left = _mean(shares)
    if left >= NEARLY_ALL:
        return
    least, most = min(share for _, share in shares), max(share for _, share in shares)
    if most - least < IN_STEP:
        says = f"{percent(left)} of the original picture is left; the rest is cut off."
    else:
        says = f"Between {percent(least)} and {percent(most)} of the original picture is left; the rest is cut off."
    yield Harm("crop", left, says)


def _room(lying: Lying) -> Iterator[Harm]:
    """How much of the copy's frame the original has: a picture in a picture, bars, a frame around it."""
    taken = _mean([(seconds, frame_share(each)) for seconds, each in lying])
    if taken < NEARLY_ALL:
        says = f"The original takes {percent(taken)} of the copy's picture; the rest was put around it."
        yield Harm("room", taken, says)


def _mirror(lying: Lying) -> Iterator[Harm]:
    mirrored = sum(seconds for seconds, each in lying if each.is_mirrored)
    if not mirrored:
        return
    every = sum(seconds for seconds, _ in lying)
    if mirrored >= NEARLY_ALL * every:
        yield Harm("mirrored", 1.0, "The picture is mirrored.")
    else:
        says = f"The picture is mirrored in {seconds_of(mirrored)} of {seconds_of(every)}."
        yield Harm("mirrored", mirrored / every, says)


def _turn(lying: Lying) -> Iterator[Harm]:
    turned = [(seconds, each.turn_degrees) for seconds, each in lying if abs(each.turn_degrees) >= LEAST_TURN]
    if not turned:
        return
    _, degrees = max(turned)  # of the longest stretch
    way = "clockwise" if degrees > 0 else "anticlockwise"
    by, every = sum(seconds for seconds, _ in turned), sum(seconds for seconds, _ in lying)
    if by >= NEARLY_ALL * every:
        yield Harm("turned", degrees, f"The picture is turned {abs(degrees):.0f}° {way}.")
    else:
        says = f"The picture is turned {abs(degrees):.0f}° {way} in {seconds_of(by)} of {seconds_of(every)}."
        yield Harm("turned", degrees, says)


def _speed(segments: Sequence[Segment]) -> Iterator[Harm]:
    total = sum(_seconds(each) for each in segments)
    backwards = sum(_seconds(each) for each in segments if each.speed < 0)
    if backwards:
        how_long = "" if backwards >= NEARLY_ALL * total else f" in {seconds_of(backwards)} of {seconds_of(total)}"
        yield Harm("backwards", backwards, f"It is played backwards{how_long}.")
    speeds = [(_seconds(each), abs(each.speed)) for each in segments]
    mean = _mean(speeds)
    least, most = min((speed for _, speed in speeds), default=1.0), max((speed for _, speed in speeds), default=1.0)
    if max(abs(least - 1), abs(most - 1)) <= NEARLY_SAME_SPEED:
        return
    if most - least <= NEARLY_SAME_SPEED * mean:
        yield Harm("speed", mean, f"It runs at {_plain(mean)} times the original's speed.")
    else:
        says = f"It runs at {_plain(least)} to {_plain(most)} times the original's speed."
        yield Harm("speed", mean, says)


def _sound(copy: MediaFacts, original: MediaFacts, hearing: Hearing | None) -> Iterator[Harm]:
    if copy.medium == "image" or not original.has_sound:
        return
    if not copy.has_sound:
        yield Harm("sound missing", 0.0, "The sound is missing.")
    elif hearing is not None and hearing.compared_s >= LEAST_HEARD_S and hearing.share < MOSTLY_HEARD:
        compared = seconds_of(hearing.compared_s)
        if not hearing.agreeing_s:
            says = f"The sound is not the original's: it differs in all {compared} that were compared."
        else:
            differing = seconds_of(hearing.compared_s - hearing.agreeing_s)
            says = f"The sound differs from the original's in {differing} of {compared} that were compared."
        yield Harm("sound replaced", hearing.share, says)


def burnt(areas: Sequence[Area]) -> tuple[Harm, ...]:
    """Return what was put over the picture, a sentence for each area."""
    harms = []
    for area in areas:
        box = area.box
        across, down = box.right - box.left, box.bottom - box.top
        if area.kind == "logo":
            where = f"{percent(box.left)} from its left edge and {percent(box.top)} from its top"
            says = f"A mark lies over the picture throughout, {where}: {percent(across)} wide and {percent(down)} high."
            harms.append(Harm("logo", across * down, says))
        else:
            where = f"from {percent(box.top)} to {percent(box.bottom)} of its height"
            says = f"Changing text lies over the picture, {where} and {percent(across)} wide."
            harms.append(Harm("subtitles", across * down, says))
    return tuple(harms)


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    """Return the mean by weight; 1, nothing lost, of nothing."""
    total = sum(weight for weight, _ in weighted)
    return sum(weight * value for weight, value in weighted) / total if total > 0 else 1.0


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _rate(bits: float) -> str:
    return f"{bits / 1e6:.1f} Mbit" if bits >= 1e6 else f"{bits / 1e3:.0f} kbit"
