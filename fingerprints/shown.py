"""What is on screen and what a film kind sees of it: small, upright, and straightened where a found map says how a
reference lies in it."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.films import SLACK_S, Streams, displayed_size, fitted, origin_s, pixels, start_s
from fingerprints.interface import FilmKind, Frame, Laid, Vectors

LONG_SIDE_PX = 640  # of the frames the kinds see
MOST_HELD_S = 60.0  # a picture held longer is not shown again: a damaged time stamp may hold it for hours
TINY_SIZE = (32, 18)
CHANGED, LEAST_SHARE = 24.0, 0.25  # grey levels by which a spot changes; so many do in another picture
SOFT_BELOW, SOFTNESS = 0.7, 0.4  # shrunk further than this, fine lines flicker unless the frame is softened first


class Picture:
    """One decoded frame; grey and colours are made when a kind first looks at them, once for all kinds."""

    def __init__(self, frame: Any, streams: Streams, laid: Laid | None = None) -> None:
        self._frame = frame
        self._size = fitted(displayed_size(frame, streams), LONG_SIDE_PX)
        self._laid = laid

    @cached_property
    def colours(self) -> NDArray[np.uint8]:
        """The frame in RGB."""
        return self._straight(pixels(self._frame, self._size))

    @cached_property
    def greys(self) -> NDArray[np.uint8]:
        """The frame in grey: what the film itself stores as brightness, at a third of the cost of colours."""
        return self._straight(pixels(self._frame, self._size, "gray"))

    def at(self, at_s: float) -> Frame:
        """Return the frame as kinds see it at this second of the film."""
        return _FilmFrame(self, at_s)

    def _straight(self, seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return seen if self._laid is None else straightened(seen, self._laid)


class _FilmFrame(Frame):
    """A frame whose pixels are made when they are asked for: most kinds look at grey alone."""

    def __init__(self, picture: Picture, at_s: float) -> None:
        object.__setattr__(self, "_picture", picture)
        object.__setattr__(self, "at_s", at_s)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The colours."""
        return self.__dict__["_picture"].colours  # type: ignore[no-any-return]

    @cached_property
    def luminance(self) -> NDArray[np.uint8]:
        """The grey picture."""
        return self.__dict__["_picture"].greys  # type: ignore[no-any-return]


def straightened(seen: NDArray[np.uint8], laid: Laid) -> NDArray[np.uint8]:
    """Return what a frame shows of the reference, in the reference's own frame; black where the frame shows nothing of
    it. Softened first where it shrinks."""
    height, width = seen.shape[:2]
    grown = np.array([[width / laid.seen_size[0]], [height / laid.seen_size[1]]])
    matrix = np.asarray(laid.matrix, np.float64) * grown
    growth = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # pixels of the frame for one of the reference
    source = cv2.GaussianBlur(seen, (0, 0), SOFTNESS * growth) if growth > 1 / SOFT_BELOW else seen
    size = (max(1, round(laid.reference_size[0])), max(1, round(laid.reference_size[1])))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, matrix, size, flags=flags), np.uint8)


def differ(grey: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Say whether two grey frames show different pictures, and not one in which something moves."""
    one, two = (cv2.resize(each, TINY_SIZE, interpolation=cv2.INTER_AREA) for each in (grey, other))
    change = np.abs(np.asarray(one, np.float32) - np.asarray(two, np.float32))
    return float((change > CHANGED).mean()) >= LEAST_SHARE


class Pictures:
    """One decoded frame, as it is and straightened in every way somebody asks for."""

    def __init__(self, frame: Any, streams: Streams) -> None:
        self._frame, self._streams = frame, streams
        self._made: dict[Laid | None, Picture] = {}

    def laid(self, laid: Laid | None) -> Picture:
        """Return the frame straightened like this; made once for all kinds."""
        if laid not in self._made:
            self._made[laid] = Picture(self._frame, self._streams, laid)
        return self._made[laid]


class Viewer(Protocol):
    """Looks at the screen for one kind."""

    def look(self, pictures: Pictures, since_s: float, end_s: float) -> None:
        """Look at what is on screen from `since_s` to `end_s`, when the next picture begins."""
        ...

    def finish(self) -> Vectors:
        """Return what the kind says of everything it saw."""
        ...


class OnGrid:
    """Shows a kind what is on screen at the moments k / its own rate, of the whole film or of a stretch of it."""

    def __init__(
        self, kind: FilmKind, *, first_s: float = 0.0, last_s: float = math.inf, laid: Laid | None = None
    ) -> None:
        self._pass, self._rate, self._laid = kind.begin(), kind.frames_per_second, laid
        self._next = max(0, math.ceil((first_s - SLACK_S) * self._rate))
        self._last_s = last_s

    def look(self, pictures: Pictures, since_s: float, end_s: float) -> None:
        """Show the moments not yet shown before `end_s`, while the picture is news."""
        end = math.ceil((min(end_s, self._last_s) - SLACK_S) * self._rate)
        news_end = math.ceil((since_s + MOST_HELD_S) * self._rate)
        moments = range(self._next, min(end, news_end))
        self._next = max(self._next, end)
        for number in moments:
            self._pass.see(pictures.laid(self._laid).at(number / self._rate))

    def finish(self) -> Vectors:
        """Return what the kind says of everything it saw."""
        return self._pass.finish()


class AtGlance:
    """Shows a kind the pictures as they come, each at its own moment, and of those close to each other that show the
    same only one: a cut soon after another begins a shot that may have no other key frame."""

    def __init__(self, kind: FilmKind) -> None:
        self._pass, self._least_s = kind.begin(), kind.glance_s
        self._shown_s = -math.inf
        self._shown: NDArray[np.uint8] | None = None  # in grey; the decoded frame is the decoder's to use again

    def look(self, pictures: Pictures, since_s: float, end_s: float) -> None:  # noqa: ARG002  it asks for no moment
        """Show the picture, unless one like it was shown a moment ago."""
        if not math.isfinite(self._least_s):
            return
        frame = pictures.laid(None).at(since_s)
        is_soon = since_s < self._shown_s + self._least_s - SLACK_S
        if is_soon and self._shown is not None and not differ(frame.luminance, self._shown):
            return
        self._pass.see(frame)
        self._shown_s, self._shown = since_s, frame.luminance

    def finish(self) -> Vectors:
        """Return what the kind says of everything it saw."""
        return self._pass.finish()


class Screen:
    """The picture now on screen, and who looks at it."""

    def __init__(self, streams: Streams, viewers: Sequence[Viewer], *, origin: float | None = None) -> None:
        self._streams = streams
        self._viewers = viewers
        self._origin_s = origin
        self._pictures: Pictures | None = None
        self._since_s = 0.0
        self.size: tuple[int, int] | None = None  # as displayed; None before the first picture

    @property
    def origin_s(self) -> float:
        """When the film's own seconds begin, on the file's clock."""
        return start_s(self._streams) if self._origin_s is None else self._origin_s

    @property
    def end_s(self) -> float:
        """When the last picture leaves the screen."""
        return self._since_s + self._streams.frame_s if self._pictures is not None else 0.0

    def at_s(self, frame: Any) -> float:
        """Return when a frame comes on screen; one without a time follows the one before."""
        if self._origin_s is None:
            self._origin_s = origin_s(self._streams, frame)
        return self.end_s if frame.time is None else float(frame.time) - self._origin_s

    def show(self, frame: Any, at_s: float) -> None:
        """Put the next decoded frame on screen."""
        if self.size is None:
            self.size = displayed_size(frame, self._streams)
        at_s = max(at_s, self._since_s)  # damaged time stamps go back; time does not
        self.look_until(at_s)
        self._pictures, self._since_s = Pictures(frame, self._streams), at_s

    def look_until(self, end_s: float) -> None:
        """Have everybody look at what is on screen until `end_s`; before the first picture there is nothing to see."""
        if self._pictures is not None:
            for viewer in self._viewers:
                viewer.look(self._pictures, self._since_s, end_s)
