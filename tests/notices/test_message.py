"""The message is one any mail program understands, and nothing crawled or typed can add a header to it."""

import csv
import io
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices import elements as said
from notices import message
from notices.testing import EXAMPLE, letter


def parsed(**changes: Any) -> EmailMessage:
    read = message_from_bytes(letter(**changes).message, policy=policy.SMTP)
    assert isinstance(read, EmailMessage)
    return read


def test_the_headers_say_who_whom_what_and_when() -> None:
    read = parsed()
    assert read["From"].addresses[0].addr_spec == "rights@kiri-office.example"
    assert read["From"].addresses[0].display_name == "霧 Rights Office"
    assert [one.addr_spec for one in read["To"].addresses] == ["copyright@vidbox.example"]
    assert read["Cc"] is None
    assert read["Subject"] == "[N-2026-000123] 灯の道"
    assert read["Date"].datetime == datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    assert read["Auto-Submitted"] == "no"
    assert read["Message-ID"].startswith("<N-2026-000123.")


def test_plain_text_comes_first_then_the_pdf_then_the_addresses() -> None:
    parts = [part for part in parsed().walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "application/pdf", "text/csv"]
    assert parts[0].get_content_charset() == "utf-8"
    assert [part.get_filename() for part in parts[1:]] == ["N-2026-000123.pdf", "urls.csv"]


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert letter().message == letter().message


def test_a_long_address_stays_on_one_line_of_the_text() -> None:
    url = "http://vidbox.example/" + "%E7%81%AF" * 60
    assert url in parsed(body=f"See\n{url}\nplease.\n").get_body().get_content().splitlines()


@pytest.mark.parametrize("field", ["subject", "from_name", "from_address", "to_address", "answers"])
def test_a_line_end_in_a_header_is_refused(field: str) -> None:
    with pytest.raises(message.BadHeader):
        letter(**{field: "x@y.example\r\nBcc: everybody@evil.example"})


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b.example, c@d.example", "a@b.example; c@d.example", "灯@b.example"]
)
def test_anything_but_one_mailbox_is_refused(address: str) -> None:
    with pytest.raises(message.BadHeader):
        letter(to_address=address)


@given(st.text(max_size=300))
def test_no_title_can_reach_beyond_its_line(title: str) -> None:
    line = said.plain(title, said.MAX_TITLE)
    assert len(line) <= said.MAX_TITLE
    assert line.splitlines() in ([], [line])
    assert parsed(subject=f"[N-2026-000123] {line}")["Bcc"] is None


@pytest.mark.parametrize(
    ("crawled", "shown"),
    [("a\u202egnp.exe", "agnp.exe"), ("z\u200bero\ufeff", "zero"), ("two\r\nBcc: x", "two Bcc: x"), (" \t ", "")],
)
def test_marks_nobody_sees_are_taken_out(crawled: str, shown: str) -> None:
    assert said.plain(crawled) == shown


@pytest.mark.parametrize(
    ("url", "exact"),
    [
        ("http://vidbox.example/", ""),
        ("http://vidbox.example", ""),
        ("javascript:alert(1)", ""),
        ("http://vidbox.example/?v=1", "http://vidbox.example/?v=1"),
        ("http://vidbox.example/a b\r\nc", "http://vidbox.example/a%20b%20c"),
        ("http://vidbox.example/灯", "http://vidbox.example/%E7%81%AF"),
        ("http://動画.example/1", "http://xn--hhr831f.example/1"),
    ],
)
def test_only_exact_addresses_are_listed_in_ascii_on_one_line(url: str, exact: str) -> None:
    assert said.exact(url) == exact


@pytest.mark.parametrize("start", ["http://vidbox.example/", "http://", "http://[", ""])
@given(rest=st.text(max_size=100))
def test_an_address_never_leaves_its_line_or_ascii(start: str, rest: str) -> None:
    line = said.encoded_url(start + rest)
    assert line.isascii()
    assert line.split() in ([], [line])


def test_the_csv_holds_every_address_with_its_capture() -> None:
    rows = list(csv.DictReader(io.StringIO(message.urls_csv(EXAMPLE.stored()))))
    assert [row["address"] for row in rows] == list(EXAMPLE.copies[0].urls)
    assert rows[0]["what"] == "page"
    assert (rows[1]["part_of_work"], rows[1]["sha256"]) == ("Episode 3", "b" * 64)
