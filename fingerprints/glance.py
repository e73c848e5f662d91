"""Looks at a film without decoding all of it: at the key frame of every group of pictures, and at a few more frames of
long groups. It only chooses packets and frames; kinds and facts are `fingerprints.screening`.
"""

import contextlib
import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import av
from av.video.frame import PictureType

from fingerprints.films import SLACK_S, Streams, frames_of, packets

EVERY_S = 3.0  # no more of a film goes by unseen: a shorter group of pictures is known by its key frame alone
MOST_HELD_S, MOST_HELD_BYTES = 12.0, 64 << 20  # of packets held back until it is known how long their group is
MOST_AT_ONCE = int(MOST_HELD_S / EVERY_S) + 1  # samples of what was held back
LAST_S = 1.0  # how long the last frame of a group is taken to be on screen at most
NO_KEYS = (PictureType.P, PictureType.B)


class Blind(Exception):
    """The film cannot be glanced at: its packets have no times, or what it calls key frames are none."""


class Glance:
    """One film being glanced at."""

    def __init__(self, streams: Streams, least_s: float) -> None:
        self._streams = streams
        self._tick_s = float(streams.video.time_base) if streams.video is not None else 0.0
        self._least_s = least_s  # between two key frames that are decoded
        self.held: list[Any] = []  # packets held back
        self._since_s: float | None = None  # when the group of pictures begins, on the file's clock
        self._until_s = 0.0  # how far its packets reach
        self._held_bytes = 0
        self._next_s: float | None = None  # the next sample of a group too long to be held back
        self._fed_s = -float("inf")  # the newest key frame that was decoded by itself
        self._wanted: deque[tuple[float, bool]] = deque()  # moments to be shown next, and whether each is a key frame
        self._shown_s = -float("inf")  # the newest frame that was shown
        self._unproved: list[tuple[float, float]] = []  # groups behind it: when they begin, how far they reach
        self.end_s: float | None = None  # when the last frame begins, of groups that can be decoded

    def frames(self) -> Iterator[Any]:
        """Yield the frames worth seeing, and all of the sound, as they come. Raises Blind."""
        if self._streams.video is not None:
            # An endless group is decoded from frame to frame; those that no other frame needs are left out.
            self._streams.video.codec_context.skip_frame = "NONREF"
        for packet in packets(self._streams):
            try:
                if packet.stream != self._streams.video:
                    yield from frames_of(packet)
                elif packet.size:
                    yield from self._take(packet)
            except av.FFmpegError:  # broken off: what came before is worth having
                break
        yield from self._rest()

    def _take(self, packet: Any) -> Iterator[Any]:
        """Hold the packet back; when it begins a new group, yield what the one before is worth."""
        if packet.pts is None:  # AVI knows only in which order it sends
            packet.pts = packet.dts
        if packet.pts is None and self._since_s is None:
            raise Blind
        at_s = self._until_s if packet.pts is None else packet.pts * self._tick_s
        if packet.is_keyframe:
            yield from self._close(at_s)
        if self._since_s is None:
            self._since_s = self._until_s = at_s
        if not packet.is_discard:
            self._until_s = max(self._until_s, at_s)
        self.held.append(packet)
        self._held_bytes += packet.size
        if self._next_s is not None or at_s - self._since_s > MOST_HELD_S or self._held_bytes > MOST_HELD_BYTES:
            yield from self._as_it_comes()

    def _as_it_comes(self) -> Iterator[Any]:
        """Decode what is held back of a group whose end is not in sight."""
        assert self._since_s is not None
        if self._next_s is None:
            self._next_s = self._since_s
        count = int((self._until_s - self._next_s) // EVERY_S) + 1
        for number in range(min(count, MOST_AT_ONCE)):  # a damaged time stamp may be years away
            moment_s = self._next_s + number * EVERY_S
            self._wanted.append((moment_s, moment_s == self._since_s and _shows_a_key(self.held[0])))
        self._next_s += count * EVERY_S
        group, self.held, self._held_bytes = self.held, [], 0
        yield from self._decoded(group)

    def _close(self, end_s: float) -> Iterator[Any]:
        """End a group of pictures where the next begins, and yield what it is worth."""
        if self._since_s is None:
            return
        since_s, group = self._since_s, self.held
        self._unproved.append((since_s, self._until_s))
        if self._next_s is None:
            # Pictures that are held on screen for long are one picture: nothing new comes after the last packet.
            yield from self._sampled(group, since_s, min(end_s, self._until_s + LAST_S) - since_s)
        self.held, self._held_bytes, self._since_s, self._next_s = [], 0, None, None
        self._prove()

    def _sampled(self, group: Sequence[Any], since_s: float, length_s: float) -> Iterator[Any]:
        """Yield the key frame of a short group, and evenly spread samples of a longer one."""
        is_key = _shows_a_key(group[0])
        if length_s > EVERY_S + SLACK_S:
            count = math.ceil(length_s / EVERY_S - SLACK_S)
            moments = [since_s + length_s * number / count for number in range(count)]
            self._wanted.extend((at_s, number == 0 and is_key) for number, at_s in enumerate(moments))
            self._fed_s = moments[-1]
            yield from self._decoded(group, last_s=moments[-1])
        elif is_key and since_s >= self._fed_s + self._least_s:
            self._fed_s = since_s
            self._wanted.append((since_s, True))
            yield from self._decoded(group[:1])

    def _decoded(self, group: Sequence[Any], last_s: float = float("inf")) -> Iterator[Any]:
        """Decode packets until a frame of `last_s` comes out, and yield the frames that are wanted."""
        for packet in group:
            frames = frames_of(packet)
            yield from filter(self._is_wanted, frames)
            if frames and frames[-1].time is not None and frames[-1].time >= last_s - SLACK_S:
                return

    def _is_wanted(self, frame: Any) -> bool:
        if not self._wanted:
            return False
        moment_s, is_key = self._wanted[0]
        at_s = moment_s if frame.time is None else frame.time
        if at_s < moment_s - SLACK_S:
            return False
        if is_key and frame.pict_type in NO_KEYS:
            raise Blind  # decoded from nothing it is a smear, the key frame itself or the first that is shown after it
        while self._wanted and self._wanted[0][0] <= at_s + SLACK_S:
            self._wanted.popleft()
        self._shown_s = at_s
        return True

    def _prove(self) -> None:
        """Count the groups that were shown, and the short ones after them that were passed over."""
        proved = [until for since, until in self._unproved if since < self._shown_s + self._least_s]
        if proved:
            self.end_s = max(proved if self.end_s is None else [self.end_s, *proved])
            self._unproved = [each for each in self._unproved if each[0] >= self._shown_s + self._least_s]

    def _rest(self) -> Iterator[Any]:
        """Yield what the last group is worth, and the frames that the decoder still holds."""
        video = self._streams.video
        if video is None:
            return
        with contextlib.suppress(av.FFmpegError):  # broken off: what came before is worth having
            yield from self._close(self._until_s + self._streams.frame_s)
            for frame in video.decode(None):
                frame.time_base = video.time_base  # PyAV knows it only of frames that come out of a packet
                if self._is_wanted(frame):
                    yield frame
        self._prove()


def _shows_a_key(packet: Any) -> bool:
    """Say whether a group begins with a key frame that is shown; what a cut away film begins with is only decoded."""
    return bool(packet.is_keyframe and not packet.is_discard)
