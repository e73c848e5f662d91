"""The promises of `mekiki evidence`: a changed row is named, a bundle is verified without a home."""

import hashlib
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.home import Home
from crawlers import bundle_checks, captures, custody, evidence, sealed_zip
from crawlers.captures import Capture, Fetched
from crawlers.frontier import Sweep
from matcher import dossier
from matcher.case_rows import Case
from tests import factories
from tests.dashboard.spoken import Mekiki
from tests.matcher.test_cases import run_stages

Change = Callable[[bytes], bytes]


@pytest.fixture
def case(own_home: Home) -> str:
    """A case whose page and film were captured for real, the end of their sweep on the custody log."""
    with own_home.sessions().begin() as session:
        sweep = factories.sweep(session)
        page, film = (_kept(own_home, session, sweep, kind) for kind in ("page", "media"))
        finding = captures.FindingRow(
            capture_id=page.id, source="vidbox", kind="video", url=page.url, place="vidbox.example/page", title="Film",
            text="", provenance={}, found_at=factories.NOW, is_commercial=True,
        )  # fmt: skip
        session.add(finding)
        session.flush()
        (sighting,) = captures.store_sightings(session, [(finding.id, film, "video", 0)])
        factories.match(session, sighting, factories.reference(session, factories.work(session)), matched_seconds=600.0)
        run_stages(session)
        evidence.collected(session, sweep)
        return session.scalars(select(Case.uuid)).one()


def _kept(home: Home, session: Session, sweep: Sweep, kind: str) -> Capture:
    body = f"{kind} body".encode()
    url = f"http://vidbox.example/{kind}"
    fetched = Fetched(
        url=url, final_url=url, status=200, headers=(("Server", "s"),), mime="text/html", blob=home.blobs.put(body),
        size_bytes=len(body), fetched_at=factories.NOW,
    )  # fmt: skip
    return captures.keep(session, sweep.id, kind, fetched)


def rewrite(bundle: Path, out: Path, name: str, change: Change) -> Path:
    """Copy a bundle with one file changed, and every listing made to agree, as a careful forger would."""
    old = sealed_zip.read(bundle)
    contents = {each: old.get(each, 1 << 30) for each in old.packed}
    contents[name] = change(contents[name])
    for folder in ("collected/1/", ""):
        listing = [
            f"{hashlib.sha256(content).hexdigest()}  {each.removeprefix(folder)}\n"
            for each, content in contents.items()
            if each.startswith(folder) and each != f"{folder}SHA256SUMS"
        ]
        contents[f"{folder}SHA256SUMS"] = "".join(listing).encode()  # fmt: skip
    with out.open("wb") as file:
        packing = sealed_zip.Writer(file)
        for each, content in contents.items():
            packing.add(each, content)
        packing.close()
    return out


def test_untouched_evidence_verifies(case: str, mekiki: Mekiki) -> None:
    assert mekiki("evidence", "verify").code == 0


def test_a_changed_row_is_named_and_exits_1(case: str, own_home: Home, mekiki: Mekiki) -> None:
    (page, _film) = mekiki("evidence", "show", case, "--json").rows
    with own_home.sessions().begin() as session:
        session.execute(text("UPDATE captures SET status = 404 WHERE uuid = :uuid"), {"uuid": page["uuid"]})
    said = mekiki("evidence", "verify", "--json")
    assert said.code == 1
    assert [(row["table"], row["uuid"]) for row in said.rows] == [("captures", page["uuid"])]


def test_a_bundle_verifies_without_the_home(case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path) -> None:
    bundle = tmp_path / "case.zip"
    exported = mekiki("evidence", "export", case, "-o", bundle, "--by", "Aoi Mori")
    assert exported.code == 0
    own_home.engine.dispose()
    (own_home.path / "mekiki.toml").unlink()
    said = mekiki("evidence", "verify", bundle)
    assert (said.code, "is whole" in said.err) == (0, True)
    # The sum that is printed is the one the custody log kept.
    assert said.err.split()[-1] == exported.err.split()[-1]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("captures.json", lambda held: held.replace(b'"status": 200', b'"status": 404')),
        ("captures.json", lambda held: held.replace(b"2026-11-22", b"2026-11-21")),
        ("chain.json", lambda held: held.replace(b'"0000', b'"1111', 1)),
        ("custody.json", lambda held: held.replace(b"collected", b"viewed")),
        ("bodies/" + hashlib.sha256(b"page body").hexdigest(), lambda _held: b"another page"),
    ],
    ids=["status", "time", "chain", "custody", "body"],
)
def test_a_forged_bundle_is_found_out(case: str, mekiki: Mekiki, tmp_path: Path, name: str, change: Change) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    forged = rewrite(tmp_path / "case.zip", tmp_path / "forged.zip", name, change)
    assert mekiki("evidence", "verify", tmp_path / "case.zip").code == 0
    assert mekiki("evidence", "verify", forged).code == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no zip", "it does not begin as one"),
        (b"", "it does not begin as one"),
        (b'{"a": "' + b"x" * 9000 + b'"}', "it does not begin as one"),
        (None, "is a folder; give the ZIP file as it was exported"),
    ],
    ids=["text", "empty", "large text", "folder"],
)
def test_what_is_no_bundle_is_one_sentence(mekiki: Mekiki, tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "a.zip"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    said = mekiki("evidence", "verify", path)
    assert (said.code, says in said.err, len(said.err.splitlines())) == (1, True, 1), said.err
    assert len(said.err) < 400
    missing = mekiki("evidence", "verify", tmp_path / "b.zip")
    assert (missing.code, f"There is no file {tmp_path / 'b.zip'}." in missing.err) == (1, True)


def test_a_bundle_that_was_cut_or_packed_anew_is_one_sentence(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    whole = (tmp_path / "case.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "case.zip") as packed, zipfile.ZipFile(tmp_path / "anew.zip", "w", 8) as anew:
        for name in packed.namelist():
            anew.writestr(name, packed.read(name))
    for name, says in (("cut.zip", "was cut off"), ("anew.zip", "no evidence bundle of mekiki as it was exported")):
        said = mekiki("evidence", "verify", tmp_path / name)
        assert (said.code, says in said.err, "ask for another copy" in said.err) == (1, True, True), said.err


def test_a_program_reads_the_verdict_and_all_that_was_found(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    flipped = (tmp_path / "case.zip").read_bytes().replace(b"page body", b"page Body")
    (tmp_path / "flipped.zip").write_bytes(flipped)
    (whole,) = mekiki("evidence", "verify", tmp_path / "case.zip", "--json").rows
    (bad,) = mekiki("evidence", "verify", tmp_path / "flipped.zip", "--json").rows
    assert (whole["is_whole"], whole["faults"], len(whole["sums_sha256"])) == (True, [], 64)
    assert whole["notes"] == ["No authority has stamped it: when it was made, only its maker says."]
    assert (bad["is_whole"], "its body is missing or was changed" in " ".join(bad["faults"])) == (False, True)


def test_the_last_line_is_the_verdict(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    (tmp_path / "longer.zip").write_bytes((tmp_path / "case.zip").read_bytes() + b"x")
    verdict = mekiki("evidence", "verify", tmp_path / "longer.zip").err.splitlines()[-1]
    assert "longer.zip is NOT whole: one thing differs" in verdict


def test_without_a_home_the_way_to_check_a_bundle_is_told(own_home: Home, mekiki: Mekiki) -> None:
    (own_home.path / "mekiki.toml").unlink()
    said = mekiki("evidence", "verify")
    assert (said.code, "`mekiki evidence verify FILE`" in said.err) == (1, True)


def test_a_bundle_is_never_written_over_a_file_nor_where_it_cannot_be(
    case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    (tmp_path / "case.zip").write_bytes(b"handed on")
    (tmp_path / "file").write_bytes(b"no folder")
    for path, says in (("case.zip", "is there already"), ("file/case.zip", "cannot be written (")):
        said = mekiki("evidence", "export", case, "-o", tmp_path / path, "--by", "Aoi Mori")
        assert (said.code, says in said.err) == (1, True), said.err
    assert (tmp_path / "case.zip").read_bytes() == b"handed on"
    with own_home.readers()() as session:
        assert session.execute(text("SELECT count(*) FROM custody WHERE action = 'exported'")).scalar() == 0


def test_a_bundle_is_written_while_somebody_else_writes(case: str, own_home: Home, tmp_path: Path) -> None:
    with own_home.sessions().begin() as busy, own_home.readers()() as reading:
        busy.execute(text("UPDATE sweeps SET pages = 1"))  # holds the one write lock
        made = dossier.export(reading, case, tmp_path / "case.zip")
    assert bundle_checks.examine(tmp_path / "case.zip").sums_sha256 == made.sums_sha256


def test_a_hold_and_its_release_stand_on_the_custody_log(case: str, own_home: Home, mekiki: Mekiki) -> None:
    for verb, reason in (("hold", "The court asked for it."), ("release", "It was settled.")):
        said = mekiki("evidence", verb, case, "--reason", reason, "--by", "Aoi Mori")
        assert said.code == 0, said.err
    with own_home.readers()() as session:
        acts = [(one.action, one.actor, one.note["reason"]) for one in custody.entries(session, [f"case:{case}"])]
    assert acts == [("held", "Aoi Mori", "The court asked for it."), ("released", "Aoi Mori", "It was settled.")]


def test_an_export_is_on_the_custody_log(case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    with own_home.readers()() as session:
        entry = session.execute(text("SELECT actor, subject FROM custody WHERE action = 'exported'")).one()
    assert tuple(entry) == ("Aoi Mori", f"case:{case}")


def test_one_flipped_byte_anywhere_in_a_bundle_is_named(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    whole = (tmp_path / "case.zip").read_bytes()
    chance = random.Random(11)
    packed = sealed_zip.read(tmp_path / "case.zip").packed
    flips = [(name, one.start + chance.randrange(one.size)) for name, one in packed.items() if one.size]
    flips += [("structure", one.start - 1 - chance.randrange(30)) for one in packed.values()]  # headers of files
    flips += [
        ("structure", len(whole) - 1 - chance.randrange(60 * len(packed))) for _ in range(10)
    ]  # the list at its end
    assert {name for name, _ in flips} >= {"captures.json", "captured.wacz", "collected/1/process.txt", "README.md"}
    for name, at in flips:
        flipped = whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
        (tmp_path / "flipped.zip").write_bytes(flipped)
        try:
            faults = " ".join(bundle_checks.verify(tmp_path / "flipped.zip"))
        except bundle_checks.BadBundle as damaged:
            faults = str(damaged)
        assert name in faults or name == "SHA256SUMS", (name, at, faults)
        assert faults, (name, at)


def test_what_was_collected_cannot_be_changed_by_a_careful_forger(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    change = lambda held: held.replace(b'"status": 200', b'"status": 404')  # noqa: E731
    forged = rewrite(tmp_path / "case.zip", tmp_path / "forged.zip", "collected/1/captures.json", change)
    assert "is not what was collected" in mekiki("evidence", "verify", forged).err


def test_an_archive_that_says_other_things_is_found_out(case: str, mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    status = b"HTTP/1.1 200 OK", b"HTTP/1.1 404 OK"
    change = lambda held: other_archive(held, tmp_path, *status)  # noqa: E731
    forged = rewrite(tmp_path / "case.zip", tmp_path / "forged.zip", "captured.wacz", change)
    assert "says other things than captures.json" in mekiki("evidence", "verify", forged).err


def other_archive(held: bytes, folder: Path, words: bytes, others: bytes) -> bytes:
    """Return a web archive that is whole in itself and says something else."""
    (folder / "old.wacz").write_bytes(held)
    old = sealed_zip.read(folder / "old.wacz")
    contents = {name: old.get(name, 1 << 30) for name in old.packed}
    before = contents["archive/captured.warc"]
    contents["archive/captured.warc"] = before.replace(words, others)
    sums = [hashlib.sha256(one).hexdigest().encode() for one in (before, contents["archive/captured.warc"])]
    contents["datapackage.json"] = contents["datapackage.json"].replace(*sums)
    with (folder / "new.wacz").open("wb") as file:
        packing = sealed_zip.Writer(file)
        for name, content in contents.items():
            packing.add(name, content)
        packing.close()
    return (folder / "new.wacz").read_bytes()
