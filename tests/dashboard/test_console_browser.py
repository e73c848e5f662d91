"""What a person does in the console, done in a real Chromium with the keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from dashboard.pages import evidence
from fingerprints import store
from matcher import cases
from matcher.cases import Decision
from matcher.match import Match
from tests import chromium
from tests.dashboard import screenshots, seeds, served
from tests.dashboard.seeds import Seeded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; `make browser` gets one"),
]


TIMES = "[...document.querySelectorAll('video')].map((v) => v.currentTime)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeds.fill(seeds.make_home(tmp_path_factory.mktemp("browser") / "home"))


@pytest.fixture(scope="module")
def address(seeded: Seeded) -> Iterator[str]:
    with served.console(seeded.home) as at:
        yield at


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of somebody who has logged in; an error on its console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    screenshots.enter(opened, address, "en")
    yield opened
    context.close()
    assert faults == []


def decisions(seeded: Seeded, uuid: str) -> list[str]:
    with seeded.home.readers()() as session:
        case = cases.find(session, uuid)
        return [row.verdict for row in session.query(Decision).filter_by(case_id=case.id).order_by(Decision.id)]


def test_from_the_queue_to_an_approved_notice_without_the_mouse(page: Page, seeded: Seeded) -> None:
    page.goto("/queue")
    expect(page.locator(".q .t")).to_have_text(
        ["Pepper Lane", "Sylvie of the Harbour", "Lantern Road", "Tea for Two Foxes"]
    )
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(seeded.mug))
    page.keyboard.press("m")
    page.keyboard.type("13 u")  # words, not keys, while somebody writes
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("#notice pre")).to_contain_text("bazaar.example/item/88213")
    assert decisions(seeded, seeded.mug) == ["infringing"]
    expect(page.locator(".verdict")).to_contain_text("13 u")
    page.keyboard.press("a")
    expect(page.locator("#notice .pill").first).to_have_text("In the outbox")
    page.goto("/outbox")
    expect(page.locator("main")).to_contain_text("Dry run: nothing leaves this machine.")
    expect(page.locator("main")).to_contain_text("Sylvie of the Harbour")
    page.goto(f"/cases/{seeded.mug}")
    page.keyboard.press("u")
    expect(page.locator(".note")).to_contain_text("the case is open again")
    assert decisions(seeded, seeded.mug) == ["infringing", "undone"]


def test_a_key_that_is_held_down_decides_one_case_once(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.fan}")
    page.evaluate("""() => { for (const isHeld of [false, true, true, false, false])
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "4", bubbles: true, repeat: isHeld})); }""")
    expect(page.locator(".verdict .pill")).to_have_text("Not a match")
    assert decisions(seeded, seeded.fan) == ["not a match"]
    page.keyboard.press("u")
    expect(page.locator(".note")).to_be_visible()


def test_the_matched_region_is_outlined_where_it_lies_on_both_pictures(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.mug}")
    outlines = page.locator(".side .pic polygon:not(.under)")
    expect(outlines).to_have_count(2)
    found, ours = (outlines.nth(at).bounding_box() for at in (0, 1))
    picture = page.locator(".found image").bounding_box()
    assert found
    assert ours
    assert picture
    assert found["width"] == pytest.approx(ours["width"], abs=3)  # one scale
    assert (found["x"] - picture["x"]) / picture["width"] == pytest.approx(310 / 900, abs=0.02)
    assert (found["y"] - picture["y"]) / picture["height"] == pytest.approx(150 / 700, abs=0.02)


def test_points_and_agreement_are_drawn_at_a_key_and_blurred_like_the_rest(page: Page, seeded: Seeded) -> None:
    with seeded.home.sessions().begin() as session:
        (pair,) = evidence.pairs(session, cases.find(session, seeded.mug))
        store.describe(session, [pair.found.blob, pair.ours.blob], depth="points")
    page.goto(f"/cases/{seeded.mug}")
    for key, view in (("p", "points"), ("v", "agreement")):
        page.keyboard.press(key)
        drawing = page.locator(f"[data-view={view}] img")
        expect(drawing).to_be_visible()
        expect(drawing).to_have_js_property("complete", value=True)
        assert drawing.evaluate("one => one.naturalWidth") > 200
        expect(page.locator("[data-view=side]")).to_be_hidden()
    page.keyboard.press("b")
    assert "blur" in drawing.evaluate("one => getComputedStyle(one).filter")
    page.keyboard.press("b")
    page.keyboard.press("o")
    expect(drawing).to_be_hidden()
    expect(page.locator("[data-view=laid]")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("[data-view=side]")).to_be_visible()


def test_laid_over_each_other_the_same_pictures_leave_no_difference(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.mug}", wait_until="networkidle")
    page.keyboard.press("d")
    art = page.locator(".laid .over-pic")
    expect(art).to_be_visible()
    box = art.bounding_box()
    assert box
    png = page.screenshot(
        clip={"x": box["x"] + 9, "y": box["y"] + 9, "width": box["width"] - 18, "height": box["height"] - 18}
    )
    assert seeds.brightness(png) < 12
    page.keyboard.press("d")
    expect(page.locator("[data-view=side]")).to_be_visible()


def test_films_play_in_step_and_arrows_jump_between_the_matching_stretches(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.film}")
    screenshots.settle(page)
    expect(page.locator("[data-timeline] .on")).to_have_attribute("data-stretch", "0")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-timeline] .on")).to_have_attribute("data-stretch", "1")
    found, ours = page.evaluate(TIMES)
    assert found == pytest.approx(4.5, abs=0.2)
    assert ours == pytest.approx(8.5, abs=0.2)
    page.keyboard.press(".")
    assert page.evaluate(TIMES)[0] == pytest.approx(found + 1 / 12, abs=0.05)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press(" ")
    expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "true")
    page.wait_for_selector("[data-now=found]:has-text('00:00:01')")
    found, ours = page.evaluate(TIMES)
    assert ours - found == pytest.approx(4.0, abs=0.4)
    page.keyboard.press(" ")
    expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "false")


def test_a_stretch_and_its_ribbon_and_its_row_bring_both_films_to_its_beginning(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.film}")
    screenshots.settle(page)
    rows = page.locator("[data-go]")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("How the picture lies could not be seen clearly.")
    expect(rows.nth(1)).to_contain_text("Mirrored: left and right are exchanged.")
    ways = (
        lambda: rows.nth(1).click(),
        lambda: (rows.nth(1).focus(), page.keyboard.press("Enter")),
        lambda: page.locator("[data-stretch='1'] polygon").click(),
        lambda: page.locator("[data-stretch='1'] rect.original").click(),
    )
    for way in ways:
        rows.nth(0).click()
        assert page.evaluate(TIMES) == pytest.approx([0.5, 4.5], abs=0.2)
        way()
        assert page.evaluate(TIMES) == pytest.approx([4.5, 8.5], abs=0.2)
        expect(rows.nth(1)).to_have_attribute("aria-current", "true")


def test_where_a_stretch_lies_in_the_picture_is_outlined_while_it_is_shown(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.film}")
    screenshots.settle(page)
    page.locator("[data-go='1']").click()
    outline, film = page.locator("[data-lies=found] polygon").nth(1), page.locator("video[data-side=found]")
    expect(outline).to_be_visible()
    drawn, whole = outline.bounding_box(), film.bounding_box()
    assert drawn
    assert whole
    assert (drawn["x"] - whole["x"]) / whole["width"] == pytest.approx(0.25, abs=0.02)
    assert drawn["height"] / whole["height"] == pytest.approx(0.5, abs=0.03)
    page.locator("[data-go='0']").click()
    expect(outline).to_have_attribute("points", "")


def test_between_two_stretches_ours_waits(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.film}")
    screenshots.settle(page)
    box = page.locator("[data-timeline]").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)  # the middle of the bar, where nothing matches
    assert page.evaluate(TIMES) == pytest.approx([3.0, 6.0], abs=0.1)
    expect(page.locator(".films.apart")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.querySelector('video[data-side=ours]').paused")
    page.wait_for_selector("[data-now=found]:has-text('00:00:04')")
    expect(page.locator("video[data-side=ours]")).to_have_js_property("paused", value=False)
    found, ours = page.evaluate(TIMES)
    assert ours - found == pytest.approx(4.0, abs=0.4)
    page.keyboard.press(" ")


@pytest.fixture
def backwards(seeded: Seeded) -> Iterator[str]:
    """The case of the film, as if its copy were played backwards."""
    with seeded.home.sessions().begin() as session:
        (pair,) = evidence.pairs(session, cases.find(session, seeded.film))
        was = session.scalars(select(Match.segments).where(Match.uuid == pair.uuid)).one()
        told = update(Match).where(Match.uuid == pair.uuid)
        session.execute(told.values(segments=[{"query": [0.0, 6.0], "reference": [4.0, 10.0], "speed": -1.0}]))
    yield seeded.film
    with seeded.home.sessions().begin() as session:
        session.execute(told.values(segments=was))


def test_beside_a_copy_played_backwards_ours_is_set_to_its_second_and_it_says_so(page: Page, backwards: str) -> None:
    page.goto(f"/cases/{backwards}")
    screenshots.settle(page)
    expect(page.locator("[data-backwards]")).to_be_visible()
    page.locator("[data-go='0']").click()
    assert page.evaluate(TIMES) == pytest.approx([0.5, 9.5], abs=0.2)
    page.keyboard.press(" ")
    page.wait_for_selector("[data-now=found]:has-text('00:00:02')")
    assert page.evaluate("document.querySelector('video[data-side=ours]').paused")
    found, ours = page.evaluate(TIMES)
    assert found + ours == pytest.approx(10.0, abs=0.5)
    page.keyboard.press(" ")


def test_a_claim_is_shown_counts_down_and_is_given_back(page: Page, seeded: Seeded) -> None:
    page.goto(f"/cases/{seeded.comic}")
    page.keyboard.press("c")
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^(10:00|9:\d\d)$"))
    page.keyboard.press("c")
    expect(page.locator(".claim")).to_contain_text("Claim")


def test_the_page_works_without_scripts(browser: Browser, address: str, seeded: Seeded) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    screenshots.enter(page, address, "en")
    page.goto(f"/cases/{seeded.comic}")
    expect(page.locator("#panel-allowed")).to_be_visible()
    page.click("text=Unsure")
    expect(page.locator(".note")).to_contain_text("Left open for somebody else")
    context.close()


@pytest.mark.parametrize("width", screenshots.SIZES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_screen_has_an_error_an_overlap_or_scrolls_sideways(
    browser: Browser, address: str, seeded: Seeded, language: str, width: str
) -> None:
    assert list(screenshots.walk(browser, address, seeded, language=language, width=width)) == []
