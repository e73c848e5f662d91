"""From a saved page to a Finding: every voice of the page is asked, the first that speaks is believed and named. Pure.

Order per field: what the page says in a machine's language (JSON-LD, microdata, OpenGraph), what the source's selectors
find, what a page of this kind usually means. Media named by a selector win: a person chose them for this site.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lxml.etree import LxmlError

from config.errors import MekikiError
from crawlers import dates, directories, markup, prices, signs, structured
from crawlers.interface import Finding, Listing, MediaKind, MediaLink
from crawlers.page import MAX_TEXT, Page, media_address
from crawlers.sources import Source
from crawlers.structured import Said

Reader = Callable[[Page, Source], Finding]
MAX_TITLE = 500  # characters
_DECORATION = re.compile(
    r"(?:^|[\W_])(?:logo|icon|avatar|sprite|favicon|spacer|blank|pixel|badge|emoji)(?:[\W_]|$)", re.I
)
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:$|\?)", re.IGNORECASE)
_FILM_IN_SCRIPT = re.compile(
    r"""["'](?P<url>(?:https?:)?\\?/[^"'<>\s]{1,1000}?\.(?:m3u8|mpd|mp4|webm|m4v)(?:\?[^"'<>\s]{0,1000})?)["']"""
)
SMALL_PIXELS = 48  # a picture that says it is smaller is furniture of the page


class UnreadablePage(MekikiError):
    """The page's markup cannot be read."""


def read_page(read: Reader, page: Page, source: Source) -> Finding:
    """Return what a reader says of a page. Raises UnreadablePage instead of a parser's own error."""
    too_much = markup.objection(page.html)
    if too_much:
        raise UnreadablePage(f"its markup is not read: {too_much}")
    try:
        found = read(page, source)
    except (LxmlError, ValueError, RecursionError) as broken:
        raise UnreadablePage(f"its markup cannot be read ({type(broken).__name__}: {broken})") from broken
    found = replace(found, text=found.text[:MAX_TEXT], media=source.media.taken(found.media))
    if source.search is not None and source.search.asks(page.url):  # it shows what is found elsewhere
        return replace(found, media=(), listing=None)
    return found


def read_document(read: Reader, url: str, body: bytes, headers: Iterable[tuple[str, str]], source: Source) -> Finding:
    """Return what a fetched document says: a page, a sitemap or a feed. Raises UnreadablePage."""
    listed = directories.read(body, url)
    if listed is not None:
        return listed.finding(url, source.kind)
    return read_page(read, Page.of(url, body, headers), source)


def finding(page: Page, source: Source, media: Iterable[MediaLink], *, is_offer: bool = False) -> Finding:
    """Return the Finding of a page whose media its kind's reader has chosen; a list of items has none."""
    voices = [*structured.read(page.html, page.url), _selectors(page, source), _usual(page)]
    provenance: dict[str, str] = {}

    def said(name: str) -> str:
        for voice in voices:
            words = str(getattr(voice, name))
            if words:
                provenance[name] = voice.voice
                return words
        return ""

    listing = _listing(said, source) if is_offer else None
    items = page.links(source.extract.item)
    price = listing.price if listing else None
    is_commercial, shown_by = signs.earns_money(page, price, source.source.commercial)
    if shown_by:
        provenance["is_commercial"] = shown_by
    shown = () if items else tuple(media)
    provenance |= _shown_by(page, source, voices, shown)
    return Finding(
        url=page.url,
        kind=source.kind,
        title=said("title")[:MAX_TITLE],
        text=page.first(source.extract.text) or page.text,
        uploader=said("uploader") or None,
        listing=None if items else listing,
        published_at=dates.parse(said("published_at"), dates.zone(source.source.territory)),
        language=_language(page, source),
        is_commercial=is_commercial,
        attribution=said("attribution") or None,
        media=shown,
        links=_links(page, source, items),
        lists=page.feeds if source.discover.feeds else (),
        next_list=source.discover.next_page(page.url) if items else None,
        provenance=provenance,
    )


def _shown_by(page: Page, source: Source, voices: Sequence[Said], shown: Sequence[MediaLink]) -> dict[str, str]:
    """Return which voices name the page's pictures and films, by the name of their selector."""
    chosen = {*chosen_images(page, source), *page.sources(source.extract.video)}
    named = [(said.voice, {*page.absolute(said.images), *page.absolute(said.videos)}) for said in voices]
    told: dict[str, str] = {}
    for link in shown:
        name = "images" if link.kind == "image" else "video"
        first = next((voice for voice, media in named if link.url in media), "heuristic")
        told.setdefault(name, "selector" if link.url in chosen else first)
    return told


def _selectors(page: Page, source: Source) -> Said:
    wanted = source.extract
    return Said(
        voice="selector",
        title=page.first(wanted.title),
        uploader=page.first(wanted.uploader),
        seller=page.first(wanted.seller),
        price=page.first(wanted.price),
        published_at=page.first(wanted.date),
        attribution=page.first(wanted.attribution),
    )


def _usual(page: Page) -> Said:
    """Return what pages usually mean by their markup."""
    return Said(
        voice="heuristic",
        title=page.first("h1") or page.first("title"),
        uploader=page.first("[rel~=author], .uploader, .author, .username"),
        seller=page.first(".seller, .shop-name, .seller-name"),
        price=page.first("[itemprop=price], .price, .product-price"),
        published_at=page.first("time::attr(datetime)") or page.first("time"),
        attribution=signs.attribution(page.text),
    )


def _listing(said: Callable[[str], str], source: Source) -> Listing | None:
    amount, currency = prices.parse(said("price"), said("currency") or source.source.currency)
    seller = said("seller") or None
    if amount is None and seller is None:
        return None
    stated = said("currency").upper()
    return Listing(
        price=amount,
        currency=stated if re.fullmatch(r"[A-Z]{3}", stated) else currency,
        seller=seller,
        brand=said("brand") or None,
        sku=said("sku") or None,
    )


def _language(page: Page, source: Source) -> str | None:
    declared = page.first("html::attr(lang)")
    if declared:
        return declared[:20]
    return source.source.languages[0] if len(source.source.languages) == 1 else None


def _links(page: Page, source: Source, items: Sequence[str]) -> tuple[str, ...]:
    """Return where to go on: the source's item and next links; every link where it names none."""
    if source.extract.item or source.extract.next:
        return tuple(dict.fromkeys((*items, *page.links(source.extract.next))))
    return page.links("a[href]")


def numbered(addresses: Iterable[str], kind: MediaKind, *, start: int = 0) -> list[MediaLink]:
    """Return media links in page order."""
    return [MediaLink(url, kind, position) for position, url in enumerate(dict.fromkeys(addresses), start)]


def chosen_images(page: Page, source: Source) -> tuple[str, ...]:
    """Return the pictures the source's selector names, () when it names none."""
    return page.sources(source.extract.images)


def structured_images(page: Page) -> tuple[str, ...]:
    """Return the pictures the page's first structured voice names."""
    return next((page.absolute(said.images) for said in structured.read(page.html, page.url) if said.images), ())


def shown_images(page: Page, within: str = "body") -> tuple[str, ...]:
    """Return the pictures an area shows, without logos, icons and tracking pixels."""
    found = []
    for image in page.selector.css(f"{within} img"):
        address = media_address(image)
        named = " ".join((address.rpartition("/")[2], image.attrib.get("class", ""), image.attrib.get("id", "")))
        sizes = [image.attrib.get(side, "").removesuffix("px") for side in ("width", "height")]
        is_small = any(size.isdigit() and int(size) < SMALL_PIXELS for size in sizes)
        if address and not is_small and not _DECORATION.search(named):
            found.append(address)
    return page.absolute(found)


def linked_images(page: Page) -> tuple[str, ...]:
    """Return the full-size pictures that thumbnails link to."""
    links = page.absolute(page.selector.css("a[href]:has(img)::attr(href)").getall())
    return tuple(link for link in links if _PICTURE_FILE.search(link))


def films(page: Page, source: Source) -> tuple[str, ...]:
    """Return the page's films: those a selector names, else structured ones, <video>, and what its player is told."""
    chosen = page.sources(source.extract.video)
    if chosen:
        return chosen
    said = [film for voice in structured.read(page.html, page.url) for film in page.absolute(voice.videos)]
    shown = [media_address(tag) for tag in page.selector.css("video, video source, [data-video-src]")]
    told = [
        found["url"].replace("\\/", "/")
        for script in page.selector.css("script:not([type='application/ld+json'])::text").getall()
        for found in _FILM_IN_SCRIPT.finditer(script)
    ]
    return page.absolute([*said, *filter(None, shown), *told])
