"""The course of a sweep: what its spider needs on the way, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field

from config.blobs import BlobStore
from config.errors import MekikiError
from crawlers.answers import Errand
from crawlers.batches import Batch
from crawlers.patience import Patience
from crawlers.render import Memory
from crawlers.settle import Settler
from crawlers.sources import Limits, Source
from crawlers.tallies import Tally


class SiteDown(MekikiError):
    """The site does not answer."""

    permanent = False


class BotChallenge(MekikiError):
    """The site shows a page that shuts us out; a person must look, we never work around it."""


@dataclass
class Walk:
    """Everything one sweep's spider needs, and how it ended."""

    settler: Settler
    batch: Batch  # in which the settler writes answers
    source: Source
    limits: Limits
    blobs: BlobStore
    patience: Patience  # that reads what comes
    memory: Memory = field(default_factory=Memory)  # of what needs a browser
    tell: Callable[[], None] = lambda: None  # after every settled address
    stopped_by: BaseException | None = None
    silent: list[tuple[Errand, str]] = field(default_factory=list)  # of the site, in a row without any answer
    has_answered: bool = False
    was_interrupted: bool = False
    tally: Tally = field(default_factory=Tally)
    shut_in_a_row: int = 0  # pages in a row that the server refused

    def site_down(self) -> SiteDown:
        """Leave what got no answer to the next sweep, and return the error that says so."""
        for one, says in self.silent:
            self.settler.reopen(one, says)
        return SiteDown(
            f"{self.silent[-1][1]}; see whether the site is up, then run `mekiki sweep {self.source.id}` again: it "
            "goes on where it stopped."
        )
