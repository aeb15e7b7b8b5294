"""The cleaning of typed text, which removes only the characters that could trick a reader or a program."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean_line, clean_text, fold_text


class Recorder:
    """The module unicodedata, which records the length of each text that it normalises."""

    category = staticmethod(unicodedata.category)

    def __init__(self, lengths):
        self.lengths = lengths

    def normalize(self, form, text):
        self.lengths.append(len(text))
        return unicodedata.normalize(form, text)


def clean(text):
    return clean_text(text, limit=5_000, field="description")


def test_spaces_and_line_ends_are_cleaned():
    assert clean("  Les fichiers\r\nne s’ouvrent plus.\t😱 ") == "Les fichiers\nne s’ouvrent plus.\t😱"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\x1b[31mb", "a[31mb"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("\u2066a\u2069", "a"),
        ("e\u0301", "é"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=1+1", "=1+1"),
        ("\ud800x", "x"),
        ("a\u2028b", "a\nb"),
    ],
    ids=[
        "nul",
        "escape",
        "reading order",
        "isolate",
        "accent",
        "html stays text",
        "formula stays text",
        "surrogate",
        "line separator",
    ],
)
def test_dangerous_characters_are_removed_and_the_other_text_stays(raw, cleaned):
    assert clean(raw) == cleaned


def test_a_text_that_is_too_long_is_refused_by_its_field():
    with pytest.raises(ValidationError) as refusal:
        clean_text("x" * 5_001, limit=5_000, field="description")

    assert "5001" in refusal.value.message_dict["description"][0].replace("\u202f", "").replace(" ", "")


def test_a_text_that_is_far_too_long_is_refused_before_its_accents_are_put_in_order(monkeypatch):
    lengths = []
    monkeypatch.setattr("core.text.unicodedata", Recorder(lengths))
    with pytest.raises(ValidationError):
        clean("a" + "\u0315\u0300" * 300_000)
    assert lengths == []


def test_a_text_whose_characters_compose_is_measured_once_composed():
    longest = "\u03b1\u0313\u0300\u0345"  # ᾂ, the most that one character is made of
    assert clean(longest * 5_000) == "\u1f82" * 5_000


def test_line_has_no_line_end():
    assert clean_line("a\r\nBcc: x@y.example", limit=100, field="name") == "a Bcc: x@y.example"


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text):
    once = clean(text)

    assert clean(once) == once
    assert "\x00" not in once
    once.encode("utf-8")


def test_suppliers_spelt_differently_fold_to_one():
    assert fold_text("Exemple-Informatique") == fold_text("  exemple  INFORMATIQUE ") == "exemple informatique"
    assert fold_text("Hébergeur Modèle") == "hebergeur modele"
