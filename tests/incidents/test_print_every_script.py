"""Every script reaches the paper: drawn, or named where no font of ours has it."""

import unicodedata
from io import BytesIO

import pytest
from pypdf import PdfReader

from core import printable
from core import typeset as typesetting
from core.typeset import compile_template, load_typst, typeset

ACCESSIBLE = b"<pdfuaid:part>1</pdfuaid:part>"


def page_saying(words, tmp_path):
    """One sheet with these words, as typst and its reader have them."""
    source = '#set document(title: "Essai")\n#set text(lang: "fr")\n= Essai\n#json(bytes(sys.inputs.data)).words\n'
    (tmp_path / "sheet.typ").write_text(source)
    pdf = PdfReader(BytesIO(typeset(tmp_path / "sheet.typ", {"words": words})))
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
    assert shown.count("U+4E2D") == printable.MAX_CODE_POINTS
    assert "et 6 autres, à lire à l’écran]" in shown


@pytest.mark.parametrize(("first", "last"), [("\u0f40", "\u0f69"), ("\u2d30", "\u2d65"), ("\u1401", "\u1430")])
def test_a_whole_script_that_no_font_has_costs_one_more_try(tmp_path, monkeypatch, first, last):
    """Tibetan, Tifinagh, Canadian syllabics: more letters than there are tries."""
    tries = []
    monkeypatch.setattr(typesetting, "compile_template", lambda *args: tries.append(args) or compile_template(*args))
    letters = "".join(map(chr, range(ord(first), ord(last) + 1)))
    shown = page_saying(f"{letters} é {letters[0]}", tmp_path).replace("\n", " ")
    assert len(tries) == 2
    assert f"[caractère U+{ord(first):04X} " in shown
    assert "à lire à l’écran] é [" in shown


def test_the_scripts_that_no_font_has_are_listed(tmp_path):
    """One letter of each script of the alphabets and syllabaries: it is drawn, or its script is listed."""
    page_saying("x", tmp_path)
    for first, *_others in letters_by_script():
        is_listed = printable.find_script(first) != first
        assert is_drawn(first, tmp_path) != is_listed, unicodedata.name(first)


def letters_by_script():
    names = {}
    for number in range(0x80, printable.EAST_ASIA):
        if unicodedata.category(chr(number)) in ("Lo", "Ll"):
            names.setdefault(unicodedata.name(chr(number)).split()[0], []).append(chr(number))
    return [letters for letters in names.values() if len(letters) > 9]


def is_drawn(letter, folder):
    try:
        compile_template(folder / "sheet.typ", {"words": letter}, "ua-1")
    except load_typst().TypstError as error:
        return printable.find_lacking_character(str(error)) != letter
    return True


def test_too_many_scripts_for_a_claim_of_accessibility(tmp_path, monkeypatch):
    """The sheet is made all the same."""
    page_saying("x", tmp_path)
    monkeypatch.setattr("core.typeset.MAX_SCRIPTS", 1)
    pdf = typeset(tmp_path / "sheet.typ", {"words": "中 한"})
    assert pdf.startswith(b"%PDF")
    assert ACCESSIBLE not in pdf


def test_what_says_nothing_is_left_out():
    """Controls, a NUL and lone surrogates are refused by JSON or PDF."""
    assert printable.remove_undrawable({"a": ["x\x00\ud800y\u0007"]}) == {"a": ["xy"]}
