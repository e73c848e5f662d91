"""DASH (ISO/IEC 23009-1): what a manifest names of one film. Lowest rendition; what is locked by DRM is left alone.

The manifest is XML of a stranger: no document type, no entities, no network, and every count in it is bounded.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urljoin

from lxml import etree
from scrapy.http import Response

from config import clock
from crawlers import mp4, reels, sniff, urls
from crawlers.reels import Fetch, Film, NotAFilm, Part, Piece, Segment

LIVE_LISTED = 300  # of a live stream that names its segments by counting
MAX_INDEX_BYTES = 4 << 20
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_DURATION = re.compile(
    r"P(?:(?P<d>\d{1,6})D)?(?:T(?:(?P<h>\d{1,9})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,12}(?:\.\d{1,12})?)S)?)?"
)
_NAME = re.compile(r"\$(?:(RepresentationID|Number|Bandwidth|Time)(?:%0(\d{1,2})d)?)?\$")
_RANGE = re.compile(r"(\d{1,15})-(\d{1,15})")
_LINK = "{http://www.w3.org/1999/xlink}href"
_SOUND = ("mp4a", "ac-3", "ec-3", "opus", "vorbis", "flac")
_WAYS = ("SegmentTemplate", "SegmentList", "SegmentBase")
Element = etree._Element


@dataclass(frozen=True)
class Index:
    """A range of a file that says where the file's segments are."""

    piece: Piece
    start: Piece | None


@dataclass(frozen=True)
class Run:
    """The lowest rendition of one period, or of several that go on in one another."""

    segments: tuple[Segment, ...]
    index: Index | None  # instead of segments
    begins_s: float  # on the media's own clock
    seconds: float


@dataclass(frozen=True)
class _Scene:
    """What a representation inherits and what its segments are counted by."""

    layers: tuple[Element, ...]  # the SegmentTemplate, -List or -Base of each level, the representation's own first
    base: str
    names: dict[str, str | int]  # what $...$ stands for
    length_s: float | None  # of the period; None when the manifest does not say
    elapsed_s: float | None  # of a live period that is over by now; None when it is not live

    def said(self, name: str) -> str | None:
        """Return an attribute as the nearest level says it."""
        return next((layer.attrib[name] for layer in self.layers if name in layer.attrib), None)

    def child(self, name: str) -> Element | None:
        """Return a child as the nearest level has it."""
        return next((found for layer in self.layers for found in _children(layer, name)), None)

    def number(self, name: str, default: int) -> int:
        """Return a whole number as the nearest level says it."""
        return _whole(self.said(name), default)

    @property
    def ticks(self) -> int:
        """How many ticks of the segments' clock are a second."""
        return max(1, self.number("timescale", 1))

    def address(self, template: str, **names: int) -> str:
        """Return the web address a template stands for. Raises NotAFilm."""
        return self.web(_NAME.sub(lambda found: _named(found, {**self.names, **names}), template))

    def web(self, reference: str) -> str:
        """Return a reference as an address we may ask for. Raises NotAFilm."""
        url = urls.canonical(reference, self.base)
        if url is None:
            raise NotAFilm("the manifest names a segment that is no web address")
        return url


async def read(response: Response, fetch: Fetch, parts: list[Part]) -> tuple[Film, Response]:
    """Return the film a manifest leads to and the response that names its segments. Raises NotAFilm."""
    body = reels.playlist_body(response, sniff.MPD, parts)
    root = parsed(body)
    spans = reels.briefly(partial(runs, root, response.url, clock.now()))
    is_live = root.get("type") == "dynamic"
    best = spans[-1] if is_live else max(spans, key=lambda one: one.seconds)
    choice = None if len(spans) == 1 or is_live else f"the longest of {len(spans)} parts with different pictures"
    segments = best.segments if best.index is None else await _indexed(best.index, fetch, parts)
    return Film(segments, is_endless=is_live, choice=choice), response


async def _indexed(index: Index, fetch: Fetch, parts: list[Part]) -> tuple[Segment, ...]:
    assert index.piece.length is not None
    assert index.piece.first_byte is not None
    if index.piece.length > MAX_INDEX_BYTES:
        raise NotAFilm("its index is far too large")
    answer = await fetch(index.piece.url, index.piece.headers())
    if answer.status >= 400:
        raise NotAFilm(f"the server answered {answer.status} for the film's index")
    body = index.piece.cut(answer)
    parts.append(reels.part(index.piece.named(), body))
    follows_at = index.piece.first_byte + len(body)
    return tuple(
        Segment(Piece(index.piece.url, one.first_byte, one.length), one.seconds, index.start)
        for one in mp4.subsegments(body, follows_at)
    )


def parsed(body: bytes) -> Element:
    """Return the root of a manifest. Raises NotAFilm for what is no plain XML."""
    if _DECLARATION.search(body):  # entities that grow or reach into files need one; a manifest needs none
        raise NotAFilm("the manifest declares a document type, which no manifest needs and an attack does")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise NotAFilm("the manifest cannot be read") from broken
    if _local(root) != "MPD":
        raise NotAFilm("what the playlist leads to is no playlist")
    return root


def runs(root: Element, url: str, now: datetime) -> list[Run]:
    """Return the lowest rendition of every period in order, joined where one goes on in the next. Raises NotAFilm."""
    is_live = root.get("type") == "dynamic"
    began = _moment(root.get("availabilityStartTime")) if is_live else None
    base = _based(url, root)
    found: list[Run] = []
    listed = 0
    for period, start_s, length_s in _periods(root):
        elapsed_s = None if not is_live else (now - began).total_seconds() - start_s if began else math.inf
        run = _run(period, _based(base, period), length_s, elapsed_s)
        listed += len(run.segments)
        if listed > reels.MAX_LISTED:
            raise NotAFilm("the manifest names more segments than any film has")
        if run.segments or run.index:
            found.append(run)
    if not found:
        raise NotAFilm("the manifest names no segments")
    return _joined(found)


def _joined(found: Sequence[Run]) -> list[Run]:
    """Join periods that share their initialisation and whose clock goes on; others cannot stand in one file."""
    done = [found[0]]
    for run in found[1:]:
        last = done[-1]
        is_same = last.index is None and run.index is None and last.segments[0].start == run.segments[0].start
        if is_same and run.begins_s >= last.begins_s + last.seconds - 0.5:
            seconds = run.begins_s - last.begins_s + run.seconds
            done[-1] = Run(last.segments + run.segments, None, last.begins_s, seconds)
        else:
            done.append(run)
    return done


def _periods(root: Element) -> Iterator[tuple[Element, float, float | None]]:
    """Yield every period with its start and length in seconds, the length None where nobody says it."""
    whole_s = _seconds(root.get("mediaPresentationDuration"))
    periods = [one for one in _children(root, "Period") if one.get(_LINK) is None]  # another's document is not opened
    starts: list[float] = []
    for number, period in enumerate(periods):
        before = (starts[-1] + (_seconds(periods[number - 1].get("duration")) or 0.0)) if starts else 0.0
        said = _seconds(period.get("start"))
        starts.append(before if said is None else said)
    for number, period in enumerate(periods):
        end = starts[number + 1] if number + 1 < len(starts) else whole_s
        length_s = _seconds(period.get("duration"))
        if length_s is None and end is not None:
            length_s = max(0.0, end - starts[number])
        yield period, starts[number], length_s


def _run(period: Element, base: str, length_s: float | None, elapsed_s: float | None) -> Run:
    chosen = _lowest(period)
    if chosen is None:
        return Run((), None, 0.0, 0.0)
    adaptation, representation = chosen
    levels = (representation, adaptation, period)
    way = next((way for level in levels for way in _WAYS if _children(level, way)), None)
    scene = _Scene(
        tuple(found for level in levels for found in (_children(level, way)[:1] if way else [])),
        _based(_based(base, adaptation), representation),
        {"RepresentationID": representation.get("id", ""), "Bandwidth": _whole(representation.get("bandwidth"), 0)},
        length_s,
        elapsed_s,
    )
    begins_s = scene.number("presentationTimeOffset", 0) / scene.ticks
    index: Index | None = None
    segments: tuple[Segment, ...] = ()
    if way == "SegmentTemplate":
        segments = tuple(_templated(scene))
    elif way == "SegmentList":
        segments = tuple(_listed(scene))
    else:
        index = _index(scene)
        segments = () if index else (Segment(Piece(scene.web("")), length_s or 0.0),)
    seconds = sum(segment.seconds for segment in segments) or length_s or 0.0
    return Run(segments, index, begins_s, seconds)


def _lowest(period: Element) -> tuple[Element, Element] | None:
    """Return the adaptation set and representation with the fewest bits of picture; None when it has no pictures.

    Raises NotAFilm when every one is locked.
    """
    shown = [
        (adaptation, one)
        for adaptation in _children(period, "AdaptationSet")
        for one in _children(adaptation, "Representation")
        if _shows_pictures(adaptation, one)
    ]
    free = [pair for pair in shown if not any(_children(level, "ContentProtection") for level in pair)]
    if shown and not free:
        raise NotAFilm("the film is locked by DRM")
    return min(free, key=lambda pair: _whole(pair[1].get("bandwidth"), 0) or math.inf, default=None)


def _shows_pictures(adaptation: Element, one: Element) -> bool:
    if any("trickmode" in tag.get("schemeIdUri", "") for tag in _children(adaptation, "EssentialProperty")):
        return False  # a strip for fast forward
    said = [level.get(name, "") for level in (one, adaptation) for name in ("mimeType", "contentType", "codecs")]
    if any(word.startswith(("audio", "text", "image", *_SOUND)) for word in said):
        return any(word.startswith("video") for word in said)
    return not any(word.startswith("application") for word in said) or "video" in said


def _templated(scene: _Scene) -> Iterator[Segment]:
    media = scene.said("media")
    if media is None:
        raise NotAFilm("the manifest names no segments")
    opening = scene.said("initialization")
    start = _initialisation(scene) if opening is None else Piece(scene.address(opening))
    for number, time, ticks in _timeline(scene):
        yield Segment(Piece(scene.address(media, Number=number, Time=time)), ticks / scene.ticks, start)


def _listed(scene: _Scene) -> Iterator[Segment]:
    start = _initialisation(scene)
    named = [one for layer in scene.layers[:1] for one in _children(layer, "SegmentURL")]
    lengths = [ticks for _number, _time, ticks in _spelled(scene)] if scene.child("SegmentTimeline") is not None else []
    for number, one in enumerate(named):
        ticks = lengths[number] if number < len(lengths) else scene.number("duration", 0)
        yield Segment(_ranged(scene, one.get("media", ""), one.get("mediaRange")), ticks / scene.ticks, start)


def _index(scene: _Scene) -> Index | None:
    """Return where the index of a file is; None when it is a plain file."""
    said = scene.said("indexRange")
    if said is None:
        return None
    piece = _ranged(scene, "", said)
    before = Piece(piece.url, 0, piece.first_byte) if piece.first_byte else None
    return Index(piece, _initialisation(scene) or before)


def _initialisation(scene: _Scene) -> Piece | None:
    one = scene.child("Initialization")
    return None if one is None else _ranged(scene, one.get("sourceURL", ""), one.get("range"))


def _ranged(scene: _Scene, reference: str, span: str | None) -> Piece:
    url = scene.web(reference)
    if span is None:
        return Piece(url)
    found = _RANGE.fullmatch(span.strip())
    if found is None or int(found[2]) < int(found[1]):
        raise NotAFilm("the manifest names a byte range that is none")
    return Piece(url, int(found[1]), int(found[2]) - int(found[1]) + 1)


def _timeline(scene: _Scene) -> Iterator[tuple[int, int, int]]:
    """Yield number, time and length in ticks of every segment there is by now."""
    if scene.child("SegmentTimeline") is not None:
        yield from _spelled(scene)
        return
    ticks = scene.number("duration", 0)
    if ticks <= 0:
        raise NotAFilm("the manifest does not say how long its segments are")
    first = scene.number("startNumber", 1)
    count, begins = _counted(scene, ticks), 0
    if scene.elapsed_s is not None:
        begins = max(0, count - LIVE_LISTED)
    elif count > reels.MAX_LISTED:
        raise NotAFilm("the manifest names more segments than any film has")
    for number in range(begins, count):
        yield first + number, number * ticks, ticks


def _counted(scene: _Scene, ticks: int) -> int:
    """Return how many segments of one length a period has, or a live one has by now."""
    length_s = math.inf if scene.length_s is None else scene.length_s
    if scene.elapsed_s is None:
        if scene.length_s is None:
            raise NotAFilm("the manifest does not say how long the film is")
        return math.ceil(length_s * scene.ticks / ticks - 1e-6)
    over_s = min(scene.elapsed_s, length_s)
    if not math.isfinite(over_s):
        raise NotAFilm("the manifest does not say when the stream began")
    return max(0, math.floor(over_s * scene.ticks / ticks))


def _spelled(scene: _Scene) -> Iterator[tuple[int, int, int]]:
    """Yield number, time and length in ticks of every segment of a SegmentTimeline. Raises NotAFilm."""
    timeline = scene.child("SegmentTimeline")
    assert timeline is not None
    rows = _children(timeline, "S")
    number, time = scene.number("startNumber", 1), 0
    left = reels.MAX_LISTED
    for place, row in enumerate(rows):
        time = _whole(row.get("t"), time)
        ticks = _whole(row.get("d"), 0)
        repeats = _whole(row.get("r"), 0)
        if ticks <= 0:
            raise NotAFilm("the manifest does not say how long its segments are")
        if repeats < 0:  # until the next row, or the end
            until = _until(scene, rows[place + 1 : place + 2], time)
            repeats = max(0, math.ceil((until - time) / ticks)) - 1
        left -= repeats + 1
        if left < 0:
            raise NotAFilm("the manifest names more segments than any film has")
        for _ in range(repeats + 1):
            yield number, time, ticks
            number, time = number + 1, time + ticks


def _until(scene: _Scene, following: Sequence[Element], time: int) -> int:
    if following:
        return _whole(following[0].get("t"), time)
    over_s = min(math.inf if one is None else one for one in (scene.length_s, scene.elapsed_s))
    if not math.isfinite(over_s):
        raise NotAFilm("the manifest does not say how long the film is")
    return math.floor(over_s * scene.ticks) + scene.number("presentationTimeOffset", 0)


def _named(found: re.Match[str], names: dict[str, str | int]) -> str:
    if not found[1]:
        return "$"  # written "$$"
    value = names.get(found[1], "")
    return f"{value:0{int(found[2])}d}" if found[2] and isinstance(value, int) else str(value)


def _based(base: str, level: Element) -> str:
    """Return what addresses below this level are relative to; a foreign scheme stays, and is refused at its use."""
    said = next(iter(_children(level, "BaseURL")), None)
    try:
        return base if said is None else urljoin(base, (said.text or "").strip())
    except ValueError as wrong:
        raise NotAFilm("the manifest names a segment that is no web address") from wrong


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""  # a comment has no name


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _local(child) == name]


def _whole(said: str | None, default: int) -> int:
    """Return a whole number. Raises NotAFilm for what is none, or has more digits than a clock of nanoseconds."""
    if said is None:
        return default
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", said):
        raise NotAFilm("the manifest holds a number that is none")
    return int(said)


def _seconds(said: str | None) -> float | None:
    """Return an XML duration in seconds; None when it is not said, or in months, which have no length."""
    found = _DURATION.fullmatch((said or "").strip())
    if found is None:
        return None
    return sum(
        float(found[unit] or 0) * length_s for unit, length_s in zip("dhms", (86_400, 3_600, 60, 1), strict=True)
    )


def _moment(said: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((said or "").strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
