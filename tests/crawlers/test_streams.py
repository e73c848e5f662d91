"""Playlists and large films become one film over a real web, with no more requests and bytes than they need."""

import asyncio
import hashlib
import struct
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Request, Response

from config.blobs import BlobStore
from crawlers import mp4, reels, streams
from crawlers.captures import Fetched
from crawlers.reels import NotAFilm
from crawlers.sources import Limits
from tests.crawlers import films
from tests.crawlers.small_web import Answer, SmallWeb

LIMITS = Limits(
    delay_s=0, timeout_s=5, max_page_bytes=1, max_media_bytes=1 << 24, max_live_s=10, max_stretches=6, max_pages=1,
    max_minutes=1, max_sweep_bytes=1 << 30, revisit_min_s=0, revisit_max_s=0,
)  # fmt: skip
END = "#EXT-X-ENDLIST\n"


class Road:
    """The web without Scrapy: the same promise, straight to the loopback server."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs

    async def fetch(self, url: str, headers: dict[str, str], max_bytes: int | None = None) -> Response:
        request = urllib.request.Request(url, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Anything())
        with opener.open(request, timeout=10) as answer:
            if max_bytes is not None and int(answer.headers["Content-Length"]) > max_bytes:
                raise DownloadCancelledError("too large")
            return Response(url, answer.status, dict(answer.headers.items()), answer.read(), request=Request(url))

    def assembled(self, url: str, limits: Limits = LIMITS) -> Fetched:
        async def run() -> Fetched:
            return await streams.assemble(url, await self.fetch(url, {}), self.fetch, self.blobs, limits)

        return asyncio.run(run())

    def sampled(self, url: str, limits: Limits = LIMITS) -> Fetched:
        return asyncio.run(streams.sample(url, self.fetch, self.blobs, limits))

    def film(self, fetched: Fetched) -> bytes:
        film = self.blobs.get(fetched.blob)
        assert len(film) == fetched.size_bytes
        return film


class _Anything(urllib.request.HTTPErrorProcessor):
    def http_response(self, request: object, response: object) -> object:
        return response


@pytest.fixture
def road(tmp_path: Path) -> Road:
    return Road(BlobStore(tmp_path / "blobs"))


def url(web: SmallWeb, path: str) -> str:
    return web.url(path, "127.0.0.1")


def put(web: SmallWeb, path: str, body: bytes | str, *, ranges: bool = True) -> str:
    web.changed[path] = Answer(body if isinstance(body, bytes) else body.encode(), kind="x/y", ranges=ranges)
    return url(web, path)


def hls(web: SmallWeb, count: int, size: int = 188, end: str = END) -> str:
    """Serve a playlist of segments of four seconds and return its address."""
    for number in range(count):
        put(web, f"/v/{number}.ts", (b"\x47" + bytes([number % 251]) * 187) * (size // 188))
    listed = "".join(f"#EXTINF:4,\n{number}.ts\n" for number in range(count))
    return put(web, "/v/list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{listed}{end}")


def asked(web: SmallWeb) -> list[str]:
    return [path for _at, path in web.asked]


def shares(road: Road, fetched: Fetched) -> list[int]:
    """Return the numbers of the segments of which a film of `hls` was made."""
    film = road.film(fetched)
    return [film[at + 1] for at in range(0, len(film), 188)]


def test_a_film_within_the_limits_is_fetched_whole_and_once(web: SmallWeb, road: Road) -> None:
    fetched = road.assembled(hls(web, 9))

    assert shares(road, fetched) == list(range(9))
    assert len(web.asked) == 10
    assert fetched.parts is not None
    assert [part[0].rpartition("/")[2] for part in fetched.parts] == ["list.m3u8", *(f"{n}.ts" for n in range(9))]
    assert reels.sample_of(fetched.parts) is None


def test_a_film_beyond_the_limit_is_sampled_evenly_and_says_so(web: SmallWeb, road: Road) -> None:
    fetched = road.assembled(hls(web, 64), LIMITS.model_copy(update={"max_media_bytes": 16 * 188}))

    assert shares(road, fetched) == list(range(0, 64, 4))
    assert str(reels.sample_of(fetched.parts)).startswith("16 of 64 segments, spread evenly")
    assert len(web.asked) == 1 + 17  # the one that did not fit any more ended it


def test_an_endless_stream_gives_its_newest_seconds_and_is_not_waited_for(web: SmallWeb, road: Road) -> None:
    fetched = road.assembled(hls(web, 30, end=""))

    assert shares(road, fetched) == [28, 29]
    assert reels.sample_of(fetched.parts) == "live: 8 s of an endless stream"
    assert len(web.asked) == 3


def test_a_segment_that_a_live_stream_has_forgotten_is_left_out(web: SmallWeb, road: Road) -> None:
    address = hls(web, 30, end="")
    web.gone.add("/v/28.ts")

    assert shares(road, road.assembled(address)) == [29]
    web.gone.add("/v/29.ts")
    with pytest.raises(NotAFilm, match="has none of its segments any more"):
        road.assembled(address)


def test_a_missing_segment_of_a_film_is_a_sentence(web: SmallWeb, road: Road) -> None:
    address = hls(web, 3)
    web.gone.add("/v/1.ts")

    with pytest.raises(NotAFilm, match="answered 404 for a segment"):
        road.assembled(address)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_film_in_ranges_of_one_file_is_not_fetched_again_for_each(web: SmallWeb, road: Road, ranges: bool) -> None:
    put(web, "/v/all.ts", b"".join(b"\x47" + bytes([n]) * 187 for n in range(20)), ranges=ranges)
    listed = "".join(f"#EXTINF:4,\n#EXT-X-BYTERANGE:188@{188 * n}\nall.ts\n" for n in range(20))
    address = put(web, "/v/list.m3u8", f"#EXTM3U\n{listed}{END}")

    assert shares(road, road.assembled(address)) == list(range(20))
    assert web.count("/v/all.ts") == (20 if ranges else 1)


def test_initialisation_sections_that_alternate_cannot_fill_the_disk(web: SmallWeb, road: Road) -> None:
    for name in "ab":
        put(web, f"/v/{name}", name.encode() * 1000)
    put(web, "/v/s.m4s", b"x")
    pair = "".join(f'#EXT-X-MAP:URI="{name}"\n#EXTINF:4,\ns.m4s\n' for name in "ab")
    address = put(web, "/v/list.m3u8", f"#EXTM3U\n{pair * 500}{END}")

    with pytest.raises(NotAFilm, match="larger than the limit"):
        road.assembled(address, LIMITS.model_copy(update={"max_media_bytes": 10_000}))


MPD = '<?xml version="1.0"?><MPD mediaPresentationDuration="PT12S"><Period><AdaptationSet mimeType="video/mp4">{}</AdaptationSet></Period></MPD>'  # noqa: E501


def test_the_lowest_rendition_of_a_manifest_is_a_film_a_decoder_plays(
    web: SmallWeb, road: Road, tmp_path: Path
) -> None:
    films.write(tmp_path / "f.mpd", 12, form="dash", seg_duration="2", single_file="0", use_template="1",
                use_timeline="1", init_seg_name="init.mp4", media_seg_name="$Number$.m4s")  # fmt: skip
    for file in tmp_path.iterdir():
        if file.is_file():
            put(web, f"/d/{file.name}", file.read_bytes())
    text = (tmp_path / "f.mpd").read_text().replace("</AdaptationSet>", '<Representation id="9" bandwidth="99999999" '
        'mimeType="video/mp4"><SegmentTemplate duration="1" media="high$Number$.m4s"/></Representation></AdaptationSet>')  # fmt: skip # noqa: E501

    fetched = road.assembled(put(web, "/d/two.mpd", text))

    assert films.frames(road.film(fetched)) == films.frames(_whole(tmp_path))
    assert fetched.mime == "video/mp4"
    assert sorted(asked(web)) == ["/d/1.m4s", "/d/2.m4s", "/d/3.m4s", "/d/4.m4s", "/d/5.m4s", "/d/6.m4s", "/d/init.mp4",
                                  "/d/two.mpd"]  # fmt: skip


def _whole(folder: Path) -> bytes:
    return b"".join((folder / name).read_bytes() for name in ("init.mp4", *(f"{n}.m4s" for n in range(1, 7))))


def test_a_manifest_of_one_indexed_file_is_fetched_by_ranges(web: SmallWeb, road: Road, tmp_path: Path) -> None:
    films.write(tmp_path / "f.mp4", 12, movflags=films.FRAGMENTED)
    film = (tmp_path / "f.mp4").read_bytes()
    at = film.index(b"sidx") - 4
    index = f"{at}-{at + int.from_bytes(film[at : at + 4]) - 1}"
    put(web, "/d/f.mp4", film)
    base = f'<Representation bandwidth="1"><BaseURL>f.mp4</BaseURL><SegmentBase indexRange="{index}"/></Representation>'

    fetched = road.assembled(put(web, "/d/f.mpd", MPD.format(base)))

    assert films.frames(road.film(fetched)) == films.frames(film)
    assert len(web.asked) == 1 + 1 + 1 + 6  # manifest, index, initialisation, fragments
    assert web.sent <= len(film) + 1000


def test_a_manifest_of_a_locked_or_exploding_film_asks_for_nothing_more(web: SmallWeb, road: Road) -> None:
    locked = (
        '<ContentProtection/><Representation bandwidth="1"><SegmentTemplate duration="1" media="a"/></Representation>'
    )
    laughs = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><MPD>&b;</MPD>'
    for body, says in ((MPD.format(locked), "DRM"), (laughs, "document type")):
        with pytest.raises(NotAFilm, match=says):
            road.assembled(put(web, "/d/bad.mpd", body))
    assert set(asked(web)) == {"/d/bad.mpd"}


@pytest.mark.parametrize("flags", ["+faststart", "+disable_chpl"], ids=["index first", "index behind"])
def test_a_large_film_is_sampled_by_ranges(web: SmallWeb, road: Road, tmp_path: Path, flags: str) -> None:
    films.write(tmp_path / "f.mp4", 120, movflags=flags)
    film = (tmp_path / "f.mp4").read_bytes()
    assert (film.index(b"moov") < film.index(b"mdat")) == (flags == "+faststart")
    small = LIMITS.model_copy(update={"max_media_bytes": len(film) // 4})

    fetched = road.sampled(put(web, "/f.mp4", film), small)

    whole, found = films.frames(film), films.frames(road.film(fetched))
    assert len(found) == 6 * films.RATE * films.KEY_S
    assert {at: whole[at] for at in found} == found
    assert max(found) > 117
    assert fetched.size_bytes < len(film) // 4
    assert web.sent < len(film)
    assert len(web.asked) <= 6 + 3
    assert str(reels.sample_of(fetched.parts)).startswith("6 stretches, 12 s of 120 s, spread evenly: the whole, ")
    _parts_are_true(fetched, film)
    assert road.sampled(url(web, "/f.mp4"), small).blob == fetched.blob  # a second look compares


def test_a_large_film_that_would_keep_a_decoder_busy_is_a_sentence(web: SmallWeb, road: Road) -> None:
    film = films.mp4(120, movflags="+disable_chpl")
    place = next(box for box in mp4.boxes(film, 0, len(film)) if box.kind == b"moov")
    film = film[: place.start] + films.with_edits(film[place.start : place.end], [20_000])
    small = LIMITS.model_copy(update={"max_media_bytes": len(film) // 4})
    with pytest.raises(NotAFilm, match="more edits"):
        road.sampled(put(web, "/f.mp4", film), small)


def _parts_are_true(fetched: Fetched, film: bytes) -> None:
    for name, sha256, size in fetched.parts or ():
        first, _, length = name.partition("#bytes=")[2].partition("#")[0].partition("+")
        part = film[int(first) : int(first) + int(length)]
        assert (hashlib.sha256(part).hexdigest(), len(part)) == (sha256, size)


def test_a_large_fragmented_film_is_sampled_by_its_segment_index(web: SmallWeb, road: Road, tmp_path: Path) -> None:
    films.write(tmp_path / "f.mp4", 64, movflags=films.FRAGMENTED)
    film = (tmp_path / "f.mp4").read_bytes()

    fetched = road.sampled(put(web, "/f.mp4", film), LIMITS.model_copy(update={"max_media_bytes": len(film) // 3}))

    whole, found = films.frames(film), films.frames(road.film(fetched))
    assert 0 < len(found) < len(whole) / 3
    assert {at: whole[at] for at in found} == found
    assert "of 32 segments, spread evenly" in str(reels.sample_of(fetched.parts))


FILM = films.mp4(30)
FTYP = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"


def _claiming(total: str) -> Callable[[SmallWeb], str]:
    def serve(web: SmallWeb) -> str:
        web.changed["/f.mp4"] = Answer(FILM[:65536], 206, headers={"Content-Range": total})
        return url(web, "/f.mp4")

    return serve


@pytest.mark.parametrize(("serve", "says"), [
    (lambda web: put(web, "/f.mp4", FILM * 9, ranges=False), "does not keep to byte ranges"),
    (lambda web: put(web, "/f.mp4", FILM[:3000], ranges=False), "does not keep to byte ranges"),
    (_claiming("bytes 5-9/100"), "does not keep to byte ranges"),
    (_claiming("bytes 0-9/*"), "does not keep to byte ranges"),
    (_claiming("bytes 0-9/99999999"), "does not keep to byte ranges"),
    (lambda web: url(web, "/nothing"), "answered 404"),
    (lambda web: put(web, "/f.webm", b"\x1aE\xdf\xa3" + b"x" * 99), "only an MP4"),
    (lambda web: put(web, "/f.mp4", FILM[:-2000]), "does not fit|cut off|no index"),
    (lambda web: put(web, "/f.mp4", FTYP + b"\x00\x00\x00\x00mdat" + b"x" * 99),
     "no index"),
    (lambda web: put(web, "/f.mp4", FTYP + b"\x00\x00\x00\x08free" * 99),
     "no index"),
    (lambda web: put(web, "/f.mp4", FTYP + b"\x00\x00\x00\x01mdat" + b"\xff" * 9),
     "does not fit"),
])  # fmt: skip
def test_what_cannot_be_sampled_is_one_sentence_after_a_few_requests(
    web: SmallWeb, road: Road, serve: Callable[[SmallWeb], str], says: str
) -> None:
    with pytest.raises(NotAFilm, match=says):
        road.sampled(serve(web), LIMITS.model_copy(update={"max_media_bytes": 30}))
    assert len(web.asked) <= 3


def test_a_film_too_large_for_one_response_but_not_for_the_limit_is_taken_whole(web: SmallWeb, road: Road) -> None:
    film = FILM + struct.pack(">I4s", 8 + (20 << 20), b"free") + bytes(20 << 20)

    fetched = road.sampled(put(web, "/f.mp4", film), LIMITS.model_copy(update={"max_media_bytes": len(film)}))

    assert road.film(fetched) == film
    assert fetched.blob == hashlib.sha256(film).hexdigest()
    assert reels.sample_of(fetched.parts) is None
    assert fetched.parts is not None
    assert sum(size for _, _, size in fetched.parts) == len(film)
    assert max(size for _, _, size in fetched.parts) <= streams.RANGE_BYTES


def test_a_page_is_not_taken_whole_for_a_film(web: SmallWeb, road: Road) -> None:
    with pytest.raises(NotAFilm, match="text/html, no picture"):
        road.sampled(put(web, "/f.mp4", b"<!doctype html><html>" + b" " * 99_999))


def test_a_scattered_order_holds_every_number_once_and_any_beginning_is_spread() -> None:
    for count in (1, 2, 3, 8, 100, 3000):
        assert sorted(reels.scattered(count)) == list(range(count))
    assert sorted(reels.scattered(64)[:8]) == [0, 8, 16, 24, 32, 40, 48, 56]
