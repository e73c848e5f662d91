"""The promises of `mekiki notice`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.home import Home, make
from dashboard import people
from dashboard.cli import main
from notices import draft
from tests.notices import world


@dataclass(frozen=True)
class Said:
    """What one command said."""

    code: int
    out: str
    err: str


Mekiki = Callable[..., Said]


@pytest.fixture
def own_home(tmp_path: Path) -> Home:
    """A home as `mekiki init` makes it, with a sender, two people and one drafted notice."""
    made = make(tmp_path / "own")
    sender = "\n".join(f'{key} = "{value}"' for key, value in world.SENDER.items())
    file = made.path / "mekiki.toml"
    file.write_text(f"[notices]\noutbox_delay_minutes = 0.0\n\n[sender]\n{sender}\n", "utf-8")
    made = make(made.path)
    with made.sessions().begin() as session:
        people.add(session, "aoi", name="Aoi Mori", password="a long enough password", may_approve=True)
        people.add(session, "yui", name="Yui Sato", password="a long enough password")
        people.add(session, "left", name="Kei Ono", password="a long enough password", may_approve=True)
        people.disable(session, "left")
        draft.draft(session, [world.decided_case(session).id])
    return made


@pytest.fixture
def mekiki(own_home: Home, capsys: pytest.CaptureFixture[str]) -> Mekiki:
    def run(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(own_home.path), "notice", *arguments])
        said = capsys.readouterr()
        return Said(int(left.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def number(mekiki: Mekiki) -> str:
    return str(json.loads(mekiki("list", "--json").out)["number"])


def test_a_letter_goes_from_draft_to_outbox_by_command(mekiki: Mekiki, own_home: Home, number: str) -> None:
    assert mekiki("check", number).code == 0
    assert mekiki("approve", number, "--as", "aoi").code == 0
    assert mekiki("send").code == 0
    assert (own_home.settings.outbox / f"{number}.eml").is_file()
    shown = json.loads(mekiki("show", number, "--json").out)
    assert shown["state"] == "sent"
    assert [event["event"] for event in shown["events"]] == ["draft", "approved", "queued", "sent"]
    assert shown["due"][0]["id"] == "reminder"


@pytest.mark.parametrize("login", ["yui", "nobody", "left"])
def test_only_who_may_approve_approves(mekiki: Mekiki, number: str, login: str) -> None:
    said = mekiki("approve", number, "--as", login)
    assert said.code == 1
    assert login in said.err
    assert json.loads(mekiki("list", "--json").out)["state"] == "draft"


def test_check_names_what_is_missing_and_fails(mekiki: Mekiki, own_home: Home, number: str) -> None:
    file = own_home.path / "mekiki.toml"
    file.write_text(file.read_text("utf-8").replace('phone = "+81-3-1111-2222"', 'phone = ""'), "utf-8")
    said = mekiki("check", number, "--json")
    assert said.code == 1
    assert [one["element"] for one in json.loads(said.out)["missing"]] == ["contact"]
    refused = mekiki("approve", number, "--as", "aoi")
    assert refused.code == 1
    assert "contact (17 U.S.C. § 512(c)(3)(A)(iv))" in refused.err


def test_show_prints_the_letter_and_that_no_lawyer_has_reviewed_it(mekiki: Mekiki, number: str) -> None:
    said = mekiki("show", number)
    assert "good faith belief" in said.out
    assert "not yet reviewed by a lawyer" in said.err


def test_a_sent_letter_is_retracted_and_an_unsent_one_withdrawn(mekiki: Mekiki, own_home: Home, number: str) -> None:
    assert mekiki("retract", number, "--as", "aoi", "--reason", "Licensed.").code == 1
    mekiki("approve", number, "--as", "aoi")
    mekiki("send")
    assert mekiki("withdraw", number, "--as", "aoi", "--reason", "Licensed.").code == 1
    assert mekiki("retract", number, "--as", "aoi", "--reason", "Licensed.").code == 0
    mekiki("send")
    assert (own_home.settings.outbox / f"{number}-R.eml").is_file()


def test_an_answer_is_noted_and_never_taken_for_a_removal(mekiki: Mekiki, number: str) -> None:
    assert mekiki("answer", number, "acknowledged", "--as", "yui", "--says", "ticket 1").code == 1  # nothing has left
    mekiki("approve", number, "--as", "aoi")
    mekiki("send")
    assert mekiki("answer", number, "acknowledged", "--as", "yui", "--says", "ticket 1").code == 0
    assert mekiki("answer", number, "removed", "--as", "yui", "--says", "it is gone").code == 2
    assert json.loads(mekiki("list", "--json").out)["state"] == "acknowledged"


def test_an_unknown_number_is_one_sentence(mekiki: Mekiki) -> None:
    said = mekiki("show", "N-2026-999999")
    assert said.code == 1
    assert said.err.count("\n") == 1
