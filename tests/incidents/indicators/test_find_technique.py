"""A responder finds any technique of ATT&CK by its number or a word, and the matrix is made by a command."""

import json

import pytest
from django.core.management import CommandError, call_command
from selectolax.lexbor import LexborHTMLParser

from incidents.catalogues.attack import MATRIX_FILE, MATRIX_RELEASE, TECHNIQUES, search_techniques
from incidents.enums import CaseFormCode
from incidents.models import Incident
from tests.cast import a_responder
from tests.incidents.triage_pages import case_url

REFERENCE = {"source_name": "mitre-attack"}


def search(client, incident, words, **fields):
    """Search as the page does: with the prefix of its form."""
    posted = {f"{CaseFormCode.QUALIFICATION.value}-{name}": value for name, value in {"find": words, **fields}.items()}
    return client.post(case_url(incident, "qualifier"), posted | {"chercher": "oui"})


@pytest.mark.parametrize("words", ["T1055.011", "extra window memory", "EXTRA window", "t1055 011"])
def test_a_technique_is_found_ticked_and_saved(client, incident, words):
    """The techniques that were ticked before the search stay ticked."""
    client.force_login(a_responder())
    answer = search(client, incident, words, techniques=["T1490"], nature="incident")
    assert answer.status_code == 200
    form = answer.context["qualify"]["form"]
    assert [box.data["value"] for box in form.found_boxes] == ["T1055.011"]
    assert form["techniques"].value() == ["T1490"]
    assert form["nature"].value() == "incident"
    fields = {name: form[name].value() for name in form.fields} | {"techniques": ["T1490", "T1055.011"]}
    fields = {name: value for name, value in fields.items() if value is not None}
    assert client.post(case_url(incident, "qualifier"), fields).status_code == 302
    assert Incident.objects.get().techniques == ["T1055.011", "T1490"]


def test_a_search_says_that_no_technique_matches_or_how_many_are_hidden(client, incident):
    client.force_login(a_responder())
    assert "Aucune technique ne porte ces mots" in search(client, incident, "zzqx").content.decode()
    many = search(client, incident, "account").context["qualify"]["form"]
    assert len(many.found_boxes) <= 20 < len(many.matches)
    assert many.hidden_match_count == len(many.matches) - 20


def test_words_that_cannot_be_searched_are_refused_at_their_field(client, incident):
    client.force_login(a_responder())
    page = LexborHTMLParser(client.post(case_url(incident, "qualifier"), {"find": "T15\x0066"}).content.decode())
    (control,) = page.css(f'input[name="{CaseFormCode.QUALIFICATION.value}-find"]')
    assert "nul" in page.css_first(f"#{control.attributes['aria-describedby']}").text()


def test_the_page_offers_few_techniques_before_a_search(client, incident):
    client.force_login(a_responder())
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    assert len(form["techniques"].subwidgets) < 20


@pytest.mark.parametrize(
    ("words", "first"), [("T1566", "T1566"), ("rançon", None), ("chiffr", "T1486"), ("initial access valid", "T1078")]
)
def test_a_technique_is_found_by_number_name_label_or_tactic(words, first):
    ids = [technique.id for technique in search_techniques(words)]
    assert ids[:1] == ([first] if first else [])


def test_the_shipped_matrix_is_whole():
    """Version 19 took « Defense Evasion » apart and put T1656 under T1684, « Social Engineering »."""
    matrix = json.loads(MATRIX_FILE.read_text())
    assert all(matrix[name] for name in ("version", "date", "source", "url", "licence", "tactics"))
    assert (MATRIX_RELEASE.version, MATRIX_RELEASE.size) == ("19.2", 697)
    ids = list(TECHNIQUES)
    assert ids == sorted(set(ids))
    for technique in TECHNIQUES.values():
        assert technique.tactics
        assert technique.name.startswith(TECHNIQUES[technique.id[:5]].name)
    assert len(matrix["tactics"]) == 15
    assert TECHNIQUES["T1211"].name == "Exploitation for Stealth"
    assert TECHNIQUES["T1684.001"].name == "Social Engineering: Impersonation"
    assert "T1656" not in TECHNIQUES


def pattern(identifier, name, **more):
    phases = [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]
    references = [REFERENCE | {"external_id": identifier}]
    fields = {"type": "attack-pattern", "name": name, "external_references": references, "kill_chain_phases": phases}
    return fields | more


BUNDLE = {
    "type": "bundle",
    "objects": [
        {"type": "x-mitre-collection", "x_mitre_version": "20.0", "modified": "2026-10-27T14:00:00.000Z"},
        {"type": "x-mitre-tactic", "x_mitre_shortname": "impact", "name": "Impact"},
        pattern("T1002.001", "Below"),
        pattern("T1002", "Above"),
        pattern("T1000", "Revoked", revoked=True),
        pattern("T1001", "Deprecated", x_mitre_deprecated=True),
        {"type": "malware", "name": "x"},
    ],
}
CATALOG = {
    "attack_version": "20.0",
    "source_modified": "2026-10-27T14:00:00.000Z",
    "tactics": {"impact": {"id": "TA0040", "name": "Impact"}},
    "techniques": {
        "T1000": {"name": "Revoked", "status": "revoked", "revoked_by": "T1002"},
        "T1002": {"name": "Above", "tactics": ["impact"]},
        "T1002.001": {"name": "Below", "tactics": ["impact"]},
    },
}


@pytest.mark.parametrize("source", [BUNDLE, CATALOG], ids=["stix", "catalog"])
def test_the_matrix_is_made_by_a_command(source, tmp_path):
    file, output = tmp_path / "in.json", tmp_path / "out.json"
    file.write_text(json.dumps(source))
    call_command("build_attack_data", file, source="Essai", output=output)
    assert json.loads(output.read_text()) | {"licence": "", "url": ""} == {
        "name": "MITRE ATT&CK Enterprise",
        "version": "20.0",
        "date": "2026-10-27",
        "source": "Essai",
        "url": "",
        "licence": "",
        "tactics": {"impact": "Impact"},
        "techniques": [["T1002", "Above", ["impact"]], ["T1002.001", "Above: Below", ["impact"]]],
    }


@pytest.mark.parametrize("words", ["{}", "[]", "x"])
def test_a_file_that_is_no_matrix_is_refused(words, tmp_path):
    file = tmp_path / "in.json"
    file.write_text(words)
    with pytest.raises(CommandError, match="ni un paquet STIX"):
        call_command("build_attack_data", file, source="Essai", output=tmp_path / "out.json")
