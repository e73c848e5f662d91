"""The sites of the small web: who runs each, what it shows, and the source file mekiki reads it by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crawlers.interface import PageKind
from dashboard.demo import markup
from dashboard.demo.markup import Hung
from dashboard.demo.server import SmallWeb
from dashboard.demo.world import Place, Shown, World


@dataclass(frozen=True)
class Law:
    """Under which law a host is asked, and who answers there."""

    country: str
    regime: str
    role: str
    language: str


US = Law("US", "us-dmca-512c", "dmca_agent", "en")
EU = Law("DE", "eu-dsa-16", "platform", "en")
JP = Law("JP", "jp-platform-act", "platform", "ja")


@dataclass(frozen=True)
class Site:
    """One host."""

    host: str
    name: str
    kind: PageKind
    colour: str  # of its header
    tagline: str
    is_commercial: bool | None = None
    territory: str | None = None
    languages: tuple[str, ...] = ("en",)
    operator: str = ""
    law: Law = US
    advertises: bool = False

    @property
    def source_id(self) -> str:
        """The id of its source."""
        return self.host.partition(".")[0]


SITES = (
    Site("vidbox.example", "VidBox", "video", "#1d2230", "every episode, free, tonight", True, "US",
        operator="Vidbox Inc.", advertises=True),
    Site("scanhaven.example", "ScanHaven", "manga_reader", "#3b1f2f", "read it before it is printed", True, "JP",
        ("fr", "en"), operator="株式会社スキャンヘイブン", law=JP, advertises=True),
    Site("pixhub.example", "PixHub", "image_board", "#203a34", "post pictures, get stars", None, "DE",
        operator="PixHub GmbH", law=EU, advertises=True),
    Site("bazaar.example", "Bazaar", "marketplace", "#6a3b12", "ten thousand shops under one roof", True, "DE",
        operator="Bazaar Marketplace GmbH", law=EU),
    Site("streamhall.example", "StreamHall", "video", "#12324a", "licensed anime, by subscription", True, "JP",
        operator="StreamHall KK", law=JP),
    Site("kirifans.example", "Kiri Fans", "page", "#7a3f52", "a fan page, made for fun", False, operator="A fan"),
    Site("reviewnook.example", "Review Nook", "page", "#3f4a63", "what I read on the train", False,
        operator="A reader"),
    Site("studio-kiri.example", "Studio Kiri", "page", "#8c2f2b", "official site", True, "JP", ("ja",),
        operator="Studio Kiri", law=JP),
    Site("plainlife.example", "Plain Life", "page", "#4a5a3a", "drawings, films and cups of my own", None,
        operator="An artist"),
)  # fmt: skip


def of(world: World) -> tuple[Site, ...]:
    """Return the sites that show something in a world."""
    hosts = {place.host for place in world.places}
    return tuple(site for site in SITES if site.host in hosts)


def put_up(world: World) -> SmallWeb:
    """Return the web of a world: every page, an index on every host, every file, and each host's robots.txt."""
    web = SmallWeb()
    for site in of(world):
        places = [place for place in world.places if place.host == site.host]
        pictures: list[tuple[Place, str]] = []
        for number, place in enumerate(places):
            media = [_hung(web, place, shown, f"/media/{number}-{order}") for order, shown in enumerate(place.media)]
            web.pages[place.key] = markup.page(site, place, media)
            pictures.append((place, next((each.url for each in media if each.kind == "image"), "")))
        web.pages[f"{site.host}/"] = markup.index(site, pictures)
        hidden = [place.path for place in places if place.is_forbidden]
        web.robots[site.host] = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in hidden) + "Allow: /\n"
    return web


def _hung(web: SmallWeb, place: Place, shown: Shown, stem: str) -> Hung:
    """Put a file (of an HLS film: all of its files) on the host and return what the page says of it."""
    if shown.file.suffix == ".m3u8":
        for file in sorted(shown.file.parent.iterdir()):
            _hang(web, place, f"{stem}/{file.name}", file)
        return Hung(f"{stem}/{shown.file.name}", shown.kind, is_hls=True)
    url = stem + shown.file.suffix
    _hang(web, place, url, shown.file)
    return Hung(url, shown.kind)


def _hang(web: SmallWeb, place: Place, url: str, file: Path) -> None:
    web.files[place.host + url] = file
    web.shows.setdefault(place.key, []).append(place.host + url)


def source_toml(site: Site, port: int) -> str:
    """Return the source file of a site served on a port."""
    lines = [
        "[source]", f'id = "{site.source_id}"', f'name = "{site.name}"', f'kind = "{site.kind}"',
        f"languages = {json.dumps(site.languages)}",
    ]  # fmt: skip
    if site.territory:
        lines.append(f'territory = "{site.territory}"')
    if site.kind == "marketplace":
        lines.append('currency = "JPY"')
    if site.is_commercial is not None:
        lines.append(f"commercial = {str(site.is_commercial).lower()}")
    lines += ["[scope]", f'seeds = ["http://{site.host}:{port}/"]', "max_depth = 3", "[extract]", 'item = "a.item"']
    lines += ["[expect]", "min_findings = 1", ""]
    return "\n".join(lines)


def platform_toml(site: Site) -> str:
    """Return the file that says who answers for a site."""
    rows = {
        "operator": site.operator, "address": f"notices@{site.host}", "role": site.law.role,
        "country": site.law.country,
        "language": site.law.language, "regime": site.law.regime, "source": f"https://{site.host}/legal (fictional)",
    }  # fmt: skip
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in rows.items()) + (
        f'hosts = ["{site.host}"]\nverified_on = 2026-11-22\n'
    )


def write_definitions(home: Path, sites: Sequence[Site], port: int) -> None:
    """Write a source and a platform file for each site into a home."""
    for folder, text in (("sources", lambda site: source_toml(site, port)), ("platforms", platform_toml)):
        (home / folder).mkdir(parents=True, exist_ok=True)
        for site in sites:
            (home / folder / f"{site.source_id}.toml").write_text(text(site), "utf-8")
