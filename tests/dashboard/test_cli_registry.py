"""The promises of the command line for works, references, allowances, cases, evidence and people."""

from pathlib import Path

import pytest
from sqlalchemy import select

from config.home import Home
from dashboard.people import Person, authenticate
from matcher.cases import Case
from tests import factories
from tests.dashboard.spoken import Mekiki
from tests.matcher.test_cases import run_stages, seen_at


def opened_case(home: Home) -> str:
    """A home with one work, one place that shows it, and the case that came of it."""
    with home.sessions().begin() as session:
        finding = seen_at(session, factories.work(session))
        for blob in (b"page", f"{finding.url} {finding.id}".encode()):
            home.blobs.put(blob)
        run_stages(session)
        return session.scalars(select(Case.uuid)).one()


def test_a_work_and_its_folder_of_pages_are_registered(mekiki: Mekiki, tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    for number in (1, 2, 10):
        (tmp_path / "v1" / f"{number}.png").write_bytes(bytes([number]))
    assert mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri", "--alias", "ランタンロード").code == 0
    added = mekiki("reference", "add", "ランタンロード", tmp_path / "v1", "--json")
    assert [row["reference"] for row in added.rows] == ["1.png", "2.png", "10.png"]
    (work,) = mekiki("work", "list", "--json").rows
    assert (work["work"], work["references"]) == ("Lantern Road", 3)
    (first, *_others) = mekiki("reference", "list", "--json").rows
    assert mekiki("reference", "disable", first["uuid"], "--by", "Aoi Mori").code == 0
    assert mekiki("work", "list", "--json").rows[0]["references"] == 2


def test_a_reference_is_disabled_until_a_day_and_enabled_and_its_history_says_so(
    mekiki: Mekiki, tmp_path: Path
) -> None:
    (tmp_path / "1.png").write_bytes(b"1")
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    (row,) = mekiki("reference", "add", "Lantern Road", tmp_path / "1.png", "--json").rows
    said = mekiki(
        "reference", "disable", row["uuid"], "--until", "2126-11-30", "--reason", "A leak?", "--by", "Aoi Mori"
    )
    assert (said.code, "until 2126-11-30 14:59:59 UTC" in said.err) == (0, True)  # the day is over in Tokyo then
    assert mekiki("reference", "list", "--json").rows[0]["state"] == "disabled"
    assert mekiki("reference", "enable", row["uuid"], "--by", "Ren Sato").code == 0
    assert mekiki("reference", "list", "--json").rows[0]["state"] == "in force"
    history = mekiki("reference", "history", row["uuid"], "--json").rows
    assert [(one["change"], one["by"], one["reason"]) for one in history] == [
        ("disabled", "Aoi Mori", "A leak?"), ("enabled", "Ren Sato", ""),
    ]  # fmt: skip
    past = mekiki("reference", "disable", row["uuid"], "--until", "2020-01-01", "--by", "Aoi Mori")
    assert (past.code, "is over already" in past.err) == (1, True)


def test_a_provisional_reference_expires_or_is_promoted(mekiki: Mekiki, tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(name.encode())
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri", "--provisional", "--until", "2020-01-01")
    added = ("reference", "add", "Lantern Road", tmp_path / "1.png", tmp_path / "2.png", "--bank", "provisional")
    first, second = (row["uuid"] for row in mekiki(*added, "--json").rows)

    def states() -> list[tuple[str, str]]:
        return [(row["bank"], row["state"]) for row in mekiki("reference", "list", "--json").rows]

    assert states() == [("provisional", "expired")] * 2
    assert mekiki("reference", "expire", first, "--until", "2126-01-01", "--by", "Aoi Mori").code == 0
    assert states() == [("provisional", "in force"), ("provisional", "expired")]
    assert mekiki("reference", "promote", second, "--by", "Aoi Mori").code == 0
    assert states() == [("provisional", "in force"), ("works", "in force")]
    assert mekiki("reference", "promote", "--work", "Lantern Road", "--by", "Aoi Mori").code == 0
    assert states() == [("works", "in force")] * 2
    assert mekiki("reference", "promote", second, "--by", "Aoi Mori").code == 1
    assert mekiki("reference", "promote", "--by", "Aoi Mori").code == 2


def test_a_work_says_what_is_kept_of_its_films(mekiki: Mekiki) -> None:
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri", "--tier", "hashes")
    mekiki("work", "add", "Paper Moon", "--owner", "Studio Kiri")
    tiers = {row["work"]: row["tier"] for row in mekiki("work", "list", "--json").rows}
    assert tiers == {"Lantern Road": "hashes", "Paper Moon": None}
    said = mekiki("work", "tier", "Lantern Road", "points")
    assert (said.code, said.err.strip()) == (
        0,
        "Of films of Lantern Road, hashes and local points are kept from now on.",
    )
    assert mekiki("work", "list", "--json").rows[0]["tier"] == "points"
    assert mekiki("work", "tier", "Lantern Road", "everything").code == 2


def test_an_unknown_work_is_one_sentence_with_the_nearest(mekiki: Mekiki, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    said = mekiki("reference", "add", "Lantern Rood", tmp_path / "a.png")
    assert (said.code, said.err.strip()) == (
        1, 'mekiki: No work is called "Lantern Rood"; did you mean "Lantern Road"?',
    )  # fmt: skip


def test_an_owner_says_what_notices_still_miss(mekiki: Mekiki) -> None:
    said = mekiki("work", "owner", "Studio Kiri", "--address", "1-2-3 Kanda", "--country", "JP")
    assert "still missing representative, phone, email, mandate" in said.err


def test_a_licence_is_added_listed_and_revoked(mekiki: Mekiki) -> None:
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    added = mekiki(
        "licence", "add", "Vidbox", "--place", "https://Vidbox.example/", "--work", "Lantern Road",
        "--until", "2027-03-31", "--by", "Aoi Mori",
    )  # fmt: skip
    assert added.code == 0
    (row,) = mekiki("licence", "list", "--json").rows
    # The last day counts until it is over in the time zone of the home, which is Tokyo's.
    assert (row["place"], row["ends_at"]) == ("vidbox.example", "2027-03-31 14:59:59.999999+00:00")
    assert mekiki("licence", "revoke", row["uuid"]).code == 0
    assert mekiki("licence", "list", "--json").rows[0]["revoked_at"] is not None


def test_licences_are_imported_all_or_none(mekiki: Mekiki, tmp_path: Path) -> None:
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    file = tmp_path / "licences.csv"
    good = "owner,work,grantee,place,territory\nStudio Kiri,,Vidbox,vidbox.example,JP\n"
    file.write_text(good + "Studio Kiri,Unknown Road,Vidbox,vidbox.example,JP\n")
    said = mekiki("licence", "import", file, "--by", "Aoi Mori")
    assert (said.code, "licences.csv, line 3" in said.err) == (1, True)
    assert mekiki("licence", "list", "--json").rows == []
    file.write_text(good)
    assert mekiki("licence", "import", file, "--by", "Aoi Mori").code == 0
    assert len(mekiki("licence", "list", "--json").rows) == 1


def test_a_fan_rule_is_added_and_revoked(mekiki: Mekiki) -> None:
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    mekiki(
        "fanrule", "add", "Three minutes.", "--owner", "Studio Kiri", "--seconds", 180, "--commercial-too", "--by", "A"
    )
    (row,) = mekiki("fanrule", "list", "--json").rows
    assert (row["max_seconds"], row["needs_non_commercial"], row["needs_attribution"]) == (180.0, False, True)
    assert mekiki("fanrule", "revoke", row["uuid"]).code == 0


def test_a_rule_for_nobody_is_wrong_usage(mekiki: Mekiki) -> None:
    assert mekiki("fanrule", "add", "Three minutes.", "--by", "A").code == 2


def test_every_allowance_is_shown_for_a_case_and_for_an_address(own_home: Home, mekiki: Mekiki) -> None:
    case = opened_case(own_home)
    for subject in (case, "http://vidbox.example/watch/1"):
        (said,) = mekiki("allow", "check", subject, "--json").rows
        assert said["outcome"] == "open"
        assert {"licence", "fan work"} <= {answer["allowance"] for answer in said["answers"]}  # type: ignore[union-attr]
    assert "was never captured" in mekiki("allow", "check", "http://nowhere.example/").err


def test_a_case_is_listed_shown_decided_and_undone(own_home: Home, mekiki: Mekiki) -> None:
    case = opened_case(own_home)
    (row,) = mekiki("case", "list", "--json").rows
    assert row["uuid"] == case
    assert "Allowances checked" in mekiki("case", "show", case).err
    assert mekiki("case", "decide", case, "not a match", "--reason", "Another film.", "--by", "Aoi Mori").code == 0
    assert mekiki("case", "list", "--json").rows == []
    (earlier,) = mekiki("allow", "list", "--json").rows
    assert earlier["verdict"] == "not a match"
    assert mekiki("case", "undo", case, "--reason", "Wrong tab.", "--by", "Aoi Mori").code == 0
    assert [row["uuid"] for row in mekiki("case", "list", "--json").rows] == [case]
    assert "Wrong tab." in mekiki("case", "show", case, "--json").out


def test_an_official_place_that_is_named_late_releases_its_case(own_home: Home, mekiki: Mekiki) -> None:
    opened_case(own_home)
    assert mekiki("work", "edit", "Lantern Road", "--official", "https://vidbox.example/", "--alias", "LR").code == 0
    with own_home.sessions().begin() as session:
        run_stages(session)
        assert session.scalars(select(Case.state)).one() == "closed"
    assert mekiki("work", "edit", "LR", "--official", "*").code == 1


def test_a_decision_without_a_name_is_wrong_usage(own_home: Home, mekiki: Mekiki) -> None:
    assert mekiki("case", "decide", opened_case(own_home), "infringing", "--reason", "Whole episode.").code == 2


def test_a_person_is_added_with_a_hashed_password(
    own_home: Home, mekiki: Mekiki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEKIKI_NEW_PASSWORD", "lantern road at dusk")
    assert mekiki("person", "add", "aoi", "--name", "Aoi Mori", "--approver").code == 0
    with own_home.sessions()() as session:
        assert authenticate(session, "aoi", "lantern road at dusk").may_approve
        assert "dusk" not in session.scalars(select(Person.password_hash)).one()
    assert mekiki("person", "disable", "aoi").code == 0
    assert mekiki("person", "list", "--json").rows[0]["disabled_at"] is not None


def registered_page(mekiki: Mekiki, tmp_path: Path) -> str:
    (tmp_path / "cover.png").write_bytes(b"cover")
    mekiki("work", "add", "Lantern Road", "--owner", "Studio Kiri")
    (row,) = mekiki("reference", "add", "Lantern Road", tmp_path / "cover.png", "--json").rows
    return str(row["uuid"])


def test_an_area_is_marked_listed_and_unmarked(mekiki: Mekiki, tmp_path: Path) -> None:
    uuid = registered_page(mekiki, tmp_path)
    why = ("--reason", "The magazine's title bar.", "--by", "Aoi Mori")
    assert mekiki("reference", "mark", uuid, "--area", "0,0,1,0.125", *why).code == 0
    assert mekiki("reference", "mark", uuid, "--area", "5%, 80%, 95%, 100%", *why).code == 0
    assert mekiki("reference", "areas", "--work", "Lantern Road").err.count("0%,0%,100%,12.5%") == 1
    first, second = mekiki("reference", "areas", "--json").rows
    assert [second[side] for side in ("left", "top", "right", "bottom")] == [0.05, 0.8, 0.95, 1.0]
    assert (first["reference"], first["source"], first["by"]) == ("cover.png", "person", "Aoi Mori")
    assert mekiki("reference", "unmark", first["uuid"], second["uuid"], "--by", "Ben").code == 0
    assert {row["withdrawn_by"] for row in mekiki("reference", "areas", "--json").rows} == {"Ben"}


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        ("5,0,95,12", 2, "with a percent sign"),
        ("0,0,1", 2, "like 0.05,0,0.95,0.12"),
        ("a,b,c,d", 2, "left, top, right and bottom"),
        ("nan,0,1,1", 2, "left, top, right and bottom"),
        ("50%,0,5%,1", 1, "left before right"),
        ("0,0,100%,1", 1, "reference disable"),
    ],
)
def test_an_impossible_area_is_one_sentence(mekiki: Mekiki, tmp_path: Path, typed: str, code: int, says: str) -> None:
    uuid = registered_page(mekiki, tmp_path)
    said = mekiki("reference", "mark", uuid, "--area", typed, "--reason", "A bar.", "--by", "Aoi Mori")
    assert (said.code, says in said.err) == (code, True)
    assert mekiki("reference", "areas", "--json").rows == []
