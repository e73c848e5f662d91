"""A home with something on every screen: works, open and decided cases, notices in every state, sweeps, people."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock, database, settings
from config.home import Home
from crawlers.captures import FindingRow, Sighting
from dashboard import people, staff
from dashboard.people import JobRun, Person
from fingerprints import store
from fingerprints.store import Medium
from matcher import assess, cases, catalogue
from matcher.cases import Case
from matcher.catalogue import Work
from matcher.fan_rules import FanRule
from matcher.licences import Licence
from matcher.references import Exclusion
from notices import draft, ledger, send
from notices.ledger import Notice
from tests import factories

PASSWORD = "lantern-road-at-night"
SENDER = """
[sender]
organisation = "Kiri Rights Desk"
name = "Haruka Ito"
email = "desk@kiri.example"
phone = "+81-3-0000-1111"
address = "1-2-3 Kanda, Chiyoda-ku, Tokyo"
country = "JP"
"""
PLATFORM = """
operator = "Example Hosting abuse desk"
hosts = ["webtoon-mirror.example", "scanhaven.example", "vidbox.example", "bazaar.example"]
address = "abuse@hosting.example"
role = "host_abuse"
country = "US"
language = "en"
regime = "us-dmca-512c"
source = "https://hosting.example/abuse"
verified_on = 2026-11-01
"""
STATES = ("removed", "sent", "queued", "draft")
Draw = Callable[[int], Image.Image]


@dataclass(frozen=True)
class Seeded:
    """What tests want to name of the seeded rows."""

    home: Home
    comic: str  # uuids of cases
    mug: str
    film: str
    fan: str
    decided: str


def make_home(folder: Path, **console: str) -> Home:
    """Return an empty home on SQLite, with a complete sender and one known host."""
    for part in ("blobs", "sources", "outbox", "locks", "platforms"):
        (folder / part).mkdir(parents=True)
    (folder / "mekiki.toml").write_text(SENDER, "utf-8")
    (folder / "platforms" / "hosting.toml").write_text(PLATFORM, "utf-8")
    read = settings.load(
        folder, environment={f"MEKIKI_CONSOLE__{key.upper()}": value for key, value in console.items()}
    )
    engine = database.engine(read.database_url)
    database.Base.metadata.create_all(engine)
    return Home(read, engine)


def person(session: Session, login: str, name: str, *, may_approve: bool = False, language: str = "en") -> Person:
    return people.add(session, login, name=name, password=PASSWORD, may_approve=may_approve, language=language)


def drawn(number: int) -> Image.Image:
    """Draw a page nobody else has: shapes placed by its number."""
    chance = np.random.default_rng(number)
    page = Image.new("RGB", (720, 1020), (250, 247, 240))
    pen = ImageDraw.Draw(page)
    for _ in range(28):
        x, y, r = (int(value) for value in chance.integers((0, 0, 20), (700, 1000, 130)))
        colour = tuple(int(value) for value in chance.integers(40, 230, 3))
        (pen.ellipse if r % 2 else pen.rectangle)(
            (x - r, y - r, x + r, y + r), fill=colour, outline=(30, 30, 30), width=4
        )
    return page


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def brightness(png: bytes) -> float:
    """Return how bright a picture is on average, 0 to 255."""
    with Image.open(io.BytesIO(png)) as picture:
        return float(np.asarray(picture.convert("L")).mean())


def film(seconds: float, first: float = 0.0, width: int = 320, height: int = 180) -> bytes:
    """Return a small mp4 whose frames show a wandering disc; `first` is where in the wandering it begins."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = width, height, "yuv420p", Fraction(1, 12)
        for at in range(int(seconds * 12)):
            time = first + at / 12
            picture = Image.new("RGB", (width, height), (30, 60 + int(time * 9) % 120, 120))
            x, y = int(time * 37) % width, int(time * 23) % height
            ImageDraw.Draw(picture).ellipse((x - 30, y - 30, x + 30, y + 30), fill=(240, 200, 80))
            for packet in stream.encode(av.VideoFrame.from_image(picture)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


def fill(home: Home, draw: Draw = drawn, *, states: Sequence[str] = STATES) -> Seeded:
    """Fill a home; `draw` gives the pictures by number, `states` are those of the notices, the last one a draft."""
    with home.sessions().begin() as session:
        everybody = [
            person(session, "aoi", "Aoi Mori", may_approve=True), person(session, "ren", "Ren Sato", language="ja"),
        ]  # fmt: skip
        kiri = factories.owner(session)
        put = partial(_put, session, home)
        seeded = Seeded(
            home,
            comic=_comic(session, put, kiri, draw),
            mug=_mug(session, put, kiri, draw),
            film=_film(session, put, kiri, film(14), film(6, first=4)),
            fan=_fan(session, put, kiri, draw),
            decided=_decided(session, put, kiri, draw, states),
        )
        for each in everybody:  # the film is provisional
            staff.name(session, catalogue.find_work(session, "Lantern Road"), each, by="Aoi Mori")
        _rest(session, home)
    return seeded


def describe_pictures(home: Home) -> None:
    """Give every picture its fingerprints, which most pages do without."""
    with home.sessions().begin() as session:
        pictured = session.scalars(select(Medium.blob).where(Medium.kind == "image")).all()
        store.describe(session, pictured, depth="glance")


def _put(session: Session, home: Home, content: bytes, size: tuple[int, int] = (0, 0), **facts: Any) -> str:
    blob = home.blobs.put(content)
    values: dict[str, Any] = {"kind": "image", "width": size[0], "height": size[1], "described_at": clock.now()}
    session.add(Medium(blob=blob, **(values | facts)))
    session.flush()
    return blob


def _case(session: Session, work: Work, finding: FindingRow) -> Case:
    opening = assess.assess_use(session, finding_id=finding.id, work_id=work.id, moment="opening")
    cases.open_cases(session, [opening.id])
    return session.query(Case).filter_by(work_id=work.id, place=finding.place).one()


def _seen(session: Session, url: str, hours: float, **more: Any) -> FindingRow:
    sweep = factories.sweep(session, url.split("/")[2].split(".")[0])
    return factories.finding(session, url, of=sweep, found_at=clock.now() - timedelta(hours=hours), **more)


def _whole(scale: float, *, mirrored: bool = False) -> dict[str, Any]:
    square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    matrix = [[scale, 0.0, 0.0], [0.0, scale, 0.0]]
    return {"mirrored": mirrored, "matrix": matrix, "outline": square, "reference_outline": square}


def _says(*sentences: str) -> list[dict[str, Any]]:
    return [{"signal": "seeded", "value": 0.9, "says": sentence} for sentence in sentences]


def _comic(session: Session, put: Any, kiri: Any, draw: Draw) -> str:
    work = factories.work(session, "Pepper Lane", of=kiri, kind="manga", aliases=["ペッパー通り"])
    page = _seen(
        session, "http://scanhaven.example/pepper-lane/chapter-6", 21.8, kind="manga_reader",
        title="Pepper Lane 6 [RAW]",
        text="Read Pepper Lane chapter 6 free. Become a member to read ahead.\nChapter list · Next",
        uploader="raw_king",
    )  # fmt: skip
    for number in range(1, 10):
        picture = draw(number)
        original, copy = jpeg(picture), picture.resize((round(picture.width * 0.62), round(picture.height * 0.62)))
        reference = factories.reference(
            session, work, f"page {number:02d}", blob=put(original, picture.size), position=number
        )
        put(jpeg(copy), copy.size)
        sighting = factories.sighting(session, page, jpeg(copy), kind="image", position=number)
        score, transform = 0.998 - number / 1000, _whole(0.62)
        factories.match(session, sighting, reference, score=score, transform=transform, reasons=_says(
            "412 of 500 points agree in one shape.", "94% of the picture agrees after alignment.",
            "Three or more consecutive pages match in the same order.",
        ))  # fmt: skip
    return _case(session, work, page).uuid


def _mug(session: Session, put: Any, kiri: Any, draw: Draw) -> str:
    work = factories.work(session, "Sylvie of the Harbour", of=kiri, kind="goods")
    art = draw(20)
    art.thumbnail((420, 560))
    reference = factories.reference(session, work, "official art 03.png", bank="goods", blob=put(jpeg(art), art.size))
    photo = Image.new("RGB", (900, 700), (200, 190, 178))
    ImageDraw.Draw(photo).rounded_rectangle(
        (250, 60, 660, 650), 40, fill=(245, 244, 240), outline=(150, 140, 130), width=3
    )
    small = art.resize((round(art.width * 0.7), round(art.height * 0.7)))
    photo.paste(small, (310, 150))
    put(jpeg(photo), photo.size)
    page = _seen(
        session, "http://bazaar.example/item/88213", 20.9, kind="marketplace",
        title="シルヴィ マグカップ 非公式 送料無料",
        seller="mug-planet", price=Decimal(1480), currency="JPY", condition="new", stock="few left",
        seller_id="bazaar.example/shop/88", brand="no brand", gtin="4901234567894",
        text="新品未使用。即購入OK。<script>alert(1)</script>",
    )  # fmt: skip
    sighting = factories.sighting(session, page, jpeg(photo), kind="image")
    (x, y), (w, h) = (310, 150), small.size
    corners = [[x / 900, y / 700], [(x + w) / 900, y / 700], [(x + w) / 900, (y + h) / 700], [x / 900, (y + h) / 700]]
    reasons = _says("181 of 320 points agree in one shape.")
    factories.match(session, sighting, reference, score=0.974, reasons=reasons, transform={
        "mirrored": False, "matrix": [[0.7, 0.0, x], [0.0, 0.7, y]], "outline": corners,
        "reference_outline": [[0, 0], [1, 0], [1, 1], [0, 1]],
    })  # fmt: skip
    return _case(session, work, page).uuid


def _film(session: Session, put: Any, kiri: Any, ours: bytes, found: bytes) -> str:
    work = factories.work(session, "Lantern Road", of=kiri, provisional_until=clock.now() + timedelta(days=9))
    facts = {"kind": "video", "frames_per_second": 12.0}
    long, short = _length(ours), _length(found)
    reference = factories.reference(
        session, work, "ep 04 master.mp4", bank="provisional", blob=put(ours, (320, 180), duration_s=long, **facts)
    )
    put(found, (320, 180), duration_s=short, **facts)
    page = _seen(session, "http://vidbox.example/watch/4711", 14.0, title="Lantern Road ep 4 LEAK", uploader="nightowl")
    sighting = factories.sighting(session, page, found)
    third = short / 3
    factories.match(session, sighting, reference, score=0.991, matched_seconds=third * 2, segments=[
        {"query": [0.0, third], "reference": [4.0, 4.0 + third], "speed": 1.0, "score": 11.0},
        {
            "query": [third * 2, short], "reference": [4.0 + third * 2, 4.0 + short], "speed": 1.0, "score": 9.0,
            "altered": {
                "outline": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]],
                "window": [[0.1, 0.0], [0.9, 0.0], [0.9, 1.0], [0.1, 1.0]], "mirrored": True, "turn_degrees": 0.0,
            },
        },
    ], reasons=_says("Two stretches of the film show the same pictures in the same order."))  # fmt: skip
    session.add(
        Exclusion(reference_id=reference.id, start_s=0, end_s=2, reason="opening", by="Aoi Mori", at=clock.now())
    )
    return _case(session, work, page).uuid


def _length(content: bytes) -> float:
    with av.open(io.BytesIO(content)) as container:
        return float(container.duration or 0) / av.time_base


def _fan(session: Session, put: Any, kiri: Any, draw: Draw) -> str:
    work = factories.work(session, "Tea for Two Foxes", of=kiri, kind="art")
    session.add(FanRule(
        owner_id=kiri.id, work_id=work.id, max_seconds=60.0, max_pictures=4, says="Draw us, share us, name us.",
        by="Aoi Mori", at=clock.now(),
    ))  # fmt: skip
    session.add(Licence(
        owner_id=kiri.id, work_id=work.id, grantee="Tea Press", place="teapress.example", territory="JP",
        starts_at=None,
        ends_at=clock.now() + timedelta(days=400), by="Aoi Mori", at=clock.now(),
    ))  # fmt: skip
    picture = draw(30)
    reference = factories.reference(session, work, "key visual.png", blob=put(jpeg(picture), picture.size))
    gone = factories.reference(session, work, "sketch.png", blob="f" * 64, disabled_at=clock.now())
    assert gone.disabled_at
    page = _seen(
        session, "http://wallhub.example/pack-12", 3.0, kind="image_board", title="Foxes, my drawing",
        is_commercial=None,
        attribution="after Tea for Two Foxes by Studio Kiri",
    )  # fmt: skip
    shrunk = picture.resize((picture.width // 2, picture.height // 2)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    put(jpeg(shrunk), shrunk.size)
    sighting = factories.sighting(session, page, jpeg(shrunk), kind="image")
    transform = _whole(0.5, mirrored=True) | {"matrix": [[-0.5, 0.0, shrunk.width], [0.0, 0.5, 0.0]]}
    factories.match(
        session,
        sighting,
        reference,
        score=0.71,
        lane="lead",
        transform=transform,
        reasons=_says("The picture is mirrored."),
    )
    return _case(session, work, page).uuid


def _decided(session: Session, put: Any, kiri: Any, draw: Draw, states: Sequence[str]) -> str:
    """Decided cases, one for each state a notice may be in."""
    work = factories.work(session, "The Clockmaker's Garden", of=kiri, kind="manga")
    uuid = ""
    for at, state in enumerate(states):
        picture = draw(40 + at)
        reference = factories.reference(session, work, f"volume {at + 1}.jpg", blob=put(jpeg(picture), picture.size))
        page = _seen(
            session,
            f"http://webtoon-mirror.example/clock/{at + 1}",
            9.0 + at,
            kind="manga_reader",
            title=f"Clock {at + 1}",
        )
        factories.match(session, _twin(session, page, jpeg(picture)), reference, transform=_whole(1.0))
        case = _case(session, work, page)
        cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="Whole pages, no permission.")
        draft.draft(session, [case.id])
        notice = session.query(ledger.Notice).filter_by(case_id=case.id).one()
        if state != "draft":
            ledger.approve(session, notice.id, "Aoi Mori")
        if state in ("sent", "removed"):
            notice.leaves_at = clock.now()
            send.send(session, [notice.id])
        if state == "removed":
            ledger.record(session, notice, "removed", by="mekiki", note={"says": "The page answers 404."})
        uuid = case.uuid
    return uuid


def _twin(session: Session, page: FindingRow, body: bytes) -> Sighting:
    return factories.sighting(session, page, body, kind="image")


def _rest(session: Session, home: Home) -> None:
    for source, findings in (("vidbox", 142), ("vidbox", 150), ("vidbox", 0), ("bazaar", 118), ("bazaar", 120)):
        factories.sweep(session, source, findings=findings, pages=findings * 2, media=findings, refused=3)
    factories.sweep(
        session, "auction", state="failed", error="auction.example shows a challenge page; a person has to look."
    )
    for job in ("match", "assess", "open cases"):
        session.add(JobRun(job=job, started_at=clock.now(), finished_at=clock.now(), rows=61))
    session.add(JobRun(
        job="send notices", started_at=clock.now(), finished_at=clock.now(),
        error="The mail server does not answer; try later.",
    ))  # fmt: skip
    assert home.settings.notices.channel == "outbox"


__all__ = ["PASSWORD", "Notice", "Seeded", "Work", "brightness", "drawn", "fill", "film", "jpeg", "make_home", "person"]
