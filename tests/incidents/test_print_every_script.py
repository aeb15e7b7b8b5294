"""Every script reaches the paper: drawn, or named where no font of ours has it."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from incidents import printable
from incidents.typeset import typeset

ACCESSIBLE = b"<pdfuaid:part>1</pdfuaid:part>"


def page_saying(words, tmp_path):
    """One sheet with these words, as typst and its reader have them."""
    source = '#set document(title: "Essai")\n#set text(lang: "fr")\n= Essai\n#json(bytes(sys.inputs.data)).words\n'
    (tmp_path / "sheet.typ").write_text(source)
    pdf = PdfReader(BytesIO(typeset("sheet", {"words": words}, folder=tmp_path)))
    assert ACCESSIBLE in pdf.trailer["/Root"]["/Metadata"].get_data()
    return pdf.pages[0].extract_text()


SAID = {
    "emoji": ("😱", "😱"),
    "heart": ("❤️", "❤"),
    "greek": ("Ωμέγα", "Ωμέγα"),
    "cyrillic": ("Привет", "Привет"),
    "arabic": ("\u0633", "\u0633"),
    "hebrew": ("\u05e9", "\u05e9"),
    "georgian": ("ქართული", "ქართული"),
    "thai": ("ไทย", "ไทย"),
    "chinese": ("payez 中国 vite", "payez [chinois ou japonais U+4E2D U+56FD] vite"),
    "japanese": ("あア", "[japonais U+3042][japonais U+30A2]"),
    "korean": ("한국", "[coréen U+D55C U+AD6D]"),
    "runes": ("\u16a0 x", "[caractère U+16A0] x"),
}


@pytest.mark.parametrize("script", SAID)
def test_it_works(script, tmp_path):
    words, shown = SAID[script]
    assert shown in page_saying(words, tmp_path).replace("\n", " ")


def test_a_long_text_in_another_script_says_how_much_is_left(tmp_path):
    shown = page_saying("中" * 30, tmp_path).replace("\n", " ")
    assert shown.count("U+4E2D") == printable.MOST_NUMBERS
    assert "et 6 autres, à lire à l’écran]" in shown


def test_too_many_scripts_for_a_claim_of_accessibility(tmp_path, monkeypatch):
    """The sheet is made all the same."""
    page_saying("x", tmp_path)
    monkeypatch.setattr("incidents.typeset.MOST_SCRIPTS", 1)
    pdf = typeset("sheet", {"words": "中 한"}, folder=tmp_path)
    assert pdf.startswith(b"%PDF")
    assert ACCESSIBLE not in pdf


def test_what_says_nothing_is_left_out():
    """Controls, a NUL and lone surrogates are refused by JSON or PDF."""
    assert printable.drawable({"a": ["x\x00\ud800y\u0007"]}) == {"a": ["xy"]}
