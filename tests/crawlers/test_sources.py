"""A source's file is understood or refused with one sentence that says what to change."""

from pathlib import Path

import pytest

from config import settings
from crawlers import sources
from crawlers.sources import NoSuchSource, SourceError

SHIPPED = sorted((Path(__file__).parents[2] / "config" / "sources").glob("*.toml"))
GOOD = """
[source]
id = "board"
name = "Board"
kind = "image_board"
[scope]
seeds = ["https://board.example/list"]
"""


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_example_is_sound_and_named_like_its_file(file: Path) -> None:
    assert sources.load(file).id == file.stem


@pytest.mark.parametrize(("change", "says"), [
    (("name", "nmae"), 'did you mean "name"?'),
    (("[scope]", "[scoop]"), 'did you mean "scope"?'),
    (('"image_board"', '"imageboard"'), "source.kind"),
    (('id = "board"', 'id = "My Board"'), "source.id"),
    (("https://board.example/list", "board.example"), "no web address"),
    (("seeds =", 'deny = ["("]\nseeds ='), "no regular expression"),
    (("seeds =", 'deny = ["list"]\nseeds ='), "a sweep could never start"),
    (("seeds =", 'hosts = ["https://x.example"]\nseeds ='), "bare host name"),
    (("[scope]", '[extract]\ntitle = "h1["\n[scope]'), "no CSS selector"),
    (("[scope]", '[schedule]\ncron = "daily"\n[scope]'), "five fields"),
    (("[scope]", '[schedule]\ncron = "0 1 * * *"\ntimezone = "Tokio"\n[scope]'), "no time zone"),
    (("[scope]", '[legal]\nrobots = "ignore"\n[scope]'), 'did you mean "record_and_ignore"?'),
    (("[scope]", '[legal]\nrobots = "record_and_ignore"\n[scope]'), "add reason, approver, date"),
    (("[scope]", "[legal]\ndate = 2999-01-01\n[scope]"), "still to come"),
    (("[scope]", '[legal]\nterms_url = "terms"\n[scope]'), "no web address"),
    (("[scope]", '[discover]\npages = "?page=2"\n[scope]'), "once, where the number goes"),
    (("[scope]", '[discover]\npages = "?page={n}"\n[scope]'), "extract.item"),
    (("[scope]", '[discover]\nsitemaps = true\n[scope]'), 'did you mean "sitemap"?'),
    (("[scope]", '[search]\nurl = "https://board.example/?q={query}"\nsufixes = []\n[scope]'), 'mean "suffixes"?'),
    (("[scope]", '[search]\nurl = "https://search.example/?q={query}"\n[scope]'), "name that host in scope.hosts"),
    (("[scope]", '[expect]\nmust_have = ["image"]\n[scope]'), 'did you mean "images"?'),
    (("[scope]", "[media]\nmax_per_page = 0\n[scope]"), "media.max_per_page"),
    (('seeds = ["https://board.example/list"]', ""), "name an address to start from"),
    (("[scope]", "[scope"), "not valid TOML"),
    (("[source]", "source = 3\n[other]"), "must be a table"),
    (('id = "board"', 'id = "My Board"'), 'like "example-market", and is "My Board"; correct it.'),
    (("[scope]", '[fetch]\ndelay_s = "fast"\n[scope]'), 'fetch.delay_s must be a number without quotes, and is "fast"'),
    (("[scope]", '[fetch]\nmax_page_bytes = "8MiB"\n[scope]'), "must be a whole number without quotes"),
    (("[scope]", "[scope]\nmax_depth = -1"), "scope.max_depth must be at least 0, and is -1"),
    (("[scope]", "[expect]\nmay_lack = 20\n[scope]"), "expect.may_lack must be less than 1, and is 20"),
    (("[scope]", '[media]\nimages = "maybe"\n[scope]'), "must be true or false without quotes"),
    (("[scope]", '[legal]\ndate = "yesterday"\n[scope]'), "must be a day without quotes, like 2026-11-03"),
    (('seeds = ["https://board.example/list"]', 'seeds = "https://board.example/list"'), 'a list, like ["one", "two"]'),
    (('id = "board"\n', ""), "[source] has no id; add it"),
    (("[source]", 'id = "board"\n[source]'), '"id" stands outside any table; write it below [source].'),
    (("[scope]", '[schedule]\ncron = "0 1 * * *"\ntimezone = "Tokio"\n[scope]'), 'write one like "Asia/Tokyo".'),
])  # fmt: skip
def test_a_fault_is_one_sentence_that_says_what_to_change(change: tuple[str, str], says: str) -> None:
    with pytest.raises(SourceError) as fault:
        sources.parse(GOOD.replace(*change), "board.toml")

    assert says in str(fault.value)
    assert str(fault.value).startswith("board.toml")
    assert "\n" not in str(fault.value)


def test_a_file_without_its_tables_is_told_which(tmp_path: Path) -> None:
    assert [told.split(";")[0] for told in sources.wrong("", "x.toml")] == [
        "x.toml: there is no table [source]", "x.toml: there is no table [scope]",
    ]  # fmt: skip


@pytest.mark.parametrize(("content", "says"), [
    (GOOD.replace("Board", "掲示板").encode("cp932"), "is not UTF-8 text; save it again as UTF-8"),
    (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark; save it again"),
    (None, "is a folder; name its files"),
])  # fmt: skip
def test_a_file_in_another_encoding_is_told_how_to_save_it(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "board.toml"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(SourceError, match=says):
        sources.load(file)


def test_every_fault_of_a_file_is_told_at_once() -> None:
    bad = GOOD.replace('"image_board"', '"imageboard"').replace("https://board", "board") + "max_depth = -1\n"

    told = sources.wrong(bad, "board.toml")

    assert len(told) == 3
    assert 'source.kind: "imageboard" is not known; did you mean "image_board"?' in told[0]
    assert sources.wrong(GOOD.replace("name", "nmae") + "sedes = []\n", "x")[1].endswith('did you mean "seeds"?')


def test_robots_txt_is_obeyed_unless_a_named_person_recorded_otherwise(tmp_path: Path) -> None:
    crawl = settings.load(tmp_path, environment={}).crawl
    decided = (
        '[legal]\nrobots = "record_and_ignore"\nreason = "A judge asked."\napprover = "Aoi Mori"\ndate = 2026-11-01\n'
    )

    assert sources.parse(GOOD, "x").within(crawl).robots_ignored_on == frozenset()
    source = sources.parse(decided + GOOD, "x")
    assert source.within(crawl).robots_ignored_on == {"board.example", "www.board.example"}
    hopping = sources.parse(decided + GOOD + "mirrors = ['board\\d*\\.example']\n", "x")
    assert "board2.example" in hopping.hosts()
    assert "board2.example" not in hopping.within(crawl).robots_ignored_on
    assert source.legal.record()["approver"] == "Aoi Mori"


def test_a_source_can_be_stricter_than_the_home_and_never_laxer(tmp_path: Path) -> None:
    crawl = settings.load(tmp_path, environment={}).crawl
    lax = sources.parse(GOOD + "max_pages = 999999\n[fetch]\ndelay_s = 0.1\nmax_page_bytes = 999999999999\n", "x")
    strict = sources.parse(GOOD + "max_pages = 5\n[fetch]\ndelay_s = 9.0\nmax_page_bytes = 1000\n", "x")

    loose, tight = lax.within(crawl), strict.within(crawl)

    assert (loose.max_pages, loose.delay_s, loose.max_page_bytes) == (
        crawl.max_pages, crawl.delay_s, crawl.max_page_bytes,
    )  # fmt: skip
    assert (tight.max_pages, tight.delay_s, tight.max_page_bytes) == (5, 9.0, 1000)


def test_the_budget_of_streams_can_be_smaller_than_the_homes_and_never_larger(tmp_path: Path) -> None:
    crawl = settings.load(tmp_path, environment={}).crawl
    lax = sources.parse(GOOD + "[fetch]\nmax_live_s = 86400.0\nmax_stretches = 99999\n", "x").within(crawl)
    strict = sources.parse(GOOD + "[fetch]\nmax_live_s = 5.0\nmax_stretches = 7\n", "x").within(crawl)

    assert (lax.max_live_s, lax.max_stretches) == (crawl.max_live_s, crawl.max_stretches)
    assert (strict.max_live_s, strict.max_stretches) == (5.0, 7)
    with pytest.raises(SourceError, match=r'did you mean "max_live_s"'):
        sources.parse(GOOD + "[fetch]\nmax_lives = 5.0\n", "x")


def test_scope_is_hosts_then_deny_then_allow() -> None:
    source = sources.parse(GOOD + 'hosts = ["www.board.example"]\nallow = ["/list", "/post/"]\ndeny = ["login"]\n', "x")

    assert source.covers("https://www.board.example/post/1")
    assert sources.parse(GOOD, "x").covers("https://www.board.example/post/1")
    assert not source.covers("https://board.example/about")
    assert not source.covers("https://board.example/post/login")
    assert not source.covers("https://elsewhere.example/post/1")


def test_an_unknown_source_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(GOOD)

    with pytest.raises(NoSuchSource, match='did you mean "board"'):
        sources.find(tmp_path, "bord")


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD)

    with pytest.raises(SourceError, match="taken by another file"):
        sources.load_all(tmp_path)
