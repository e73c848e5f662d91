"""The PDF is PDF/A-3b, shows every Japanese glyph, repeats byte for byte, and never runs what it sets."""

import io

import pypdf
import pytest

from notices import letters, pdf, regimes
from notices.testing import EXAMPLE


def page(body: str, language: str = "ja") -> pdf.Page:
    return pdf.Page("N-2026-000123", "件名 Subject", body, language, "2026-11-22")


def words(made: bytes) -> str:
    return "\n".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(made)).pages)


def test_it_is_pdf_a_3b_in_its_language() -> None:
    root = pypdf.PdfReader(io.BytesIO(pdf.typeset(page("本文")))).trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert root["/Lang"] == "ja"


def test_the_whole_japanese_letter_can_be_read_in_it() -> None:
    body = letters.render(regimes.get("jp-platform-act"), "ja", EXAMPLE.stored()).body
    read = "".join(words(pdf.typeset(page(body))).split())
    for sentence in ("上記内容が、事実に相違ないことを証します。", "森葵", "http://cdn.vidbox.example/f/1.mp4"):
        assert sentence in read


def test_every_font_is_embedded() -> None:
    fonts = pypdf.PdfReader(io.BytesIO(pdf.typeset(page("本文 text 한국어 权")))).pages[0]["/Resources"]["/Font"]
    files = [font["/DescendantFonts"][0]["/FontDescriptor"].keys() for font in fonts.values()]
    assert files
    assert all({"/FontFile2", "/FontFile3"} & set(keys) for keys in files)


def test_the_same_page_gives_the_same_bytes() -> None:
    assert pdf.typeset(page("本文")) == pdf.typeset(page("本文"))


def test_a_character_no_font_can_show_is_one_sentence() -> None:
    with pytest.raises(pdf.UndisplayableText, match="reword") as refused:
        pdf.typeset(page("hieroglyph 𓀀"))
    assert "\n" not in str(refused.value)


def test_crawled_text_is_written_out_where_no_font_can_show_it() -> None:
    shown = pdf.displayable("灯 FREE 🔥𓀀")
    assert shown == "灯 FREE [U+1F525][U+13000]"
    assert pdf.typeset(page(shown))


def test_what_is_set_is_never_run() -> None:
    hostile = '#read("/etc/passwd") #panic("x") $x^2$ *bold* @cite <label> #import "@preview/x:1.0.0": *'
    assert hostile.replace(" ", "") in words(pdf.typeset(page(hostile, "en"))).replace(" ", "").replace("\n", "")
