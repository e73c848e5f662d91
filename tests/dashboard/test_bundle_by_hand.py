"""A bundle in the hands of somebody without mekiki: what its README says to type works, and says what it should."""

import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.home import Home
from crawlers import sealed_zip
from tests.crawlers import authority
from tests.crawlers.authority import Authority
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_cli_evidence import case, rewrite  # noqa: F401


@pytest.fixture
def tsa(tmp_path: Path, own_home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """An authority that the home asks."""
    with authority.serving(authority.make(tmp_path / "tsa")) as made:
        monkeypatch.setenv("MEKIKI_EVIDENCE__TIMESTAMP_URLS", f'["{made.url}"]')
        monkeypatch.setenv("MEKIKI_CRAWL__ALLOW_ADDRESSES", f'["127.0.0.1:{made.port}"]')
        yield made


@pytest.fixture
def bundle(tsa: Authority, case: str, mekiki: Mekiki, tmp_path: Path) -> Path:  # noqa: F811
    """The bundle of a case that was collected and stamped."""
    assert mekiki("run", "collect evidence").code == 0
    assert mekiki("run", "timestamps").code == 0
    path = tmp_path / "case.zip"
    assert mekiki("evidence", "export", case, "-o", path, "--by", "Aoi Mori").code == 0
    return path


def typed(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def test_every_command_of_its_readme_works(bundle: Path, tsa: Authority, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as packed:
        packed.extractall(tmp_path / "bundle")
        readme = packed.read("README.md").decode()
    commands = [line.split("  #")[0].strip() for line in re.findall(r"^    (.+)$", readme, re.MULTILINE)]
    (tmp_path / "bundle" / "AUTHORITY.pem").write_bytes(tsa.root.read_bytes())
    python = Path(sys.executable).parent
    ran = []
    for command in commands:
        if command.startswith(("unzip THIS", "pip install")):
            continue  # unpacked above; the tools are there
        command = command.replace("unzip captured.wacz", f"{sys.executable} -m zipfile -e captured.wacz web #")
        ended = typed(tmp_path / "bundle", f"PATH={python}:$PATH; {command}")
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        ran.append(command.split()[0].strip("("))
    assert ran == ["sha256sum", "cd", "openssl", "openssl", "wacz", sys.executable]


def test_verify_says_who_stamped_it_and_whom_to_trust(
    bundle: Path, tsa: Authority, mekiki: Mekiki, tmp_path: Path
) -> None:
    plain, trusting = mekiki("evidence", "verify", bundle), mekiki("evidence", "verify", bundle, "--ca", tsa.root)
    assert (plain.code, trusting.code) == (0, 0)
    assert "only its certificate from elsewhere shows" in plain.err
    assert "only its certificate from elsewhere shows" not in trusting.err
    assert "collected/1/SHA256SUMS existed at" in trusting.err
    assert "says CN=Test Time Authority" in trusting.err
    other = authority.make(tmp_path / "other").root
    refused = mekiki("evidence", "verify", bundle, "--ca", other)
    assert (refused.code, "its signature does not hold" in refused.err) == (1, True)
    (tmp_path / "no.pem").write_text("no certificate")
    assert "holds no certificate in PEM form" in mekiki("evidence", "verify", bundle, "--ca", tmp_path / "no.pem").err


def test_a_forger_cannot_change_what_was_stamped(bundle: Path, mekiki: Mekiki, tmp_path: Path) -> None:
    change = lambda held: held.replace(b"Aoi Mori", b"Ben Mori").replace(b"mekiki", b"Mekiki")  # noqa: E731
    forged = rewrite(bundle, tmp_path / "forged.zip", "collected/1/process.txt", change)
    said = mekiki("evidence", "verify", forged)
    assert (said.code, "it stamps another document" in said.err) == (1, True)


def test_every_byte_of_a_token_counts(bundle: Path, mekiki: Mekiki, tmp_path: Path) -> None:
    chance = random.Random(3)
    token = sealed_zip.read(bundle).packed["timestamps/1.tsr"]
    for at in chance.sample(range(token.size), 25):
        flip = lambda held, at=at: held[:at] + bytes([held[at] ^ 0x10]) + held[at + 1 :]  # noqa: E731
        whole = bundle.read_bytes()
        (tmp_path / "flipped.zip").write_bytes(flip(whole, token.start + at))
        said = mekiki("evidence", "verify", tmp_path / "flipped.zip")
        assert (said.code, "timestamps/1.tsr" in said.err) == (1, True), at


def test_what_still_waits_for_its_stamp_is_no_fault(case: str, tsa: Authority, mekiki: Mekiki, tmp_path: Path) -> None:  # noqa: F811
    tsa.is_down = True
    assert mekiki("run", "collect evidence").code == 0
    assert mekiki("run", "timestamps").code == 0
    assert mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori").code == 0
    said = mekiki("evidence", "verify", tmp_path / "case.zip")
    assert said.code == 0
    assert "has not stamped collected/1/SHA256SUMS yet" in said.err
    assert "answered 503" in said.err
