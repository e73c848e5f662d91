"""How the pages of the small web look: plain templates, one body a kind of site. Everything variable is escaped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import jinja2
from markupsafe import Markup

from dashboard.demo.world import Place


class Owner(Protocol):
    """What a template needs of a site."""

    @property
    def kind(self) -> str:
        """What its pages are."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it is written in."""
        ...


@dataclass(frozen=True)
class Hung:
    """A file as a page shows it."""

    url: str
    kind: str
    is_hls: bool = False


_STYLE = """<style>
body{margin:0;font:15px/1.6 "Noto Sans","Noto Sans JP",sans-serif;background:#f3f2ef;color:#222}
header{background:{{ site.colour }};color:#fff;padding:14px 28px;display:flex;gap:18px;align-items:baseline}
header b{font-size:22px} header span{opacity:.75} header nav{margin-left:auto;opacity:.85}
main{max-width:1060px;margin:22px auto;display:grid;gap:26px;padding:0 18px;grid-template-columns:minmax(0,1fr) 240px}
article{background:#fff;padding:22px;border-radius:8px;box-shadow:0 1px 3px #0002}
article img,video{max-width:100%;border-radius:4px} .by{color:#666} .price{font-size:30px;color:#b12}
aside{font-size:13px;color:#555}
aside .advertisement{background:#fde8a8;padding:26px 12px;text-align:center;border:1px dashed #c90}
.list{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:16px}
.item{display:block;color:inherit;text-decoration:none} .item i{display:block;height:120px;border-radius:6px;
background:{{ site.colour }} center/cover} .item:hover{text-decoration:underline}
.player{background:#000;min-height:120px} .pages img{display:block;margin:0 auto 12px}
footer{text-align:center;color:#999;padding:26px}
</style>"""
_FRAME = """<!doctype html>
<html lang="{{ site.languages[0] }}"><head><meta charset="utf-8"><title>{{ title }} | {{ site.name }}</title>
<meta property="og:title" content="{{ title }}"><meta property="og:site_name" content="{{ site.name }}">
{{ head }}{{ style }}</head>
<body><header><b>{{ site.name }}</b><span>{{ site.tagline }}</span>
<nav>new &middot; popular &middot; about</nav></header>
<main><article>{{ body }}</article>
<aside>{% if site.advertises %}<div class="advertisement">WIN A PHONE!<br>advertisement</div>{% endif %}
<p><b>Popular now</b></p>
<p>Ten things nobody told you<br>Night trains of the north<br>My cat and the vacuum cleaner</p></aside></main>
<footer>{{ site.name }}, a fictional site of the mekiki demo</footer></body></html>
"""
_BODIES = {
    "video": """<div class="player">{% for m in media %}{% if m.is_hls %}<div id="player"></div>
<script>
const player = {setup(options) { document.getElementById("player").dataset.file = options.file; }};
player.setup({file: "{{ m.url }}", width: "100%", autostart: false});
</script>{% else %}<video controls preload="none" src="{{ m.url }}"></video>{% endif %}{% endfor %}</div>
<h1>{{ title }}</h1>
<p class="by">uploaded by <span class="uploader">{{ place.by }}</span> &middot; 18,204 views</p>""",
    "manga_reader": """<h1>{{ title }}</h1><p class="by">{{ place.by }}</p>
<div class="pages">{% for m in media %}<img src="{{ m.url }}" alt="page {{ loop.index }}" loading="lazy">
{% endfor %}</div>""",
    "image_board": """<h1>{{ title }}</h1>
<p class="by">posted by <span class="uploader">{{ place.by }}</span> &middot; 812 stars</p>
{% for m in media %}<a href="{{ m.url }}"><img src="{{ m.url }}" alt=""></a>{% endfor %}<p>tags: anime, art</p>""",
    "marketplace": """<h1>{{ title }}</h1>
{% for m in media %}<img src="{{ m.url }}" alt="photograph {{ loop.index }}" width="420">{% endfor %}
<p class="price">¥{{ "{:,}".format(place.price or 0) }}</p>
<p class="by">sold by <span class="seller">{{ place.by }}</span></p><p><button>Add to cart</button></p>""",
    "page": """<h1>{{ title }}</h1>
{% if place.by %}<p class="by">by <span class="author">{{ place.by }}</span></p>{% endif %}
{% for m in media %}{% if m.kind == "video" %}<video controls preload="none" src="{{ m.url }}"></video>
{% else %}<img src="{{ m.url }}" alt="">{% endif %}{% endfor %}""",
}
_WORDS = "{% for line in place.text %}<p>{{ line }}</p>{% endfor %}"
_LIST = """<h1>Newest</h1><div class="list">{% for place, picture in places %}
<a class="item" href="{{ place.path }}">
<i{% if picture %} style="background-image:url({{ picture }})"{% endif %}></i>{{ place.title }}</a>{% endfor %}</div>"""
_pages = jinja2.Environment(autoescape=True)


def page(site: Owner, place: Place, media: Sequence[Hung]) -> str:
    """Return one page of a site as HTML."""
    body = _pages.from_string(_BODIES[site.kind] + _WORDS).render(title=place.title, place=place, media=media)
    return _framed(site, place.title, body, _offer(place, media) if site.kind == "marketplace" else "")


def index(site: Owner, places: Sequence[tuple[Place, str]]) -> str:
    """Return a site's first page: a link to each place with a picture of it, "" where it has none."""
    return _framed(site, "Newest", _pages.from_string(_LIST).render(places=places))


def _framed(site: Owner, title: str, body: str, head: str = "") -> str:
    style = _pages.from_string(_STYLE).render(site=site)
    # These parts were rendered, and so escaped, by the same environment.
    parts = {name: Markup(part) for name, part in (("body", body), ("head", head), ("style", style))}  # noqa: S704
    return _pages.from_string(_FRAME).render(site=site, title=title, **parts)


def _offer(place: Place, media: Sequence[Hung]) -> str:
    """Return the schema.org Product and Offer of a listing."""
    said = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": place.title,
        "image": [each.url for each in media],
        "offers": {
            "@type": "Offer",
            "price": str(place.price),
            "priceCurrency": "JPY",
            "seller": {"@type": "Organization", "name": place.by},
        },
    }
    told = json.dumps(said).replace("<", "\\u003c")  # a title must not end the script
    return f'<script type="application/ld+json">{told}</script>'
