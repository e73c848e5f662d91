"""Where a sweep begins, and what a page that was read puts in line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import portions
from crawlers import frontier, urls
from crawlers.captures import Capture
from crawlers.discovery import Names, queries
from crawlers.frontier import Address, FrontierEntry, Sweep
from crawlers.interface import Finding, MediaLink
from crawlers.sources import Source

MAX_SITEMAPS = 200  # of one robots.txt
MAX_LINKS = 5_000  # new ones of one look at a page; more is a trap that makes addresses
MAX_NAMED = 50_000  # new ones of one sitemap
MAX_NEW = 200_000  # of one run of a sweep; a site that names more is read further by the next one


def searches(session: Session, source: Source, works: Iterable[Names]) -> list[str]:
    """Return the canonical addresses at which a new sweep asks the site's search for the works.

    More queries than a sweep may make take turns: those that were asked longest ago come first.
    """
    if source.search is None:
        return []
    wanted = [source.search.address(query) for query in queries(source.search, works)]
    last = _last_asked(session, wanted)
    never = [url for url in wanted if url not in last]
    return [*never, *sorted(last, key=lambda url: last[url])][: source.search.max_queries]


def sitemaps(source: Source, origin: str, named: Iterable[str]) -> list[str]:
    """Return the sitemaps a source's sweep reads of a host, by what its robots.txt names; else where most have one."""
    if not source.discover.sitemap:
        return []
    found = [urls.canonical(url, origin) for url in named] or [urls.canonical("/sitemap.xml", origin)]
    return [url for url in found if url is not None and source.reaches(url)][:MAX_SITEMAPS]


def _last_asked(session: Session, wanted: Sequence[str]) -> dict[str, datetime]:
    """Return when each address was captured last; what never was is absent."""
    by_hash = {urls.url_hash(url): url for url in wanted}
    found: dict[str, datetime] = {}
    for portion in portions(list(by_hash)):
        rows = select(Capture.url_hash, func.max(Capture.fetched_at)).where(Capture.url_hash.in_(portion))
        found |= {by_hash[key]: at for key, at in session.execute(rows.group_by(Capture.url_hash))}
    return found


@dataclass
class Room:
    """What one run of a sweep has been shown by lists, and how many addresses it still takes from anybody."""

    shown: set[str] = field(default_factory=set)
    left: int = MAX_NEW


def put_in_line(
    session: Session, source: Source, sweep_id: int, pages: Iterable[tuple[int, Finding]], room: Room
) -> None:
    """Put what pages (their depths, what they say) lead to in line, lists before items."""
    named: list[tuple[list[Address], int]] = []
    called: list[str] = []
    for depth, finding in pages:
        lists, items, again = _leads_to(session, source, sweep_id, depth, finding, room)
        addresses = [
            *(Address(url, "page", depth) for url in lists),
            *(Address(url, "page", depth + 1, _told(finding, url)) for url in items),
        ]
        named.append((addresses, MAX_NAMED if finding.is_directory else MAX_LINKS))
        called += again
    room.left -= frontier.line_up(session, sweep_id, named, at_most=room.left)
    frontier.recall(session, sweep_id, called)


def _leads_to(
    session: Session, source: Source, sweep_id: int, depth: int, finding: Finding, room: Room
) -> tuple[list[str], list[str], list[str]]:
    """Return the lists and the items that a page leads to, and which of the lists are asked however they rest.

    A list goes on as long as it shows what no other list of this run has shown: many sites answer every number with
    their last page. Its next page is asked in this sweep, however it rests, when there is something new on this one.
    """
    lists = [url for url in finding.lists if depth == 0 and source.reaches(url)]
    inside = [url for url in finding.links if source.covers(url)]
    called = list(lists)
    if depth == 0 and finding.next_list is not None and source.reaches(finding.next_list):
        seen, is_known = _seen_before(session, sweep_id, inside)
        limit = source.discover.stop_when_seen
        has_seen_enough = limit is not None and seen >= min(limit, len(inside))
        if not room.shown.issuperset(inside) and not has_seen_enough:
            lists.append(finding.next_list)
            called += [] if is_known else [finding.next_list]
        room.shown.update(inside)
    return lists, inside if depth < source.scope.max_depth else [], called


def _told(finding: Finding, url: str) -> tuple[tuple[str, str], ...]:
    return tuple((link.kind, link.url) for link in finding.told.get(url, ()))


def completed(source: Source, entry: FrontierEntry, finding: Finding) -> Finding:
    """Return a page's finding with the media that a sitemap or a feed says it shows, where it names none itself.

    A player made by scripts alone names no film, and the sitemap does. What the page names itself is believed first,
    and a list shows what is found elsewhere.
    """
    is_list = finding.is_directory or bool(source.extract.item and finding.links)
    if finding.media or is_list or not entry.told:
        return finding
    media = source.media.taken(tuple(MediaLink(url, kind, at) for at, (kind, url) in enumerate(entry.told)))
    named = {"images" if link.kind == "image" else "video": "sitemap" for link in media}
    return replace(finding, media=media, provenance=finding.provenance | named)


def _seen_before(session: Session, sweep_id: int, shown: Sequence[str]) -> tuple[int, bool]:
    """Return how many of a list's items earlier sweeps have looked at, and whether they knew all of them."""
    began = session.get_one(Sweep, sweep_id).started_at
    known = [row for row in frontier.entries(session, sweep_id, shown).values() if row.first_seen_at < began]
    return sum(row.settled_at is not None for row in known), len(known) == len(set(shown))
