"""Logging in and out, and the language one reads."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.home import Home
from dashboard import auth, claims, dictionary, people
from dashboard.visits import SEE_OTHER, Visit, language_of, page, read_form


async def show(request: Request) -> Response:
    """Show the door."""
    return page(request, request.app.state.home, "login.html", wrong="", login="")


async def enter(request: Request) -> Response:
    """Let a person in who knows their password."""
    form = await read_form(request)
    auth.check_token(request.session, form.get("token", ""))
    return await run_in_threadpool(_entered, request, form.get("login", ""), form.get("password", ""))


async def speak(request: Request) -> Response:
    """Remember the language somebody wants to read."""
    form = await read_form(request)
    auth.check_token(request.session, form.get("token", ""))
    if form.get("language") in dictionary.LANGUAGES:
        request.session["language"] = form["language"]
    return RedirectResponse(_own(form.get("back", "/")), SEE_OTHER)


def leave(visit: Visit) -> Response:
    """Log out, and give back every case the person holds."""
    with visit.writes() as session:
        claims.release_all(session, visit.person.id)
    auth.leave(visit.request.session)
    return visit.go("/login")


def _entered(request: Request, login: str, password: str) -> Response:
    home: Home = request.app.state.home
    patience: auth.Patience = request.app.state.patience
    address = request.client.host if request.client else ""
    say = dictionary.of(language_of(request, home)).say
    try:
        patience.check(login, address)
    except auth.TooManyTries as wait:
        return page(request, home, "login.html", status=429, wrong=say(str(wait)), login=login)
    try:
        with home.sessions().begin() as session:  # it writes when a hash is out of date
            person = people.authenticate(session, login, password)
    except people.WrongPassword as wrong:
        patience.failed(login, address)
        return page(request, home, "login.html", status=401, wrong=say(str(wrong)), login=login)
    patience.passed(login)
    wanted = _own(str(request.session.get("wanted", "/")))
    auth.enter(request.session, person)
    return RedirectResponse(wanted, SEE_OTHER)


def _own(path: str) -> str:
    """Return a path of this console, never another site's address."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
