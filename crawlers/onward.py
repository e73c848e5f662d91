"""Where a sweep begins, and which addresses a page that was read adds to it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawlers import urls
from crawlers.captures import Capture
from crawlers.discovery import Names, queries
from crawlers.frontier import Address, Sweep
from crawlers.interface import Finding
from crawlers.sources import Source

MAX_SITEMAPS = 200  # of one robots.txt
PORTION = 500  # below every database's limit of bound values


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
    for portion in _portions(list(by_hash)):
        rows = select(Capture.url_hash, func.max(Capture.fetched_at)).where(Capture.url_hash.in_(portion))
        found |= {by_hash[key]: at for key, at in session.execute(rows.group_by(Capture.url_hash))}
    return found


def addresses(
    session: Session, source: Source, sweep_id: int, *, depth: int, finding: Finding, listed: set[str]
) -> list[Address]:
    """Return what is to be visited after a page at this depth, lists before items.

    `listed` is what the sweep's lists have shown so far; this one's items are added. A list that only shows again what
    others showed has come to its end: many sites answer every number with their last page.
    """
    lists = [url for url in finding.lists if depth == 0 and source.reaches(url)]
    inside = [url for url in finding.links if source.covers(url)]
    if depth == 0 and finding.next_list is not None and source.reaches(finding.next_list):
        shows_new = bool(set(inside) - listed)
        listed.update(inside)
        if shows_new and not _has_seen_enough(session, source, sweep_id, inside):
            lists.append(finding.next_list)
    deeper = inside if depth < source.scope.max_depth else []
    return [*(Address(url, "page", depth) for url in lists), *(Address(url, "page", depth + 1) for url in deeper)]


def _has_seen_enough(session: Session, source: Source, sweep_id: int, shown: Sequence[str]) -> bool:
    """Say whether earlier sweeps have captured so many of a list's items that what comes after is known too."""
    limit = source.discover.stop_when_seen
    if limit is None:
        return False
    seen = 0
    for portion in _portions([urls.url_hash(url) for url in shown]):
        rows = (
            select(func.count(Capture.url_hash.distinct()))
            .join(Sweep, Sweep.id == Capture.sweep_id)
            .where(Sweep.source == source.id, Capture.sweep_id != sweep_id, Capture.url_hash.in_(portion))
        )
        seen += session.scalar(rows) or 0
    return seen >= min(limit, len(shown))


def _portions(hashes: Sequence[str]) -> list[Sequence[str]]:
    return [hashes[start : start + PORTION] for start in range(0, len(hashes), PORTION)]
