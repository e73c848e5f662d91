"""The console's promises that need no browser: who gets in, what is refused, what is never served."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from config.home import Home
from crawlers.captures import Capture, Sighting
from dashboard import app, auth, people
from matcher import cases
from matcher.cases import Case, Decision
from notices import ledger
from notices.ledger import Notice
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD, Seeded


@pytest.fixture(scope="module")
def seeded_once(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """One filled home for the tests that only look."""
    return seeds.fill(seeds.make_home(tmp_path_factory.mktemp("console") / "home"))


@pytest.fixture
def seeded(tmp_path: Path) -> Seeded:
    """A filled home of one's own, with one notice: a draft."""
    return seeds.fill(seeds.make_home(tmp_path / "own"), states=["draft"])


@pytest.fixture
def empty(home: Home) -> Home:
    """An empty home with two people, on SQLite and on PostgreSQL."""
    with home.sessions().begin() as session:
        seeds.person(session, "aoi", "Aoi Mori", may_approve=True)
        seeds.person(session, "ren", "Ren Sato", language="ja")
    return home


def visitor(home: Home) -> TestClient:
    return TestClient(app.make(home), base_url="http://console.test", follow_redirects=False)


def token(client: TestClient, path: str = "/login") -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(path, follow_redirects=True).text)
    assert found
    return found[1]


def enter(client: TestClient, login: str = "aoi", password: str = PASSWORD) -> TestClient:
    answer = client.post("/login", data={"login": login, "password": password, "token": token(client)})
    assert answer.status_code == 303, answer.text
    return client


@pytest.fixture
def client(seeded_once: Seeded) -> Iterator[TestClient]:
    with visitor(seeded_once.home) as made:
        yield enter(made)


def act(client: TestClient, path: str, page: str, **fields: str) -> tuple[int, str]:
    """Post a form of `page` and return the status and where it sent us, or what it said."""
    answer = client.post(path, data={"token": token(client, page), **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


@pytest.mark.parametrize(("asked", "spoken"), [("ja-JP,en;q=0.5", "ja"), ("en-GB", "en"), ("fr", "en"), ("", "en")])
def test_the_login_page_speaks_what_the_browser_asks_for(empty: Home, asked: str, spoken: str) -> None:
    with visitor(empty) as client:
        assert f'<html lang="{spoken}"' in client.get("/login", headers={"Accept-Language": asked}).text


def test_the_events_of_a_notice_are_words_and_no_hashes(client: TestClient, seeded_once: Seeded) -> None:
    with seeded_once.home.readers()() as session:
        sent = next(notice for notice in session.scalars(select(Notice)) if notice.state == "sent")
    told = client.get(f"/notices/{sent.uuid}").text.partition('<ol class="events">')[2].partition("</ol>")[0]
    assert "dry run" in told
    assert sent.message_sha256
    assert sent.message_sha256 not in told


def test_a_wrong_password_is_answered_with_one_sentence_and_401(empty: Home) -> None:
    with visitor(empty) as client:
        answer = client.post("/login", data={"login": "aoi", "password": "nope", "token": token(client)})
    assert answer.status_code == 401
    assert "The login or the password is wrong." in answer.text


def test_nothing_is_shown_to_somebody_who_has_not_logged_in(client: TestClient, seeded_once: Seeded) -> None:
    with visitor(seeded_once.home) as stranger:
        paths = [
            "/queue",
            f"/cases/{seeded_once.comic}",
            "/notices",
            "/outbox",
            "/works",
            "/sources",
            "/morning",
            "/find?q=a",
        ]
        assert {stranger.get(path).headers.get("location") for path in paths} == {"/login"}
        assert stranger.get("/api/queue").status_code == 401
        assert stranger.get(f"/api/cases/{seeded_once.comic}").status_code == 401


def test_who_logs_in_lands_on_the_page_they_asked_for(empty: Home) -> None:
    with visitor(empty) as client:
        client.get("/morning")
        answer = client.post("/login", data={"login": "aoi", "password": PASSWORD, "token": token(client)})
    assert answer.headers["location"] == "/morning"


def test_logging_out_ends_the_session(empty: Home) -> None:
    with visitor(empty) as client:
        enter(client)
        assert act(client, "/logout", "/works") == (303, "/login")
        assert client.get("/works").headers["location"] == "/login"


@pytest.mark.parametrize("sent", [{}, {"token": ""}, {"token": "guessed"}])
def test_a_form_of_another_site_is_refused(empty: Home, sent: dict[str, str]) -> None:
    with visitor(empty) as client:
        enter(client)
        assert client.post("/logout", data=sent).status_code == 403
        assert client.post("/login", data=sent).status_code == 403
        assert client.get("/works").status_code == 200


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_console_never_sends_anybody_to_another_site(empty: Home, back: str) -> None:
    with visitor(empty) as client:
        enter(client)
        assert act(client, "/language", "/works", language="ja", back=back) == (303, "/")


def test_wrong_passwords_have_to_wait_even_when_the_right_one_comes(empty: Home) -> None:
    with visitor(empty) as client:
        for _ in range(auth.TRIES):
            client.post("/login", data={"login": "aoi", "password": "nope", "token": token(client)})
        answer = client.post("/login", data={"login": "AOI", "password": PASSWORD, "token": token(client)})
        assert answer.status_code == 429
        enter(client, "ren")  # somebody else is not made to wait


def test_patience_comes_back_with_time() -> None:
    now = [0.0]
    patience = auth.Patience(lambda: now[0])
    for _ in range(auth.TRIES):
        patience.failed("aoi", "127.0.0.1")
    with pytest.raises(auth.TooManyTries):
        patience.check("aoi", "127.0.0.1")
    now[0] = auth.WAIT_S + 1
    patience.check("aoi", "127.0.0.1")


def test_a_disabled_person_is_out_at_once(empty: Home) -> None:
    with visitor(empty) as client:
        enter(client)
        with empty.sessions().begin() as session:
            people.disable(session, "aoi")
        assert client.get("/works").headers["location"] == "/login"


def test_a_changed_password_ends_every_session(empty: Home) -> None:
    with visitor(empty) as client:
        enter(client)
        with empty.sessions().begin() as session:
            people.set_password(session, "aoi", "another-long-password")
        assert client.get("/works").headers["location"] == "/login"


def test_the_key_of_the_sessions_is_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "console.key"
    made = auth.key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert auth.key(path) == made


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(empty: Home) -> None:
    with visitor(empty) as client:
        cookie = client.get("/login").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_behind_https_the_cookie_is_secure(tmp_path: Path) -> None:
    with visitor(seeds.make_home(tmp_path / "home", secure_cookies="true")) as client:
        assert "secure" in client.get("/login").headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "path", ["/login", "/queue", "/static/mekiki.css", "/nowhere", "/api/health", "/media/x/thumb.jpg"]
)
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_crawled_words_are_never_markup(client: TestClient, seeded_once: Seeded) -> None:
    page = client.get(f"/cases/{seeded_once.mug}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_no_page_loads_anything_from_elsewhere(client: TestClient, seeded_once: Seeded) -> None:
    for path in (f"/cases/{seeded_once.comic}", f"/cases/{seeded_once.film}", "/works", "/morning"):
        loaded = re.findall(
            r'(?:src|poster|data-film)="([^"]+)"|<image[^>]* href="([^"]+)"|<link[^>]* href="([^"]+)"',
            client.get(path).text,
        )
        assert loaded
        assert all(
            address.startswith("/") and not address.startswith("//") for found in loaded for address in found if address
        )


def test_a_crawled_picture_is_shown_as_a_jpeg_made_here(client: TestClient, seeded_once: Seeded) -> None:
    with seeded_once.home.readers()() as session:
        sighting = session.query(Sighting).filter_by(kind="image").first()
        page = session.query(Capture).filter_by(kind="page").first()
    assert sighting
    assert page
    answer = client.get(f"/media/{sighting.blob}/thumb.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content != seeded_once.home.blobs.get(sighting.blob)
    assert "private" in answer.headers["cache-control"]
    seeded_once.home.blobs.put(b"page")
    assert client.get(f"/media/{page.body_sha256}/thumb.jpg").status_code == 404  # a page is no medium
    assert client.get(f"/media/{sighting.blob}/raw.jpg").status_code == 404


def test_the_queue_is_ordered_by_the_time_left(client: TestClient) -> None:
    due = [case["due_at"] for case in client.get("/api/queue").json()["cases"]]
    assert len(due) == 4
    assert due == sorted(due)


def test_health_tells_strangers_nothing_but_that_it_is_well(seeded_once: Seeded) -> None:
    with visitor(seeded_once.home) as stranger:
        assert stranger.get("/api/health").json() == {"ok": True}


def test_a_person_reads_the_language_they_chose(client: TestClient) -> None:
    assert act(client, "/language", "/works", language="ja", back="/works") == (303, "/works")
    page = client.get("/works").text
    assert '<html lang="ja">' in page
    assert "作品" in page


@pytest.mark.parametrize("asked", ["comic", "http://scanhaven.example/pepper-lane/chapter-6", "raw_king"])
def test_pasting_a_link_a_uuid_or_a_name_leads_to_the_case(client: TestClient, seeded_once: Seeded, asked: str) -> None:
    asked = seeded_once.comic if asked == "comic" else asked
    assert client.get("/find", params={"q": asked}).headers["location"] == f"/cases/{seeded_once.comic}"


def test_a_percent_sign_in_the_search_finds_no_everything(client: TestClient) -> None:
    assert "Nothing fits." in client.get("/find", params={"q": "%"}).text


def test_deciding_infringing_draws_up_the_notice_at_once(seeded: Seeded) -> None:
    with visitor(seeded.home) as client:
        enter(client)
        here = f"/cases/{seeded.mug}"
        assert act(client, f"{here}/decide", here, verdict="infringing", seen="") == (303, here)
        page = client.get(here).text
    assert "The notice, exactly as it would leave" in page
    assert "abuse@hosting.example" in page
    assert "Approve as Aoi Mori" in page


def test_a_form_sent_twice_decides_once(seeded: Seeded) -> None:
    here = f"/cases/{seeded.fan}"
    with visitor(seeded.home) as client:
        enter(client)
        form = {"token": token(client, here), "verdict": "not a match", "seen": ""}
        assert [client.post(f"{here}/decide", data=form).status_code for _ in range(2)] == [303, 409]
    with seeded.home.readers()() as session:
        assert session.query(Decision).filter(Decision.case_id == cases.find(session, seeded.fan).id).count() == 1


def test_two_people_never_decide_the_same_case(seeded: Seeded) -> None:
    here = f"/cases/{seeded.comic}"
    with visitor(seeded.home) as aoi, visitor(seeded.home) as ren:
        enter(aoi)
        enter(ren, "ren")
        assert act(aoi, f"{here}/claim", here)[0] == 303
        status, says = act(ren, f"{here}/decide", here, verdict="infringing", seen="")
        assert status == 409
        assert "Aoi Mori" in says
        assert ren.get("/cases/next").headers["location"] == f"/cases/{seeded.mug}"


def test_only_who_may_approve_approves(seeded: Seeded) -> None:
    uuid = _notice(seeded, "draft").uuid
    with visitor(seeded.home) as client:
        enter(client, "ren")
        assert act(client, f"/notices/{uuid}/approve", f"/notices/{uuid}")[0] == 403
    assert _notice(seeded, "draft").uuid == uuid


def test_an_approved_notice_waits_in_the_outbox_in_the_name_of_who_approved(seeded: Seeded) -> None:
    uuid = _notice(seeded, "draft").uuid
    with visitor(seeded.home) as client:
        enter(client)
        assert act(client, f"/notices/{uuid}/approve", f"/notices/{uuid}") == (303, f"/notices/{uuid}")
        assert client.get(f"/notices/{uuid}/letter.pdf").content.startswith(b"%PDF")
        outbox = client.get("/outbox").text
    assert "Dry run: nothing leaves this machine." in outbox
    with seeded.home.readers()() as session:
        notice = ledger.find(session, uuid)
        assert notice.state == "queued"
        assert notice.elements["signature"]["name"] == "Aoi Mori"
        assert notice.number in outbox


def test_undoing_takes_the_notice_with_it(seeded: Seeded) -> None:
    here = f"/cases/{seeded.decided}"
    uuid = _notice(seeded, "draft").uuid
    with visitor(seeded.home) as client, seeded.home.readers()() as session:
        enter(client)
        decision = cases.newest_decision(session, cases.find(session, seeded.decided).id)
        assert decision
        assert act(client, f"{here}/undo", here, seen=decision.uuid) == (303, here)
    with seeded.home.readers()() as session:
        assert ledger.find(session, uuid).state == "withdrawn"
        assert cases.find(session, seeded.decided).state == "open"


def test_a_decision_whose_notice_has_left_is_not_simply_undone(seeded_once: Seeded) -> None:
    seeded = seeded_once
    notice = _notice(seeded, "sent")
    with seeded.home.readers()() as session:
        case = session.get_one(Case, notice.case_id)
        decision = cases.newest_decision(session, case.id)
    assert decision
    with visitor(seeded.home) as client:
        enter(client)
        assert act(client, f"/cases/{case.uuid}/undo", "/works", seen=decision.uuid)[0] == 409


def test_unsure_leaves_the_case_for_somebody_else_and_goes_on(seeded: Seeded) -> None:
    here = f"/cases/{seeded.comic}"
    with visitor(seeded.home) as client:
        enter(client)
        status, there = act(client, f"{here}/decide", here, verdict="unsure", seen="")
        assert (status, there) == (303, f"/cases/{seeded.mug}")
        assert "Aoi Mori looked and was unsure" in client.get(here).text


def test_a_missing_sender_is_named_on_the_case(tmp_path: Path) -> None:
    home = seeds.make_home(tmp_path / "home")
    seeded = seeds.fill(home, states=["draft"])
    (home.path / "mekiki.toml").write_text("")
    bare = Home(seeds.settings.load(home.path, environment={}), home.engine)
    here = f"/cases/{seeded.mug}"
    with visitor(bare) as client:
        enter(client)
        act(client, f"{here}/decide", here, verdict="infringing", seen="")
        page = client.get(here).text
    assert "it cannot be approved yet" in page
    assert "Approve as" not in page


def test_a_fault_is_one_sentence_and_not_a_traceback(seeded: Seeded) -> None:
    with visitor(seeded.home) as client:
        enter(client)
        answer = client.get("/cases/nope")
    assert answer.status_code == 404
    assert "There is no case nope" in answer.text


def _notice(seeded: Seeded, state: str) -> Notice:
    with seeded.home.readers()() as session:
        return session.query(Notice).filter_by(state=state).one()
