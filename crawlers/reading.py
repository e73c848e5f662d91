"""What an answer means: a page that was read, a list in a machine's form, or trouble in a sentence. Pure."""

from scrapy.http import Response

from crawlers import challenge, directories, looks
from crawlers.captures import Fetched
from crawlers.extract import Reader, UnreadablePage, read_page
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source

READABLE = ("text/html", "text/plain", "application/xml")
BLOCK = "blocked: "  # how the trouble of a page begins that shuts us out
Read = tuple[str | None, Finding | None]  # why it is no finding although it answered; what it says


def of_directory(response: Response, where: str, source: Source) -> Read | None:
    """Return what a sitemap or a feed says; None when the answer is neither."""
    listed = None if is_no_answer(response.status) else directories.read(response.body, where)
    return None if listed is None else (listed.trouble, listed.finding(where, source.kind))


def of_page(page: Page, fetched: Fetched, source: Source, read: Reader) -> Read:
    """Return what a page says, as it was sent or as a browser showed it."""
    block = challenge.sign(page, fetched.status, fetched.headers, source.expect.blocked_if)
    if block is not None:
        return f"{BLOCK}the page {block}", None
    missing = source.expect.not_found(page.html)
    if missing is not None:
        return f'{looks.NOT_THERE}: the page says "{missing}"', None
    if is_no_answer(fetched.status):
        return answered(fetched.status), None
    is_catalogue = fetched.mime == "application/json" and source.source.platform is not None
    if fetched.mime not in READABLE and not is_catalogue:
        return None, None
    try:
        return None, read_page(read, page, source)
    except UnreadablePage as broken:
        return str(broken), None


def is_no_answer(status: int) -> bool:
    """Say whether a status brings nothing to look at."""
    return status >= 400 or status == 304  # not modified, though the place was not asked that


def answered(status: int) -> str:
    """Return what such a status means, in a sentence."""
    says = f"the server answered {status}"
    return f"{looks.NOT_THERE}: {says}" if status in looks.GONE else says
