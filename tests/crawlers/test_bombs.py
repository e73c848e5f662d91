"""What is sent to break a crawler costs only itself: a sentence where a person sees it, and the sweep goes on."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image
from sqlalchemy import select

from crawlers import captures, evidence
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from fingerprints import package
from fingerprints.store import Medium
from tests.crawlers import bomb_home, bomb_site, films
from tests.crawlers.bomb_home import Swept
from tests.crawlers.bomb_site import HOSTS, ROBOTS, BombSite
from tests.measure import odd_files
from tests.measure.odd_films import edited

MOST_MEBIBYTES = 400  # of a sweep, with the limits a home is born with
SIDE = 16_000  # pixels
SAMPLES = 2_000_000
LISTED = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
PAGE, MEDIUM = "larger than the limit of 8388608 bytes", "8388608 bytes, and the server does not keep to byte ranges"
HEAD, GROWS, PACKED = "sends a head of more than 262144 bytes", "it unpacks to more than the limit", "not packed as its"
MAP = "it is larger than a sitemap may be; {} of its addresses are taken"
IN_PART = {  # path -> what is said of what was read in part
    "/map-of-entries": MAP.format(50000), "/feed-of-items": "it is a feed of more than 512 KiB; its first",
}  # fmt: skip
SAID = {  # path -> words of the reason
    "/endless?picture=": MEDIUM, "/endless-chunks?picture=": MEDIUM, "/gzip?picture=": GROWS, "/br?picture=": GROWS,
    "/endless": PAGE, "/endless-chunks": PAGE, "/endless-head": HEAD, "/endless-names": HEAD, "/endless-folding": HEAD,
    "/endless-patience": HEAD, "/gzip": GROWS, "/gzip-gzip": GROWS, "/deflate": GROWS, "/br": GROWS, "/zstd": GROWS,
    "/gzip-forty-times": "packed 40 times over", "/no-gzip": PACKED, "/broken-deflate": PACKED, "/broken-br": PACKED,
    "/broken-zstd": PACKED, "/round/0": "redirects without end", "/strange-redirect": "which is no web address",
    "/two-lengths": "a head that cannot be read", "/no-http": "a head that cannot be read",
    "/cut-off": "breaks off before its body is whole", "/wide": "more than 200000 tags",
    "/attributes": "more than 1000 attributes", "/media/file.mp4": "no web address",
    "/media/loopback.mp4": "127.0.0.1, which is this machine", "/media/concat.mp4": "text/plain, no picture",
    "/media/script.svg": "image/svg+xml, no picture", "/media/laughs.mpd": "declares a document type",
    "/media/page.png": "text/html, no picture", "/media/giants.mp4": "more pictures than a film has",
    "/punycode": "reading it takes more than 10 s of processor time", "/map-of-nothing": MAP.format(0),
    "/map-of-one-entry": MAP.format(0), "/map-of-space": MAP.format(0),
    "/of-robots-endless": "sends more than the limit",
    "/of-robots-gzip": "it unpacks to more than the limit of 2097152 bytes",
}  # fmt: skip
HONEST = ("/after", "/lair", "/of-robots-agents", "/of-robots-rules", "/media/honest.mp4", "/i/7.png")


def film_of(samples: int, scratch: Path) -> bytes:
    """Return a film's head whose index names this many pictures in a few bytes."""
    tables = {
        b"stsz": struct.pack(">III", 0, 1000, samples), b"stts": struct.pack(">IIII", 0, 1, samples, 512),
        b"ctts": struct.pack(">IIII", 0, 1, samples, 0), b"stsc": struct.pack(">IIIII", 0, 1, 1, samples, 1),
        b"stco": struct.pack(">III", 0, 1, 4096), b"stss": struct.pack(">III", 0, 1, 1),
    }  # fmt: skip
    films.write(scratch, 2, movflags="+faststart")
    made = scratch.read_bytes()
    for kind, body in tables.items():
        made = edited(made, kind, always(body))
    return made


def always(body: bytes) -> Callable[[bytes], bytes]:
    return lambda _before: body


def huge_frames() -> bytes:
    """Return a film whose header claims small frames, and whose frames are 16,000 pixels high and wide."""
    drawn, made = io.BytesIO(), io.BytesIO()
    Image.new("L", bomb_site.SIZE).save(drawn, "JPEG")
    frame = bytearray(drawn.getvalue())
    at = frame.index(b"\xff\xc0") + 5
    frame[at : at + 4] = struct.pack(">HH", SIDE, SIDE)
    with av.open(made, "w", format="mp4") as box:
        stream = box.add_stream("mjpeg", rate=8)
        stream.width, stream.height = bomb_site.SIZE
        stream.pix_fmt = "yuvj420p"
        packet = av.Packet(bytes(frame[:-2]) + bytes(4 << 20) + b"\xff\xd9")  # enough for so many blocks
        packet.pts = packet.dts = 0
        packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 8), True
        box.mux(packet)
    return made.getvalue()


def hostile_media(port: int) -> dict[str, bytes]:
    """Return media that are something else, or become something far larger, by name."""
    small = films.mp4(2)
    secret = f"http://127.0.0.1:{port}/secret.ts"
    return {
        "huge-picture.png": next(odd_files.bombs())[1],
        "huge-frame.mp4": huge_frames(),
        "file.mp4": LISTED.format("file:///etc/passwd").encode(),
        "loopback.mp4": LISTED.format(secret).encode(),
        "concat.mp4": f"ffconcat version 1.0\nfile '/etc/passwd'\nfile '{secret}'\n".encode(),
        "script.svg": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                      b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>&x;</text></svg>',
        "laughs.mpd": b'<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><MPD>&b;</MPD>',
        "page.png": b"<!doctype html><title>log in</title>",
        "honest.mp4": small,
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BombSite]:
    """Every bomb at its address, and honest pages among them."""
    scratch = tmp_path_factory.mktemp("made") / "film.mp4"
    with bomb_site.serving() as made:
        for name, body in hostile_media(made.port).items():
            made.pages[f"/media/{name}"] = bomb_site.answered(body, "video/mp4")
        for name, count in (("giant.mp4", SAMPLES), ("giants.mp4", 0x0FFFFFFF)):
            made.ranged[f"/media/{name}"] = bomb_site.giant(film_of(count, scratch))
        films_of_it = [made.url(path) for path in (*made.pages, *made.ranged)]
        floods = ("endless", "gzip", "endless-chunks", "gzip-gzip", "br", "zstd", "endless-head")
        pictures = [made.url(f"/{name}?picture", host) for name, host in zip(floods, HOSTS[1:], strict=True)]
        shown = [f"<video src='{url}'></video>" for url in films_of_it] + [f"<img src='{url}'>" for url in pictures]
        made.pages["/lair"] = bomb_site.page("<h1>Lair</h1>" + "".join(shown))
        made.pages["/after"] = bomb_site.page("<h1>After</h1><img src='/i/7.png'>")
        for host in ROBOTS:
            made.pages[f"/of-{host.removesuffix('.test')}"] = bomb_site.page("<h1>Behind robots</h1>")
        yield made


@pytest.fixture(scope="module")
def swept(site: BombSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    """One sweep over every bomb."""
    home = bomb_home.make(tmp_path_factory.mktemp("bombs") / "home", site, timeout_s=20.0)
    paths = ["/lair", *(f"/{name}" for name in site.bombs), "/round/0", "/after"]
    seeds = [site.url(path, HOSTS[number % len(HOSTS)]) for number, path in enumerate(paths)]
    seeds += [site.url(f"/of-{host.removesuffix('.test')}", host) for host in ROBOTS]
    yield bomb_home.sweep(home, "bombs", seeds, "max_depth = 0\n")
    home.engine.dispose()


def test_a_sweep_over_every_bomb_ends_well_and_holds_little_memory(swept: Swept) -> None:
    assert swept.code == 0, swept.says
    assert swept.most_mebibytes < MOST_MEBIBYTES


def test_nothing_of_the_sweep_is_left_undone(swept: Swept) -> None:
    assert {path: state for path, (state, _) in swept.reasons.items() if state == "waiting"} == {}


@pytest.mark.parametrize("path", SAID)
def test_a_person_reads_what_was_wrong(swept: Swept, path: str) -> None:
    state, reason = swept.reasons[path]

    assert state in ("refused", "failed")
    assert SAID[path] in str(reason)


@pytest.mark.parametrize("path", IN_PART)
def test_of_gigabytes_of_addresses_the_first_are_taken_and_a_person_reads_so(swept: Swept, path: str) -> None:
    state, reason = swept.reasons[path]

    assert state == "done"
    assert IN_PART[path] in str(reason)


def test_every_reason_is_fit_for_a_person(swept: Swept) -> None:
    odd = {
        path: reason
        for path, (state, reason) in swept.reasons.items()
        if state != "done" and not (reason and len(reason) < 300 and reason.isprintable() and "<" not in reason)
    }

    assert odd == {}


@pytest.mark.parametrize("path", HONEST)
def test_what_is_honest_is_kept_all_the_same(swept: Swept, path: str) -> None:
    assert swept.reasons[path][0] == "done"


def test_no_bomb_reads_a_file_or_reaches_this_machine(swept: Swept, site: BombSite) -> None:
    secret = Path("/etc/passwd").read_bytes().splitlines()[0]

    assert site.asked["/secret.ts"] == 0
    with swept.home.readers()() as session:
        said = [row.title + row.text for row in session.scalars(select(FindingRow))]
        held = [swept.home.blobs.get(blob) for blob in session.scalars(select(Capture.body_sha256))]
    assert secret.decode() not in "".join(said)
    assert not any(secret in body for body in held)


def test_a_title_that_grows_by_entities_does_not(swept: Swept) -> None:
    with swept.home.readers()() as session:
        titles = session.scalars(select(FindingRow.title).where(FindingRow.url.endswith("/laughs"))).all()

    assert [len(title) < 200 for title in titles] == [True]


def test_what_was_captured_among_bombs_is_sound_evidence(swept: Swept) -> None:
    with swept.home.readers()() as session:
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
        assert evidence.verify(session) == []


def test_a_huge_picture_and_a_huge_frame_are_refused_by_the_decoder(swept: Swept) -> None:
    ended = bomb_home.measured(swept.home, "describe", "run", "describe sightings")

    assert ended.code == 0, ended.says
    assert ended.most_mebibytes < MOST_MEBIBYTES
    with swept.home.readers()() as session:
        rows = select(Sighting.url, Medium.error).join(Medium, Medium.blob == Sighting.blob)
        errors = {url.rpartition("/")[2]: error for url, error in session.execute(rows)}
    assert "more than 50,000,000 pixels (decode.max_pixels)" in str(errors["huge-picture.png"])
    assert "frames have more than 50,000,000 pixels (decode.max_pixels)" in str(errors["huge-frame.mp4"])
    assert errors["honest.mp4"] is None


def test_a_list_that_always_has_a_next_page_ends_at_the_limit(site: BombSite, tmp_path: Path) -> None:
    home = bomb_home.make(tmp_path / "home", site, timeout_s=20.0)

    ended = bomb_home.sweep(
        home, "list", [site.url("/next/0")], 'max_depth = 9000\nmax_pages = 25\n[extract]\nnext = "a.next"'
    )

    assert ended.code == 0, ended.says
    assert sum(count for path, count in site.asked.items() if path.startswith("/next/")) == 25
    home.engine.dispose()


def test_an_answer_that_drips_is_left_and_the_next_is_asked(site: BombSite, tmp_path: Path) -> None:
    home = bomb_home.make(tmp_path / "home", site, timeout_s=0.4)
    site.pages["/drip"] = bomb_site.endless(f"{bomb_site.OK}\r\n", b"a", pause_s=0.1)

    ended = bomb_home.sweep(home, "drip", [site.url("/drip"), site.url("/after", HOSTS[1])], "max_depth = 0")

    assert ended.code == 0, ended.says
    assert "did not answer in time" in str(ended.reasons["/drip"][1])
    assert ended.reasons["/after"][0] == "done"
    home.engine.dispose()


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "..\\..\\escaped", "manifest.json/../../escaped"])
def test_a_package_whose_entries_climb_out_writes_nothing(tmp_path: Path, name: str) -> None:
    file = tmp_path / "inside" / "climbs.mkf"
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(name, b"escaped")
        made.writestr("manifest.json", b"{}")

    with pytest.raises(package.BadPackage):
        package.read(file)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]
