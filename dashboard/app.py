"""The web console as one ASGI application: its addresses, its headers, and how a fault is said."""

import contextlib
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import log
from config.errors import MekikiError
from config.home import Home
from dashboard import auth, claims, dictionary, people, previews, staff, taking_back
from dashboard.api import cases as api
from dashboard.pages import (
    case,
    conflicts,
    custody,
    decisions,
    find,
    login,
    media,
    morning,
    notices,
    outbox,
    quarantine,
    references,
    sources,
    spoiled,
    staffing,
    stretches,
    works,
)
from dashboard.visits import language_of, page, screen
from matcher import cases, dossier, found_stretches, holds, overlaps, quarantines
from matcher.references import UnknownReference
from notices import ledger

STATIC = Path(__file__).with_name("static")
# Nothing is loaded from anywhere else, nothing runs or is styled inline, and no other site may frame or post to us.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STATUS = {
    cases.UnknownCase: 404, ledger.NoSuchNotice: 404, works.UnknownWork: 404, previews.NoPreview: 404,
    UnknownReference: 404, found_stretches.UnknownStretch: 404, found_stretches.BadStretch: 409,
    auth.ForeignForm: 403, staff.NotOnStaff: 403, people.UnknownPerson: 404, notices.MayNotApprove: 403,
    claims.Claimed: 409, decisions.Overtaken: 409, taking_back.AlreadyLeft: 409, cases.AllowedUse: 409,
    cases.NotDecidable: 409, holds.Held: 409, quarantines.NotQuarantined: 409,
    dossier.AlreadyHeld: 409, dossier.NotHeld: 409, overlaps.UnknownOverlap: 404, overlaps.BadSettlement: 409,
    ledger.NotAllowed: 409, ledger.NotApprovable: 409,
}  # fmt: skip
_log = log.get(__name__)


def make(home: Home) -> Starlette:
    """Return the console of a home."""
    made = Starlette(
        routes=_routes(),
        middleware=[
            Middleware(_Headers),
            Middleware(
                SessionMiddleware,
                secret_key=auth.key(home.path / "console.key"),
                session_cookie=auth.COOKIE,
                max_age=auth.SESSION_S,
                same_site="lax",
                https_only=home.settings.console.secure_cookies,
            ),
        ],
        exception_handlers={MekikiError: _sentence, HTTPException: _not_here, Exception: _fault},
        lifespan=_lifespan,
    )
    made.state.home = home
    made.state.patience = auth.Patience()
    made.state.films = previews.Films(home)
    return made


def _routes() -> list[Route | Mount]:
    def get(path: str, answer: object, **more: bool) -> Route:
        return Route(path, screen(answer, **more), methods=["GET"])  # type: ignore[arg-type]

    def post(path: str, answer: object) -> Route:
        return Route(path, screen(answer), methods=["POST"])  # type: ignore[arg-type]

    return [
        Route("/login", login.show, methods=["GET"]),
        Route("/login", login.enter, methods=["POST"]),
        Route("/language", login.speak, methods=["POST"]),
        post("/logout", login.leave),
        get("/", case.first), get("/queue", case.first), get("/cases/next", case.following),
        get("/cases/{uuid}", case.show),
        post("/cases/{uuid}/decide", decisions.decide), post("/cases/{uuid}/undo", decisions.undo),
        post("/cases/{uuid}/claim", decisions.claim), post("/cases/{uuid}/keep", decisions.keep),
        post("/cases/{uuid}/release", decisions.release),
        get("/cases/{uuid}/evidence", custody.show), get("/cases/{uuid}/evidence/process.txt", custody.process),
         post("/cases/{uuid}/export", custody.export),
        post("/cases/{uuid}/evidence/hold", custody.hold), post("/cases/{uuid}/evidence/release", custody.release),
        get("/notices", notices.listed), get("/notices/{uuid}", notices.show),
        get("/notices/{uuid}/letter.pdf", notices.pdf),
        post("/notices/{uuid}/approve", notices.approve), post("/notices/{uuid}/hold", notices.hold),
        post("/notices/{uuid}/withdraw", notices.withdraw), post("/notices/{uuid}/retract", notices.take_back),
        get("/outbox", outbox.show), get("/works", works.listed), get("/works/{uuid}", works.show),
        post("/references/{uuid}/disable", references.disable), post("/references/{uuid}/enable", references.enable),
        get("/quarantine", quarantine.show), post("/quarantine/{uuid}/release", quarantine.release),
        post("/quarantine/{uuid}/disable", quarantine.disable),
        post("/references/{uuid}/promote", references.promote), post("/works/{uuid}/staff", staffing.change),
        get("/conflicts", conflicts.show), post("/conflicts/{uuid}/settle", conflicts.settle),
        get("/sources", sources.show), get("/morning", morning.show), get("/find", find.show),
        get("/spoiled/{uuid}", spoiled.show), get("/media/matches/{uuid}/{part}", media.drawing),
        get("/media/stretches/{uuid}/{second}.jpg", stretches.picture),
        post("/stretches/{uuid}/confirm", stretches.confirm), post("/stretches/{uuid}/reject", stretches.reject),
        get("/media/cases/{uuid}/{blob}/{size}.jpg", media.portrait),
        get("/media/{blob}/{size}.jpg", media.picture), get("/media/{blob}/film.webm", media.film),
        get("/api/queue", api.listed, is_api=True), get("/api/cases/{uuid}", api.show, is_api=True),
        Route("/api/health", api.health, methods=["GET"]),
        Route("/static/fonts/NotoSansJP.ttf", _font, methods=["GET"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]  # fmt: skip


class _Headers:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    app.state.films.close()


def _font(_request: Request) -> Response:
    """Serve Noto Sans JP from its package; browsers ask for it only where no other font has a character."""
    package = find_spec("justmytype_intl_cjk")
    roots = list(package.submodule_search_locations or ()) if package else []
    for root in roots:
        font = Path(root) / "fonts" / "ofl" / "notosansjp" / "NotoSansJP[wght].ttf"
        if font.is_file():
            return FileResponse(font, media_type="font/ttf", headers={"Cache-Control": "public, max-age=31536000"})
    return Response(status_code=404)


def _sentence(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
    return _said(request, status, str(error))


def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _said(request, status, "There is no page at this address." if status == 404 else str(error))


def _fault(request: Request, error: Exception) -> Response:
    _log.error("console fault", path=request.url.path, exc_info=error)
    return _said(request, 500, "Something went wrong here; it was written into the log of this home.")


def _said(request: Request, status: int, sentence: str) -> Response:
    home: Home = request.app.state.home
    said = dictionary.of(language_of(request, home)).retell(sentence)
    if request.url.path.startswith(("/api/", "/media/")):
        return JSONResponse({"error": said}, status)
    say = dictionary.of(language_of(request, home)).say
    titles = {403: say("Not like this"), 404: say("Not here"), 409: say("Not now")}
    return page(request, home, "error.html", status=status, title=titles.get(status, say("Not done")), sentence=said)
