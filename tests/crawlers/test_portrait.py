"""Portraits show captured pages: nothing captured is asked for again, nothing private is reached, tall pages end."""

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from config import settings
from config.settings import Crawl
from crawlers import chromium, portrait
from crawlers.portrait import MAX_HEIGHT_PX, Portrait, Sitter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; run `mekiki browser install`"),
]
STYLE = b"body { margin: 0; background: rgb(10, 200, 30); } p { height: 300px }"


@dataclass
class Site:
    port: int = 0
    asked: list[str] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)  # paths that redirect, and where to
    styles: dict[str, bytes] = field(default_factory=dict)  # of paths that answer with something else than STYLE

    def url(self, path: str, host: str = "web.test") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that counts what it is asked for; everything on it is a style sheet."""
    made = Site()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.headers["Host"].partition(":")[0] + self.path)
            away = made.away.get(self.path)
            style = made.styles.get(self.path, STYLE)
            self.send_response(302 if away else 200)
            if away:
                self.send_header("Location", away)
            self.send_header("Content-Type", "text/css")
            self.send_header("Content-Length", str(len(style)))
            self.end_headers()
            self.wfile.write(style)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def crawl(site: Site, folder: Path, *allowed: str) -> Crawl:
    listed = ", ".join(f'"{host}:{site.port}"' for host in ("web.test", *allowed))
    return settings.load(folder, {
        "MEKIKI_CRAWL__ALLOW_ADDRESSES": f"[{listed}]",
        "MEKIKI_CRAWL__PINNED_HOSTS": '{"web.test" = "127.0.0.1"}',
    }).crawl  # fmt: skip


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "PNG")
    return out.getvalue()


def taken(site: Site, folder: Path, html: str, robots: str = "", allowed: tuple[str, ...] = ()) -> Portrait:
    for name, content in (("body", html.encode()), ("picture", picture("blue")), ("robots", robots.encode())):
        (folder / name).write_bytes(content)
    sitter = Sitter(
        url=site.url("/watch"), status=200, content_type="text/html; charset=utf-8", body=str(folder / "body"),
        media={site.url("/film.png"): (str(folder / "picture"), "image/png")},
        robots={site.url("").rstrip("/"): (200, str(folder / "robots"))},
    )  # fmt: skip
    (one,) = portrait.take(crawl(site, folder, *allowed), [sitter], folder / "out")
    assert one.trouble is None
    return one


def test_what_was_captured_is_shown_and_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    html = '<!doctype html><link rel=stylesheet href="/s.css"><title>絵</title><img src="/film.png"><p>映画</p>'
    html += "<script>document.title = 'changed'; fetch('/stolen')</script>"
    one = taken(site, tmp_path, html)
    assert site.asked == ["web.test/s.css"]
    dom = Path(one.files["dom.html"]).read_text("utf-8")
    assert "<title>絵</title>" in dom
    viewport = Image.open(one.files["viewport.png"]).convert("RGB")
    assert viewport.size == (1280, 1600)
    assert viewport.getpixel((30, 20)) == (0, 0, 255)
    assert viewport.getpixel((600, 200)) == (10, 200, 30)
    assert {row["url"]: (row["from"], row["sha256"]) for row in one.resources} == {
        site.url("/film.png"): ("captured", hashlib.sha256(picture("blue")).hexdigest()),
        site.url("/s.css"): ("fetched to show it", hashlib.sha256(STYLE).hexdigest()),
    }
    assert one.shown_by.startswith("Chromium ")


def test_nothing_private_and_nothing_forbidden_is_reached(site: Site, tmp_path: Path) -> None:
    html = f"""<!doctype html><link rel=stylesheet href="/no/s.css"><link rel=stylesheet href="http://127.0.0.1:{site.port}/a">
      <img src="http://localhost:{site.port}/b"><img src="http://[::1]:{site.port}/c"><img src="file:///etc/passwd">
      <iframe src="http://127.0.0.1:{site.port}/d"></iframe><meta http-equiv="refresh" content="0;url=/e">
      <video src="/f.mp4"></video><object data="/g"></object><embed src="/h"><script src="/i.js"></script>"""
    taken(site, tmp_path, html, robots="User-agent: *\nDisallow: /no/")
    assert site.asked == []


@pytest.mark.parametrize("is_allowed", [False, True], ids=["guarded", "control"])
def test_no_style_leads_to_a_private_address(site: Site, tmp_path: Path, is_allowed: bool) -> None:
    """Styles are fetched, so a page may try these roads; each of them ends at the egress and nowhere before."""
    private = f"http://127.0.0.1:{site.port}"
    site.away = {"/away.css": f"{private}/by-redirect"}
    site.styles = {
        "/more.css": f"""@import url({private}/by-import);
          @font-face {{ font-family: f; src: url({private}/by-font) }}
          body {{ font-family: f; background: url({private}/by-picture) }}""".encode()
    }
    html = f"""<!doctype html><link rel=stylesheet href="/away.css"><link rel=stylesheet href="/more.css">
      <style>p {{ background: url("{private}/by-style") }}</style><p>text</p>"""
    taken(site, tmp_path, html, allowed=("127.0.0.1",) if is_allowed else ())
    reached = ("by-font", "by-import", "by-picture", "by-redirect", "by-style") if is_allowed else ()
    assert set(site.asked) == {"web.test/away.css", "web.test/more.css", *(f"127.0.0.1/{name}" for name in reached)}


def test_the_picture_of_a_page_that_never_ends_is_clipped(site: Site, tmp_path: Path) -> None:
    one = taken(site, tmp_path, "<!doctype html><body style='margin:0'><div style='height:200000px'>high</div>")
    assert one.height_px == 200_000
    assert Image.open(one.files["page.jpg"]).size == (1280, MAX_HEIGHT_PX)


def test_without_a_browser_it_is_a_sentence(site: Site, tmp_path: Path) -> None:
    nowhere = crawl(site, tmp_path).model_copy(update={"browser": str(tmp_path / "nowhere")})
    with pytest.raises(portrait.NoPortrait, match="No browser was found"):
        portrait.take(nowhere, [], tmp_path)


def test_japanese_chinese_and_korean_are_no_boxes(site: Site, tmp_path: Path) -> None:
    """A browser without a font for a character draws the same box for every one of them."""
    style = "<style>span { display: block; height: 80px; font: 60px sans-serif; line-height: 80px }</style>"
    page = style + "".join(f"<span>{character}</span>" for character in "目利한국们吗")
    shown = Image.open(taken(site, tmp_path, f"<body style='margin:0'>{page}").files["viewport.png"]).convert("L")
    glyphs = [shown.crop((0, 80 * at, 80, 80 * at + 80)).tobytes() for at in range(6)]
    assert len(set(glyphs)) == 6
