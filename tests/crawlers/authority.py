"""A time-stamping authority of our own: certificates and tokens by openssl, answers over HTTP on loopback."""

import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = """
[tsa]
default_tsa = one
[one]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
{chain}
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""
PURPOSE = "extendedKeyUsage=critical,timeStamping\n"


@dataclass
class Authority:
    """One authority and what it was asked."""

    folder: Path
    url: str = ""
    port: int = 0
    is_down: bool = False
    answers: bytes | None = None  # instead of a token
    asked: list[bytes] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None  # called before it answers

    @property
    def root(self) -> Path:
        """The certificate its users trust."""
        return self.folder / "root.pem"

    def stamp(self, question: bytes) -> bytes:
        """Return the answer to a question."""
        asked, said = self.folder / f"{len(self.asked)}.tsq", self.folder / f"{len(self.asked)}.tsr"
        asked.write_bytes(question)
        openssl("ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", asked, "-out", said)
        return said.read_bytes()


def openssl(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=True)


def make(folder: Path, *, brings_chain: bool = True) -> Authority:
    """Return an authority with certificates of its own; openssl brings a chain in an order that DER forbids."""
    folder.mkdir(parents=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", folder / "root.key", "-out", folder / "root.pem", "-days", "3650",
            "-subj", "/CN=Test Root")  # fmt: skip
    openssl("req", *key, "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr", "-subj", "/CN=Test Time Authority")
    (folder / "purpose").write_text(PURPOSE)
    openssl("x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "root.pem", "-CAkey", folder / "root.key",
            "-CAcreateserial", "-out", folder / "tsa.pem", "-days", "3650", "-extfile", folder / "purpose")  # fmt: skip
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(SETTINGS.format(folder=folder, chain=f"certs = {folder}/root.pem" * brings_chain))
    return Authority(folder)


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """Let the authority answer on a port of its own."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(question)
            if authority.meanwhile:
                authority.meanwhile()
            said = b"" if authority.is_down else authority.answers or authority.stamp(question)
            self.send_response(503 if authority.is_down else 200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    authority.port = server.server_address[1]
    authority.url = f"http://127.0.0.1:{authority.port}/stamp"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
