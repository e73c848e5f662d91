"""Watches chosen stretches of a film closely, inside a decoding child: on the kinds' own grids, and straightened where
a found map says how a reference lies in its frames. Seconds are those of a whole description."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av

from fingerprints import films
from fingerprints.films import SLACK_S, Streams
from fingerprints.interface import FilmKind, Vectors, Watch
from fingerprints.limits import Limits
from fingerprints.shown import OnGrid, Screen
from fingerprints.sniff import Format, Unreadable

EARLIER_S = (0.0, 3.0, 10.0)  # where to look again when seeking ended too late, as it does where there is no index
MOST_HELD_BYTES = 64 << 20  # of packets held back until it is known whether a later key frame will do
NEAR_S = 1.0  # stretches so near each other are decoded in one go


@dataclass(frozen=True)
class _Run:
    """Stretches that are decoded in one go."""

    start_s: float
    end_s: float
    viewers: tuple[OnGrid, ...]


def watch(
    path: Path, form: Format, limits: Limits, watches: Sequence[Watch], *, kinds: Mapping[str, FilmKind]
) -> list[dict[str, Vectors]]:
    """Return, of each watch, what its kinds say of that stretch; beyond the film's end there is nothing to say. Raises
    Unreadable."""
    if form.family == "picture":
        raise Unreadable(f"This {form.name} file is a still picture; only films can be watched.")
    for unknown in {name for each in watches for name in each.kinds if name not in kinds}:
        raise Unreadable(f"No kind of fingerprint for films that were seen is called {unknown[:40]!r}.")
    viewers = [
        {name: OnGrid(kinds[name], first_s=each.start_s, last_s=each.end_s, laid=each.laid) for name in each.kinds}
        for each in watches
    ]
    with films.opened(path, form, limits) as streams:
        origin_s = _origin_s(streams, form)
    for run in _runs(watches, viewers):
        for seek_s in _places(run.start_s):
            with films.opened(path, form, limits) as streams:
                if _show(streams, run, origin_s, _frames(streams, run.start_s, seek_s)):
                    break
        else:
            with films.opened(path, form, limits) as streams:
                _show(streams, run, origin_s, films.decoded(_silent(streams)), is_last=True)
    return [{name: viewer.finish() for name, viewer in each.items()} for each in viewers]


def _origin_s(streams: Streams, form: Format) -> float:
    """Return when the film's own seconds begin; only its first frame tells."""
    if streams.video is None:
        raise Unreadable(f"This {form.name} file is sound without pictures; only films can be watched.")
    for frame in films.decoded(_silent(streams)):
        return films.origin_s(streams, frame)
    raise Unreadable(f"No picture of this {form.name} film can be decoded; it is damaged or broken off.")


def _runs(watches: Sequence[Watch], viewers: Sequence[Mapping[str, OnGrid]]) -> list[_Run]:
    """Return the stretches in order of time, those that overlap or nearly do as one."""
    runs: list[_Run] = []
    for each, own in sorted(zip(watches, viewers, strict=True), key=lambda pair: pair[0].start_s):
        start_s = max(each.start_s, 0.0)
        if each.end_s <= start_s:
            continue
        if runs and start_s <= runs[-1].end_s + NEAR_S:
            both = (*runs[-1].viewers, *own.values())
            runs[-1] = replace(runs[-1], end_s=max(runs[-1].end_s, each.end_s), viewers=both)
        else:
            runs.append(_Run(start_s, each.end_s, tuple(own.values())))
    return runs


def _places(start_s: float) -> list[float]:
    """Return from where to look for a key frame: near by first, at the film's start last."""
    return [*(start_s - earlier_s for earlier_s in EARLIER_S if start_s > earlier_s), 0.0]


def _silent(streams: Streams) -> Streams:
    return Streams(streams.container, streams.video, None)


def _frames(streams: Streams, start_s: float, seek_s: float) -> Iterator[Any]:
    """Yield the frames from the last key frame before `start_s` on, sought from `seek_s` on; none when there is none
    in between."""
    assert streams.video is not None
    before_s = start_s + films.start_s(streams)
    try:
        if seek_s > 0:
            at_s = seek_s + films.start_s(streams)
            streams.container.seek(int(at_s / streams.video.time_base), stream=streams.video)
        for packet in _packets(streams, before_s):
            yield from films.frames_of(packet)
    except av.FFmpegError:  # a file that cannot be sought is decoded from its start; of a broken one this was all
        return


def _packets(streams: Streams, before_s: float) -> Iterator[Any]:
    """Yield the packets from the last key frame at or before this second of the file's clock on."""
    held: list[Any] | None = None
    has_key, held_bytes = False, 0
    for packet in films.packets(_silent(streams)):
        ticks = packet.dts if packet.pts is None else packet.pts
        is_before = ticks is not None and ticks * packet.time_base <= before_s + SLACK_S
        if packet.is_keyframe and is_before:
            held, held_bytes, has_key = [], 0, True
        if not has_key:
            if not is_before:
                return  # seeking ended too late
            continue  # nothing can be decoded before a key frame
        if held is None:
            yield packet
            continue
        held.append(packet)
        held_bytes += packet.size
        if not is_before or held_bytes > MOST_HELD_BYTES:
            yield from held
            held = None


def _show(streams: Streams, run: _Run, origin_s: float, frames: Iterator[Any], *, is_last: bool = False) -> bool:
    """Show the viewers their stretches; False, with nothing shown, when the frames begin too late and this is not the
    last attempt."""
    screen = Screen(streams, run.viewers, origin=origin_s)
    for frame in frames:
        at_s = screen.at_s(frame)
        if screen.size is None and not is_last and (frame.time is None or at_s > run.start_s + SLACK_S):
            return False
        if at_s >= run.end_s:
            screen.look_until(at_s)
            return True
        screen.show(frame, at_s)
    screen.look_until(screen.end_s)
    return screen.size is not None
