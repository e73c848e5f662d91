"""Which references deserve a closer look: near descriptors vote, each by how much nearer it is than the crowd. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from matcher.interface import Hit

MOST_CANDIDATES = 20


@dataclass
class Ballot:
    """The votes of one query for one reference."""

    weight: float = 0.0
    pairs: list[tuple[int, int]] = field(default_factory=list)  # (query row, reference row)


def counted(hits: Sequence[Sequence[Hit]]) -> dict[int, Ballot]:
    """Return a ballot per owner that has enough pairs to be aligned, the heaviest MOST_CANDIDATES of them.

    A query descriptor gives an owner one vote, for its nearest row, weighed by how much nearer it is than the last of
    the neighbours (Jegou 2011: a descriptor with many equally near neighbours says little). Background pictures
    (owners below 0) take part as neighbours and get no ballot.
    """
    ballots: defaultdict[int, Ballot] = defaultdict(Ballot)
    for row, near in enumerate(hits):
        if not near:
            continue
        crowd = near[-1].distance or 1.0
        voted = set()
        for hit in near:
            if hit.owner < 0 or hit.owner in voted:
                continue
            voted.add(hit.owner)
            ballot = ballots[hit.owner]
            ballot.weight += 1 - (hit.distance / crowd) ** 2
            ballot.pairs.append((row, hit.row))
    full = {owner: ballot for owner, ballot in ballots.items() if len(ballot.pairs) >= 4}
    heaviest = sorted(full, key=lambda owner: (-full[owner].weight, owner))[:MOST_CANDIDATES]
    return {owner: full[owner] for owner in heaviest}
