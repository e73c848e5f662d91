"""Each regime keeps its contract, says the law's own words, and renders the letter that was agreed on."""

from pathlib import Path

import pytest

from notices import letters, regimes
from notices.regimes import Regime, RegimeError
from notices.testing import EXAMPLE, RegimeContract
from tests.notices import write_letters


class TestDmca(RegimeContract):
    @property
    def regime(self) -> Regime:
        return regimes.get("us-dmca-512c")

    def test_the_statutory_statements_stand_word_for_word(self) -> None:
        body = letters.render(self.regime, "en", self.elements()).body
        # 17 U.S.C. 512(c)(3)(A)(v) and (vi)
        assert (
            "good faith belief that use of the material in the manner complained of is not authorized by the "
            "copyright owner, its agent, or the law." in body
        )
        assert "the information in this notification is accurate, and under penalty of perjury" in body
        assert "authorized to act on behalf of the owner of an exclusive right that is allegedly infringed." in body
        assert "/s/ Aoi Mori" in body

    def test_nobody_is_threatened(self) -> None:
        body = letters.render(self.regime, "en", self.elements()).body.casefold()
        assert not [
            word for word in ("liable", "liability", "damages", "lawsuit", "prosecut", "demand") if word in body
        ]


class TestDsa(RegimeContract):
    @property
    def regime(self) -> Regime:
        return regimes.get("eu-dsa-16")

    def test_the_four_points_of_article_16_stand_in_order(self) -> None:
        body = letters.render(self.regime, "en", self.elements()).body
        places = [body.index(point) for point in ("\n(a) ", "\n(b) ", "\n(c) ", "\n(d) ")]
        assert places == sorted(places)
        assert "bona fide belief that the information and allegations contained in this notice are accurate" in body

    def test_american_law_is_not_mentioned(self) -> None:
        assert "perjury" not in letters.render(self.regime, "en", self.elements()).body


class TestJapan(RegimeContract):
    @property
    def regime(self) -> Regime:
        return regimes.get("jp-platform-act")

    def test_the_nine_items_of_the_form_stand_in_order(self) -> None:
        lines = letters.render(self.regime, "ja", self.elements()).body.splitlines()
        assert [line[0] for line in lines if line[1:2] == "　" and line[0] in "１２３４５６７８９"] == list(
            "１２３４５６７８９"
        )

    def test_the_three_things_the_act_asks_for_are_named(self) -> None:
        body = letters.render(self.regime, "ja", self.elements()).body
        assert all(words in body for words in ("侵害情報", "侵害されたとする権利", "権利が侵害されたとする理由"))

    def test_goods_name_the_right_of_transfer_too(self) -> None:
        elements = self.elements()
        elements["work"]["kind"] = "goods"
        assert "譲渡権（著作権法第26条の2第1項）" in letters.render(self.regime, "ja", elements).body


@pytest.mark.parametrize("name", sorted(regimes.load_all()))
def test_the_letters_are_the_ones_that_were_agreed_on(name: str) -> None:
    for file, text in write_letters.golden(name).items():
        assert text == (write_letters.FOLDER / file).read_text("utf-8"), write_letters.HOW


def test_letters_without_a_lawyers_name_say_so() -> None:
    for regime in regimes.load_all().values():
        assert ("not yet reviewed by a lawyer" in regime.standing) == (regime.header.reviewed_by == "")


def test_a_regime_without_its_letter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "xx-law"
    folder.mkdir()
    (folder / "regime.toml").write_text((regimes.FOLDER / "eu-dsa-16" / "regime.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(RegimeError, match=r"en\.txt\.j2"):
        regimes.load_all(tmp_path)


def test_an_unknown_regime_is_refused_by_name() -> None:
    with pytest.raises(regimes.UnknownRegime, match="us-dmca-512c"):
        regimes.get("xx-law")


def test_a_template_cannot_reach_python() -> None:
    regime = regimes.get("us-dmca-512c")
    hostile = regime.model_copy(update={"letters": {"en": "{{ ''.__class__.__mro__ }}"}})
    with pytest.raises(letters.LetterError):
        letters.preview(hostile, "en", EXAMPLE.stored())


def test_a_template_that_names_an_unknown_element_is_refused() -> None:
    regime = regimes.get("us-dmca-512c")
    with pytest.raises(letters.LetterError):
        letters.preview(regime.model_copy(update={"letters": {"en": "{{ work.isbn }}"}}), "en", EXAMPLE.stored())


def test_crawled_text_is_never_read_as_a_template() -> None:
    elements = EXAMPLE.stored()
    elements["copies"][0]["title"] = "{{ 7 * 7 }} {% raw %}"
    assert '"{{ 7 * 7 }} {% raw %}"' in letters.render(regimes.get("us-dmca-512c"), "en", elements).body
