"""`mekiki source`: a file is checked, tried on a page, added, listed."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.home import Home
from crawlers import testing
from dashboard.cli import source as source_command
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source

PAGES = Path(__file__).parents[1] / "pages"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(home: Home, *arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(source_command.command, arguments, obj=home.path)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        return 1, ended.stdout, f"{ended.stderr}{ended.exception}"
    return ended.exit_code, ended.stdout, ended.stderr


def test_a_source_is_tried_on_a_page_of_the_web(web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path) -> None:
    file = write_source(tmp_path, web, "market", "marketplace", ["/market"], '[extract]\nitem = "a.item"')

    tried = mekiki("source", "test", str(file), web.url("/item/2"), "--json")

    assert tried.returncode == 0, tried.stderr
    said = json.loads(tried.stdout)
    assert (said["title"], said["listing"]["seller"], said["provenance"]["price"]) == (
        "Acrylic stand 2", "Shop A", "jsonld",
    )  # fmt: skip
    refused = mekiki("source", "test", str(file), web.url("/private/1"))
    assert refused.returncode == 1
    assert "robots.txt" in refused.stderr


def test_a_page_that_cannot_be_had_is_told_with_what_to_do(
    web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    file = str(write_source(tmp_path, web, "market", "marketplace", ["/market"]))
    wall = replace(html("<form id='challenge-form'></form>", "<title>Just a moment...</title>"), status=403)
    web.changed_on[("web.test", "/wall")] = wall
    web.changed_on[("web.test", "/members")] = Answer(b"who are you?", 401)
    web.changed_on[("web.test", "/broken")] = Answer(b"oh", 503)

    for path, says in (
        ("/wall", 'proved itself ("Just a moment..."); open it in a browser and ask the site.'),
        ("/members", "answered 401; open it in a browser and see what the site asks for."),
        ("/broken", "answered 503; try again later."),
        ("/nowhere", "answered 404; take an address that is there."),
    ):
        told = mekiki("source", "test", file, web.url(path))
        assert (told.returncode, told.stdout) == (1, "")
        assert says in told.stderr


def test_a_page_on_another_host_fails_its_trial(web_home: Home, copied: str) -> None:
    page = str(PAGES / "marketplace_plain.html")
    code, _out, said = run(web_home, "test", copied, "https://other.example/item/7", "--page", page)

    assert code == 1
    assert "It stands on other.example, where no sweep of" in said
    assert "add it to scope.hosts" in said


@pytest.fixture
def copied(tmp_path: Path) -> str:
    """A source's file of its own."""
    return str(shutil.copy(PAGES / "marketplace_plain.toml", tmp_path / "market.toml"))


def recorded(home: Home, file: str) -> Path:
    """Record a page in Shift_JIS, with what was read off it."""
    code, _out, said = run(
        home, "record", file, "https://auction.example/item/7", "--page", str(PAGES / "marketplace_plain.html"),
        "--name", "item-7",
    )  # fmt: skip
    assert code == 0, said
    return Path(file).parent / "pages" / "item-7.json"


def test_a_recorded_page_is_read_again_by_lint(web_home: Home, copied: str) -> None:
    golden = recorded(web_home, copied)

    assert golden.with_suffix(".html").read_bytes() == (PAGES / "marketplace_plain.html").read_bytes()
    assert "まるまる堂" in golden.read_text("utf-8")
    code, _out, said = run(web_home, "lint", copied)
    assert (code, "golden pages read as recorded: 1." in said) == (0, True)


def test_a_page_recorded_from_the_web_keeps_when_it_was_seen(
    web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    file = write_source(tmp_path, web, "blog", "page", ["/blog"], '[extract]\ndate = ".when"')
    web.changed["/blog"] = html("<h1>Blog</h1><p class='when'>3日前</p>")

    ended = mekiki("source", "record", str(file), web.url("/blog"), "--name", "blog")

    assert ended.returncode == 0, ended.stderr
    (golden,) = testing.recorded_for(file)
    assert golden.document.seen_at is not None
    published = datetime.fromisoformat(str(golden.expected["published_at"]))
    assert timedelta(days=2) < golden.document.seen_at - published < timedelta(days=4)
    assert golden.differences() == []


def test_lint_names_the_field_that_a_changed_file_reads_otherwise(web_home: Home, copied: str) -> None:
    recorded(web_home, copied)
    file = Path(copied)
    file.write_text(file.read_text().replace('price = ".now"', 'price = ".was"'))

    code, _out, said = run(web_home, "lint", copied)

    assert code == 1
    (fault,) = [line for line in said.splitlines() if "listing.price is" in line]
    assert '"35000"' in fault
    assert "record the page again" in fault


def test_a_damaged_golden_page_says_what_to_do(web_home: Home, copied: str) -> None:
    golden = recorded(web_home, copied)
    golden.with_suffix(".html").unlink()
    assert "no document beside it" in run(web_home, "lint", copied)[2]
    golden.write_text("{")
    assert "cannot be read" in run(web_home, "lint", copied)[2]


@pytest.mark.parametrize(("cron", "says"), [
    ("0 0 31 2 *", "never fires"), ("0 0 * * 8", "0 and 7 are Sunday"), ("61 * * * *", "no cron expression"),
])  # fmt: skip
def test_a_schedule_that_never_comes_is_refused(web_home: Home, copied: str, cron: str, says: str) -> None:
    file = Path(copied)
    file.write_text(f'{file.read_text()}[schedule]\ncron = "{cron}"\n')

    assert says in run(web_home, "lint", copied)[2]
    code, _out, refused = run(web_home, "add", copied)
    assert (code, says in refused) == (1, True)
    file.write_text(file.read_text().replace(cron, "17 3 * * 7"))
    assert run(web_home, "lint", copied)[0] == 0


def test_a_trial_shows_links_media_and_what_the_file_expects(web_home: Home, copied: str) -> None:
    file = Path(copied)
    file.write_text(
        file.read_text() + '[expect]\nmust_have = ["title", "price", "date", "attribution"]\n'
        'not_found_if = ["まるまる堂"]\n[discover]\nfeeds = true\n'
    )
    saved = file.with_name("saved.html")
    saved.write_text(
        "<html><head><link rel='alternate' type='application/atom+xml' href='/feed'></head><body><h1>旗</h1>"
        "<p class='shop'><a>まるまる堂</a></p><p class='now'>3,500円</p><p class='photos'><a href='/p/1.jpg'>1</a></p>"
        "<a class='next' href='/item/8'>8</a><a class='next' href='https://else.example/item/9'>9</a></body></html>"
    )

    code, out, said = run(web_home, "test", copied, "https://auction.example/item/7", "--page", str(saved), "--json")

    told = json.loads(out)
    assert code == 1
    assert "It has no date" in said
    assert [sentence.split(",")[0] for sentence in told["fails"]] == [
        'The page says "まるまる堂": a sweep would take it for a page that is not there.', "It has no date",
        "It has no attribution",
    ]  # fmt: skip
    assert told["follows"] == ["https://auction.example/feed", "https://auction.example/item/8"]
    assert told["leaves"] == [{"url": "https://else.example/item/9", "why": "else.example is no host of the source"}]
    assert [link["url"] for link in told["media"]] == ["https://auction.example/p/1.jpg"]
    assert told["provenance"]["images"] == "selector"


def test_a_trial_speaks_to_people_in_tables(web_home: Home, copied: str) -> None:
    code, out, said = run(
        web_home, "test", copied, "https://auction.example/item/7", "--page", str(PAGES / "marketplace_plain.html")
    )

    assert (code, out) == (0, "")
    for words in ("まるまる堂", "selector", "35000", "Would take", "https://auction.example/p/2.jpg"):
        assert words in said


def test_lint_names_every_fault_and_fails(web_home: Home, tmp_path: Path) -> None:
    good, bad = PAGES / "video.toml", tmp_path / "bad.toml"
    bad.write_text(good.read_text().replace("kind", "knid"))

    code, _out, said = run(web_home, "lint", str(good), str(bad))

    assert code == 1
    assert "1 of 2 files cannot be used" in said


def test_an_added_source_is_listed_and_may_be_replaced(web_home: Home) -> None:
    file = str(PAGES / "video.toml")

    assert run(web_home, "add", file)[0] == 0
    code, _out, said = run(web_home, "add", file)
    assert (code, said.startswith("Replaced golden-video")) == (0, True)
    assert [json.loads(line)["id"] for line in run(web_home, "list", "--json")[1].splitlines()] == ["golden-video"]
