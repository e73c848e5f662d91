"""A sweep and a later glance take streams by the guarded road: sampled where they must be, and nothing else touched."""

from pathlib import Path

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import captures, evidence, reels
from crawlers.captures import Capture, Sighting
from crawlers.frontier import FrontierEntry, Sweep
from crawlers.glance import Target, glance
from tests.crawlers import films
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, segment, write_source

LISTED = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + "".join(f"#EXTINF:30,\n/hls/s{n}.ts\n" for n in range(9))
TRAPS = {
    "file": "#EXTM3U\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "loop": "#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:{port}/hls/s1.ts\n#EXT-X-ENDLIST\n",
    "name": "#EXTM3U\n#EXTINF:4,\nhttp://trap.test:{port}/hls/s1.ts\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD mediaPresentationDuration="PT4S"><BaseURL>http://127.0.0.1:{port}/</BaseURL>'
            '<Period><AdaptationSet mimeType="video/mp4"><Representation bandwidth="1"><SegmentTemplate duration="4" '
            'media="hls/s1.ts"/></Representation></AdaptationSet></Period></MPD>',
}  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_streams_are_sampled_and_traps_are_left_alone(
    web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    films.write(tmp_path / "f.mp4", 120, movflags="+faststart")
    large = (tmp_path / "f.mp4").read_bytes()
    web.changed["/large.mp4"] = Answer(large, kind="video/mp4", ranges=True)
    web.changed["/stubborn.mp4"] = Answer(large, kind="video/mp4")
    web.changed["/live.m3u8"] = Answer(LISTED.encode(), kind="text/plain")
    for name, text in TRAPS.items():
        web.changed[f"/{name}.mp4"] = Answer(text.replace("{port}", str(web.port)).encode(), kind="video/mp4")
    names = ("large.mp4", "stubborn.mp4", "live.m3u8", *(f"{name}.mp4" for name in TRAPS))
    web.changed["/shows"] = html("<h1>All</h1>" + "".join(f'<video src="/{name}"></video>' for name in names))
    extra = f"[fetch]\nmax_media_bytes = {len(large) // 2}\nmax_stretches = 5\n"
    write_source(web_home.settings.sources, web, "shows", "video", ["/shows"], extra)

    ended = mekiki("sweep", "shows")

    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        why = {one.url.rpartition("/")[2]: one.reason or "" for one in session.scalars(select(FrontierEntry))}
        assert why["large.mp4"].startswith("5 stretches, 10 s of 120 s, spread evenly")
        assert why["live.m3u8"] == "live: 60 s of an endless stream"
        assert "larger than the limit" in why["stubborn.mp4"]
        assert "does not keep to byte ranges" in why["stubborn.mp4"]
        assert "no web address" in why["file.mp4"]
        assert "127.0.0.1, which is this machine" in why["loop.mp4"]
        assert "127.0.0.1, which is this machine" in why["dash.mp4"]
        assert "trap.test leads to 127.0.0.1" in why["name.mp4"]
        seen = {one.url.rpartition("/")[2]: one for one in session.scalars(select(Sighting))}
        assert set(seen) == {"large.mp4", "live.m3u8"}
        parts = session.get_one(Capture, seen["live.m3u8"].capture_id).parts
        assert reels.sample_of(parts) == "live: 60 s of an endless stream"
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
        assert evidence.verify(session) == []
    assert web_home.blobs.get(seen["live.m3u8"].blob) == segment("7") + segment("8")
    assert len(films.frames(web_home.blobs.get(seen["large.mp4"].blob))) == 5 * films.RATE * films.KEY_S
    assert web.count("/hls/s1.ts") == 0
    assert {web.referers[path] for path in ("/large.mp4", "/hls/s8.ts")} == {web.url("/")}
    limits = web_home.settings.crawl.model_copy(update={"max_media_bytes": len(large) // 2, "max_stretches": 5})

    (look,) = glance(limits, [Target(web.url("/shows"), (web.url("/large.mp4"), web.url("/stubborn.mp4")))])

    assert look.media[0].blob == seen["large.mp4"].blob
    assert "sends more than the limit, and the server does not keep to byte ranges" in str(look.media[1].error)
