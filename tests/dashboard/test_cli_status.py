"""`mekiki status` tells how the indexes stand, to people and to programs."""

import json

from config.home import Home
from matcher import retrieve, upkeep
from tests import factories
from tests.dashboard.spoken import Mekiki
from tests.matcher import drawn_pictures


def test_status_shows_each_index_and_what_is_not_in_it(own_home: Home, mekiki: Mekiki) -> None:
    with own_home.sessions().begin() as session:
        drawn_pictures.reference(session, factories.work(session), 11)
    before = mekiki("status")
    assert "Indexes" in before.err
    assert "not yet" in before.err
    with own_home.sessions()() as session:
        retrieve.shelf(session)
        upkeep.compact(session, range(len(upkeep.INDEXES)))
    after = mekiki("status")
    of_references = [line for line in after.err.splitlines() if line.startswith(("│ films:", "│ pictures:"))]
    assert len(of_references) == 5
    assert not [line for line in of_references if "not yet" in line]
    told = json.loads(mekiki("status", "--json").out)
    ours = [each for each in told["indexes"] if not each["name"].startswith("captured")]
    assert {each["name"]: (each["entries"] > 0, each["lag"]) for each in ours} == {
        "films": (False, 0), "film-points": (False, 0), "pictures": (True, 0), "picture-hashes": (True, 0),
        "picture-points": (True, 0),
    }  # fmt: skip
    assert all(each["age_s"] is not None for each in ours)
    assert told["references_not_described"] == 0


def test_a_damaged_index_is_told_in_one_sentence(own_home: Home, mekiki: Mekiki) -> None:
    folder = own_home.settings.indexes / "pictures"
    folder.mkdir(parents=True)
    (folder / "current").write_text("no pointer")
    ended = mekiki("status")
    assert ended.code == 0
    assert "is used, or it is built again." in ended.err
