"""An HLS playlist becomes the segments of one film, in order, or one sentence why not."""

import pytest

from crawlers import playlist
from crawlers.reels import NotAFilm, Piece

URL = "http://v.example/hls/master.m3u8"
HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
END = "#EXT-X-ENDLIST\n"


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


def test_every_segment_knows_its_length_and_its_initialisation_section() -> None:
    first = '#EXT-X-MAP:URI="init.mp4"\n#EXTINF:6,\na.m4s\n#EXTINF:4.5,\nb.m4s\n'
    film = playlist.film(f'{HEAD}{first}#EXT-X-MAP:URI="two.mp4"\n#EXTINF:6,\nc.m4s\n{END}', URL)

    named = [(one.piece.url[-5:], one.seconds, one.start.url[-8:]) for one in film.segments if one.start]
    assert named == [("a.m4s", 6.0, "init.mp4"), ("b.m4s", 4.5, "init.mp4"), ("c.m4s", 6.0, "/two.mp4")]
    assert not film.is_endless


def test_byte_ranges_follow_each_other() -> None:
    text = f"{HEAD}#EXTINF:6,\n#EXT-X-BYTERANGE:100@0\nall.ts\n#EXTINF:6,\n#EXT-X-BYTERANGE:50\nall.ts\n{END}"

    first, second = (one.piece for one in playlist.film(text, URL).segments)
    assert (first, second) == (Piece("http://v.example/hls/all.ts", 0, 100), Piece(first.url, 100, 50))
    assert second.headers()["Range"] == "bytes=100-149"


def test_a_playlist_without_an_end_is_endless() -> None:
    assert playlist.film(f"{HEAD}#EXTINF:6,\na.ts\n", URL).is_endless


@pytest.mark.parametrize("claim", ["-5", "nan", "inf", "1e300"])
def test_a_length_that_cannot_be_is_no_length(claim: str) -> None:
    assert playlist.film(f"{HEAD}#EXTINF:{claim},\na.ts\n{END}", URL).segments[0].seconds == 0.0


@pytest.mark.parametrize(("text", "says"), [
    (f'{HEAD}#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:6,\na.ts\n', "encrypted"),
    (f'{HEAD}#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"\n#EXTINF:6,\na.ts\n', "encrypted"),
    (HEAD, "names no segments"),
    (HEAD + "#EXTINF:6,\na.ts\n" * 100_001, "more segments than any film"),
    (f"{HEAD}#EXTINF:6,\nfile:///etc/passwd\n", "no web address"),
    (f"{HEAD}#EXTINF:6,\ndata:video/mp2t;base64,R0\n", "no web address"),
    (f'{HEAD}#EXT-X-MAP:URI="file:///etc/passwd"\n#EXTINF:6,\na.m4s\n', "no web address"),
    (f"{HEAD}#EXTINF:6,\n#EXT-X-BYTERANGE:x@y\na.ts\n", "byte range"),
    (f"{HEAD}#EXTINF:6,\n#EXT-X-BYTERANGE:-5@9\na.ts\n", "byte range"),
])  # fmt: skip
def test_what_is_no_film_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(NotAFilm, match=says):
        playlist.film(text, URL)
