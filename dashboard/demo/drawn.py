"""The drawn world: what its web does with the drawn works, and the truth of each page."""

from pathlib import Path

from PIL import Image

from dashboard.demo import attacks, episode, film, goods, manga, works
from dashboard.demo.attacks import save
from dashboard.demo.film import Quality
from dashboard.demo.works import Originals
from dashboard.demo.world import Grant, Permission, Place, Shown, Title, World

ANIME, MANGA, GOODS = "Lantern Road", "The Tanuki Watchmaker", "Lantern Road goods"
KIRI, HOSHINO = "Studio Kiri", "Nao Hoshino"
SMALL = Quality((426, 240), 260, sound_kbps=64)
MEDIUM = Quality((512, 288), 360, sound_kbps=80)
SUBTITLES = (
    "Where does this road go?", "To the sea, if you hurry.", "Kon, wait for me!", "The lamps are lit already.",
    "Nobody walks here in winter.", "I promised her.", "Listen... bells.", "Then let us go home.",
)  # fmt: skip


def world(originals: Originals, folder: Path) -> World:
    """Make every copy of the drawn works below a folder and return the world they are shown in."""
    strangers = _Strangers(folder / "strangers")
    places = (
        *_films(originals, folder, strangers),
        *_scans(originals, folder),
        *_posts(originals, folder, strangers),
        *_shops(originals, folder, strangers),
        *_fans(originals, folder),
        *strangers.places(),
    )
    return World(
        titles=_titles(originals),
        places=places,
        grants=(
            Grant(ANIME, "StreamHall KK", "streamhall.example"),
            Grant(GOODS, "Kiri Official Shop", "bazaar.example/shop/kiri-official"),
        ),
        permissions=(
            Permission(HOSHINO, "Quote up to three pictures in a free review, and say where they are from.",
                max_pictures=3),
        ),
        gone=("pixhub.example/post/3107", "bazaar.example/item/88120"),
        left=(
            "vidbox.example/watch/best-of", "scanhaven.example/read/tw-webtoon/2", "pixhub.example/post/3104",
            "bazaar.example/item/88131",
        ),
        moved="vidbox.example/watch/lr01-flip",
        owners={
            KIRI: {"representative": "Aoi Mori", "address": "1-2-3 Kanda, Chiyoda-ku, Tokyo 101-0000",
                "phone": "+81-3-0000-0000", "email": "rights@studio-kiri.example", "country": "JP",
                "mandate": "power of attorney of 10 January 2026"},
            HOSHINO: {"representative": "Nao Hoshino", "address": "4-5 Teramachi, Nakagyo-ku, Kyoto 604-0000",
                "phone": "+81-75-000-0000", "email": "nao@hoshino.example", "country": "JP",
                "mandate": "agency agreement of 2 March 2026"},
        },
    )  # fmt: skip


def _titles(originals: Originals) -> tuple[Title, ...]:
    photos = tuple((sku, files) for sku, files in originals.photos.items())
    return (
        Title(
            ANIME, KIRI, "anime",
            (("Episode 1", (originals.episode,)), ("Character sheet", (originals.sheet,)),
             ("Key visual", (originals.visual,))),
            aliases=("灯りの道",), creator=KIRI, official=("studio-kiri.example",),
        ),
        Title(MANGA, HOSHINO, "manga", (("Volume 1 (ja)", originals.pages_ja), ("Volume 1 (en)", originals.pages_en)),
            aliases=("狸の時計屋",), creator=HOSHINO),
        Title(GOODS, KIRI, "goods", photos, bank="goods", aliases=("灯りの道グッズ",), creator=KIRI,
            official=("studio-kiri.example",)),
    )  # fmt: skip


def _films(originals: Originals, folder: Path, strangers: "_Strangers") -> list[Place]:
    whole = film.read(originals.episode)
    fast = film.changed(film.faster(whole, 1.25), attacks.subtitles(SUBTITLES))
    half = min(45.0, whole.seconds * 0.6)
    middle = film.read(originals.episode, whole.seconds - half - 4, whole.seconds - 4)
    montage = film.joined((film.read(strangers.diary, 4, 14), middle, film.read(strangers.log, 0, 8)), 12.0, (640, 360))
    flipped = film.changed(whole, attacks.mirrored_letterbox)
    hls = Shown(film.write_hls(whole, folder / "hls", SMALL), "video")
    mirror = Shown(film.write(flipped, folder / "flip.mp4", MEDIUM), "video")
    quick = Shown(film.write(fast, folder / "fast.mp4", MEDIUM), "video")
    best = Shown(film.write(montage, folder / "montage.mp4", MEDIUM), "video")
    vid = "vidbox.example"
    return [
        Place(vid, "/watch/lr01", "Lantern Road EP 1 FULL", "pirated", (hls,), ANIME,
            "whole episode, 240p, HLS", by="night_owl"),
        Place(vid, "/watch/lr01-flip", "lantern rd 01 (no cuts)", "pirated", (mirror,), ANIME,
            "mirrored, letterboxed", by="mirrorman"),
        Place(vid, "/watch/lr01-fast", "Lantern Road 01 eng sub", "pirated", (quick,), ANIME,
            "1.25x speed, burnt subtitles", by="subs4u"),
        Place(vid, "/watch/best-of", "Best anime moments of autumn", "pirated", (best,), ANIME,
            f"{half:.0f} s inside a montage", by="momentsTV"),
        Place("streamhall.example", "/title/lantern-road/1", "Lantern Road, episode 1", "allowed",
            (Shown(originals.episode, "video"),), ANIME, "licensed stream", by="StreamHall"),
    ]  # fmt: skip


def _scans(originals: Originals, folder: Path) -> list[Place]:
    drawn = [works.opened(path) for path in originals.pages_ja]
    french = [
        save(attacks.watermarked(attacks.scaled(attacks.relettered(page, art.bubbles, "fr"), 720), "scanhaven fr"),
            folder / f"fr/{number}.jpg", 78)
        for number, (page, art) in enumerate(zip(drawn[:3], originals.pages[:3], strict=True), start=1)
    ]  # fmt: skip
    english = [
        save(attacks.scaled(attacks.relettered(attacks.mirrored(page), _flipped(art.bubbles, page.width), "en"), 800),
            folder / f"en/{number}.webp", 76)
        for number, (page, art) in enumerate(zip(drawn[1:4], originals.pages[1:4], strict=True), start=1)
    ]  # fmt: skip
    panels = [attacks.cropped(page, (0.04, 0.03, 0.97, 0.5)) for page in drawn[-2:]]
    strip = save(attacks.strip(panels, 640), folder / "strip.jpg", 80)
    scan = "scanhaven.example"
    return [
        Place(scan, "/read/horloger-tanuki/1", "L'horloger tanuki, chapitre 1", "pirated", tuple(map(Shown, french)),
            MANGA, "re-lettered in French", by="Équipe Lune"),
        Place(scan, "/read/tanuki-watch/1", "Tanuki Watch ch. 1 (LTR)", "pirated", tuple(map(Shown, english)), MANGA,
            "mirrored, re-lettered", by="flipscans"),
        Place(scan, "/read/tw-webtoon/2", "TW webtoon version 2", "pirated", (Shown(strip),), MANGA,
            "panels cut into a strip", by="scrollscans"),
    ]  # fmt: skip


def _flipped(bubbles: tuple[manga.Bubble, ...], width: int) -> tuple[manga.Bubble, ...]:
    return tuple(
        manga.Bubble((width - b.box[2], b.box[1], width - b.box[0], b.box[3]), b.line) for b in bubbles
    )  # fmt: skip


def _posts(originals: Originals, folder: Path, strangers: "_Strangers") -> list[Place]:
    sheet, visual = works.opened(originals.sheet), works.opened(originals.visual)
    pins = [strangers.visual_art, visual, strangers.sheet_art, works.opened(strangers.pages[0])]
    cut = save(attacks.scaled(attacks.cropped(sheet, (0.0, 0.06, 0.56, 0.98)), 640), folder / "sheet-cut.jpg", 48)
    pinned = save(attacks.collage(pins), folder / "collage.jpg", 76)
    shot = save(attacks.screenshot(visual, "this show!!"), folder / "screen.png")
    warm = save(
        attacks.blurred(attacks.tinted(attacks.cropped(visual, (0.06, 0.22, 0.96, 1.0)), 0.12, 1.15), 0.9),
        folder / "warm.webp",
        64,
    )
    pix = "pixhub.example"
    return [
        Place(pix, "/post/3101", "found this character sheet", "pirated", (Shown(cut),), ANIME,
            "cropped, JPEG quality 48", by="artgrabber"),
        Place(pix, "/post/3104", "my autumn wall", "pirated", (Shown(pinned),), ANIME, "one of four in a collage",
            by="pinboard_k"),
        Place(pix, "/post/3107", "ok this show is pretty", "pirated", (Shown(shot),), ANIME, "screenshot of an app",
            by="latebus"),
        Place(pix, "/post/3110", "wallpaper, warm edit", "pirated", (Shown(warm),), ANIME,
            "cropped, re-coloured, blurred", by="wallz"),
        Place(pix, "/private/3111", "members' album", "pirated", (Shown(originals.visual),), ANIME,
            "forbidden by robots.txt", by="artgrabber", is_forbidden=True),
    ]  # fmt: skip


def _shops(originals: Originals, folder: Path, strangers: "_Strangers") -> list[Place]:
    figure, plush, lamp = (works.opened(originals.photos[each.sku][0]) for each in works.FOR_SALE)
    copied = save(attacks.scaled(figure, 600), folder / "shop/a.jpg", 70)
    badge = save(
        attacks.priced(attacks.mirrored(attacks.cropped(plush, (0.08, 0.04, 0.95, 0.92))), "FREE SHIPPING"),
        folder / "shop/b.jpg",
        72,
    )
    warm = save(
        attacks.tinted(attacks.scaled(attacks.cropped(lamp, (0.1, 0.05, 0.9, 0.95)), 500), -0.1, 1.2),
        folder / "shop/c.webp",
        66,
    )
    shop, genuine = "bazaar.example", originals.photos["KIRI-F01"]
    return [
        Place(shop, "/item/88117", "Anime girl lantern figure 18cm NEW", "pirated", (Shown(copied),), GOODS,
            "official photograph re-used", by="toyking-88", price=2480),
        Place(shop, "/item/88120", "Cute fox plush toy", "pirated", (Shown(badge),), GOODS,
            "photograph mirrored, badges", by="bigdeal store", price=990),
        Place(shop, "/item/88131", "Paper lantern lamp LED", "pirated", (Shown(warm),), GOODS,
            "photograph cropped, re-coloured", by="bigdeal store", price=1280),
        Place(shop, "/shop/kiri-official/f01", "Lantern Road: Suzu figure, 18 cm", "allowed", tuple(map(Shown,
            genuine)), GOODS, "genuine, licensed seller", by="Kiri Official Shop", price=9800),
        *strangers.listings(),
    ]  # fmt: skip


def _fans(originals: Originals, folder: Path) -> list[Place]:
    clip = film.write(film.read(originals.episode, 15.0, 35.0), folder / "clip.mp4", SMALL)
    trailer = film.write(film.read(originals.episode, 0.0, 10.0), folder / "trailer.mp4", MEDIUM)
    panel = save(
        attacks.cropped(works.opened(originals.pages_ja[0]), (0.03, 0.02, 0.97, 0.4)), folder / "panel.jpg", 85
    )
    return [
        Place("kirifans.example", "/clips/market", "My favourite scene", "allowed", (Shown(clip, "video"),), ANIME,
            "20 s, credited, non-commercial", ("I watch this scene before every exam.",
            "Credit: Lantern Road © Studio Kiri. Go and watch the whole episode on StreamHall."), "mika"),
        Place("reviewnook.example", "/2026/tanuki-watchmaker", "Review: The Tanuki Watchmaker", "allowed",
            (Shown(panel),), MANGA, "one panel quoted, credited",
            ("A watch that only sleeps: the first page already tells you what kind of story this is.",
            "Source: The Tanuki Watchmaker, volume 1, by Nao Hoshino."), "R. Ito"),
        Place("studio-kiri.example", "/works/lantern-road", "灯りの道", "allowed",
            (Shown(trailer, "video"), Shown(originals.visual)), ANIME, "the owner's own site",
            ("Studio Kiri が贈る、灯りをめぐる物語。", "© Studio Kiri")),
        Place("studio-kiri.example", "/goods", "灯りの道 グッズ", "allowed",
            tuple(Shown(originals.photos[each.sku][0]) for each in works.FOR_SALE), GOODS, "the owner's own shop",
            ("公式グッズ。", "© Studio Kiri")),
    ]  # fmt: skip


class _Strangers:
    """Works of other people, drawn with the same pencil, and the pages that show them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = works.draw_film(episode.GARDEN_DIARY, folder / "diary.mp4", seed=31, tempo=88, scale="yo")
        self.log = works.draw_film(episode.HARBOUR_LOG, folder / "log.mp4", seed=47, tempo=120, scale="minor")
        self.pages = works.draw_pages(manga.QUIET_GARDEN, 2, folder / "garden", "en")
        self.sheet_art: Image.Image = works.stranger_sheet()
        self.visual_art: Image.Image = works.stranger_visual()

    def places(self) -> list[Place]:
        """Return the pages that show nothing of ours."""
        sheet = save(self.sheet_art, self.folder / "sheet.jpg", 86)
        visual = save(self.visual_art, self.folder / "visual.webp", 84)
        plain, cups = "plainlife.example", works.shoot(goods.CUP, self.folder, 55)
        return [
            Place(plain, "/films/garden-diary", "Garden Diary, a short film", "unrelated", (Shown(self.diary,
                "video"),), how="another film", by="E. Mori"),
            Place(plain, "/comics/quiet-garden", "The Quiet Garden", "unrelated", tuple(map(Shown, self.pages)),
                how="another manga", by="E. Mori"),
            Place(plain, "/sketches/cast", "My cast for Garden Diary", "unrelated", (Shown(sheet),),
                how="similar style, other characters", by="E. Mori"),
            Place(plain, "/cups", "Cups from my kiln", "unrelated", tuple(map(Shown, cups)),
                how="photographs of cups", by="E. Mori"),
            Place("vidbox.example", "/watch/harbour", "Boats, boats, boats", "unrelated", (Shown(self.log, "video"),),
                how="another film", by="harbourcam"),
            Place("pixhub.example", "/post/3102", "poster I made", "unrelated", (Shown(visual),),
                how="another poster", by="emori"),
            Place("reviewnook.example", "/2026/garden", "Review: The Quiet Garden", "unrelated",
                (Shown(self.pages[1]),), how="another manga", text=("Source: The Quiet Garden, by E. Mori.",),
                by="R. Ito"),
        ]  # fmt: skip

    def listings(self) -> list[Place]:
        """Return the offers of other goods."""
        shop = "bazaar.example"
        wares = (
            (goods.GREEN_FIGURE, "/item/70211"),
            (goods.BLUE_FIGURE, "/item/70214"),
            (goods.SMALL_CUP, "/item/70230"),
        )
        return [
            Place(shop, path, ware.name, "unrelated", tuple(map(Shown, works.shoot(ware, self.folder, number + 41))),
                how="other goods", by="Mori Craft", price=ware.price)
            for number, (ware, path) in enumerate(wares)
        ]  # fmt: skip
