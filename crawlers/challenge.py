"""Pages that shut us out: challenges, captchas and refusals, told from what a page shows. Pure.

They are recognised so that a person can look and ask the site; nothing here or elsewhere solves or evades one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crawlers.page import Page

FEW_PICTURES, FEW_LINKS = 2, 10
FEW_WORDS = 600  # characters; a form with a captcha on a page of content is no wall
REFUSING = frozenset({401, 403, 405, 407, 418, 429, 451, 503})  # statuses that, with a sign, mean a wall
SHUT = frozenset({401, 403, 429, 451})  # statuses that mean one by themselves when page after page answers so


@dataclass(frozen=True)
class Sign:
    """One thing that gives a wall away."""

    pattern: re.Pattern[str]
    says: str  # goes on "the page ..."


_HUMAN = "asks whether we are human"
# Answers that only the guards of sites send.
_HEADERS: tuple[tuple[str, Sign], ...] = (
    ("cf-mitigated", Sign(re.compile(r"challenge", re.I), "is a challenge of Cloudflare")),
    ("x-amzn-waf-action", Sign(re.compile(r"challenge|captcha", re.I), "is a challenge of AWS WAF")),
    ("x-sucuri-block", Sign(re.compile(r"."), "is a refusal of Sucuri")),
)
# Headings of pages, from their beginning; the page must hold little else, or "Blocked: a novel" would be a wall.
_TITLES: tuple[Sign, ...] = tuple(Sign(re.compile(pattern, re.I), says) for pattern, says in (
    (r"^just a moment|^one moment, please|^checking your browser", "waits until a browser has proved itself"),
    (r"^attention required! \| cloudflare", "is a refusal of Cloudflare"),
    (r"^ddos-guard", "is a challenge of DDoS-Guard"),
    (r"^pardon our interruption", "is a challenge of Imperva"),
    (r"^(?:robot|bot|security) check|^are you (?:a )?(?:robot|human)|^human verification|^verify(?:ing)? you", _HUMAN),
    (r"^access (?:to this page has been )?denied|^request (?:blocked|rejected)|^blocked\b|^403 forbidden|^forbidden$",
     "refuses us"),
    (r"^アクセス(?:が(?:拒否|制限|禁止)|制限|拒否)|^ご利用になれません|^閲覧(?:制限|できません)", "refuses us"),
    (r"^(?:人机|安全)验证|^安全驗證|^访问验证|^보안 확인", _HUMAN),
))  # fmt: skip
# Words and parts of a page that holds little else.
_WORDS: tuple[Sign, ...] = tuple(Sign(re.compile("|".join(patterns), re.I), says) for patterns, says in (
    ((r"checking (?:your browser|if the site connection is secure)|verif(?:y|ying) (?:that )?you are (?:a )?human",
      r"enable javascript and cookies to continue|complete the security check|unusual traffic from your",
      r"press (?:&|and) hold to confirm|are you a robot|prove you(?:'| a)re (?:not a robot|human)"), _HUMAN),
    ((r"ロボットではない(?:こと|です)|ロボットでないこと|画像認証|自動アクセスを検出|不正なアクセス|大量のアクセス",
      r"アクセスが集中し.{0,20}制限"), _HUMAN),
    ((r"请完成(?:安全)?验证|拖动滑块|滑动验证|请输入验证码|보안문자",), _HUMAN),
    ((r"your (?:ip|access) (?:address )?has been (?:blocked|denied|banned)|you have been blocked|access denied",
      r"アクセスは(?:許可されていません|拒否されました)|not available in your (?:country|region)",
      r"お住まいの(?:国|地域)からは"), "refuses us"),
))  # fmt: skip
_PARTS = (
    ("#challenge-form, #challenge-running, #cf-challenge-running, #challenge-stage", "is a challenge of Cloudflare"),
    ("script[src*='/cdn-cgi/challenge-platform/']", "is a challenge of Cloudflare"),
    ("iframe[src*='captcha-delivery.com'], script[src*='captcha-delivery.com']", "is a captcha of DataDome"),
    ("#px-captcha", "is a captcha of HUMAN"),
    ("script[src*='_Incapsula_Resource'], iframe[src*='_Incapsula_Resource']", "is a challenge of Imperva"),
    (".g-recaptcha, .h-captcha, .cf-turnstile, .geetest_captcha, #captcha", "asks for a captcha"),
    ("form[action*='captcha']", "asks for a captcha"),
    ("img[src*='captcha'], input[name*='captcha']", "asks for a captcha"),
)  # fmt: skip


def sign(page: Page, status: int, headers: Iterable[tuple[str, str]], words: Iterable[str] = ()) -> str | None:
    """Return how a page shuts us out, to go on "the page ..."; None when it does not.

    `words` are the source's own; they count wherever they stand in the page.
    """
    stated = next((said for said in words if said in page.html), None)
    if stated is not None:
        return f'says "{stated}"'
    given = _first_header({name.lower(): value for name, value in headers})
    if given:
        return given
    if status >= 400 and status not in REFUSING:
        return None  # not there, or broken: whatever its form asks for
    title, text = page.first("title"), page.text
    is_bare = len(text) < FEW_WORDS and (status in REFUSING or _holds_little(page))
    heading = next((one.says for one in _TITLES if one.pattern.search(title)), None)
    if heading and (is_bare or status in REFUSING):
        return f'{heading} ("{title[:60]}")'
    if not is_bare:
        return None
    part = next((says for css, says in _PARTS if page.selector.css(css)), None)
    return part or next((one.says for one in _WORDS if one.pattern.search(text)), None)


def _holds_little(page: Page) -> bool:
    """Say whether a page is bare: a short thread of pictures with a captcha in its reply form is not."""
    pictures = page.selector.css("body img, body video")
    return len(pictures) <= FEW_PICTURES and len(page.selector.css("body a[href]")) <= FEW_LINKS


def _first_header(headers: Mapping[str, str]) -> str | None:
    return next((one.says for name, one in _HEADERS if one.pattern.search(headers.get(name, ""))), None)
