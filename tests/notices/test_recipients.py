"""Who answers for a host is read from dated files; an address is never guessed."""

from datetime import date
from pathlib import Path

import pytest

from notices import recipients
from notices.recipients import PlatformError

ONE = """
operator = "{operator}"
hosts = {hosts}
address = "{address}"
role = "abuse"
country = "DE"
language = "en"
regime = "{regime}"
source = "its imprint"
verified_on = 2026-11-01
"""


def write(folder: Path, name: str, **changes: str) -> None:
    values = {"operator": "One", "hosts": '["one.example"]', "address": "abuse@one.example", "regime": "eu-dsa-16"}
    (folder / "platforms").mkdir(exist_ok=True)
    (folder / "platforms" / f"{name}.toml").write_text(ONE.format(**(values | changes)), "utf-8")


def who(home: Path, place: str) -> str | None:
    found = recipients.resolve(place, recipients.known(home))
    return found.address if found else None


def test_an_unknown_host_has_nobody(tmp_path: Path) -> None:
    assert who(tmp_path, "unknown.example/watch/1") is None


@pytest.mark.parametrize(
    ("host", "regime"),
    [("vidbox.example", "us-dmca-512c"), ("scanhaven.example", "eu-dsa-16"), ("bazaar.example", "jp-platform-act")],
)
def test_the_shipped_examples_show_each_regime(tmp_path: Path, host: str, regime: str) -> None:
    found = recipients.resolve(f"{host}/1", recipients.known(tmp_path))
    assert found is not None
    assert found.regime == regime
    assert found.address.endswith(".example")


@pytest.mark.parametrize("place", ["one.example/1", "one.example:8080/1", "www.one.example/1"])
def test_a_host_is_known_on_every_port_and_path(tmp_path: Path, place: str) -> None:
    write(tmp_path, "one")
    assert who(tmp_path, place) == "abuse@one.example"


def test_a_namesake_is_somebody_else(tmp_path: Path) -> None:
    write(tmp_path, "one")
    assert who(tmp_path, "notone.example/1") is None
    assert who(tmp_path, "one.example.evil.example/1") is None


def test_the_most_exact_pattern_wins(tmp_path: Path) -> None:
    write(tmp_path, "a", hosts='["*.one.example"]', address="all@one.example")
    write(tmp_path, "b", hosts='["shop.one.example"]', address="shop@one.example")
    assert who(tmp_path, "shop.one.example/1") == "shop@one.example"
    assert who(tmp_path, "art.one.example/1") == "all@one.example"


def test_a_homes_own_file_comes_before_the_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "own", hosts='["vidbox.example"]', address="own@vidbox.example")
    assert who(tmp_path, "vidbox.example/1") == "own@vidbox.example"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("address", "a@b.example, c@d.example", "exactly one mailbox"),
        ("address", "nobody", "exactly one mailbox"),
        ("address", "a@b.example\\r\\nBcc: c@d.example", "exactly one mailbox"),
        ("regime", "xx-law", "us-dmca-512c"),
        ("hosts", '["*.com"]', "everything below"),
    ],
)
def test_a_file_that_cannot_be_used_names_itself(tmp_path: Path, field: str, value: str, says: str) -> None:
    write(tmp_path, "wrong", **{field: value})
    with pytest.raises(PlatformError, match=says) as refused:
        recipients.known(tmp_path)
    assert "wrong.toml" in str(refused.value)


def test_an_address_nobody_looked_at_for_ninety_days_is_doubted(tmp_path: Path) -> None:
    write(tmp_path, "one")
    found = recipients.resolve("one.example/1", recipients.known(tmp_path))
    assert found is not None
    assert not recipients.is_stale(found, date(2027, 1, 30))
    assert recipients.is_stale(found, date(2027, 1, 31))
