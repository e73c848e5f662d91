"""Who may see a work's provisional material, on its page: told to those who may, who name others or stop them."""

from starlette.responses import Response

from dashboard import people, staff
from dashboard.pages.works import found
from dashboard.visits import Visit


def change(visit: Visit) -> Response:
    """Name somebody, or let somebody see it no longer; only those who are named may."""
    with visit.writes() as session:
        work = found(session, visit.of("uuid"))
        if visit.person.id not in [person.id for person in staff.of_work(session, work)]:
            raise staff.NotOnStaff("Only somebody who may see it may name others; `mekiki work staff` names the first.")
        person = people.find(session, visit.form.get("login", ""))
        act = staff.remove if visit.form.get("act") == "remove" else staff.name
        act(session, work, person, by=visit.person.name)
    return visit.go(f"/works/{work.uuid}#staff")
