"""The same web made of real works: films, comics, art and products of a folder with a manifest.csv, copied for real.

The manifest's columns that matter: path, kind, work, language, height, duration_s, group (files that show the same).
Everything is chosen by them, never by name. The owners are played: the demo writes in nobody's real name.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.errors import MekikiError
from dashboard.demo import attacks, film
from dashboard.demo.attacks import save
from dashboard.demo.drawn import MEDIUM, SMALL, SUBTITLES
from dashboard.demo.works import opened
from dashboard.demo.world import Grant, Permission, Place, Shown, Title, World

FILMS, COMICS, ART, GOODS = "film", "comic", "art", "goods"
OWNER = "Demo Rights Holders (played)"
LINE = "Desk figures"
CONTACT = {
    "representative": "Aoi Mori", "address": "1-2-3 Kanda, Chiyoda-ku, Tokyo 101-0000", "phone": "+81-3-0000-0000",
    "email": "rights@holders.example", "country": "JP", "mandate": "played in this demo",
}  # fmt: skip
LONG_S = 25.0


class BadWorks(MekikiError):
    """The folder of works lacks something the demo needs."""


@dataclass(frozen=True)
class Entry:
    """One line of the manifest."""

    path: Path
    kind: str
    work: str
    language: str
    group: str
    height: int
    duration_s: float


@dataclass(frozen=True)
class Choice:
    """What of the folder plays which part."""

    main: Entry  # the film that is copied in every way
    edits: tuple[Entry, ...]  # third parties' own copies of it
    second: Entry  # another registered film
    pages: dict[str, dict[str, Path]]  # page -> language -> file; registered in the first of LANGUAGES
    art: tuple[Entry, ...]
    goods: tuple[tuple[Entry, ...], ...]  # photographs, a tuple for each product
    prints: tuple[tuple[Entry, Entry], ...]  # (picture of a product, the registered art printed on it)
    strangers: dict[str, tuple[Entry, ...]]  # FILMS, ART, GOODS


LANGUAGES = ("ja", "fr", "en", "es")


def world(works: Path, folder: Path) -> World:
    """Make the copies below a folder and return the world they are shown in. Raises BadWorks."""
    chosen = choose(works)
    titles = _titles(chosen)
    main = chosen.main.work
    return World(
        titles=titles,
        places=(
            *_films(chosen, folder), *_scans(chosen, folder), *_posts(chosen, folder), *_shops(chosen, folder),
            *_allowed(chosen, folder), *_strangers(chosen),
        ),
        grants=(
            Grant(main, "StreamHall KK", "streamhall.example"),
            Grant(LINE, "Licensed Shop", "bazaar.example/shop/licensed"),
        ),
        permissions=(Permission(OWNER, "Quote up to three pictures in a free review, and say where they are from.",
            max_pictures=3),),
        gone=("pixhub.example/post/1", "bazaar.example/item/2"),
        left=("vidbox.example/watch/4", "scanhaven.example/read/3", "pixhub.example/post/2", "bazaar.example/item/3"),
        moved="vidbox.example/watch/2",
        owners={OWNER: CONTACT},
    )  # fmt: skip


def entries(works: Path) -> list[Entry]:
    """Return the manifest's lines whose files are there. Raises BadWorks."""
    manifest = works / "manifest.csv"
    try:
        with manifest.open(encoding="utf-8", newline="") as source:
            lines = list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError, csv.Error) as bad:
        raise BadWorks(f"{manifest} cannot be read as a UTF-8 CSV file ({bad}); name a folder that holds one.") from bad
    found = [
        Entry(
            works / line["path"], line["kind"], line["work"], line.get("language") or "",
                line.get("group") or line["path"],
            int(line.get("height") or 0), float(line.get("duration_s") or 0),
        )
        for line in lines
    ]  # fmt: skip
    return [entry for entry in found if entry.path.is_file()]


def choose(works: Path) -> Choice:
    """Return which file plays which part. Raises BadWorks when a part cannot be filled."""
    every = entries(works)
    films = _groups(entry for entry in every if entry.kind == "video" and entry.height)
    # The film that others have copied already, the longest of those.
    ranked = sorted(films.values(), key=lambda group: (len(group), group[0].duration_s), reverse=True)
    long_ones = [group[0] for group in ranked if group[0].duration_s >= LONG_S]
    photographed = [
        group for group in _groups(e for e in every if e.kind == "product_photo").values() if len(group) > 1
    ]
    pages = _pages(every)
    comic = next((entry.work for entry in every if entry.kind == "comic_page"), "")
    art = [entry for entry in every if entry.kind == "illustration" and entry.work == comic and entry.height >= 400]
    others = sorted((e for e in long_ones[1:] if e.work not in {long_ones[0].work, comic}), key=lambda e: -e.duration_s)
    others = [entry for entry in others if not entry.work.startswith(comic)]
    if len(long_ones) < 2 or len(others) < 3 or len(photographed) < 2 or len(pages) < 6 or len(art) < 4:
        raise BadWorks(
            f"{works} lacks films, comic pages in two languages, art or product photos; see its manifest.csv."
        )
    art.sort(key=lambda entry: -entry.height)  # whole pictures before single panels
    registered = tuple(art[:4])
    prints = _prints(every, art)
    registered = tuple(
        {entry.path: entry for entry in (*registered, *(printed for _product, printed in prints))}.values()
    )
    main = ranked[0]
    return Choice(
        main=main[0],
        edits=tuple(main[1:]),
        second=others[0],
        pages=pages,
        art=registered,
        goods=tuple(tuple(group) for group in photographed[:3]),
        prints=prints,
        strangers={
            FILMS: tuple(entry for entry in others[1:] if entry.work != others[0].work)[:3],
            ART: _unlike([e for e in every if e.kind in {"illustration", "character_art"} and e.work != comic]),
            GOODS: tuple(e for e in every if e.kind == "product_mockup" and e.work != comic)[::9][:3],
        },
    )  # fmt: skip


def _groups(some: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return files that show the same, the longest first."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in some:
        groups[entry.group].append(entry)
    return {name: sorted(group, key=lambda entry: -entry.duration_s) for name, group in groups.items()}


def _pages(every: list[Entry]) -> dict[str, dict[str, Path]]:
    """Return whole pages that exist in the first three languages, in order."""
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for entry in every:
        if entry.kind == "comic_page" and entry.height >= 800:
            found[entry.group][entry.language] = entry.path
    complete = {group: files for group, files in sorted(found.items()) if all(each in files for each in LANGUAGES[:3])}
    return dict(list(complete.items())[:14])


def _prints(every: list[Entry], art: list[Entry]) -> tuple[tuple[Entry, Entry], ...]:
    """Return products that show a picture which can be registered; the manifest names it as their group."""
    by_name = {entry.path.name: entry for entry in art}
    shown = (
        (e, by_name.get(Path(e.group).name)) for e in every if e.kind == "product_mockup" and "poster" in e.path.name
    )
    return tuple((product, printed) for product, printed in shown if printed is not None)[:1]


def _unlike(some: list[Entry]) -> tuple[Entry, ...]:
    """Return one picture of each work, the largest."""
    best: dict[str, Entry] = {}
    for entry in some:
        if entry.work not in best or entry.height > best[entry.work].height:
            best[entry.work] = entry
    return tuple(best.values())


def _titles(chosen: Choice) -> tuple[Title, ...]:
    comic = _comic(chosen)
    pages = tuple(files[LANGUAGES[0]] for files in chosen.pages.values())
    official = ("studio-kiri.example",)
    return (
        Title(chosen.main.work, OWNER, "anime", (("Film", (chosen.main.path,)),), official=official),
        Title(chosen.second.work, OWNER, "anime", (("Film", (chosen.second.path,)),)),
        Title(comic, OWNER, "manga", (("Pages (ja)", pages), ("Art", tuple(entry.path for entry in chosen.art))),
            official=official),
        # One line of goods: one photographer's table shows in the pictures of all of them.
        Title(LINE, OWNER, "goods", tuple((photos[0].work, tuple(e.path for e in photos)) for photos in chosen.goods),
            bank="goods"),
    )  # fmt: skip


def _comic(chosen: Choice) -> str:
    return chosen.art[0].work


def _films(chosen: Choice, folder: Path) -> list[Place]:
    main, second, stranger = (
        film.read(entry.path) for entry in (chosen.main, chosen.second, chosen.strangers[FILMS][0])
    )
    fast = film.changed(film.faster(main, 1.25), attacks.subtitles(SUBTITLES))
    half = min(45.0, main.seconds * 0.75)
    montage = film.joined(
        (film.part(stranger, 5, 13), film.part(main, main.seconds - half, main.seconds), film.part(stranger, 20, 26)),
        24.0, (640, 360),
    )  # fmt: skip
    flipped = film.changed(second, attacks.mirrored_letterbox)
    hls = Shown(film.write_hls(main, folder / "hls", SMALL), "video")
    mirror = Shown(film.write(flipped, folder / "flip.mp4", MEDIUM), "video")
    quick = Shown(film.write(fast, folder / "fast.mp4", MEDIUM), "video")
    best = Shown(film.write(montage, folder / "montage.mp4", MEDIUM), "video")
    vid, title = "vidbox.example", chosen.main.work
    return [
        Place(vid, "/watch/1", "FULL MOVIE free", "pirated", (hls,), title, "whole film, 240p, HLS", by="night_owl"),
        Place(vid, "/watch/2", "intro no cuts", "pirated", (mirror,), chosen.second.work,
            "mirrored, letterboxed", by="mirrorman"),
        Place(vid, "/watch/3", "movie eng sub", "pirated", (quick,), title,
            "1.25x speed, burnt subtitles", by="subs4u"),
        Place(vid, "/watch/4", "funny moments", "pirated", (best,), title,
            f"{half:.0f} s inside a montage", by="momentsTV"),
        *(
            Place(vid, f"/watch/{number}", "found this clip", "pirated", (Shown(edit.path, "video"),), title,
                "a third party's own edit", by="clipper")
            for number, edit in enumerate(chosen.edits, start=5)
        ),
        Place("streamhall.example", "/title/1", title, "allowed", (Shown(chosen.main.path, "video"),), title,
            "licensed stream", by="StreamHall"),
    ]  # fmt: skip


def _scans(chosen: Choice, folder: Path) -> list[Place]:
    pages = list(chosen.pages.values())
    french = [
        save(attacks.watermarked(attacks.scaled(opened(files["fr"]), 640), "scanhaven fr"),
            folder / f"fr/{number}.jpg", 72)
        for number, files in enumerate(pages[:3])
    ]  # fmt: skip
    english = [
        save(attacks.mirrored(opened(files["en"])), folder / f"en/{number}.webp", 74)
        for number, files in enumerate(pages[3:6])
    ]
    panels = [attacks.cropped(opened(files.get("es", files["fr"])), (0.03, 0.02, 0.97, 0.55)) for files in pages[-3:-1]]
    strip, scan, title = save(attacks.strip(panels, 600), folder / "strip.jpg", 78), "scanhaven.example", _comic(chosen)
    return [
        Place(scan, "/read/1", "chapitre 1 VF", "pirated", tuple(map(Shown, french)), title,
            "translated (fr), watermark", by="Équipe Lune"),
        Place(scan, "/read/2", "chapter 1 (LTR)", "pirated", tuple(map(Shown, english)), title,
            "translated (en), mirrored", by="flipscans"),
        Place(scan, "/read/3", "webtoon version", "pirated", (Shown(strip),), title, "translated panels in a strip",
            by="scrollscans"),
    ]  # fmt: skip


def _posts(chosen: Choice, folder: Path) -> list[Place]:
    one, two, three, four = (opened(entry.path) for entry in chosen.art[:4])
    strange = [opened(entry.path) for entry in chosen.strangers[ART][:3]]
    cut = save(attacks.cropped(one, (0.05, 0.08, 0.8, 0.92)), folder / "cut.jpg", 46)
    pinned = save(attacks.collage([strange[0], two, *strange[1:]]), folder / "collage.jpg", 76)
    shot = save(attacks.screenshot(three, "look at this"), folder / "screen.png")
    warm = save(
        attacks.blurred(attacks.tinted(attacks.cropped(four, (0.05, 0.05, 0.95, 0.95)), 0.12, 1.15), 0.9),
        folder / "warm.webp",
        64,
    )
    pix, title = "pixhub.example", _comic(chosen)
    return [
        Place(pix, "/post/1", "great picture", "pirated", (Shown(cut),), title, "cropped, JPEG quality 46",
            by="artgrabber"),
        Place(pix, "/post/2", "my wall", "pirated", (Shown(pinned),), title, "one of four in a collage",
            by="pinboard_k"),
        Place(pix, "/post/3", "this is pretty", "pirated", (Shown(shot),), title, "screenshot of an app", by="latebus"),
        Place(pix, "/post/4", "wallpaper, warm edit", "pirated", (Shown(warm),), title,
            "cropped, re-coloured, blurred", by="wallz"),
    ]  # fmt: skip


def _shops(chosen: Choice, folder: Path) -> list[Place]:
    first, second = chosen.goods[:2]
    copied = save(attacks.scaled(opened(first[0].path), 560), folder / "shop/a.jpg", 68)
    badge = save(attacks.priced(attacks.mirrored(attacks.cropped(opened(second[0].path), (0.06, 0.05, 0.95, 0.95))),
        "FREE SHIPPING"), folder / "shop/b.jpg", 72)  # fmt: skip
    shop = "bazaar.example"
    return [
        Place(shop, "/item/1", "figure NEW in box", "pirated", (Shown(copied),), LINE,
            "official photograph re-used", by="toyking-88", price=980),
        Place(shop, "/item/2", "figure -60%", "pirated", (Shown(badge),), LINE,
            "photograph mirrored, badges", by="bigdeal store", price=790),
        *(
            Place(shop, f"/item/{number}", "wall poster A2", "pirated", (Shown(product.path),), _comic(chosen),
                "our art printed on goods", by="printshop", price=1200)
            for number, (product, _printed) in enumerate(chosen.prints, start=3)
        ),
        Place(shop, "/shop/licensed/1", first[0].work, "allowed", tuple(Shown(e.path) for e in first[:2]),
            LINE, "genuine, licensed seller", by="Licensed Shop", price=3800),
        *(
            Place(shop, f"/item/{number}", f"{entry.work} goods", "unrelated", (Shown(entry.path),),
                how="other goods", by="Mori Craft", price=1500)
            for number, entry in enumerate(chosen.strangers[GOODS], start=71)
        ),
    ]  # fmt: skip


def _allowed(chosen: Choice, folder: Path) -> list[Place]:
    clip = film.write(film.part(film.read(chosen.main.path), 12.0, 32.0), folder / "clip.mp4", SMALL)
    page = next(iter(chosen.pages.values()))["en"]
    panel = save(attacks.cropped(opened(page), (0.03, 0.02, 0.97, 0.42)), folder / "panel.jpg", 86)
    title, comic = chosen.main.work, _comic(chosen)
    return [
        Place("kirifans.example", "/clips/1", "My favourite scene", "allowed", (Shown(clip, "video"),), title,
            "20 s, credited, non-commercial", (f"Credit: {title} © {OWNER}.",), "mika"),
        Place("reviewnook.example", "/review/1", f"Review: {comic}", "allowed", (Shown(panel),), comic,
            "one panel quoted, credited", (f"Source: {comic}, © {OWNER}.",), "R. Ito"),
        Place("studio-kiri.example", "/works/1", title, "allowed", (Shown(chosen.main.path, "video"),), title,
            "the owner's own site"),
        Place("studio-kiri.example", "/art/1", comic, "allowed", (Shown(chosen.art[0].path),), comic,
            "the owner's own site"),
    ]  # fmt: skip


def _strangers(chosen: Choice) -> list[Place]:
    plain = "plainlife.example"
    films = [
        Place(plain, f"/films/{number}", entry.work, "unrelated", (Shown(entry.path, "video"),), how="another film",
            by="E. Mori")
        for number, entry in enumerate(chosen.strangers[FILMS], start=1)
    ]  # fmt: skip
    art = [
        Place(plain if number % 2 else "pixhub.example", f"/art/{number}", entry.work, "unrelated",
            (Shown(entry.path),), how="another picture", by="E. Mori")
        for number, entry in enumerate(chosen.strangers[ART], start=11)
    ]  # fmt: skip
    return [*films, *art]
