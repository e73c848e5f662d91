"""Pages that shut us out are recognised; pages of content that merely hold a captcha or such words are not."""

import pytest

from crawlers import challenge
from crawlers.page import Page

STORY = "<p>" + "The lantern road goes on through the mountains. " * 20 + "</p>"
PAGE = "<html><head><title>{}</title></head><body>{}</body></html>"


def sign(title: str, body: str, status: int = 200, **headers: str) -> str | None:
    page = Page("https://a.example/", PAGE.format(title, body))
    return challenge.sign(page, status, [(name.replace("_", "-"), value) for name, value in headers.items()])


@pytest.mark.parametrize(("title", "body", "status", "says"), [
    ("Just a moment...", "<h1>a.example</h1>Verifying you are human.", 403, "waits until a browser has proved itself"),
    ("Just a moment...", "", 200, "waits until"),
    ("Attention Required! | Cloudflare", "Sorry, you have been blocked" + STORY, 403, "refusal of Cloudflare"),
    ("DDoS-Guard", "", 403, "DDoS-Guard"),
    ("Pardon Our Interruption", STORY, 405, "Imperva"),
    ("Robot Check", "Enter the characters you see below", 200, "whether we are human"),
    ("Access Denied", "You don't have permission to access this server.", 403, "refuses us"),
    ("アクセスが拒否されました", "お問い合わせください", 403, "refuses us"),
    ("a.example", "<form id='challenge-form'></form>", 200, "challenge of Cloudflare"),
    ("a.example", "<iframe src='https://geo.captcha-delivery.com/captcha/'></iframe>", 403, "DataDome"),
    ("a.example", "<div class='g-recaptcha'></div>続行するには認証してください", 200, "asks for a captcha"),
    ("お待ちください", "ロボットではないことを確認します", 200, "whether we are human"),
    ("验证", "请完成安全验证", 200, "whether we are human"),
    ("a.example", "Your IP address has been blocked.", 200, "refuses us"),
    ("a.example", "This content is not available in your country.", 200, "refuses us"),
])  # fmt: skip
def test_a_wall_is_told_by_what_it_shows(title: str, body: str, status: int, says: str) -> None:
    assert says in str(sign(title, body, status))


@pytest.mark.parametrize("headers", [
    {"cf_mitigated": "challenge"}, {"x_amzn_waf_action": "captcha"}, {"x_sucuri_block": "1"},
])  # fmt: skip
def test_a_wall_is_told_by_its_header(headers: dict[str, str]) -> None:
    assert sign("Cup", STORY, 200, **headers) is not None


@pytest.mark.parametrize(("title", "body", "status"), [
    ("Just a moment: a novel", STORY, 200),
    ("Access denied - chapter 3", STORY, 200),
    ("Blocked! | Manga", STORY, 200),
    ("Cup", STORY + "<form><div class='g-recaptcha'></div>Log in</form>", 200),
    ("Cup", "<h1>Cup</h1><p>¥900</p><img src=/a.jpg>", 200),
    ("Not found", "There is no such page.", 404),
    ("Server error", "Try again.", 500),
    ("", "", 200),
    ("Thread 7", "<img src=/1.jpg>" * 3 + "<form>Reply<div class='g-recaptcha'></div></form>", 200),
    ("List", "".join(f"<a href=/{n}>{n}</a>" for n in range(20)) + "<div class='h-captcha'></div>", 200),
    ("Gone", "There is no such page.<div class='g-recaptcha'></div>", 404),
    ("How captchas work", STORY + "Are you a robot? Verify you are human.", 200),
])  # fmt: skip
def test_a_page_of_content_is_no_wall(title: str, body: str, status: int) -> None:
    assert sign(title, body, status, cf_ray="8a", server="cloudflare") is None


def test_the_sources_own_words_count_anywhere() -> None:
    page = Page("https://a.example/", PAGE.format("Cup", STORY + "<i class='wall-x'></i>"))

    assert challenge.sign(page, 200, [], ["wall-x"]) == 'says "wall-x"'
