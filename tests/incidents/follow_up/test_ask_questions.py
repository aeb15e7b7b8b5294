"""The questions that follow a case: sound data, all types served, and an old version renders as it was asked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.enums import IncidentType
from incidents.questions import catalogue
from incidents.questions.facts import list_sheet_facts
from incidents.questions.formatting import format_amount, format_iban

PARIS = "Europe/Paris"
NBSP = "\N{NO-BREAK SPACE}"
every_type = pytest.mark.parametrize("kind", IncidentType.values)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder with a copy of the real versions, to which a test adds its own."""
    for path in catalogue.FOLDER.glob("*.json"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    catalogue.load_versions.cache_clear()
    yield tmp_path
    catalogue.load_versions.cache_clear()


def a_version(code, *questions):
    section = {"code": "precisions", "title": "Des précisions", "why": "Pour aider.", "questions": list(questions)}
    return {"code": code, "lists": {}, "sections": [section]}


@every_type
def test_each_type_has_its_sections_and_questions(kind):
    sections = {section.code: section for section in catalogue.get_current_version().list_sections(kind)}
    assert {"precisions", "demarches"} <= set(sections)
    assert 5 <= len(sections["precisions"].questions) <= 8
    assert all(len(section.questions) <= 8 for code, section in sections.items() if code != "demarches")


def test_each_question_has_a_help_text_and_asks_for_no_password():
    for version in catalogue.load_versions().values():
        for section in version.sections:
            assert section.title
            assert section.why
            for question in section.questions:
                assert question.help, question.code
                assert question.label[-1] in "?…", question.code
                asks = re.search(r"(quel|votre|donnez).{0,20}mot de passe", question.label.lower())
                assert not asks, question.label


def test_codes_are_unique_in_a_version():
    for version in catalogue.load_versions().values():
        codes = [(section.code, question.code) for section in version.sections for question in section.questions]
        assert len(codes) == len(set(codes))


def test_the_texts_of_questions_follow_french_typography():
    """A no-break space before ? : ; ! », typographic apostrophes."""
    for path in catalogue.FOLDER.glob("*.json"):
        words = [text for text in strings_of(json.loads(path.read_text())) if " " in text]
        for text in words:
            assert not re.search(r" [?!;:»]|« ", text), text
            assert "'" not in text, text


def strings_of(data):
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from strings_of(item)


def test_answers_to_an_old_version_are_shown_with_its_questions(folder):
    newer = a_version(
        "2027-02",
        {
            "code": "note_vue",
            "kind": "choice",
            "label": "Une demande de rançon ?",
            "choices": [["oui", "Bien sûr"], ["non", "Pas du tout"]],
        },
    )
    (folder / "2027-02.json").write_text(json.dumps(newer))

    assert catalogue.get_current_version().code == "2027-02"
    old = list_sheet_facts("precisions", "2026-11", {"note_vue": "oui", "extension": ".abcd"}, PARIS)
    new = list_sheet_facts("precisions", "2027-02", {"note_vue": "oui"}, PARIS)
    assert [(fact.label, fact.words) for fact in old] == [
        (f"Y a-t-il un message de rançon{NBSP}?", "Oui"),
        (f"Comment finissent maintenant les noms des fichiers{NBSP}?", ".abcd"),
    ]
    assert [(fact.label, fact.words) for fact in new] == [("Une demande de rançon ?", "Bien sûr")]


def test_answers_keep_the_order_of_the_questions_and_say_unknown():
    values = {"comptable": None, "montant": 1234050, "argent": "paye"}
    answers = [fact.words for fact in list_sheet_facts("precisions", "2026-11", values, PARIS)]
    assert answers == ["Payé", format_amount(1234050), "Je ne sais pas"]


def test_erased_answers_and_lost_versions_give_no_facts():
    assert list_sheet_facts("services", "2026-11", {}, PARIS) == []
    assert list_sheet_facts("precisions", "1999-01", {"note_vue": "oui"}, PARIS) == []


def test_an_answer_such_as_none_excludes_the_other_choices():
    """A new question with « Aucun », « Rien » or « Personne » among several choices must say so."""
    for version in catalogue.load_versions().values():
        for section in version.sections:
            for question in section.questions:
                codes = {code for code, _label in question.choices} & {"aucun", "aucune", "rien", "personne"}
                if question.kind == catalogue.QuestionKind.SEVERAL and codes:
                    assert {question.alone} == codes, question.code


@pytest.mark.parametrize(
    "question",
    [
        {"code": "x", "kind": "choice", "label": "Sans choix ?"},
        {"code": "x", "kind": "text", "label": "Avec ?", "choices": [["a", "A"]]},
        {"code": "x", "kind": "several", "label": "Deux fois ?", "choices": [["a", "A"], ["a", "B"]]},
        {"code": "x", "kind": "text", "label": "D’ailleurs ?", "types": ["inondation"]},
        {"code": "x" * 25, "kind": "text", "label": "Trop long ?"},
        {"code": "x y", "kind": "text", "label": "Une espace ?"},
        {"code": "x", "kind": "several", "label": "Seul ?", "choices": [["a", "A"]], "alone": "b"},
        {"code": "x", "kind": "choice", "label": "Seul ?", "choices": [["a", "A"]], "alone": "a"},
        {"code": "x", "kind": "text", "label": "Sauf ?", "unless": {"y": ["non"]}},
    ],
)
def test_a_bad_question_is_refused(question):
    with pytest.raises(catalogue.InvalidQuestions):
        catalogue.parse_version(a_version("2027-02", question))


def test_a_section_cannot_have_the_code_of_a_snapshot():
    data = a_version("2027-02", {"code": "x", "kind": "text", "label": "Quoi ?"})
    data["sections"][0]["code"] = "services"
    with pytest.raises(catalogue.InvalidQuestions):
        catalogue.parse_version(data)


def test_amounts_and_ibans_are_formatted():
    thin = "\N{NARROW NO-BREAK SPACE}"
    assert format_amount(1234050) == f"12{thin}340,50{NBSP}€"
    assert format_amount(90000) == f"900{NBSP}€"
    assert format_iban("FR7630006000011234567890189") == "FR76 3000 6000 0112 3456 7890 189"
    assert "gardé tel quel" in format_iban("FR7630006000011234567890188")
