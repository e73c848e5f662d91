"""What takes long to read is given up with a sentence; meanwhile, and afterwards, everything else goes on."""

import asyncio
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from crawlers import confined, patience, sources, spiders
from crawlers.patience import Patience
from crawlers.reading import MAX_LINKS, Said, Sheet, of_sheet
from crawlers.sources import Identity, Source

SOURCE = '[source]\nid = "a"\nname = "A"\nkind = "marketplace"\nterritory = "JP"\n[scope]\nseeds = ["http://a.test/"]\n'
OFFER = json.dumps({
    "@type": "Product", "name": "Acrylic stand", "image": ["/1.png", "/2.png"],
    "offers": {"price": "1980.00", "priceCurrency": "JPY", "seller": {"name": "Shop A"}},
    "releaseDate": "2026-11-01", "datePublished": "2026-11-01T10:00:00+09:00",
})  # fmt: skip
HONEST = (
    f"<html><head><script type='application/ld+json'>{OFFER}</script></head><body><h1>Stand</h1>"
    "<a href='/2'>more</a><p>原作: Studio Kiri</p></body></html>"
)
SHOP = Identity(id="shop", name="Shop", kind="marketplace", platform="shopify")


def source(extra: str = "") -> Source:
    return sources.parse(SOURCE + extra, "a.toml")


def sheet(html: str | bytes, mime: str = "text/html", *headers: tuple[str, str]) -> Sheet:
    body = html.encode() if isinstance(html, str) else html
    return Sheet("http://a.test/1", body, 200, headers, mime)


@pytest.fixture
def patient() -> Iterator[Patience]:
    with Patience(source(), most_s=1.0) as made:
        yield made


def read(one: Patience, *sheets: Sheet) -> list[Said]:
    async def ask() -> list[Said]:
        return [await one.read(each) for each in sheets]

    return asyncio.run(ask())


HTML, LD = "<html><body>{}</body></html>", "<script type='application/ld+json'>{}</script>"
PADDING = f"<!-- {'a' * patience.SMALL_BYTES} -->"
SLOW = {  # larger than what is read where it arrives
    "one search of the tree, in C": HTML.format("<a href='/1.png'><img>" * 90_000),
    "attributes": HTML.format(("<p " + " ".join(f"a{n}" for n in range(990)) + ">") * 1_500),
    "pictures": HTML.format("".join(f"<img src='/p/{n}.png'>" for n in range(190_000))),
    "data": HTML.format(LD.format("[" + "1," * 4_000_000 + "]")),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read(patient: Patience, name: str) -> None:
    began = time.process_time()

    slow, honest = read(patient, sheet(SLOW[name]), sheet(HONEST + PADDING))

    assert slow == Said("reading it takes more than 1 s of processor time", None)
    assert honest.finding is not None
    assert time.process_time() - began < 1.0  # of ours: a child took the time


SMALL_BUT_SLOW = b"<p>-" + b"zz9" * 150_000  # the time that this charset takes grows with the square
PUNYCODE = ("Content-Type", "text/html; charset=punycode")


def test_a_small_page_that_turns_out_slow_holds_nothing_for_long() -> None:
    began = time.process_time()

    with Patience(source(), most_s=0.5) as made:
        (slow,) = read(made, sheet(SMALL_BUT_SLOW, "text/html", PUNYCODE))

    assert len(SMALL_BUT_SLOW) < patience.SMALL_BYTES
    assert slow.trouble == "reading it takes more than 0.5 s of processor time"
    assert time.process_time() - began < 2 * patience.QUICK_S


def test_a_small_sitemap_of_many_addresses_is_read_in_the_child_whole() -> None:
    entries = b"".join(b"<url><loc>/%d?b=2&amp;a=1</loc></url>" % number for number in range(40_000))
    body = gzip.compress(b"<urlset>" + entries + b"</urlset>")
    began = time.process_time()

    with Patience(source()) as made:
        (said,) = read(made, sheet(body, "application/gzip"))
        spent = time.process_time() - began

    assert len(body) < patience.SMALL_BYTES
    assert said.finding is not None
    assert len(said.finding.links) == 40_000
    assert spent < 1.0  # of ours, most of it to take in what the child said


@pytest.mark.parametrize(("body", "mime", "says"), [
    (HTML.format("<p a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1>" * 199_000), "text/html", "its markup cannot be read"),
    ("[" + f"{'[' * 50}{']' * 50}," * 83_000 + "0]", "application/json", "reading it takes more than 300 MiB of"),
])  # fmt: skip
def test_a_page_that_takes_too_much_memory_is_given_up_and_the_next_one_is_read(
    body: str, mime: str, says: str
) -> None:
    with Patience(source().model_copy(update={"source": SHOP})) as made:
        costly = Sheet("http://a.test/products.json", body.encode(), 200, (), mime)
        large, honest = read(made, costly, sheet(HONEST + PADDING))

    assert says in str(large.trouble)
    assert honest.finding is not None


def test_meanwhile_others_are_read(patient: Patience) -> None:
    async def both() -> list[str]:
        done: list[str] = []

        async def one(name: str, asked: Sheet) -> None:
            await patient.read(asked)
            done.append(name)

        await asyncio.gather(one("slow", sheet(SLOW["pictures"])), one("honest", sheet(HONEST)))
        return done

    assert asyncio.run(both()) == ["honest", "slow"]


def test_a_child_reads_what_would_be_read_here() -> None:
    here, there = read_by_both(sheet(HONEST + PADDING), source())

    assert there.finding == here.finding
    assert here.finding is not None
    assert here.finding.listing is not None
    assert here.finding.listing.price == Decimal("1980.00")
    assert len(here.finding.media) == 2
    assert here.finding.published_at is not None


def test_a_large_picture_that_a_page_leads_to_is_no_page_and_needs_no_child(patient: Patience) -> None:
    (said,) = read(patient, sheet(b"\x89PNG\r\n\x1a\n" + b"<a>" * patience.SMALL_BYTES, "image/png"))

    assert said == Said(None, None)
    assert patient._child is None


def test_a_sitemap_tells_a_child_what_it_tells_us() -> None:
    body = b"<urlset><url><loc>/1</loc><image><loc>/1.png</loc></image></url></urlset>" + b" " * patience.SMALL_BYTES

    here, there = read_by_both(sheet(body), source())

    assert here.is_directory
    assert there == here


def test_a_shell_that_a_child_has_read_goes_on_to_a_browser() -> None:
    shell = sheet(f"<div id=root></div><script src='/app.js'></script>{PADDING}")

    here, there = read_by_both(shell, source('[fetch]\nrender = "auto"\n'))

    assert here.is_shell
    assert there == here


def read_by_both(asked: Sheet, of: Source) -> tuple[Said, Said]:
    assert len(asked.body) > patience.SMALL_BYTES
    with Patience(of) as made:
        (there,) = read(made, asked)
    return of_sheet(asked, of, spiders.reader(of)), there


def test_half_a_surrogate_pair_comes_back_as_every_database_takes_it(patient: Patience) -> None:
    (said,) = read(patient, sheet(HONEST.replace("Acrylic stand", "Acrylic \\ud83c stand") + PADDING))

    assert said.finding is not None
    assert said.finding.title == "Acrylic ? stand"


def test_a_page_with_more_links_than_any_has_leads_to_the_first_of_them(patient: Patience) -> None:
    (said,) = read(patient, sheet(HTML.format("".join(f"<a href='/{n}'>" for n in range(30_000)))))

    assert said.finding is not None
    assert len(said.finding.links) == MAX_LINKS
    assert "leads to more than 20000 addresses" in str(said.finding.fault)


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "rot13", "no-such", "x" * 3000])
def test_a_charset_that_is_none_costs_nothing(patient: Patience, charset: str) -> None:
    (said,) = read(patient, sheet(HONEST, "text/html", ("Content-Type", f"text/html; charset={charset}")))

    assert said.finding is not None
    assert said.finding.attribution == "原作: Studio Kiri"


def test_a_child_reaches_nothing_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKIKI_SMTP__PASSWORD", "secret")
    asks = "import os, socket; print(os.environ.get('MEKIKI_SMTP__PASSWORD'))"
    fenced = f"{asks}; from crawlers import confined; confined.fence(None); socket.create_connection(('127.0.0.1', 9))"

    ended = subprocess.run(
        [sys.executable, "-c", fenced], env=confined.environment("/"), capture_output=True, text=True, check=False
    )

    assert ended.stdout == "None\n"
    assert "Fenced" in ended.stderr
