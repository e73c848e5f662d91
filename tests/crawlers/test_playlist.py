"""A playlist becomes the pieces of one film, in order, or one sentence why not."""

import pytest

from crawlers import playlist
from crawlers.playlist import NotAFilm, Piece

URL = "http://v.example/hls/master.m3u8"
HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"


def test_the_lowest_rendition_that_shows_pictures_is_taken() -> None:
    master = (
        "#EXTM3U\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"\naudio.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.4d,mp4a.40.2"\nhigh.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.4d,mp4a.40.2"\nlow/low.m3u8\n'
    )

    assert playlist.rendition(master, URL) == "http://v.example/hls/low/low.m3u8"


def test_a_playlist_of_segments_has_no_rendition() -> None:
    assert playlist.rendition(f"{HEAD}#EXTINF:6,\na.ts\n", URL) is None


def test_initialisation_sections_stand_before_their_segments() -> None:
    first = '#EXT-X-MAP:URI="init.mp4"\n#EXTINF:6,\na.m4s\n#EXTINF:6,\nb.m4s\n'
    text = f'{HEAD}{first}#EXT-X-MAP:URI="two.mp4"\n#EXTINF:6,\nc.m4s\n'

    names = [piece.url.rpartition("/")[2] for piece in playlist.pieces(text, URL)]
    assert names == ["init.mp4", "a.m4s", "b.m4s", "two.mp4", "c.m4s"]


def test_byte_ranges_follow_each_other() -> None:
    text = f"{HEAD}#EXTINF:6,\n#EXT-X-BYTERANGE:100@0\nall.ts\n#EXTINF:6,\n#EXT-X-BYTERANGE:50\nall.ts\n"

    assert playlist.pieces(text, URL) == [
        Piece("http://v.example/hls/all.ts", 0, 100), Piece("http://v.example/hls/all.ts", 100, 50),
    ]  # fmt: skip
    assert playlist.pieces(text, URL)[1].headers() == {"Range": "bytes=100-149"}


def test_a_live_stream_is_bounded() -> None:
    endless = HEAD + "".join(f"#EXTINF:6,\n{n}.ts\n" for n in range(playlist.MAX_SEGMENTS + 500))

    assert len(playlist.pieces(endless, URL)) == playlist.MAX_SEGMENTS


@pytest.mark.parametrize(("text", "says"), [
    (f'{HEAD}#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:6,\na.ts\n', "encrypted"),
    (HEAD, "names no segments"),
    (f"{HEAD}#EXTINF:6,\nfile:///etc/passwd\n", "no web address"),
    (f"{HEAD}#EXTINF:6,\n#EXT-X-BYTERANGE:x@y\na.ts\n", "byte range"),
])  # fmt: skip
def test_what_is_no_film_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(NotAFilm, match=says):
        playlist.pieces(text, URL)
