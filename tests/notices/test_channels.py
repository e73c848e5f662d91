"""Each channel keeps its contract; real mail goes through a real server on loopback."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.home import Home
from config.settings import SettingsError
from notices import channels
from notices.channels.outbox import Outbox
from notices.channels.smtp import Smtp
from notices.interface import Channel, DeliveryError
from notices.testing import EXAMPLE, ChannelContract, letter
from tests.notices import mail_server, world
from tests.notices.mail_server import Mailbox


class TestOutbox(ChannelContract):
    def channel(self, folder: Path) -> Channel:
        return Outbox(folder / "outbox")

    def arrived(self, folder: Path) -> Sequence[bytes]:
        return [file.read_bytes() for file in sorted((folder / "outbox").iterdir())]

    def test_it_is_a_dry_run(self, tmp_path: Path) -> None:
        assert self.channel(tmp_path).is_dry_run

    def test_a_number_that_is_a_path_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DeliveryError) as refused:
            self.channel(tmp_path).deliver(letter(number="../../elsewhere"))
        assert refused.value.permanent


@dataclass
class Post:
    """A mail server and how to reach it."""

    mailbox: Mailbox
    smtp: Smtp


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    serving, trusting = mail_server.contexts(tmp_path)
    mailbox = Mailbox()
    with mail_server.running(mailbox, serving, password="open sesame") as port:
        yield Post(
            mailbox,
            Smtp(
                host="127.0.0.1", port=port, sent=tmp_path / "sent", sender="rights@kiri-office.example",
                username="mekiki", password="open sesame", context=trusting,
            ),
        )  # fmt: skip


class TestSmtp(ChannelContract):
    @pytest.fixture(autouse=True)
    def _post(self, post: Post) -> None:
        self.post = post

    def channel(self, folder: Path) -> Channel:
        return self.post.smtp

    def arrived(self, folder: Path) -> Sequence[bytes]:
        return self.post.mailbox.messages

    def test_it_goes_to_exactly_one_mailbox(self, tmp_path: Path) -> None:
        self.channel(tmp_path).deliver(letter())
        assert self.post.mailbox.recipients == [[EXAMPLE.recipient.address]]

    @pytest.mark.parametrize(("answer", "is_permanent"), [("550 no such mailbox", True), ("451 later", False)])
    def test_the_answer_says_whether_trying_again_can_help(
        self, tmp_path: Path, answer: str, *, is_permanent: bool
    ) -> None:
        self.post.mailbox.answer = answer
        with pytest.raises(DeliveryError, match=EXAMPLE.number) as refused:
            self.channel(tmp_path).deliver(letter())
        assert refused.value.permanent == is_permanent

    def test_a_letter_that_was_not_taken_is_tried_again(self, tmp_path: Path) -> None:
        self.post.mailbox.answer = "451 later"
        with pytest.raises(DeliveryError):
            self.channel(tmp_path).deliver(letter())
        self.post.mailbox.answer = "250 OK"
        self.channel(tmp_path).deliver(letter())
        assert len(self.arrived(tmp_path)) == 1

    def test_the_password_is_never_shown(self, tmp_path: Path) -> None:
        assert "sesame" not in repr(self.channel(tmp_path))


def test_a_server_that_is_not_there_is_worth_another_try(tmp_path: Path) -> None:
    absent = Smtp(host="127.0.0.1", port=1, sent=tmp_path, sender="a@b.example")
    with pytest.raises(DeliveryError) as refused:
        absent.deliver(letter())
    assert not refused.value.permanent


def test_a_server_with_an_unknown_certificate_is_not_trusted(post: Post, tmp_path: Path) -> None:
    trusting_nobody = Smtp(host="127.0.0.1", port=post.smtp.port, sent=tmp_path / "s", sender="a@b.example")
    with pytest.raises(DeliveryError):
        trusting_nobody.deliver(letter())
    assert post.mailbox.messages == []


def test_a_home_sends_nothing_until_an_operator_says_smtp(home: Home) -> None:
    assert channels.opened(home).is_dry_run


def test_smtp_without_a_server_is_refused_before_anything_leaves(home: Home) -> None:
    with pytest.raises(SettingsError, match=r"smtp\.host"):
        channels.opened(world.with_settings(home, notices={"channel": "smtp"}))


def test_a_channel_that_is_not_installed_is_refused_by_name(home: Home) -> None:
    with pytest.raises(channels.UnknownChannel, match="outbox, smtp"):
        channels.opened(world.with_settings(home, notices={"channel": "pigeon"}))
