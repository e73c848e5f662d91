"""The promises of a regime and of a channel, as test classes that anyone who adds one can subclass."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from notices import elements as said
from notices import letters, message, pdf
from notices.interface import Channel, Letter, Recipient
from notices.regimes import Regime

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
STATEMENT = re.compile(r'statement\("([a-z-]+)"\)')
EXAMPLE = said.Facts(
    number="N-2026-000123",
    sender=said.Sender(
        organisation="Kiri Rights Office",
        name="Ren Abe",
        email="rights@kiri-office.example",
        phone="+81-3-1111-2222",
        address="4-5-6 Jimbocho, Chiyoda-ku, Tokyo 101-0051",
        country="JP",
    ),
    owner=said.Principal(
        name="スタジオ霧",
        representative="森 葵",
        address="東京都千代田区神田1-2-3",
        phone="+81-3-0000-0000",
        email="rights@kiri.example",
        country="JP",
    ),
    authority=said.Authority(is_owner=False, basis="委任状 (power of attorney) of 2026-01-10"),
    recipient=Recipient(
        name="Vidbox",
        address="copyright@vidbox.example",
        role="dmca_agent",
        country="US",
        language="en",
        regime="us-dmca-512c",
        source="https://vidbox.example/legal",
        verified_on="2026-11-01",
    ),
    designated_agent="Vidbox",
    work=said.WorkFacts(
        title="灯の道 / Lantern Road",
        kind="anime",
        creator="森 葵",
        aliases=("Akari no Michi",),
        official_urls=("https://kiri.example/lantern-road",),
    ),
    copies=(
        said.Copy(
            page_url="http://vidbox.example/watch/1",
            urls=(
                "http://vidbox.example/watch/1",
                "http://cdn.vidbox.example/f/1.mp4",
                "http://vidbox.example/i/12.jpg",
            ),
            title="Lantern Road Episode 3 FREE",
            uploader="uploader_77",
            seen_at="2026-11-22 03:00:00 UTC",
            sha256="a" * 64,
            captures=("01900000-0000-7000-8000-000000000001",),
            matches=(
                said.Matched(
                    asset="Episode 3",
                    page="",
                    seconds="600.5",
                    stretches=(said.Stretch("00:00:12-00:10:12", "00:05:01-00:15:02"),),
                    url="http://cdn.vidbox.example/f/1.mp4",
                    kind="video",
                    sha256="b" * 64,
                    seen_at="2026-11-22 03:00:05 UTC",
                ),
                said.Matched(
                    asset="Volume 1",
                    page="12",
                    seconds="",
                    stretches=(),
                    url="http://vidbox.example/i/12.jpg",
                    kind="image",
                    sha256="c" * 64,
                    seen_at="2026-11-22 03:00:06 UTC",
                ),
            ),
            finding_id=1,
        ),
    ),
    decision=said.DecisionFacts("uuid", "Yui Sato", "A whole episode, with advertising.", "2026-11-22 03:10:00 UTC"),
    signature=said.Signature("Aoi Mori", "2026-11-22"),
)


class RegimeContract(ABC):
    """What every regime promises: header and letters agree on every element, and nothing incomplete is rendered."""

    @property
    @abstractmethod
    def regime(self) -> Regime:
        """The regime under test."""

    def elements(self) -> said.Elements:
        """Return a complete set of elements."""
        return EXAMPLE.stored()

    def test_a_complete_notice_lacks_nothing(self) -> None:
        """Everything the header asks for is there, and stands in each letter."""
        assert said.missing(self.regime, self.elements(), is_signed=True) == []
        for language in self.regime.header.languages:
            assert "[missing" not in letters.render(self.regime, language, self.elements()).body

    def test_header_and_letters_agree_on_every_statement(self) -> None:
        """Each letter makes each statement of the header once, and no other."""
        for language, source in self.regime.letters.items():
            stated = [element.id for element in self.regime.elements if language in element.sentence]
            assert sorted(STATEMENT.findall(source)) == sorted(stated)
        for element in self.regime.elements:
            assert not element.sentence or set(element.sentence) == set(self.regime.header.languages)

    def test_an_element_that_is_blank_is_named_and_the_letter_refused(self) -> None:
        """Blank one field after another: the element is named and no letter comes out."""
        for element in self.regime.elements:
            for path in (*element.fields, *element.records):
                lacking = blanked(self.elements(), path)
                if element.severity == "warning":
                    assert element.id in {one.element for one in said.warnings(self.regime, lacking)}
                    continue
                assert element.id in {one.element for one in said.missing(self.regime, lacking, is_signed=True)}
                with pytest.raises(letters.MissingStatement) as refused:
                    letters.render(self.regime, self.regime.header.languages[0], lacking)
                assert element.id in {one.element for one in refused.value.elements}

    def test_an_element_that_is_struck_from_the_letter_is_named(self) -> None:
        """Strike each sentence and each value from the finished text: the element is named."""
        for language in self.regime.header.languages:
            body = letters.render(self.regime, language, self.elements()).body
            for element in self.regime.elements:
                if element.severity == "warning":
                    continue
                words = [value for path in element.fields for value in said.values(self.elements(), path)]
                for struck in [*words, *filter(None, [element.sentence.get(language)])]:
                    with pytest.raises(letters.MissingStatement) as refused:
                        letters.check(self.regime, language, body.replace(struck, ""), self.elements())
                    assert element.id in {one.element for one in refused.value.elements}

    def test_no_other_laws_words_are_used(self) -> None:
        """The letters hold none of the words the header forbids."""
        sources = [
            *self.regime.letters.values(),
            *self.regime.retractions.values(),
            *self.regime.header.subject.values(),
        ]
        sentences = [text for element in self.regime.elements for text in element.sentence.values()]
        for word in self.regime.header.never_says:
            assert not [text for text in (*sources, *sentences) if word.casefold() in text.casefold()]

    def test_every_letter_says_how_to_reach_a_person(self) -> None:
        """The sender's e-mail address and the number stand in notice and retraction alike."""
        for language in self.regime.header.languages:
            for text in (
                letters.render(self.regime, language, self.elements()),
                letters.retraction(self.regime, language, self.elements(), "The page is licensed."),
            ):
                assert EXAMPLE.sender.email in text.body
                assert EXAMPLE.number in text.body
                assert EXAMPLE.number in text.subject

    def test_who_decided_and_why_stays_in_the_building(self) -> None:
        """Only the person who signs is named; the reviewer and the reviewer's words are not."""
        for language in self.regime.header.languages:
            body = letters.render(self.regime, language, self.elements()).body
            assert EXAMPLE.decision.person not in body
            assert EXAMPLE.decision.reason not in body

    def test_every_letter_can_be_set_as_pdf(self) -> None:
        """No glyph is missing."""
        for language in self.regime.header.languages:
            text = letters.render(self.regime, language, self.elements())
            assert (
                pdf.typeset(pdf.Page("N-2026-000123", text.subject, text.body, language, "2026-11-22"))[:4] == b"%PDF"
            )


class ChannelContract(ABC):
    """What every channel promises: a letter arrives whole, and once, however often it is handed over."""

    @abstractmethod
    def channel(self, folder: Path) -> Channel:
        """Return an opened channel that keeps what it must remember in `folder`."""

    @abstractmethod
    def arrived(self, folder: Path) -> Sequence[bytes]:
        """Return every message that arrived."""

    def test_a_letter_arrives_whole(self, tmp_path: Path) -> None:
        """Headers, text and attachments arrive as they were handed over."""
        self.channel(tmp_path).deliver(letter())
        (came,) = self.arrived(tmp_path)
        sent = message_from_bytes(letter().message, policy=policy.SMTP)
        received = message_from_bytes(came, policy=policy.SMTP)
        assert received["Message-ID"] == sent["Message-ID"]
        assert [part.get_content() for part in received.walk() if not part.is_multipart()] == [
            part.get_content() for part in sent.walk() if not part.is_multipart()
        ]

    def test_a_letter_handed_over_twice_arrives_once(self, tmp_path: Path) -> None:
        """A killed and repeated send changes nothing for the recipient."""
        first = self.channel(tmp_path).deliver(letter())
        second = self.channel(tmp_path).deliver(letter())
        assert len(self.arrived(tmp_path)) == 1
        assert first.reference == second.reference

    def test_the_receipt_says_which_way_it_went(self, tmp_path: Path) -> None:
        """A dry run can be told from the real thing."""
        channel = self.channel(tmp_path)
        receipt = channel.deliver(letter())
        assert (receipt.channel, receipt.is_dry_run) == (channel.name, channel.is_dry_run)
        assert receipt.reference


def letter(**changes: Any) -> Letter:
    """Return a small complete letter, with other fields of its envelope where asked."""
    small = message.Envelope(
        number=EXAMPLE.number,
        subject="[N-2026-000123] 灯の道",
        body="Please remove this.\n灯の道\n",
        from_name="霧 Rights Office",
        from_address="rights@kiri-office.example",
        to_address=EXAMPLE.recipient.address,
        at=AT,
        pdf=b"%PDF-1.7 sample",
        urls_csv=message.urls_csv(EXAMPLE.stored()),
    )
    envelope = replace(small, **changes)
    return Letter(envelope.number, envelope.subject, envelope.body, EXAMPLE.recipient, message.compose(envelope))


def blanked(elements: said.Elements, path: str) -> said.Elements:
    """Return the elements with every value at a path made blank; a list of values is emptied."""
    copied = deepcopy(elements)
    _blank(copied, path.split("."))
    return copied


def _blank(value: Any, steps: Sequence[str]) -> None:
    name, *rest = steps
    key = name.removesuffix("[]")
    if not rest:
        value[key] = [] if name.endswith("[]") else ""
    elif name.endswith("[]"):
        for item in value[key]:
            _blank(item, rest)
    else:
        _blank(value[key], rest)
