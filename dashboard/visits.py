"""A visit: one request of one person who is logged in; what every page is given, and how it answers."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from babel.core import negotiate_locale
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from config.home import Home
from dashboard import auth, dictionary, rendering, staff
from dashboard.pages import header
from dashboard.people import Person

MAX_FORM_FIELDS = 40
SEE_OTHER = 303


@dataclass(frozen=True)
class Visit:
    """One request of one person."""

    home: Home
    person: Person
    request: Request
    form: Mapping[str, str]  # empty unless something was posted

    @property
    def language(self) -> str:
        """The language the person reads."""
        return language_of(self.request, self.home)

    @contextmanager
    def reads(self) -> Iterator[Session]:
        """Give a session that only reads, and sees what the person may see."""
        with self.home.readers()() as session:
            yield staff.limit(session, self.person.id)

    @contextmanager
    def writes(self) -> Iterator[Session]:
        """Give a session that sees what the person may see, and is committed when the block is left."""
        with self.home.sessions().begin() as session:
            yield staff.limit(session, self.person.id)

    def of(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """Return a part of the query."""
        return self.request.query_params.get(name, default)

    def say(self, message: str, **values: object) -> str:
        """Return a sentence in the person's language."""
        return dictionary.of(self.language).say(message, **values)

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Answer with a page."""
        with self.reads() as session:
            top = header.read(session)
        note = self.request.session.pop("note", None)
        return page(self.request, self.home, template, status=status, person=self.person, top=top, note=note, **values)

    def go(self, path: str, note: str = "") -> Response:
        """Send the person on after something was done, with a sentence to read there."""
        if note:
            self.request.session["note"] = note
        return RedirectResponse(path, SEE_OTHER)


class Screen(Protocol):
    """What a page is: a plain function from a visit to an answer. It may block; it runs in a thread."""

    def __call__(self, visit: Visit, /) -> Response:
        """Answer one visit."""
        ...


def screen(answer: Screen, *, is_api: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a page so that it gets only visits of people who are logged in, and only forms of our own pages."""

    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(_answered, answer, request, form, is_api)

    return endpoint


async def read_form(request: Request) -> dict[str, str]:
    """Return the plain fields of a posted form; files are not taken."""
    if request.method != "POST":
        return {}
    async with request.form(max_files=0, max_fields=MAX_FORM_FIELDS) as fields:
        return {name: value for name, value in fields.items() if isinstance(value, str)}


def page(request: Request, home: Home, template: str, *, status: int = 200, **values: object) -> Response:
    """Answer with a template in the visitor's language."""
    made = rendering.environment(language_of(request, home), home.settings.schedule.timezone)
    token = auth.token(request.session)
    text = made.get_template(template).render(
        token=token, here=request.url.path, path=_here(request), languages=dictionary.LANGUAGES, **values
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def language_of(request: Request, home: Home) -> str:
    """Return the language a visitor chose, else the first that their browser asks for and we speak, else the home's."""
    chosen = request.session.get("language")
    if chosen in dictionary.LANGUAGES:
        return str(chosen)
    asked = [wish.partition(";")[0].strip() for wish in request.headers.get("accept-language", "").split(",")]
    return negotiate_locale(asked, dictionary.LANGUAGES, sep="-") or home.settings.console.language


def _answered(answer: Screen, request: Request, form: Mapping[str, str], is_api: bool) -> Response:
    home: Home = request.app.state.home
    with home.readers()() as session:
        person = auth.who(request.session, session)
    if person is None:
        if is_api:
            return JSONResponse({"error": "Log in first."}, 401)
        wanted = _here(request) if request.method == "GET" else "/"
        request.session["wanted"] = wanted
        return RedirectResponse("/login", SEE_OTHER)
    if request.method == "POST":
        auth.check_token(request.session, form.get("token", ""))
    return answer(Visit(home, person, request, form))


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
