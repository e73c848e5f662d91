"""Taking a decision back: its notices are withdrawn with it, as long as none has left."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from matcher import cases
from matcher.cases import Decision
from notices import ledger
from notices.ledger import Notice


class AlreadyLeft(MekikiError):
    """The notice of a decision has left, so the decision cannot simply be undone."""


def undo(session: Session, case_id: int, *, person: str, reason: str) -> Decision:
    """Withdraw the case's notices, undo its decision, and return the undoing row.

    Raises AlreadyLeft when a notice has left: that one is retracted, which tells its recipient. Raises NotDecidable
    without a person, a reason or a decision.
    """
    for notice in session.scalars(select(Notice).where(Notice.case_id == case_id)).all():
        if notice.state in ledger.BEFORE_SENDING:
            ledger.withdraw(session, notice.id, person, reason)
        elif notice.state not in ("withdrawn", "retracted"):
            raise AlreadyLeft(f"{notice.number} has left; retract it with `mekiki notice retract {notice.number}`.")
    return cases.undo(session, case_id, person=person, reason=reason)
