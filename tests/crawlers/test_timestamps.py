"""The promises of timestamps: all authorities are asked, offline is no failure, openssl accepts tokens."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock, database, settings
from config.home import Home
from crawlers import evidence, timestamps, tokens
from crawlers.custody import CustodyEntry
from crawlers.timestamps import TimestampErrand, TimestampToken
from tests import factories, writing
from tests.crawlers import authority
from tests.crawlers.authority import Authority

DOCUMENT = b'{"last_hash": "ab"}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority.make(tmp_path_factory.mktemp("tsa") / "one")


@pytest.mark.parametrize("brings_chain", [True, False])
def test_a_token_is_read_with_and_without_the_chain_of_its_signer(tmp_path: Path, brings_chain: bool) -> None:
    one = authority.make(tmp_path / "one", brings_chain=brings_chain)
    root = x509.load_pem_x509_certificate(one.root.read_bytes())
    assert tokens.check(one.stamp(tokens.request(DOCUMENT)), DOCUMENT, [root]).authority == "CN=Test Time Authority"


def test_a_token_cut_off_anywhere_is_a_sentence(made: Authority) -> None:
    whole = made.stamp(tokens.request(DOCUMENT))
    for length in range(0, len(whole), 7):
        with pytest.raises((tokens.Unreadable, tokens.NotStamped)):
            tokens.check(whole[:length], DOCUMENT)


@pytest.fixture
def tsa(made: Authority) -> Iterator[Authority]:
    made.is_down, made.answers, made.meanwhile = False, None, None
    with authority.serving(made):
        yield made


@pytest.fixture
def stamped(database_url: str, tmp_path: Path, tsa: Authority) -> Iterator[Session]:
    """A session of a home that asks the authority, and another one that is not there."""
    environment = {
        "MEKIKI_DATABASE__URL": database_url,
        "MEKIKI_EVIDENCE__TIMESTAMP_URLS": f'["{tsa.url}", "http://127.0.0.1:9/nobody"]',
        "MEKIKI_CRAWL__ALLOW_ADDRESSES": f'["127.0.0.1:{tsa.port}", "127.0.0.1:9"]',
    }
    home = Home(settings.load(tmp_path, environment), database.engine(database_url))
    with home.sessions()() as session:
        yield session
    home.engine.dispose()


def run(session: Session) -> None:
    for _ in range(4):
        session.commit()  # what is to be stamped is read by another session
        timestamps.stamp(session, timestamps.pending(session, 10))


def test_a_token_holds_for_openssl_and_for_us(stamped: Session, tsa: Authority, tmp_path: Path) -> None:
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    run(stamped)
    (token,) = stamped.scalars(select(TimestampToken)).all()
    answer = stamped.info["home"].blobs.get(token.blob)
    (tmp_path / "token.tsr").write_bytes(answer)
    (tmp_path / "document").write_bytes(DOCUMENT)
    checked = authority.openssl("ts", "-verify", "-data", tmp_path / "document", "-in", tmp_path / "token.tsr",
                                "-CAfile", tsa.root)  # fmt: skip
    assert "Verification: OK" in checked.stdout + checked.stderr
    assert token.authority == "CN=Test Time Authority"
    assert abs(token.stamped_at - token.received_at) < timedelta(seconds=5)  # type: ignore[operator]
    root = x509.load_pem_x509_certificate(tsa.root.read_bytes())
    assert tokens.check(answer, DOCUMENT, [root]).is_trusted
    assert not tokens.check(answer, DOCUMENT).is_trusted
    with pytest.raises(tokens.NotStamped):
        tokens.check(answer, DOCUMENT + b" ", [root])


def test_a_token_of_somebody_else_is_not_trusted(stamped: Session, tsa: Authority, tmp_path: Path) -> None:
    other = x509.load_pem_x509_certificate(authority.make(tmp_path / "other").root.read_bytes())
    answer = tsa.stamp(tokens.request(DOCUMENT))
    with pytest.raises(tokens.NotStamped, match="signature does not hold"):
        tokens.check(answer, DOCUMENT, [other])


def test_every_authority_is_asked_and_the_silent_one_later(stamped: Session, tsa: Authority) -> None:
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    run(stamped)
    (asked, token), (silent, nothing) = timestamps.of(stamped, ["sweep:1"])
    assert (asked.next_due, asked.trouble, token is None) == (None, None, False)
    assert nothing is None
    assert "did not answer" in (silent.trouble or "")
    assert timestamps.pending(stamped, 10) == []  # not again at once
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert timestamps.pending(stamped, 10) == [silent.id]


def test_a_silent_authority_is_tried_once_for_all_that_waits(stamped: Session, tsa: Authority) -> None:
    tsa.is_down = True
    for number in range(5):
        timestamps.wish(stamped, f"sweep:{number}", f"document {number}".encode())
    before = len(tsa.asked)
    run(stamped)
    assert len(tsa.asked) == before + 1
    tsa.is_down = False
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        run(stamped)
    got = stamped.scalars(select(TimestampErrand.subject).where(TimestampErrand.next_due.is_(None))).all()
    assert sorted(got) == [f"sweep:{number}" for number in range(5)]


def test_waits_grow_to_a_day(stamped: Session, tsa: Authority) -> None:
    tsa.is_down = True
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    errand = stamped.scalars(select(TimestampErrand).where(TimestampErrand.url == tsa.url)).one()
    waits, now = [], clock.now()
    for _ in range(12):
        with clock.frozen(now):
            stamped.commit()
            timestamps.stamp(stamped, [errand.id])
            stamped.refresh(errand)
            assert errand.next_due is not None
            waits.append(errand.next_due - now)
            now = errand.next_due
    assert waits[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert waits[-1] == timedelta(days=1)


def test_an_answer_that_cannot_be_read_is_kept_as_it_came(stamped: Session, tsa: Authority) -> None:
    tsa.answers = b"no token at all"
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    run(stamped)
    (token,) = stamped.scalars(select(TimestampToken)).all()
    assert stamped.info["home"].blobs.get(token.blob) == b"no token at all"
    assert token.stamped_at is None
    assert "openssl ts -verify" in (token.says or "")


def test_a_token_of_another_document_is_not_taken(stamped: Session, tsa: Authority) -> None:
    tsa.answers = tsa.stamp(tokens.request(b"another document"))
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    run(stamped)
    assert stamped.scalars(select(TimestampToken)).all() == []


def test_a_private_address_is_not_asked(database_url: str, tmp_path: Path, tsa: Authority) -> None:
    environment = {"MEKIKI_DATABASE__URL": database_url, "MEKIKI_EVIDENCE__TIMESTAMP_URLS": f'["{tsa.url}"]'}
    home = Home(settings.load(tmp_path, environment), database.engine(database_url))
    before = len(tsa.asked)
    with home.sessions()() as session:
        timestamps.wish(session, "sweep:1", DOCUMENT)
        run(session)
        assert "this machine" in (session.scalars(select(TimestampErrand)).one().trouble or "")
    home.engine.dispose()
    assert len(tsa.asked) == before


def test_the_end_of_a_sweep_is_stamped_and_that_is_on_the_custody_log(stamped: Session, tsa: Authority) -> None:
    sweep = factories.sweep(stamped)
    evidence.collected(stamped, sweep)
    run(stamped)
    acts = stamped.scalars(select(CustodyEntry.action).where(CustodyEntry.subject == f"sweep:{sweep.uuid}")).all()
    assert acts == ["collected", "timestamped"]
    assert evidence.verify(stamped) == []


def test_another_process_writes_while_an_authority_takes_its_time(stamped: Session, tsa: Authority) -> None:
    url = stamped.get_bind().engine.url.render_as_string(hide_password=False)
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    ended: list[subprocess.CompletedProcess[str]] = []
    tsa.meanwhile = lambda: ended.append(writing.elsewhere(url))
    due = timestamps.pending(stamped, 10)
    stamped.commit()
    timestamps.stamp(stamped, due)
    assert [(one.returncode, one.stderr) for one in ended] == [(0, "")]
    (_asked, token), _silent = timestamps.of(stamped, ["sweep:1"])
    assert token is not None


def test_an_errand_that_another_process_ran_meanwhile_is_left_as_it_is(stamped: Session, tsa: Authority) -> None:
    timestamps.wish(stamped, "sweep:1", DOCUMENT)
    stamped.commit()
    (errand_id, _) = stamped.scalars(select(TimestampErrand.id).order_by(TimestampErrand.id)).all()
    stamped.commit()
    home = stamped.info["home"]

    def be_quicker() -> None:
        tsa.meanwhile = None
        with home.sessions().begin() as other:
            timestamps.stamp(other, [errand_id])

    tsa.meanwhile = be_quicker
    timestamps.stamp(stamped, [errand_id])
    (token,) = stamped.scalars(select(TimestampToken)).all()
    assert [errand.tries for errand, kept in timestamps.of(stamped, ["sweep:1"]) if kept is token] == [1]
    acts = stamped.scalars(select(CustodyEntry.action).where(CustodyEntry.subject == "sweep:1")).all()
    assert acts == ["timestamped"]
