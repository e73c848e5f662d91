"""Pictures of every main screen, wide and narrow, in both languages, and what is wrong with them.

`python -m tests.dashboard.screenshots [FOLDER]` writes them to build/screenshots and fails on a console error, a page
that scrolls sideways, or two controls that overlap.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests import chromium
from tests.conftest import CORPUS
from tests.dashboard import seeds, served

SIZES = {"1280": (1280, 800), "390": (390, 844)}
FAULTS = Path(__file__).with_name("faults.js").read_text("utf-8")


@dataclass(frozen=True)
class Camera:
    """Keeps a picture of every screen it is shown."""

    folder: Path
    suffix: str

    def __call__(self, name: str, page: Page) -> None:
        """Take one picture."""
        page.screenshot(path=self.folder / f"{name}_{self.suffix}.png")


def screens(seeded: seeds.Seeded) -> dict[str, str]:
    """Return every main screen by the name of its picture."""
    with seeded.home.readers()() as session:
        notices = {row.state: row.uuid for row in session.query(seeds.Notice)}
        work = session.query(seeds.Work).filter_by(title="Pepper Lane").one().uuid
    return {
        "queue": "/queue", "case-comic": f"/cases/{seeded.comic}", "case-goods": f"/cases/{seeded.mug}",
        "case-film": f"/cases/{seeded.film}", "case-lead": f"/cases/{seeded.fan}",
        "case-decided": f"/cases/{seeded.decided}",
        "notices": "/notices", "notice-draft": f"/notices/{notices['draft']}",
        "notice-sent": f"/notices/{notices['sent']}",
        "outbox": "/outbox", "works": "/works", "work": f"/works/{work}", "sources": "/sources", "morning": "/morning",
        "find": "/find?q=example",
    }  # fmt: skip


def walk(
    browser: Browser,
    address: str,
    seeded: seeds.Seeded,
    *,
    language: str,
    width: str,
    look: Callable[[str, Page], None] = lambda _name, _page: None,
    dark: bool = False,
) -> Iterator[str]:
    """Visit every screen, let `look` see it, and yield each fault that is seen."""
    wide, high = SIZES[width]
    context = browser.new_context(
        viewport={"width": wide, "height": high}, color_scheme="dark" if dark else "light", has_touch=wide < 500
    )
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(f"{address}/login")
    look("login", page)
    enter(page, address, language)
    for name, path in screens(seeded).items():
        page.goto(address + path)
        settle(page)
        look(name, page)
        yield from (f"{name} {width} {language}: {fault}" for fault in (*page.evaluate(FAULTS), *told))
        told.clear()
    context.close()


def enter(page: Page, address: str, language: str, login: str = "aoi") -> None:
    """Log in and choose the language."""
    page.goto(f"{address}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", seeds.PASSWORD)
    page.click("button.act")
    page.wait_for_selector(".top")
    other = page.locator(f".top button[name=language][value={language}]")
    if other.count():
        other.click()
        page.wait_for_selector(f"html[lang={language}]")


def settle(page: Page) -> None:
    """Wait until fonts are there and films are ready, whose copies may still be in the making."""
    page.wait_for_selector("video:not([data-ready])", state="detached", timeout=60_000)
    page.evaluate("document.fonts.ready")
    if not page.locator("video").count():  # a film keeps the line busy for as long as it likes
        page.wait_for_load_state("networkidle")


def corpus_page(number: int) -> Image.Image:
    """Return a real page where the corpus is on this machine, else a drawn one."""
    files = sorted((CORPUS / "comics/pepper-carrot/ja").glob("pc_e*_P0[1-9]_ja.jpg")) if CORPUS.is_dir() else []
    art = sorted((CORPUS / "art/renpy").glob("thequestion_*.webp")) if CORPUS.is_dir() else []
    if number == 20 and art:
        with Image.open(art[0]) as picture:
            backed = Image.new("RGB", picture.size, (245, 244, 240))
            backed.paste(picture.convert("RGBA"), (0, 0), picture.convert("RGBA"))
            return backed
    if files:
        with Image.open(files[number % len(files)]) as picture:
            return picture.convert("RGB")
    return seeds.drawn(number)


def main(folder: Path) -> int:
    """Seed a home, serve it, take the pictures, and say what is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        seeded = seeds.fill(seeds.make_home(Path(scratch) / "home"), corpus_page)
        seeds.describe_pictures(seeded.home)
        with served.console(seeded.home) as address, chromium.launched() as browser:
            faults = [
                fault
                for dark in (False, True)
                for language in ("en", "ja")
                for width in SIZES
                for fault in walk(
                    browser, address, seeded, language=language, width=width, dark=dark,
                    look=Camera(folder, f"{width}_{language}{'_dark' if dark else ''}"),
                )
            ]  # fmt: skip
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")))
