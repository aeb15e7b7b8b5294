"""A responder says what a case is: the codes change together, the values before stay readable, the figures follow."""

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404

from csirts.models import Csirt
from incidents.catalogues.attack import FILE, TECHNIQUES, suggest_techniques
from incidents.catalogues.rsit import TYPES_OF_CLASS, RsitType
from incidents.enums import EventKind, IncidentType, Nature, Severity
from incidents.facts.shapes import Leak
from incidents.models import Incident
from incidents.services.handling.qualify import Qualification, classify_incident, qualify_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.triage import verify_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.history.snapshots import find_first_leak
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, a_responder, declare
from tests.incidents.qualifying import RANSOM, case_url, read_qualify_form
from tests.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident():
    return declare(data_concerned="yes", leak=Leak(status="suspected", categories=("nir",)))


def qualified(incident, actor, **said):
    known = {"nature": "incident", "type": incident.type, "leak": "", **RANSOM} | said
    return qualify_incident(reference=incident.reference, actor=actor, qualification=Qualification(**known))


def test_it_works(client, responder, incident):
    said = read_qualify_form(client, incident) | {
        "nature": "incident",
        "techniques": ["T1490", "T1486"],
        "cause": "supplier",
        "leak": "confirmed",
        "tlp": "amber",
        "pap": "green",
    }

    page = text_of(client.post(case_url(incident, "qualifier"), said, follow=True))

    incident.refresh_from_db()
    assert (incident.nature, incident.cause, incident.tlp, incident.pap) == ("incident", "supplier", "amber", "green")
    assert incident.techniques == ["T1486", "T1490"]
    assert find_first_leak(incident).status == "confirmed"
    event = incident.events.get(kind=EventKind.QUALIFIED)
    assert event.actor == responder
    assert event.data == {
        "changed": {
            "nature": ["unqualified", "incident"],
            "techniques": [[], ["T1486", "T1490"]],
            "cause": ["", "supplier"],
            "tlp": ["amber+strict", "amber"],
            "pap": ["amber", "green"],
            "leak": ["suspected", "confirmed"],
        }
    }
    assert "Qualification enregistrée." in page
    assert "T1486 Données chiffrées (Data Encrypted for Impact)" in page
    assert "PAP:GREEN" in page
    assert "nature à qualifier → incident" in page
    assert "TLP:AMBER+STRICT → TLP:AMBER" in page


def test_the_same_again_changes_nothing(responder, incident):
    for _ in range(2):
        qualified(incident, responder, techniques=("T1486",), leak="unfounded")
    assert incident.events.filter(kind=EventKind.QUALIFIED).count() == 1
    assert incident.sheets.filter(section="donnees").count() == 1


def test_the_second_writer_is_told_and_loses_nothing(client, responder, incident):
    mine = read_qualify_form(client, incident) | {"nature": "report", "cause": "human_error"}
    qualified(incident, a_lead(), nature="incident", cause="phishing")

    answer = client.post(case_url(incident, "qualifier"), mine)

    assert answer.status_code == 409
    page = text_of(answer)
    assert "Un collègue a qualifié ce dossier pendant que vous écriviez" in page
    assert "<dt>Cause</dt><dd>hameçonnage</dd>" in page
    assert '<option value="human_error" selected>' in page
    incident.refresh_from_db()
    assert (incident.nature, incident.cause) == ("incident", "phishing")
    again = mine | {"seen": answer.context["qualify"]["form"]["seen"].value()}
    assert client.post(case_url(incident, "qualifier"), again).status_code == 302
    incident.refresh_from_db()
    assert (incident.nature, incident.cause) == ("report", "human_error")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("nature", {"nature": "x"}),
        ("type", {"type": "x"}),
        ("cause", {"cause": "x"}),
        ("leak", {"leak": "x"}),
        ("tlp", {"tlp": "white"}),
        ("pap", {"pap": ""}),
        ("techniques", {"techniques": ("T9999",)}),
        ("rsit_class", {"rsit_class": "x"}),
        ("rsit_type", {"rsit_class": "fraud", "rsit_type": "ddos"}),
    ],
)
def test_what_is_not_a_code_is_refused_by_its_field(responder, incident, field, said):
    with pytest.raises(ValidationError) as refusal:
        qualified(incident, responder, **said)
    assert list(refusal.value.message_dict) == [field]
    assert_unchanged(incident)


@pytest.mark.parametrize("said", [{"rsit": "fraud/ddos"}, {"type": ""}, {"techniques": ["<b>"]}, {"tlp": "x"}])
def test_a_form_that_is_wrong_comes_back_as_it_was(client, responder, incident, said):
    answer = client.post(
        case_url(incident, "qualifier"), read_qualify_form(client, incident) | {"cause": "theft"} | said
    )
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert '<option value="theft" selected>' in text_of(answer)
    harmless.answer(answer)
    assert_unchanged(incident)


def assert_unchanged(incident):
    incident.refresh_from_db()
    assert incident.nature == Nature.UNQUALIFIED
    assert not incident.events.filter(kind=EventKind.QUALIFIED).exists()


def test_whose_case_it_is_not_sees_nothing(incident):
    elsewhere = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        qualified(incident, elsewhere)
    assert_unchanged(incident)


def test_an_erased_case_is_qualified_no_more(client, incident):
    lead = a_lead()
    client.force_login(lead)
    said = read_qualify_form(client, incident)
    erase_personal_data(reference=incident.reference, actor=lead)
    page = text_of(client.post(case_url(incident, "qualifier"), said | {"nature": "report"}, follow=True))
    assert "on ne le qualifie plus" in page
    assert_unchanged(incident)


# What weighs


def test_a_worse_type_raises_the_severity_and_a_lesser_one_never_lowers_it(responder):
    incident = declare(type=IncidentType.PHISHING)
    assert incident.severity == Severity.LOW

    classify_incident(
        reference=incident.reference, actor=responder, nature=Nature.INCIDENT, type=IncidentType.RANSOMWARE
    )
    incident.refresh_from_db()
    assert (incident.severity, incident.severity_found) == (Severity.HIGH, Severity.HIGH)
    event = incident.events.get(kind=EventKind.QUALIFIED)
    assert event.data["changed"]["severity"] == [1, 3]

    classify_incident(
        reference=incident.reference, actor=responder, nature=Nature.INCIDENT, type=IncidentType.PHISHING
    )
    incident.refresh_from_db()
    assert (incident.severity, incident.severity_found) == (Severity.HIGH, Severity.LOW)


def test_a_leak_without_ground_lowers_what_the_facts_give_and_nothing_else(client, responder, incident):
    assert incident.severity == Severity.CRITICAL
    qualified(incident, responder, leak="unfounded")
    incident.refresh_from_db()
    assert (incident.severity, incident.severity_found) == (Severity.CRITICAL, Severity.HIGH)
    assert "Les faits donnent aujourd’hui <b>élevée</b>" in text_of(client.get(case_url(incident)))


def test_what_a_responder_set_stays_below_what_is_no_worse(responder, incident):
    set_severity(reference=incident.reference, severity=Severity.LOW, motive="Isolé.", actor=responder)
    qualified(incident, responder, cause="theft")
    incident.refresh_from_db()
    assert incident.severity == Severity.LOW


def test_rsit_follows_the_type_while_nobody_chose_otherwise(responder):
    incident = declare(type=IncidentType.UNKNOWN)
    for kind, expected in ((IncidentType.DDOS, RsitType.DDOS), (IncidentType.PHISHING, RsitType.PHISHING)):
        classify_incident(reference=incident.reference, actor=responder, nature=Nature.REPORT, type=kind)
        incident.refresh_from_db()
        assert incident.rsit_type == expected
    qualified(incident, responder, rsit_class="abusive-content", rsit_type="spam")
    classify_incident(reference=incident.reference, actor=responder, nature=Nature.REPORT, type=IncidentType.DDOS)
    incident.refresh_from_db()
    assert incident.rsit_type == RsitType.SPAM


# The leak


def test_its_conclusion_keeps_what_was_declared(client, responder, incident):
    qualified(incident, responder, leak="unfounded")
    incident.refresh_from_db()
    assert incident.data_concerned == "yes"
    assert find_first_leak(incident).status == "unfounded"
    (declared,) = incident.sheets.filter(section="donnees")
    assert declared.values["leak"]["status"] == "suspected"
    page = text_of(client.get(case_url(incident)))
    assert "<dt>Concernées</dt><dd>oui</dd>" in page
    assert "<dt>Fuite</dt><dd>soupçonnée</dd>" in page
    assert "Le centre : fuite sans fondement." in page
    assert "concernées, fuite soupçonnée ; le centre : fuite sans fondement" in page


@pytest.mark.parametrize(("concluded", "status"), [("confirmed", "confirmed"), ("unfounded", None)])
def test_where_no_leak_was_noted(client, responder, concluded, status):
    incident = declare(data_concerned="unknown")
    for _ in range(2):
        qualified(incident, responder, leak=concluded)
    incident.refresh_from_db()
    leak = find_first_leak(incident)
    assert (leak and leak.status, incident.data_concerned) == (status, "unknown")
    assert incident.events.filter(kind=EventKind.QUALIFIED).count() == 1
    assert read_qualify_form(client, incident)["leak"] == concluded


def test_it_may_be_taken_back(responder, incident):
    qualified(incident, responder, leak="unfounded")
    qualified(incident, responder, leak="claimed")
    incident.refresh_from_db()
    assert (find_first_leak(incident).status, incident.data_concerned) == ("claimed", "yes")


def test_the_figures_follow(responder, incident):
    verify_incident(reference=incident.reference, actor=responder)
    fold_new_events()
    assert {measure for measure, _band in leaks_counted()} == {"leaks"}
    qualified(incident, responder, leak="unfounded")
    fold_new_events()
    assert leaks_counted() == {("unfounded", ""): 1}
    qualified(incident, responder, leak="confirmed")
    fold_new_events()
    assert {measure for measure, _band in leaks_counted()} == {"leaks"}
    assert verify_figures().found == []


def leaks_counted():
    rows = Rollup.objects.filter(measure__in=("leaks", "unfounded"), value__gt=0)
    return {(row.measure, row.band): row.value for row in rows}


# Labels


def test_the_head_says_nature_and_labels(client, responder, incident):
    Incident.objects.update(nature="report", pap="red")
    head = client.get(case_url(incident)).content.decode().partition('class="case__cols"')[0]
    assert "signalement" in head
    assert "TLP:AMBER+STRICT" in head
    assert "PAP:RED" in head


# The techniques


def test_the_list_of_techniques_is_sound():
    kept = json.loads(FILE.read_text())
    ids = [one["id"] for one in kept["techniques"]]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", one) for one in ids)
    assert {code for one in kept["techniques"] for code in one["types"]} <= set(IncidentType.values)
    known = {code for types in TYPES_OF_CLASS.values() for code in types}
    assert {code for one in kept["techniques"] for code in one["rsit"]} <= known
    assert all(kept[name] for name in ("matrix", "url", "mapping", "labels", "date"))
    assert set(ids) <= set(TECHNIQUES)


def test_techniques_are_suggested_by_type_then_by_rsit():
    ids = [
        one.id for one in suggest_techniques(IncidentType.RANSOMWARE, RsitType.UNAUTHORISED_INFORMATION_MODIFICATION)
    ]
    assert ids == ["T1078", "T1133", "T1486", "T1489", "T1490", "T1566", "T1565"]


def test_a_technique_that_left_the_list_may_stay(responder, incident):
    Incident.objects.update(techniques=["T0000"])
    qualified(incident, responder, techniques=("T0000", "T1486"))
    incident.refresh_from_db()
    assert incident.techniques == ["T0000", "T1486"]


def test_it_costs_no_query_of_its_own(client, responder, incident, django_assert_max_num_queries):
    client.get(case_url(incident))
    with django_assert_max_num_queries(35):
        client.get(case_url(incident))
