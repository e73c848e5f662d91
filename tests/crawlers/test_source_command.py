"""`mekiki source`: a file is checked, tried on a page, added, listed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.home import Home
from crawlers import testing
from dashboard.cli import source as source_command
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, write_source

PAGES = Path(__file__).parents[1] / "pages"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(home: Home, *arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(source_command.command, arguments, obj=home.path)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        return 1, ended.stdout, str(ended.exception)
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


def test_a_saved_page_becomes_a_golden_page(web_home: Home, tmp_path: Path) -> None:
    code, _out, _said = run(
        web_home, "test", str(PAGES / "video.toml"), "https://video.example/watch/3",
        "--page", str(PAGES / "video.html"), "--save", str(tmp_path),
    )  # fmt: skip

    assert code == 0
    (golden,) = testing.golden_pages(tmp_path)
    assert golden.found() == golden.expected


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
