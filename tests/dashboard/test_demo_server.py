"""The small web answers as sites do: virtual hosts, ranges, robots.txt, pages that go and pages that move."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers import sources, spiders
from crawlers.extract import read_page
from crawlers.page import Page
from dashboard.demo import sites
from dashboard.demo.server import SmallWeb, served
from dashboard.demo.world import Place, Shown, World
from notices import recipients


@pytest.fixture
def world(tmp_path: Path) -> World:
    film, picture = tmp_path / "hls", tmp_path / "a.jpg"
    film.mkdir()
    for name in ("master.m3u8", "media.m3u8", "part000.ts"):
        (film / name).write_bytes(name.encode())
    picture.write_bytes(bytes(range(100)))
    return World(
        titles=(),
        places=(
            Place("vidbox.example", "/watch/1", "A film", "pirated", (Shown(film / "master.m3u8", "video"),), by="owl"),
            Place(
                "bazaar.example", "/item/1", "A <b>cup</b></script>", "pirated", (Shown(picture),), by="kiln", price=900
            ),
            Place("bazaar.example", "/private/2", "Hidden", "unrelated", (Shown(picture),), is_forbidden=True),
            Place("kirifans.example", "/clip", "A scene", "allowed", (Shown(picture),), text=("Credit: Kiri ©",)),
        ),
    )


@pytest.fixture
def web(world: World) -> SmallWeb:
    return sites.put_up(world)


@pytest.fixture
def port(web: SmallWeb) -> Iterator[int]:
    with served(web) as number:
        yield number


def ask(port: int, host: str, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Host": f"{host}:{port}", **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, dict(answer.headers)


def finding(port: int, host: str, path: str):
    site = next(each for each in sites.SITES if each.host == host)
    source = sources.parse(sites.source_toml(site, port), site.source_id)
    html = ask(port, host, path)[1]
    return read_page(spiders.reader(source), Page(f"http://{host}:{port}{path}", html.decode()), source)


def test_a_page_belongs_to_its_host_alone(port: int) -> None:
    assert ask(port, "vidbox.example", "/watch/1")[0] == 200
    assert ask(port, "bazaar.example", "/watch/1")[0] == 404


def test_a_range_is_answered_with_that_part(port: int) -> None:
    status, body, headers = ask(port, "bazaar.example", "/media/0-0.jpg", Range="bytes=10-19")
    assert (status, body) == (206, bytes(range(10, 20)))
    assert headers["Content-Range"] == "bytes 10-19/100"
    assert ask(port, "bazaar.example", "/media/0-0.jpg", Range="bytes=-5")[1] == bytes(range(95, 100))
    assert ask(port, "bazaar.example", "/media/0-0.jpg", Range="bytes=200-")[0] == 416


def test_robots_names_the_forbidden_page(port: int) -> None:
    assert b"Disallow: /private/2\n" in ask(port, "bazaar.example", "/robots.txt")[1]
    assert b"Disallow" not in ask(port, "vidbox.example", "/robots.txt")[1]


def test_a_page_that_is_taken_down_takes_its_files_with_it(web: SmallWeb, port: int) -> None:
    web.take_down("bazaar.example/item/1")
    assert ask(port, "bazaar.example", "/item/1")[0] == 410
    assert ask(port, "bazaar.example", "/media/0-0.jpg")[0] == 410
    assert ask(port, "bazaar.example", "/media/1-0.jpg")[0] == 200


def test_a_page_that_moved_leads_to_its_new_address(web: SmallWeb, port: int) -> None:
    web.move("vidbox.example/watch/1", "/watch/9")
    status, _body, headers = ask(port, "vidbox.example", "/watch/1")
    assert (status, headers["Location"]) == (301, "/watch/9")
    assert ask(port, "vidbox.example", "/watch/9")[0] == 200


def test_every_site_reads_as_its_kind(port: int) -> None:
    offer = finding(port, "bazaar.example", "/item/1")
    assert (offer.title, offer.listing.seller, offer.listing.price) == ("A <b>cup</b></script>", "kiln", 900)
    assert [link.url.rpartition("/")[2] for link in offer.media] == ["0-0.jpg"]
    film = finding(port, "vidbox.example", "/watch/1")
    assert (film.uploader, [link.kind for link in film.media]) == ("owl", ["video"])
    assert film.media[0].url.endswith("/media/0-0/master.m3u8")
    clip = finding(port, "kirifans.example", "/clip")
    assert (clip.is_commercial, clip.attribution) == (False, "Credit: Kiri ©")


def test_an_index_lists_every_place_and_shows_nothing_itself(port: int) -> None:
    index = finding(port, "bazaar.example", "/")
    assert [link.rpartition(str(port))[2] for link in index.links] == ["/item/1", "/private/2"]
    assert index.media == ()


def test_every_site_has_a_source_and_somebody_who_answers(tmp_path: Path) -> None:
    sites.write_definitions(tmp_path, sites.SITES, 8080)
    assert set(sources.load_all(tmp_path / "sources")) == {site.source_id for site in sites.SITES}
    platforms = recipients.known(tmp_path)
    asked = {recipients.resolve(f"{site.host}:8080/x", platforms).regime for site in sites.SITES}
    assert asked == {"us-dmca-512c", "eu-dsa-16", "jp-platform-act"}
