"""A DASH manifest becomes the segments of one film, in order, or one sentence why not."""

from datetime import UTC, datetime

import pytest

from crawlers import dash, sniff
from crawlers.dash import Run
from crawlers.reels import NotAFilm, Piece

URL = "http://v.example/dash/film.mpd"
HERE = "http://v.example/dash/"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
VIDEO = '<Representation id="v" bandwidth="1000" mimeType="video/mp4">{}</Representation>'
COUNTED = '<SegmentTemplate media="$Number$.m4s" initialization="i.mp4" duration="4" {}/>'


def mpd(inside: str, said: str = 'mediaPresentationDuration="PT10S"') -> bytes:
    return f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {said}>{inside}</MPD>'.encode()


def period(inside: str, said: str = "", aset: str = "") -> str:
    return f"<Period {said}><AdaptationSet {aset}>{VIDEO.format(inside)}</AdaptationSet></Period>"


def runs(body: bytes) -> list[Run]:
    assert sniff.mime(body) == sniff.MPD
    return dash.runs(dash.parsed(body), URL, NOW)


def names(run: Run) -> list[str]:
    return [one.piece.url.removeprefix(HERE) for one in run.segments]


def test_the_lowest_rendition_that_shows_pictures_is_taken() -> None:
    segments = '<SegmentTemplate media="$RepresentationID$-$Bandwidth$-$Number%03d$.m4s" duration="4" startNumber="0"/>'
    renditions = (
        f'<AdaptationSet contentType="audio">{segments}<Representation id="a" bandwidth="10"/></AdaptationSet>'
        '<AdaptationSet mimeType="image/jpeg"><Representation id="thumbs" bandwidth="5"/></AdaptationSet>'
        '<AdaptationSet contentType="video"><EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode"/>'
        '<Representation id="trick" bandwidth="7"/></AdaptationSet>'
        f'<AdaptationSet contentType="video">{segments}<Representation id="high" bandwidth="900"/>'
        '<Representation id="low" bandwidth="100"/><Representation id="unsaid"/></AdaptationSet>'
    )

    (run,) = runs(mpd(f"<Period>{renditions}</Period>"))
    assert names(run) == ["low-100-000.m4s", "low-100-001.m4s", "low-100-002.m4s"]


def test_a_timeline_names_times_and_goes_on_to_the_end() -> None:
    row = '<SegmentTimeline><S t="90" d="20" r="1"/><S d="10"/><S d="20" r="-1"/></SegmentTimeline>'
    run = runs(mpd(period(
        f'<SegmentTemplate timescale="10" presentationTimeOffset="90" media="t$Time$$$.m4s">{row}</SegmentTemplate>'
    )))[0]  # fmt: skip

    assert names(run) == ["t90$.m4s", "t110$.m4s", "t130$.m4s", "t140$.m4s", "t160$.m4s", "t180$.m4s"]
    assert [one.seconds for one in run.segments] == [2, 2, 1, 2, 2, 2]
    assert run.begins_s == 9.0


def test_addresses_and_attributes_are_inherited_from_every_level() -> None:
    body = mpd(
        "<BaseURL>http://cdn.example/a/</BaseURL><Period><BaseURL>b/</BaseURL>"
        '<SegmentTemplate timescale="2" duration="8" initialization="$RepresentationID$.mp4"/>'
        '<AdaptationSet><BaseURL>c/</BaseURL><SegmentTemplate media="$Number$.m4s"/>'
        '<Representation id="v" bandwidth="1" mimeType="video/mp4"><BaseURL>d/</BaseURL></Representation>'
        "</AdaptationSet></Period>"
    )

    first = runs(body)[0].segments[0]
    assert first.piece == Piece("http://cdn.example/a/b/c/d/1.m4s")
    assert first.start == Piece("http://cdn.example/a/b/c/d/v.mp4")
    assert first.seconds == 4.0


def test_a_list_of_segments_with_ranges() -> None:
    listed = (
        '<BaseURL>film.mp4</BaseURL><SegmentList duration="5"><Initialization range="0-99"/>'
        '<SegmentURL mediaRange="100-199"/><SegmentURL mediaRange="200-249"/></SegmentList>'
    )

    run = runs(mpd(period(listed)))[0]
    assert [one.piece for one in run.segments] == [
        Piece(f"{HERE}film.mp4", 100, 100),
        Piece(f"{HERE}film.mp4", 200, 50),
    ]
    assert run.segments[0].start == Piece(f"{HERE}film.mp4", 0, 100)


def test_a_file_with_an_index_and_a_plain_file() -> None:
    indexed = runs(mpd(period('<BaseURL>f.mp4</BaseURL><SegmentBase indexRange="800-899"/>')))[0].index
    plain = runs(mpd(period("<BaseURL>f.mp4</BaseURL>")))[0]

    assert indexed is not None
    assert (indexed.piece, indexed.start) == (Piece(f"{HERE}f.mp4", 800, 100), Piece(f"{HERE}f.mp4", 0, 800))
    assert names(plain) == ["f.mp4"]


def test_periods_that_go_on_in_one_another_are_one_film_and_an_advert_is_not() -> None:
    film = '<SegmentTemplate media="f$Number$.m4s" initialization="f.mp4" duration="4" {}/>'
    body = mpd(
        period(film.format(""), 'duration="PT8S"')
        + period(film.format('startNumber="3" presentationTimeOffset="8"'), 'duration="PT8S"')
        + period('<SegmentTemplate media="ad$Number$.m4s" initialization="ad.mp4" duration="4"/>', 'duration="PT4S"'),
        "",
    )

    first, advert = runs(body)
    assert names(first) == ["f1.m4s", "f2.m4s", "f3.m4s", "f4.m4s"]
    assert (first.seconds, names(advert)) == (16.0, ["ad1.m4s"])


def test_a_live_stream_names_what_there_is_by_now() -> None:
    live = 'type="dynamic" availabilityStartTime="2026-11-22T02:59:00Z"'

    assert names(runs(mpd(period(COUNTED.format("")), live))[0])[-1] == "15.m4s"
    long_ago = 'type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z"'
    assert len(runs(mpd(period(COUNTED.format("")), long_ago))[0].segments) == dash.LIVE_LISTED


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><MPD>&b;</MPD>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY a SYSTEM "file:///etc/passwd">]><MPD>&a;</MPD>'


@pytest.mark.parametrize(("body", "says"), [
    (LAUGHS, "document type"),
    (OUTSIDE, "document type"),
    (b"<MPD ><Period>", "cannot be read"),
    (b"<MPD>" + b"<a>" * 5000, "cannot be read"),
    (mpd(""), "names no segments"),
    (mpd(period('<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011"/>' + COUNTED.format(""))), "DRM"),
    (mpd(period(COUNTED.format("")), "").replace(b"<Period", b'<Period xlink:href="http://127.0.0.1/" xmlns:xlink='
                                                  b'"http://www.w3.org/1999/xlink"'), "names no segments"),
    (mpd("<BaseURL>file:///etc/</BaseURL>" + period(COUNTED.format(""))), "no web address"),
    (mpd("<BaseURL>data:video/mp4,</BaseURL>" + period(COUNTED.format(""))), "no web address"),
    (mpd("<BaseURL>http://[::1</BaseURL>" + period(COUNTED.format(""))), "no web address"),
    (mpd(period(COUNTED.format("")), 'mediaPresentationDuration="PT999999999H"'), "more segments"),
    (mpd(period(COUNTED.format("")), ""), "how long the film is"),
    (mpd(period(COUNTED.format('startNumber="x"'))), "number that is none"),
    (mpd(period('<SegmentTemplate media="a" duration="-4"/>')), "how long its segments are"),
    (mpd(period('<SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="99999999999"/></SegmentTimeline>'
                "</SegmentTemplate>")), "more segments"),
    (mpd(period('<SegmentTemplate media="$Time$"><SegmentTimeline><S t="99999999" d="1" r="-1"/><S t="0" d="1"'
                ' r="9999999"/></SegmentTimeline></SegmentTemplate>')), "more segments"),
    (mpd(period('<SegmentTemplate media="$Time$"><SegmentTimeline><S d="0" r="9"/></SegmentTimeline>'
                "</SegmentTemplate>")), "how long its segments are"),
    (mpd(period('<SegmentBase indexRange="9-2"/>')), "byte range"),
    (mpd(period(COUNTED.format("")), 'type="dynamic"'), "when the stream began"),
])  # fmt: skip
def test_what_is_no_film_is_one_sentence(body: bytes, says: str) -> None:
    with pytest.raises(NotAFilm, match=says):
        runs(body)


def test_a_width_cannot_make_an_address_of_a_gigabyte() -> None:
    (run,) = runs(mpd(period('<SegmentTemplate media="$Number%0999999999d$.m4s" duration="4"/>')))

    assert all(len(one.piece.url) < 100 for one in run.segments)


@pytest.mark.parametrize("page", [b"<html><body>&lt;MPD&gt;</body></html>", b"<?xml version='1.0'?><rss></rss>"])
def test_other_markup_is_no_manifest(page: bytes) -> None:
    assert sniff.mime(page) != sniff.MPD
