"""Hostile files are decoded in children: one may die, hang or eat memory, and the run goes on."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fingerprints.decode import DecoderBroken, Describer, describe_file
from fingerprints.interface import Description
from fingerprints.testing import drawing
from tests.fingerprints import media

ROOT = Path(__file__).parents[2]
HOSTILE = "tests.fingerprints.hostile_kinds"


@pytest.fixture(scope="module")
def describer() -> Iterator[Describer]:
    """Two children with the real kinds."""
    with Describer(media.LIMITS) as made:
        yield made


@pytest.fixture
def touchy() -> Iterator[Describer]:
    """One child that kills itself over red, hangs over green, eats memory over blue."""
    with Describer(replace(media.LIMITS, workers=1, memory_mb=1024, timeout_s=5), kinds=HOSTILE) as made:
        yield made


def picture(folder: Path, colour: str, name: str = "") -> Path:
    path = folder / (name or f"{colour}.jpg")
    path.write_bytes(media.jpeg(media.flat(colour)))
    return path


def one(describer: Describer, path: Path) -> Description:
    return next(describer.describe([path], depth="points"))[1]


def pid(description: Description) -> int:
    return int(description.fingerprints["touchy", 1].facts["pid"])


def test_files_come_back_in_the_order_given(describer, tmp_path):
    paths = [picture(tmp_path, "white", f"{n}.jpg") for n in range(30)]
    paths.insert(0, media.drawn_film(tmp_path / "first.mp4", 2))  # slower than all the others
    paths.insert(9, tmp_path / "absent.jpg")
    found = list(describer.describe(iter(paths), depth="points"))
    assert [path for path, _ in found] == paths
    assert [path.name for path, description in found if description.error] == ["absent.jpg"]


def test_a_picture_is_described_by_every_picture_kind(describer, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(media.jpeg(media.Image.fromarray(drawing(1, 400, 300))))
    description = one(describer, path)
    assert description.error is None
    assert {kind for kind, _ in description.fingerprints} >= {"pdq256", "rootsift", "thumb"}
    assert description.facts is not None
    assert (description.facts.medium, description.facts.width, description.facts.height) == ("image", 400, 300)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("words.jpg", b"these are words\n", "is not a picture, film or sound: it is text"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "playlist"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\n", "playlist"),
        ("empty.png", b"", "The file is empty"),
        ("bomb.png", media.png_that_claims(20_000, 20_000), "more than 50,000,000 pixels"),
        ("half.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(64), "MP4 file is damaged or broken off"),
    ],
)
def test_what_cannot_be_read_gives_one_sentence(describer, tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    description = one(describer, tmp_path / name)
    assert description.facts is None
    assert why in (description.error or "")


def test_a_folder_or_a_pipe_is_no_file(describer, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path, tmp_path / "pipe.jpg"):
        assert one(describer, path).error == "This is not a file."


def test_a_file_that_kills_its_child_costs_only_itself(touchy, tmp_path):
    paths = [picture(tmp_path, colour) for colour in ("white", "red", "gray")]
    before, died, after = (description for _, description in touchy.describe(paths, depth="points"))
    assert died.error == "Decoding this file failed: the decoder was ended by signal 9."
    assert before.error is None
    assert after.error is None
    assert pid(before) != pid(after)


def test_a_file_that_hangs_its_child_is_given_up(tmp_path):
    with Describer(replace(media.LIMITS, workers=1, timeout_s=1.5), kinds=HOSTILE) as touchy:
        hung, after = (description for _, description in touchy.describe([
            picture(tmp_path, "lime"), picture(tmp_path, "white")], depth="points"))  # fmt: skip
    assert hung.error == "Decoding this file failed: it took longer than 1.5 s (decode.timeout_s)."
    assert after.error is None


def test_a_file_that_wants_too_much_memory_is_refused_and_the_child_lives(touchy, tmp_path):
    paths = [picture(tmp_path, colour) for colour in ("white", "blue", "gray")]
    before, greedy, after = (description for _, description in touchy.describe(paths, depth="points"))
    assert greedy.error == "This file needs more than 1024 MB to decode (decode.memory_mb)."
    assert pid(before) == pid(after)


def test_the_smallest_memory_a_home_may_set_opens_ordinary_files(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(media.jpeg(media.Image.fromarray(drawing(1, 2000, 1500))))
    with Describer(replace(media.LIMITS, workers=1, memory_mb=256)) as describer:
        pair = list(describer.describe([path, media.drawn_film(tmp_path / "a.mp4", 2, sound=False)], depth="points"))
    assert [description.error for _, description in pair] == [None, None]


def test_a_fault_of_a_kind_is_told_and_the_run_goes_on(touchy, tmp_path):
    faulty, after = (
        d for _, d in touchy.describe([picture(tmp_path, "yellow"), picture(tmp_path, "white")], depth="points")
    )
    assert "ArithmeticError: a fault" in (faulty.error or "")
    assert after.error is None


def test_a_library_that_prints_disturbs_nobody(touchy, tmp_path, capfd):
    spoken, after = (
        d for _, d in touchy.describe([picture(tmp_path, "black"), picture(tmp_path, "white")], depth="points")
    )
    assert spoken.error is None
    assert after.error is None
    assert capfd.readouterr().out == ""


def test_children_live_from_one_batch_to_the_next(touchy, tmp_path):
    path = picture(tmp_path, "white")
    assert len({pid(one(touchy, path)) for _ in range(4)}) == 1


def test_children_never_see_the_secrets_of_the_environment(touchy, tmp_path, monkeypatch):
    monkeypatch.setenv("MEKIKI_TEST_SECRET", "hush")
    assert one(touchy, picture(tmp_path, "white")).fingerprints["touchy", 1].facts["secrets"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no network namespaces")
def test_children_have_no_network(touchy, tmp_path):
    alone = "import ctypes, os, sys; sys.exit(ctypes.CDLL(None).unshare(0x40000000 | (os.geteuid() and 0x10000000)))"
    if subprocess.run([sys.executable, "-c", alone], check=False).returncode != 0:
        pytest.skip("this system does not let a process leave the network")
    assert one(touchy, picture(tmp_path, "white")).fingerprints["touchy", 1].facts["interfaces"] <= 1  # "lo", down


def test_threads_may_share_one_describer(describer, tmp_path):
    path = picture(tmp_path, "white")
    found: list[Description] = []
    threads = [threading.Thread(target=lambda: found.append(one(describer, path))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [description.error for description in found] == [None] * 6


@pytest.fixture
def held(touchy: Describer, tmp_path: Path) -> Iterator[int]:
    """The one child of `touchy`, stopped, so that whatever is asked of it waits."""
    child = pid(one(touchy, picture(tmp_path, "white", "first.jpg")))
    os.kill(child, signal.SIGSTOP)
    yield child
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGCONT)


@pytest.mark.parametrize("what", ["watch", "preview", "proxy"])
def test_what_somebody_waits_for_goes_before_files_that_wait_to_be_described(touchy, held, what, tmp_path):
    path, done = picture(tmp_path, "white"), []
    more = {"watches": [], "at_s": 0.0, "long_side_px": 64, "out": str(tmp_path / "out.webm")}
    files = [touchy._begin("describe", path, also=[], depth="points") for _ in range(4)]
    wanted = touchy._begin(what, path, **more)
    wanted.add_done_callback(lambda _: done.extend(file.done() for file in files[1:]))
    os.kill(held, signal.SIGCONT)
    assert [file.result(30)[0]["error"] for file in files] == [None] * 4
    assert done == [False] * 3


def test_files_given_up_are_not_described_and_the_next_is(touchy, held, tmp_path):
    path = picture(tmp_path, "white")
    files = [touchy._begin("describe", path, also=[], depth="points") for _ in range(4)]
    given_up = [file for file in files if file.cancel()]
    os.kill(held, signal.SIGCONT)
    assert len(given_up) >= 3  # the first may have been begun
    assert one(touchy, path).error is None
    assert touchy.ask(path, "preview", at_s=0.0, long_side_px=64)[0] is None


def test_whoever_waits_when_a_describer_is_closed_is_told(touchy, held, tmp_path):
    path = picture(tmp_path, "white")
    waiting = [touchy._begin("describe", path, also=[], depth="points") for _ in range(4)]
    waiting.append(touchy._begin("preview", path, at_s=0.0, long_side_px=64))
    touchy.close()
    assert [type(each.exception(30)) for each in waiting] == [RuntimeError] * 5


def test_a_closed_describer_ends_its_children_also_at_work(tmp_path):
    describer = Describer(replace(media.LIMITS, workers=1), kinds=HOSTILE)
    at_work = one(describer, picture(tmp_path, "white"))
    watched = os.pidfd_open(pid(at_work))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(one, describer, picture(tmp_path, "lime"))
        describer.close()
        assert isinstance(waiting.exception(30), RuntimeError)  # no file is blamed for our leaving
    assert has_ended(watched)
    with pytest.raises(RuntimeError):
        one(describer, tmp_path / "white.jpg")


def test_a_decoder_that_cannot_start_blames_no_file(tmp_path):
    absent = "tests.fingerprints.no_such_kinds"
    with Describer(media.LIMITS, kinds=absent) as describer, pytest.raises(DecoderBroken, match=absent):
        one(describer, picture(tmp_path, "white"))


def test_children_end_when_their_parent_is_killed(tmp_path):
    script = (
        "import sys, pathlib\n"
        "from fingerprints.decode import Describer\n"
        "from tests.fingerprints import media\n"
        f"describer = Describer(media.LIMITS, kinds={HOSTILE!r})\n"
        "paths = map(pathlib.Path, sys.argv[1:])\n"
        "for path, description in describer.describe(paths, depth='points'):\n"
        "    print(int(description.fingerprints['touchy', 1].facts['pid']), flush=True)\n"
    )
    calm, hanging = picture(tmp_path, "white"), picture(tmp_path, "lime")
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(calm), str(hanging)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    watched = os.pidfd_open(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert has_ended(watched)


def has_ended(watched: int) -> bool:
    """Wait up to ten seconds for the end of a process."""
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    try:
        return bool(poll.poll(10_000))
    finally:
        os.close(watched)


def test_one_file_is_described_by_the_shared_pool(tmp_path):
    assert describe_file(picture(tmp_path, "white"), media.LIMITS, depth="points").error is None
