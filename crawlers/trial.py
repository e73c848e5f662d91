"""What a source's file makes of one document, before anything is swept: fields, media, links, expectations. Pure."""

from dataclasses import dataclass

from crawlers import challenge, directories, expectations, extract, showing, spiders, urls
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source
from crawlers.tryout import Document

OK = 200  # the status of every document that comes to a trial


@dataclass(frozen=True)
class Trial:
    """What would come of a document in a sweep."""

    finding: Finding
    follows: tuple[str, ...]  # links that are in scope
    leaves: tuple[tuple[str, str], ...]  # links that are not, and why
    fails: tuple[str, ...]  # expectations of the source's file, one sentence each


def of(source: Source, document: Document) -> Trial:
    """Return what the source's file makes of the document. Raises UnreadablePage."""
    found = showing.with_films(read(source, document), document.films)
    wanted = tuple(dict.fromkeys((*found.lists, *([found.next_list] if found.next_list else []), *found.links)))
    lists = {*found.lists, found.next_list}
    leaves = {url: why for url in wanted if (why := _refusal(source, url, is_list=url in lists))}
    return Trial(
        finding=found,
        follows=tuple(url for url in wanted if url not in leaves),
        leaves=tuple(leaves.items()),
        fails=(
            *_elsewhere(source, document),
            *([f"It is read only in part: {found.fault}."] if found.fault else []),
            *_failures(source, document, found),
        ),
    )


def read(source: Source, document: Document) -> Finding:
    """Return what a document says: a page, a sitemap or a feed. Raises UnreadablePage."""
    listed = directories.read(document.body, document.url)
    if listed is not None:
        return listed.finding(document.url, source.kind)
    return extract.read_page(spiders.reader(source), document.page, source)


def _refusal(source: Source, url: str, *, is_list: bool) -> str | None:
    if source.reaches(url):
        return None if is_list or source.covers(url) else "no pattern of scope.allow is in it"
    is_ours = urls.host(url) in source.hosts()
    return "scope.deny refuses it" if is_ours else f"{urls.host(url)} is no host of the source"


def _elsewhere(source: Source, document: Document) -> list[str]:
    host = urls.host(document.url)
    if host in source.hosts():
        return []
    return [
        f"It stands on {host}, where no sweep of {source.id} goes; when that is the same site, add it to scope.hosts."
    ]


def _failures(source: Source, document: Document, found: Finding) -> list[str]:
    page = document.page
    block = challenge.sign(page, OK, document.headers, source.expect.blocked_if)
    said = [f"The page {block}: a sweep would stop here, and a person would be asked."] if block else []
    nothing = source.expect.not_found(page.html)
    if nothing is not None:
        said.append(f'The page says "{nothing}": a sweep would take it for a page that is not there.')
    if _is_item(source, found, page):
        said += [
            f"It has no {name}, which every finding of {source.id} must have."
            for name in expectations.missing(found, source.expect.must_have)
        ]
    return said


def _is_item(source: Source, found: Finding, page: Page) -> bool:
    """Say whether a document should be a finding: it is no list of items, no sitemap, no feed and no search result."""
    if found.media or found.listing is not None:
        return True
    is_list = bool(page.links(source.extract.item)) or found.is_directory
    return not is_list and not (source.search is not None and source.search.asks(found.url))
