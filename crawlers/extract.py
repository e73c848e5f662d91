"""From a saved page to a Finding: every voice of the page is asked, the first that speaks is believed and named. Pure.

Order per field: what the page says in a machine's language (JSON-LD, microdata, OpenGraph), what the source's selectors
find, what a page of this kind usually means. Media named by a selector win: a person chose them for this site.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lxml.etree import LxmlError

from config.errors import MekikiError
from crawlers import dates, gallery, hydration, listings, platforms, signs, structured, urls, usual
from crawlers.interface import Finding, MediaKind, MediaLink
from crawlers.page import MAX_TEXT, PICTURE_FILE, Page, media_address, once
from crawlers.sources import Source
from crawlers.structured import Said

Reader = Callable[[Page, Source], Finding]
MAX_TITLE = 500  # characters
_DECORATION = re.compile(
    r"(?:^|[\W_])(?:logo|icon|avatar|sprite|favicon|spacer|blank|pixel|badge|emoji)(?:[\W_]|$)", re.I
)
_FILM_TOLD = re.compile(  # whole, from the root of the host, or beside the page: players take all three
    r"""["'](?P<url>[^"'<>\s]{0,1000}?[^"'<>\s./]\.(?:m3u8|mpd|mp4|webm|m4v)(?:\?[^"'<>\s]{0,1000})?)["']"""
)
# Besides <video>: the element of video.js, and those of players that take a playlist as their source.
_FILM_ELEMENTS = "video, video source, video-js source, [data-video-src], [src*='.m3u8'], [src*='.mpd']"
_TOLD = "script:not([type='application/ld+json'])::text, [data-setup]::attr(data-setup)"
SMALL_PIXELS = 48  # a picture that says it is smaller is furniture of the page


class UnreadablePage(MekikiError):
    """The page's markup cannot be read."""


def read_page(read: Reader, page: Page, source: Source) -> Finding:
    """Return what a reader says of a page. Raises UnreadablePage instead of a parser's own error."""
    if page.too_much:
        raise UnreadablePage(f"its markup is not read: {page.too_much}")
    listed = platforms.catalogue(page, source.source.platform)
    if listed is not None:
        return Finding(url=page.url, kind=source.kind, title="", links=listed)
    try:
        found = read(page, source)
    except (LxmlError, ValueError, RecursionError) as broken:
        raise UnreadablePage(f"its markup cannot be read ({type(broken).__name__}: {broken})") from broken
    found = replace(found, text=found.text[:MAX_TEXT], media=source.media.taken(found.media))
    if source.search is not None and source.search.asks(page.url):  # it shows what is found elsewhere
        return replace(found, media=(), listing=None)
    return found


def finding(page: Page, source: Source, media: Iterable[MediaLink], *, is_offer: bool = False) -> Finding:
    """Return the Finding of a page whose media its kind's reader has chosen; a list of items has none."""
    voices = voices_of(page, source)
    provenance: dict[str, str] = {}

    def said(name: str) -> str:
        for voice in voices:
            words = str(getattr(voice, name))
            if words:
                provenance[name] = voice.voice
                return words
        return ""

    listing = listings.read(voices, said, page, source) if is_offer else None
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
        published_at=dates.parse(said("published_at"), dates.zone(source.source.territory), seen_at=page.seen_at),
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


def voices_of(page: Page, source: Source) -> list[Said]:
    """Return everything that speaks of the page, the most trusted voice first."""
    return [*_data(page, source.extract.title), _selectors(page, source), usual.voice(page)]


@once
def _data(page: Page, title: str | None) -> tuple[Said, ...]:
    """Return the voices of the page's data; `title` is the source's selector of its title."""
    said = structured.read(page)
    drawn = hydration.read(page, (*(voice.title for voice in said), page.first(title), page.first("h1")))
    return (*said, *([drawn] if drawn else []))


def _selectors(page: Page, source: Source) -> Said:
    wanted = source.extract
    return Said(
        voice="selector",
        title=page.first(wanted.title),
        uploader=page.first(wanted.uploader),
        seller=page.first(wanted.seller),
        seller_page=page.leads(wanted.seller_page or wanted.seller),
        price=page.first(wanted.price),
        condition=page.first(wanted.condition),
        stock=page.first(wanted.stock),
        brand=page.first(wanted.brand),
        sku=page.first(wanted.sku),
        gtin=page.first(wanted.gtin),
        published_at=page.first(wanted.date),
        attribution=page.first(wanted.attribution),
    )


def _language(page: Page, source: Source) -> str | None:
    declared = page.first("html::attr(lang)")
    if declared:
        return declared[:20]
    return source.source.languages[0] if len(source.source.languages) == 1 else None


def _links(page: Page, source: Source, items: Sequence[str]) -> tuple[str, ...]:
    """Return where to go on: the source's item and next links; every link where it names none.

    A shop whose catalogue names every offer is not followed from offer to offer.
    """
    if source.source.platform in platforms.PER_PAGE:
        return ()
    if source.extract.item or source.extract.next:
        return tuple(dict.fromkeys((*items, *page.links(source.extract.next))))
    return page.links("a[href]")


def numbered(addresses: Iterable[str], kind: MediaKind, *, start: int = 0) -> list[MediaLink]:
    """Return media links in page order."""
    return [MediaLink(url, kind, position) for position, url in enumerate(dict.fromkeys(addresses), start)]


def chosen_images(page: Page, source: Source) -> tuple[str, ...]:
    """Return the pictures the source's selector names, () when it names none."""
    return page.sources(source.extract.images)


def photographs(page: Page, source: Source) -> tuple[str, ...]:
    """Return every photograph of the page's offer, once each: as its data names them, then the gallery around those.

    What only OpenGraph names may be the site's own emblem, so it counts where nothing else names one.
    """
    said = _data(page, source.extract.title)
    named = [address for voice in said if voice.voice != "opengraph" for address in page.absolute(voice.images)]
    shared = [address for voice in said for address in page.absolute(voice.images)]
    return gallery.photographs(page, named or shared)


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
    return tuple(link for link in links if PICTURE_FILE.search(link))


def films(page: Page, source: Source) -> tuple[str, ...]:
    """Return the page's films: those a selector names, else structured ones, <video>, and what its player is told.

    A source that leaves them to yt-dlp has one a page.
    """
    if source.media.extractors:
        return (urls.film_of(page.url),)
    chosen = page.sources(source.extract.video)
    if chosen:
        return chosen
    said = [film for voice in structured.read(page) for film in page.absolute(voice.videos)]
    shown = [media_address(tag) for tag in page.selector.css(_FILM_ELEMENTS)]
    told = [
        found["url"].replace("\\/", "/")
        for words in page.selector.css(_TOLD).getall()
        for found in _FILM_TOLD.finditer(words)
    ]
    return page.absolute([*said, *filter(None, shown), *told])
