"""The stages around comparing, run as the jobs run them."""

from sqlalchemy.orm import Session

from config.home import Home
from matcher import assess, cases, intake, kept, look_back, match

STAGES = ((kept.pending, kept.keep), (look_back.pending, look_back.look), (match.pending, match.compare))


def remember(session: Session) -> None:
    """Move every mark, as the jobs do where nothing is left to do."""
    for stage in (intake, assess, cases):
        stage.remember(session)


def compared(session: Session) -> int:
    """Keep, look back and compare until nothing is pending; return how many sightings were compared."""
    taken = 0
    for stage, verb in STAGES:
        while ids := stage(session, 8):
            verb(session, ids)
            taken += len(ids) if stage is match.pending else 0
            assert taken < 100, "the stage never ends"
    remember(session)
    return taken


def compared_at(home: Home) -> int:
    """Do the same as jobs do it: every batch is a transaction of its own."""
    taken = 0
    for stage, verb in STAGES:
        while True:
            with home.sessions().begin() as session:
                ids = stage(session, 8)
            if not ids:
                break
            with home.sessions().begin() as session:
                verb(session, ids)
            taken += len(ids) if stage is match.pending else 0
            assert taken < 100, "the stage never ends"
    with home.sessions().begin() as session:
        remember(session)
    return taken
