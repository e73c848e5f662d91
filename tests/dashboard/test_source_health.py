"""The console shows which sources need a person, why, and what their last sweep met, in both languages."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from config.home import Home
from crawlers.tallies import BLOCKED, FOUND, MOVED, Tally
from dashboard import app, dictionary
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.test_console import act, enter

BOARD = '[source]\nid = "board"\nname = "B"\nkind = "page"\n[scope]\nseeds = ["http://board.example/"]\n'
SCHEDULE = '[schedule]\ncron = "0 5 * * *"\n'
ERROR = (
    "http://walled.example/ shuts us out; open it in a browser and ask the site, or disable the source. The page is a "
    "challenge of Cloudflare."
)


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    """A console with a well source and one that shuts us out."""
    home.settings.sources.mkdir(exist_ok=True)
    (home.settings.sources / "board.toml").write_text(BOARD + SCHEDULE)
    with home.sessions().begin() as session:
        seeds.person(session, "aoi", "Aoi Mori")
        factories.sweep(session, "board", findings=7)
        walled = factories.sweep(session, "walled", state="failed", error=ERROR)
        tally = Tally()
        tally.add(BLOCKED, "http://walled.example/: <script>alert(1)</script>")
        tally.add("has price", number=3)
        tally.write(session, walled.id)
    with TestClient(app.make(home), base_url="http://console.test", follow_redirects=False) as made:
        yield enter(made)


@pytest.mark.parametrize("path", ["/morning", "/sources"])
@pytest.mark.parametrize(("language", "words"), [
    ("en", ("1 source needs a person", "shut out", "The page is a challenge of Cloudflare.", "mekiki sweep walled")),
    ("ja", ("1件の巡回先に人の確認が必要", "遮断</span>",
            "ページはCloudflareの検査画面です。", "遮断されました。ブラウザで")),
])  # fmt: skip
def test_a_source_that_needs_a_person_is_an_alarm(
    client: TestClient, path: str, language: str, words: tuple[str, ...]
) -> None:
    assert act(client, "/language", path, language=language, back=path) == (303, path)
    page = client.get(path).text

    assert [word for word in words if word not in page] == []


def test_the_sources_page_tells_what_a_sweep_met_and_when_the_next_is(client: TestClient) -> None:
    page = client.get("/sources").text

    assert "page that shuts us out" in page
    assert "price 3" in page
    assert "Next run" in page
    assert "no schedule" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.index("walled") < page.index("board")


@pytest.mark.parametrize(("language", "words"), [
    ("en", "robots.txt not obeyed, as Aoi Mori decided on 2026-11-03"),
    ("ja", "Aoi Mori の決定により robots.txt に従わず"),
])  # fmt: skip
def test_a_sweep_that_did_not_obey_robots_txt_says_who_decided_so(
    client: TestClient, home: Home, language: str, words: str
) -> None:
    decision = {
        "robots": "record_and_ignore",
        "reason": "A judge's <order>",
        "approver": "Aoi Mori",
        "date": "2026-11-03",
    }
    with home.sessions().begin() as session:
        factories.sweep(session, "hidden", legal=decision)
    act(client, "/language", "/sources", language=language, back="/sources")
    page = client.get("/sources").text

    assert page.count(words) == 1
    assert "A judge&#39;s &lt;order&gt;" in page


def test_a_broken_file_hides_no_source(client: TestClient, home: Home) -> None:
    (home.settings.sources / "broken.toml").write_text("[source]\nidd = 1\n")
    page = client.get("/sources").text

    assert "there is no key" in page
    assert 'data-label="Found">7<' in page


def test_a_changed_or_moved_source_brings_the_command_that_goes_on(client: TestClient, home: Home) -> None:
    with home.sessions().begin() as session:
        for name, what, example in (
            ("changed", FOUND, "http://changed.example/item/1"), ("moved", MOVED, "moved2.example"),
        ):  # fmt: skip
            factories.sweep(session, name, findings=9)
            failed = factories.sweep(session, name, state="failed", error=f"{name}: `<b>` is no more.", findings=1)
            tally = Tally()
            tally.add(what, example)
            tally.write(session, failed.id)
    page = client.get("/sources").text

    file = home.settings.sources / "changed.toml"
    assert f"<code>mekiki source test {file} http://changed.example/item/1</code>" in page
    assert "<code>mekiki source mirror moved moved2.example</code>" in page
    assert "<code>&lt;b&gt;</code> is no more." in page
    assert 'aria-label="Findings of the last sweeps, oldest first: 9, 1"' in page


def test_examples_and_fields_are_told_in_japanese_too() -> None:
    japanese = dictionary.of("ja")
    assert japanese.example("http://a.example/x: the server answered 503") == (
        "http://a.example/x · サーバーの応答は503"
    )
    assert "検査画面" in japanese.example("http://a.example/: blocked: the page is a challenge of Cloudflare")
    assert japanese.example("http://a.example/") == "http://a.example/"
    lacking = "a: 4 of 5 findings lack price, which its file says they must have; "
    assert "（価格）" in japanese.retell(f"{lacking}try `mekiki source test FILE URL` on one of its pages.")
