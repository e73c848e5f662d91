"""How an index stands, for an operator: how much is in it, how old it is, what memory it takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """How an index stands."""

    entries: int  # that a search may tell
    delta: int  # of them, not in the base yet
    tombstones: int  # entries of the base that do not count any more
    generation: int  # of the base on disk; 0: it is in memory only
    age_s: float | None  # of the base on disk
    covers: int  # how far of the truth is in
    bytes_mapped: int  # shared by every process that maps them
    bytes_held: int  # of this process alone
