"""Papers show every script: its letters are drawn, or named if no font of Tocsin has them."""

import unicodedata
from io import BytesIO

import pytest
from pypdf import PdfReader

from core import printable
from core import typeset as typesetting
from core.libraries import load_library
from core.typeset import compile_template, typeset

ACCESSIBLE = b"<pdfuaid:part>1</pdfuaid:part>"


def typeset_and_extract(words, tmp_path):
    """Typeset a sheet with these words and return the text that a PDF reader extracts."""
    source = '#set document(title: "Essai")\n#set text(lang: "fr")\n= Essai\n#json(bytes(sys.inputs.data)).words\n'
    (tmp_path / "sheet.typ").write_text(source)
    pdf = PdfReader(BytesIO(typeset(tmp_path / "sheet.typ", {"words": words})))
    assert ACCESSIBLE in pdf.trailer["/Root"]["/Metadata"].get_data()
    return pdf.pages[0].extract_text()


EXPECTED = {
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


@pytest.mark.parametrize("script", EXPECTED)
def test_each_script_is_drawn_or_named(script, tmp_path):
    words, expected = EXPECTED[script]
    assert expected in typeset_and_extract(words, tmp_path).replace("\n", " ")


def test_a_long_text_in_a_missing_script_counts_the_letters_left_out(tmp_path):
    extracted = typeset_and_extract("中" * 30, tmp_path).replace("\n", " ")
    assert extracted.count("U+4E2D") == printable.MAX_CODE_POINTS
    assert "et 6 autres, à lire à l’écran]" in extracted


@pytest.mark.parametrize(("first", "last"), [("\u0f40", "\u0f69"), ("\u2d30", "\u2d65"), ("\u1401", "\u1430")])
def test_a_missing_script_costs_one_more_compilation(tmp_path, monkeypatch, first, last):
    """Tibetan, Tifinagh and Canadian syllabics each have more letters than there are tries."""
    tries = []
    monkeypatch.setattr(typesetting, "compile_template", lambda *args: tries.append(args) or compile_template(*args))
    letters = "".join(map(chr, range(ord(first), ord(last) + 1)))
    extracted = typeset_and_extract(f"{letters} é {letters[0]}", tmp_path).replace("\n", " ")
    assert len(tries) == 2
    assert f"[caractère U+{ord(first):04X} " in extracted
    assert "à lire à l’écran] é [" in extracted


def test_missing_scripts_are_listed(tmp_path):
    """A letter of each alphabet or syllabary is either drawn or belongs to a listed script."""
    typeset_and_extract("x", tmp_path)
    for first, *_others in list_letters_by_script():
        is_listed = printable.find_run_key(first) != first
        assert is_drawn(first, tmp_path) != is_listed, unicodedata.name(first)


def list_letters_by_script():
    names = {}
    for number in range(0x80, printable.EAST_ASIA):
        if unicodedata.category(chr(number)) in ("Lo", "Ll"):
            names.setdefault(unicodedata.name(chr(number)).split()[0], []).append(chr(number))
    return [letters for letters in names.values() if len(letters) > 9]


def is_drawn(letter, folder):
    try:
        compile_template(folder / "sheet.typ", {"words": letter}, "ua-1")
    except load_library("typst").TypstError as error:
        return printable.find_missing_character(str(error)) != letter
    return True


def test_a_sheet_with_too_many_missing_scripts_claims_no_accessibility(tmp_path, monkeypatch):
    typeset_and_extract("x", tmp_path)
    monkeypatch.setattr("core.typeset.MAX_SCRIPTS", 1)
    pdf = typeset(tmp_path / "sheet.typ", {"words": "中 한"})
    assert pdf.startswith(b"%PDF")
    assert ACCESSIBLE not in pdf


def test_undrawable_characters_are_removed():
    """JSON or PDF refuses control characters, NUL and lone surrogates."""
    assert printable.remove_undrawable_characters({"a": ["x\x00\ud800y\u0007"]}) == {"a": ["xy"]}
