"""`mekiki serve` as a person starts and stops it."""

import re
import signal
import socket
import subprocess
import urllib.request

from config.home import Home
from dashboard import child
from tests.dashboard.spoken import Mekiki


def test_serve_says_where_it_is_answers_there_and_stops_on_ctrl_c(own_home: Home) -> None:
    command = child.command(own_home, "serve", "--port", "0")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        told = next(line for line in process.stderr if "The console is at" in line)
        found = re.search(r"http://127\.0\.0\.1:\d+/", told)
        assert found
        with urllib.request.urlopen(f"{found[0]}api/health", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[1]
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in rest
    assert process.returncode in (0, 130)


def test_a_taken_port_is_one_sentence(mekiki: Mekiki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = mekiki("serve", "--port", taken.getsockname()[1])
    assert said.code == 1
    assert "choose another with --port" in said.err
