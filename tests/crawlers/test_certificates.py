"""The certificate a site showed is kept with every answer and told; one that nobody vouches for ends it."""

import hashlib
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from config.home import Home
from crawlers import evidence
from crawlers.captures import Capture
from dashboard import procedure
from tests.crawlers import small_web
from tests.crawlers.authority import openssl
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, html
from tests.crawlers.test_warc import archive, tool, warc_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and a certificate of its for web.test."""
    folder = tmp_path_factory.mktemp("tls")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-days", "30",
            "-subj", "/O=Test Authority/CN=Test Root")  # fmt: skip
    openssl("req", *key, "-keyout", folder / "key.pem", "-out", folder / "csr.pem", "-subj", "/CN=web.test")
    (folder / "names").write_text("subjectAltName=DNS:web.test,DNS:*.web.test\n")
    openssl("x509", "-req", "-in", folder / "csr.pem", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-out", folder / "cert.pem", "-days", "20", "-extfile", folder / "names")  # fmt: skip
    return folder


@pytest.fixture
def web(made: Path) -> Iterator[SmallWeb]:
    """The small web behind TLS."""
    with small_web.serving() as served:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made / "cert.pem", made / "key.pem")
        served.socket = context.wrap_socket(served.socket, server_side=True)
        served.has_etags = True
        yield served


def sweep(
    home: Home, web: SmallWeb, mekiki: Mekiki, authority: Path | None, host: str = "web.test"
) -> subprocess.CompletedProcess[str]:
    web.changed["/moved"] = small_web.Answer(status=301, headers={"Location": "/board/3"})
    web.changed["/board/3"] = html("<h1>Post 3</h1><img src='/photo/3.png'>")
    url = f"https://{host}:{web.port}/moved"
    (home.settings.sources / "safe.toml").write_text(
        '[source]\nid = "safe"\nname = "safe"\nkind = "image_board"\nterritory = "JP"\nlanguages = ["ja"]\n'
        f'[scope]\nseeds = ["{url}"]\n'
    )
    trusted = {} if authority is None else {"SSL_CERT_FILE": str(authority)}
    return mekiki("sweep", "safe", env=os.environ | trusted)


def certificate(made: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((made / "cert.pem").read_bytes())


def test_the_certificate_is_kept_with_every_answer_and_told(
    made: Path, web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    ended = sweep(web_home, web, mekiki, made / "ca.pem")
    assert ended.returncode == 0, ended.stderr
    real = certificate(made)
    der = ssl.PEM_cert_to_DER_cert((made / "cert.pem").read_text())
    expected: dict[str, Any] = {
        "sha256": hashlib.sha256(der).hexdigest(), "subject": "CN=web.test", "issuer": "CN=Test Root,O=Test Authority",
        "valid_from": real.not_valid_before_utc.isoformat(), "valid_until": real.not_valid_after_utc.isoformat(),
        "names": ["web.test", "*.web.test"],
    }  # fmt: skip
    with web_home.readers()() as session:
        rows = list(session.scalars(select(Capture).order_by(Capture.id)))
        requests = [row.request for row in rows if row.request is not None]
        assert [row.kind for row in rows] == ["robots", "page", "media"]
        assert [one["certificate"] for one in requests] == [expected] * 3
        assert [one["certificate"] for one in requests[1]["before"]] == [expected]
        assert evidence.verify(session) == []
        told = procedure.describe(session, rows, by="Aoi Mori", rendered="No browser was opened.")
        path = archive(session, rows, tmp_path)
    assert told.servers == [{"server": f"https://web.test:{web.port}", "certificate": expected}]
    for words in ("issued by CN=Test Root", "が発行した"):
        assert words in procedure.printed(told)
    assert expected["sha256"] in procedure.printed(told)
    with warc_of(path).open("rb") as file:
        said = [one.content_stream().read().decode() for one in ArchiveIterator(file) if one.rec_type == "metadata"]
    assert len(said) == 3
    assert f"tls-certificate-sha256: {expected['sha256']}\r\n" in said[0]
    assert "the passed WACZ is valid" in tool("wacz", "validate", "-f", path).stdout
    assert tool("warcio.cli", "check", "-v", warc_of(path)).returncode == 0


def test_a_certificate_that_nobody_vouches_for_is_a_sentence_and_nothing_is_asked(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    ended = sweep(web_home, web, mekiki, None)
    assert (ended.returncode, web.asked) == (1, [])
    assert "for which no authority that this machine trusts vouches" in ended.stderr, ended.stderr


def test_a_certificate_of_another_host_is_a_sentence_and_nothing_is_asked(
    made: Path, web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    toml = web_home.path / "mekiki.toml"
    toml.write_text(toml.read_text().replace('"trap.test" =', '"other.test" =').replace('["web.test:', '["other.test:'))
    ended = sweep(web_home, web, mekiki, made / "ca.pem", "other.test")
    assert (ended.returncode, web.asked) == (1, [])
    assert "shows a certificate that is made out for another host" in ended.stderr, ended.stderr


def test_without_encryption_the_description_says_that_no_certificate_says_who_answered(web_home: Home) -> None:
    request = {"url": "http://plain.test/a", "before": []}
    with web_home.readers()() as session:
        rows = [Capture(sweep_id=1, request=request), Capture(sweep_id=1, request=None)]
        told = procedure.describe(session, rows, by="Aoi Mori", rendered="No browser was opened.")
    assert "http://plain.test answered without encryption" in procedure.printed(told)
