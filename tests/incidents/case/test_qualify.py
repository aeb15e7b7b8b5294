"""A responder qualifies a case: codes change together, earlier values stay readable, figures follow."""

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404

from csirts.models import Csirt
from incidents.catalogues.attack import NOTES_FILE, TECHNIQUES, suggest_techniques
from incidents.catalogues.rsit import TYPES_OF_CLASS, RsitType
from incidents.enums import EventKind, IncidentType, Nature, Severity
from incidents.facts.shapes import Leak
from incidents.models import Incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.qualify import Qualification, classify_incident, qualify_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.verify import verify_incident
from incidents.services.history.snapshots import find_leak_row
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, a_responder, declare
from tests.incidents.qualifying import RANSOM, read_qualify_form
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


@pytest.fixture
def case_with_leak() -> Incident:
    return declare(data_concerned="yes", leak=Leak(status="suspected", categories=("nir",)))


def qualify(incident, actor, **fields):
    fields = {"nature": "incident", "type": incident.type, "leak": "", **RANSOM} | fields
    return qualify_incident(reference=incident.reference, actor=actor, qualification=Qualification(**fields))


def test_a_responder_qualifies_a_case(client, responder, case_with_leak):
    form = read_qualify_form(client, case_with_leak) | {
        "nature": "incident",
        "techniques": ["T1490", "T1486"],
        "cause": "supplier",
        "leak": "confirmed",
        "tlp": "amber",
        "pap": "green",
    }

    page = read_markup(client.post(case_url(case_with_leak, "qualifier"), form, follow=True))

    case_with_leak.refresh_from_db()
    assert (case_with_leak.nature, case_with_leak.cause, case_with_leak.tlp, case_with_leak.pap) == (
        "incident",
        "supplier",
        "amber",
        "green",
    )
    assert case_with_leak.techniques == ["T1486", "T1490"]
    assert find_leak_row(case_with_leak).status == "confirmed"
    event = case_with_leak.events.get(kind=EventKind.QUALIFIED)
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


def test_the_same_qualification_twice_records_one_event(responder, case_with_leak):
    for _ in range(2):
        qualify(case_with_leak, responder, techniques=("T1486",), leak="unfounded")
    assert case_with_leak.events.filter(kind=EventKind.QUALIFIED).count() == 1
    assert case_with_leak.sheets.filter(section="donnees").count() == 1


def test_the_second_writer_of_a_qualification_sees_both(client, responder, case_with_leak):
    form = read_qualify_form(client, case_with_leak) | {"nature": "report", "cause": "human_error"}
    qualify(case_with_leak, a_lead(), nature="incident", cause="phishing")

    answer = client.post(case_url(case_with_leak, "qualifier"), form)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert "Un collègue a qualifié ce dossier pendant que vous écriviez" in page
    assert "<dt>Cause</dt><dd>hameçonnage</dd>" in page
    assert '<option value="human_error" selected>' in page
    case_with_leak.refresh_from_db()
    assert (case_with_leak.nature, case_with_leak.cause) == ("incident", "phishing")
    resubmitted = form | {"seen": answer.context["qualify"]["form"]["seen"].value()}
    assert client.post(case_url(case_with_leak, "qualifier"), resubmitted).status_code == 302
    case_with_leak.refresh_from_db()
    assert (case_with_leak.nature, case_with_leak.cause) == ("report", "human_error")


@pytest.mark.parametrize(
    ("field", "fields"),
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
def test_an_unknown_code_is_refused_by_its_field(responder, case_with_leak, field, fields):
    with pytest.raises(ValidationError) as refusal:
        qualify(case_with_leak, responder, **fields)
    assert list(refusal.value.message_dict) == [field]
    assert_unchanged(case_with_leak)


@pytest.mark.parametrize("fields", [{"rsit": "fraud/ddos"}, {"type": ""}, {"techniques": ["<b>"]}, {"tlp": "x"}])
def test_a_wrong_form_is_refused_and_shown_again(client, responder, case_with_leak, fields):
    answer = client.post(
        case_url(case_with_leak, "qualifier"), read_qualify_form(client, case_with_leak) | {"cause": "theft"} | fields
    )
    assert answer.status_code == 422
    assert 'role="alert"' in read_markup(answer)
    assert '<option value="theft" selected>' in read_markup(answer)
    harmless.check_response(answer)
    assert_unchanged(case_with_leak)


def assert_unchanged(incident):
    incident.refresh_from_db()
    assert incident.nature == Nature.UNQUALIFIED
    assert not incident.events.filter(kind=EventKind.QUALIFIED).exists()


def test_a_responder_of_another_centre_cannot_qualify(case_with_leak):
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        qualify(case_with_leak, stranger)
    assert_unchanged(case_with_leak)


def test_an_erased_case_cannot_be_qualified(client, case_with_leak):
    lead = a_lead()
    client.force_login(lead)
    form = read_qualify_form(client, case_with_leak)
    erase_personal_data(reference=case_with_leak.reference, actor=lead)
    page = read_markup(client.post(case_url(case_with_leak, "qualifier"), form | {"nature": "report"}, follow=True))
    assert "on ne le qualifie plus" in page
    assert_unchanged(case_with_leak)


# Severity


def test_a_worse_type_raises_the_severity_and_a_milder_one_never_lowers_it(responder):
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


def test_an_unfounded_leak_lowers_only_the_severity_of_the_facts(client, responder, case_with_leak):
    assert case_with_leak.severity == Severity.CRITICAL
    qualify(case_with_leak, responder, leak="unfounded")
    case_with_leak.refresh_from_db()
    assert (case_with_leak.severity, case_with_leak.severity_found) == (Severity.CRITICAL, Severity.HIGH)
    assert "Les faits donnent aujourd’hui <b>élevée</b>" in read_markup(client.get(case_url(case_with_leak)))


def test_a_severity_set_by_a_responder_stays_unless_the_facts_are_worse(responder, case_with_leak):
    set_severity(reference=case_with_leak.reference, severity=Severity.LOW, motive="Isolé.", actor=responder)
    qualify(case_with_leak, responder, cause="theft")
    case_with_leak.refresh_from_db()
    assert case_with_leak.severity == Severity.LOW


def test_rsit_follows_the_type_unless_a_responder_chose_it(responder):
    incident = declare(type=IncidentType.UNKNOWN)
    for kind, expected in ((IncidentType.DDOS, RsitType.DDOS), (IncidentType.PHISHING, RsitType.PHISHING)):
        classify_incident(reference=incident.reference, actor=responder, nature=Nature.REPORT, type=kind)
        incident.refresh_from_db()
        assert incident.rsit_type == expected
    qualify(incident, responder, rsit_class="abusive-content", rsit_type="spam")
    classify_incident(reference=incident.reference, actor=responder, nature=Nature.REPORT, type=IncidentType.DDOS)
    incident.refresh_from_db()
    assert incident.rsit_type == RsitType.SPAM


# The leak


def test_the_judgement_of_a_leak_keeps_what_was_declared(client, responder, case_with_leak):
    qualify(case_with_leak, responder, leak="unfounded")
    case_with_leak.refresh_from_db()
    assert case_with_leak.data_concerned == "yes"
    assert find_leak_row(case_with_leak).status == "unfounded"
    (declared,) = case_with_leak.sheets.filter(section="donnees")
    assert declared.values["leak"]["status"] == "suspected"
    page = read_markup(client.get(case_url(case_with_leak)))
    assert "<dt>Concernées</dt><dd>oui</dd>" in page
    assert "<dt>Fuite</dt><dd>soupçonnée</dd>" in page
    assert "Le centre : fuite sans fondement." in page
    assert "concernées, fuite soupçonnée ; le centre : fuite sans fondement" in page


@pytest.mark.parametrize(("judgement", "status"), [("confirmed", "confirmed"), ("unfounded", None)])
def test_a_leak_may_be_judged_though_none_was_declared(client, responder, judgement, status):
    incident = declare(data_concerned="unknown")
    for _ in range(2):
        qualify(incident, responder, leak=judgement)
    incident.refresh_from_db()
    leak = find_leak_row(incident)
    assert (leak and leak.status, incident.data_concerned) == (status, "unknown")
    assert incident.events.filter(kind=EventKind.QUALIFIED).count() == 1
    assert read_qualify_form(client, incident)["leak"] == judgement


def test_the_judgement_of_a_leak_may_be_changed(responder, case_with_leak):
    qualify(case_with_leak, responder, leak="unfounded")
    qualify(case_with_leak, responder, leak="claimed")
    case_with_leak.refresh_from_db()
    assert (find_leak_row(case_with_leak).status, case_with_leak.data_concerned) == ("claimed", "yes")


def test_figures_follow_the_judgement_of_a_leak(responder, case_with_leak):
    verify_incident(reference=case_with_leak.reference, actor=responder)
    fold_new_events()
    assert {measure for measure, _band in count_leaks()} == {"leaks"}
    qualify(case_with_leak, responder, leak="unfounded")
    fold_new_events()
    assert count_leaks() == {("unfounded", ""): 1}
    qualify(case_with_leak, responder, leak="confirmed")
    fold_new_events()
    assert {measure for measure, _band in count_leaks()} == {"leaks"}
    assert verify_figures().differences == []


def count_leaks():
    rows = Rollup.objects.filter(measure__in=("leaks", "unfounded"), value__gt=0)
    return {(row.measure, row.band): row.value for row in rows}


# Labels


def test_the_header_of_a_case_shows_its_nature_and_labels(client, responder, case_with_leak):
    Incident.objects.update(nature="report", pap="red")
    head = client.get(case_url(case_with_leak)).content.decode().partition('class="case__cols"')[0]
    assert "signalement" in head
    assert "TLP:AMBER+STRICT" in head
    assert "PAP:RED" in head


# The techniques


def test_the_list_of_techniques_is_consistent():
    content = json.loads(NOTES_FILE.read_text())
    techniques = content["techniques"]
    ids = [technique["id"] for technique in techniques]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique_id) for technique_id in ids)
    assert {code for technique in techniques for code in technique["types"]} <= set(IncidentType.values)
    rsit_types = {code for types in TYPES_OF_CLASS.values() for code in types}
    assert {code for technique in techniques for code in technique["rsit"]} <= rsit_types
    assert all(content[name] for name in ("matrix", "url", "mapping", "labels", "date"))
    assert set(ids) <= set(TECHNIQUES)


def test_techniques_are_suggested_by_type_then_by_rsit():
    techniques = suggest_techniques(IncidentType.RANSOMWARE, RsitType.UNAUTHORISED_INFORMATION_MODIFICATION)
    assert [technique.id for technique in techniques] == [
        "T1078",
        "T1133",
        "T1486",
        "T1489",
        "T1490",
        "T1566",
        "T1565",
    ]


def test_a_technique_no_longer_listed_may_stay(responder, case_with_leak):
    Incident.objects.update(techniques=["T0000"])
    qualify(case_with_leak, responder, techniques=("T0000", "T1486"))
    case_with_leak.refresh_from_db()
    assert case_with_leak.techniques == ["T0000", "T1486"]


def test_the_qualification_costs_no_extra_query(client, responder, case_with_leak, django_assert_max_num_queries):
    client.get(case_url(case_with_leak))
    with django_assert_max_num_queries(35):
        client.get(case_url(case_with_leak))
