"""Completing and correcting a case through the services: what is kept, what follows, what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from core.stale import Stale
from core.telephone import format_phone
from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import EventKind, Severity
from incidents.facts.shapes import Caller, Instant, Interruption, Leak, Submission
from incidents.models import AnswerSheet, Incident, IncidentEvent, PendingEvent
from incidents.questions.catalogue import SNAPSHOTS, get_current_version
from incidents.questions.facts import list_sheet_facts
from incidents.services.declarant.access import rotate_access_by_declarant
from incidents.services.declarant.complete import CannotComplete, answer_section
from incidents.services.declarant.correct import (
    correct_caller,
    correct_data,
    correct_moments,
    correct_services,
    correct_story,
    end_interruption,
)
from incidents.services.declaring.declare import declare_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.verify import verify_incident
from incidents.services.history.snapshots import find_leak, list_interruptions
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests.cast import CALLER, a_declaration, a_lead, a_responder, an_agent, declare, plouexemple
from tests.incidents.completing import CIVIL, MAIL, NOW, answer, make_edit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("centre")]
PARIS = "Europe/Paris"


@pytest.fixture
def case_with_two_services(centre: Csirt) -> Incident:
    return declare(service_stopped="yes", interruptions=(CIVIL, MAIL))


def make_edit_by_account(user, incident, section="precisions", **fields):
    return replace(make_edit(incident, section, **fields), visitor=CaseVisitor(user=user))


def list_fact_events(incident):
    return list(incident.events.filter(kind=EventKind.FACTS).order_by("id"))


@time_machine.travel(NOW, tick=False)
def test_an_answered_section_is_stored_with_its_event(case_with_two_services):
    written = answer(
        make_edit(case_with_two_services), note_vue="oui", extension=" .abcd ", echantillon=None, note_texte=""
    )

    sheet = AnswerSheet.objects.get(section="precisions")
    assert written.sheet == sheet
    assert sheet.values == {"note_vue": "oui", "extension": ".abcd", "echantillon": None}
    assert (sheet.version, sheet.author, sheet.actor_kind) == (
        get_current_version().code,
        "Dominique, accueil",
        "declarant",
    )
    [event] = list_fact_events(case_with_two_services)
    assert event.data == {"section": "precisions", "sheet": str(sheet.uid)}
    assert event.actor_kind == "declarant"
    case_with_two_services.refresh_from_db()
    assert case_with_two_services.declarant_wrote_at == NOW
    assert PendingEvent.objects.filter(event=event).count() == len(settings.EVENT_CONSUMERS)


def test_the_declaration_keeps_its_first_state(case_with_two_services):
    sheets = {sheet.section: sheet for sheet in case_with_two_services.sheets.all()}
    assert set(sheets) == set(SNAPSHOTS)
    assert {sheet.author for sheet in sheets.values()} == {CALLER.name}
    assert sheets["services"].written_at == case_with_two_services.received_at
    words = [
        fact.words
        for fact in list_sheet_facts("services", sheets["services"].version, sheets["services"].values, PARIS)
    ]
    assert "30 personnes" in words[0]
    assert not list_fact_events(case_with_two_services)


def test_each_section_says_who_wrote_it():
    submission = Submission(key="k" * 32, origin="web", author="Camille", authors={"donnees": "Dominique"})
    incident = declare_incident(declaration=a_declaration(), submission=submission, actor=None).incident
    authors = dict(incident.sheets.values_list("section", "author"))
    assert authors == dict.fromkeys(SNAPSHOTS, "Camille") | {"donnees": "Dominique"}


def test_a_colleague_writes_under_their_name(case_with_two_services):
    agent = an_agent()
    sheet = answer(make_edit_by_account(agent, case_with_two_services, author=""), note_vue="oui").sheet
    assert (sheet.author, sheet.actor, sheet.actor_kind) == (agent.display_name, agent, "user")
    assert list_fact_events(case_with_two_services)[0].actor == agent


def test_the_same_answer_again_changes_nothing(case_with_two_services):
    first = answer(make_edit(case_with_two_services, seen=""), note_vue="oui")
    again = answer(make_edit(case_with_two_services, seen=""), note_vue="oui")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.sheet == first.sheet
    assert len(list_fact_events(case_with_two_services)) == 1


def test_the_second_writer_gets_the_newer_sheet(case_with_two_services):
    first = answer(make_edit(case_with_two_services), note_vue="oui").sheet
    with pytest.raises(Stale) as stale:
        answer(make_edit(case_with_two_services, seen="", author="Camille"), note_vue="non")
    assert stale.value.current == first
    assert AnswerSheet.objects.filter(section="precisions").count() == 1
    answer(make_edit(case_with_two_services, seen=str(first.uid), author="Camille"), note_vue="non")
    assert [sheet.values for sheet in case_with_two_services.sheets.filter(section="precisions").order_by("id")] == [
        {"note_vue": "oui"},
        {"note_vue": "non"},
    ]


def test_services_are_corrected_and_the_former_state_stays(case_with_two_services):
    with time_machine.travel(NOW, tick=False):
        changed = replace(CIVIL, people_affected=40, workaround="Sur papier.")
        payroll = Interruption(service="paie", extent="unknown")
        edit = make_edit(case_with_two_services, "services")
        correct_services(edit=edit, stopped="unknown", interruptions=[changed, payroll])

    case_with_two_services.refresh_from_db()
    assert list_interruptions(case_with_two_services) == [changed, payroll]
    assert case_with_two_services.service_stopped == "yes"
    first, second = case_with_two_services.sheets.filter(section="services").order_by("id")
    assert [row["people"] for row in first.values["services"]] == [30, None]
    assert [row["service"] for row in second.values["services"]] == ["civil", "paie"]
    assert "40 personnes, en attendant : Sur papier." in read_words(second)[0]


def read_words(sheet):
    return [fact.words for fact in list_sheet_facts(sheet.section, sheet.version, sheet.values, PARIS)]


def test_no_service_is_listed_as_stopped_after_the_answer_no(case_with_two_services):
    correct_services(edit=make_edit(case_with_two_services, "services"), stopped="no", interruptions=[])
    case_with_two_services.refresh_from_db()
    assert case_with_two_services.service_stopped == "no"
    assert not case_with_two_services.interruptions.exists()


def test_a_service_that_resumed_is_ended_once(case_with_two_services):
    with time_machine.travel(NOW, tick=False):
        end_interruption(edit=make_edit(case_with_two_services, seen=""), service="civil")
        again = end_interruption(edit=make_edit(case_with_two_services, seen=""), service="civil")
    assert not again.is_new
    assert case_with_two_services.interruptions.get(service="civil").ended_at == NOW
    assert case_with_two_services.interruptions.get(service="messagerie").ended_at is None
    assert len(list_fact_events(case_with_two_services)) == 1


def test_a_service_that_resumed_may_stop_again(case_with_two_services):
    end_interruption(edit=make_edit(case_with_two_services), service="civil")
    ended = list_interruptions(case_with_two_services)
    again = Interruption(service="civil", extent="degraded")
    correct_services(edit=make_edit(case_with_two_services, "services"), stopped="yes", interruptions=[*ended, again])
    assert case_with_two_services.interruptions.filter(service="civil").count() == 2
    interruptions = [*ended, again, again]
    with pytest.raises(ValidationError) as refused:
        correct_services(
            edit=make_edit(case_with_two_services, "services"), stopped="yes", interruptions=interruptions
        )
    assert list(refused.value.message_dict) == ["3_started_at"]


@time_machine.travel(NOW, tick=False)
def test_the_errors_of_impossible_dates_are_keyed_by_row(case_with_two_services):
    wrong = [
        replace(CIVIL, ended_at=NOW - timedelta(days=2)),
        replace(MAIL, started_at=NOW + timedelta(days=2), workaround="x" * 301),
    ]
    with pytest.raises(ValidationError) as refused:
        correct_services(edit=make_edit(case_with_two_services, "services"), stopped="yes", interruptions=wrong)
    assert set(refused.value.message_dict) == {"0_ended_at", "1_started_at"}
    assert list_interruptions(case_with_two_services)[0].people_affected == 30
    assert not list_fact_events(case_with_two_services)


def test_the_data_of_a_leak_are_corrected(case_with_two_services):
    leak = Leak(status="confirmed", categories=("sante",), person_categories=("eleves",), persons=40)
    correct_data(edit=make_edit(case_with_two_services, "donnees"), concerned="yes", leak=leak)
    assert find_leak(case_with_two_services) == leak
    correct_data(edit=make_edit(case_with_two_services, "donnees"), concerned="no", leak=None)
    assert find_leak(case_with_two_services).status == "unfounded"
    correct_data(edit=make_edit(case_with_two_services, "donnees"), concerned="unknown", leak=None)
    assert find_leak(case_with_two_services) is None
    assert len(list_fact_events(case_with_two_services)) == 3
    earlier = case_with_two_services.sheets.filter(section="donnees").order_by("id")[1]
    assert read_words(earlier) == ["Oui", "confirmée", "Santé", "Élèves", "40"]


@time_machine.travel(NOW, tick=False)
def test_the_moments_of_a_case_are_corrected(case_with_two_services):
    yesterday = Instant(at=NOW - timedelta(days=1), certainty="exact")
    instants = {"occurred": yesterday, "detected": Instant(), "attack_known": Instant(), "breach_known": Instant()}
    correct_moments(edit=make_edit(case_with_two_services, "moments"), instants=instants)
    case_with_two_services.refresh_from_db()
    assert (case_with_two_services.occurred_at, case_with_two_services.occurred_certainty) == (yesterday.at, "exact")
    tomorrow = {"occurred": Instant(at=NOW + timedelta(days=1), certainty="exact")}
    with pytest.raises(ValidationError) as refused:
        correct_moments(edit=make_edit(case_with_two_services, "moments"), instants=instants | tomorrow)
    assert list(refused.value.message_dict) == ["occurred_at"]


@time_machine.travel(NOW, tick=False)
def test_a_corrected_moment_must_not_contradict_the_moments_known_before(case_with_two_services):
    def correct(**instants):
        correct_moments(edit=make_edit(case_with_two_services, "moments"), instants=instants)

    correct(occurred=Instant(at=NOW - timedelta(days=1), certainty="exact"))
    with pytest.raises(ValidationError) as refused:
        correct(detected=Instant(at=NOW - timedelta(days=2), certainty="exact"))
    assert list(refused.value.message_dict) == ["detected_at"]
    correct(detected=Instant(at=NOW - timedelta(hours=2), certainty="exact"))
    case_with_two_services.refresh_from_db()
    assert case_with_two_services.detected_at == NOW - timedelta(hours=2)


def test_the_caller_is_corrected(case_with_two_services):
    correct_caller(
        edit=make_edit(case_with_two_services, "rappel"), caller=Caller(phone="02 98 00 00 01", name="Camille")
    )
    case_with_two_services.story.refresh_from_db()
    assert (case_with_two_services.story.contact_phone, case_with_two_services.story.contact_email) == (
        "02 98 00 00 01",
        "",
    )
    assert not case_with_two_services.is_verified
    first = case_with_two_services.sheets.filter(section="rappel").earliest("id")
    assert format_phone(CALLER.phone) in read_words(first)
    with pytest.raises(ValidationError) as refused:
        correct_caller(edit=make_edit(case_with_two_services, "rappel"), caller=Caller(name="Camille"))
    assert list(refused.value.message_dict) == ["contact_phone"]


def test_the_story_and_the_supplier_are_corrected(case_with_two_services):
    correct_story(
        edit=make_edit(case_with_two_services, "recit"), description="Autre chose.", supplier="Exemple Informatique"
    )
    case_with_two_services.refresh_from_db()
    assert case_with_two_services.supplier_key == "exemple informatique"
    assert case_with_two_services.story.description == "Autre chose."


def test_worse_facts_raise_the_severity_and_better_facts_do_not_lower_it():
    incident = declare(type="panne")
    assert incident.severity == Severity.LOW
    before = incident.acknowledge_by
    leak = Leak(status="confirmed", categories=("sante",))
    correct_data(edit=make_edit(incident, "donnees"), concerned="yes", leak=leak)
    incident.refresh_from_db()
    assert incident.severity == Severity.MODERATE
    assert incident.acknowledge_by < before
    assert list_fact_events(incident)[0].data["severity"] == Severity.MODERATE
    correct_data(edit=make_edit(incident, "donnees"), concerned="no", leak=None)
    incident.refresh_from_db()
    assert incident.severity == Severity.MODERATE


def test_figures_follow_a_correction(case_with_two_services):
    verify_incident(reference=case_with_two_services.reference, actor=a_responder())
    fold_new_events()
    assert count_bands() == {"unknown": 2}
    with time_machine.travel(NOW, tick=False):
        end_interruption(edit=make_edit(case_with_two_services), service="civil")
    leak = Leak(status="confirmed", persons_band="6-50")
    correct_data(edit=make_edit(case_with_two_services, "donnees"), concerned="yes", leak=leak)
    fold_new_events()
    assert count_bands() == {"unknown": 1, "4-24h": 1}
    assert Rollup.objects.get(measure="leaks", value__gt=0).band == "6-50/confirmed"
    assert verify_figures().differences == []


def count_bands():
    return {row.band: row.value for row in Rollup.objects.filter(measure="interruptions") if row.value}


def test_a_case_without_first_sheets_gets_them_at_its_first_correction(case_with_two_services):
    """It was declared before first states were kept: its rows give them."""
    case_with_two_services.sheets.all().delete()
    end_interruption(edit=make_edit(case_with_two_services), service="civil")
    first, second = case_with_two_services.sheets.order_by("id")
    assert (first.written_at, first.author, first.actor_kind) == (case_with_two_services.received_at, "", "declarant")
    assert first.values["services"][0]["to"] is None
    assert second.values["services"][0]["to"]


@pytest.mark.parametrize(("state", "reason"), [("closed", "est clos"), ("erased", "ont été effacés")])
def test_nothing_is_changed_on_a_closed_or_erased_case(case_with_two_services, state, reason):
    edit = make_edit_by_account(an_agent(), case_with_two_services)
    if state == "closed":
        close_incident(
            reference=case_with_two_services.reference, reason="handed_over", handed_to="la DSI", actor=a_responder()
        )
    else:
        erase_personal_data(reference=case_with_two_services.reference, actor=a_lead())
    count = IncidentEvent.objects.count()
    for change in (
        lambda: answer(edit, note_vue="oui"),
        lambda: end_interruption(edit=edit, service="civil"),
        lambda: correct_caller(edit=edit, caller=Caller(phone="02 98 00 00 01")),
    ):
        with pytest.raises(CannotComplete, match=reason):
            change()
    assert IncidentEvent.objects.count() == count


def test_only_the_declarant_s_side_completes(case_with_two_services):
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    for user, refusal in ((a_responder(), PermissionDenied), (an_agent(neighbour), Http404)):
        with pytest.raises(refusal):
            answer(make_edit_by_account(user, case_with_two_services), note_vue="oui")
    other = declare(collectivity=neighbour)
    with pytest.raises(Http404):
        answer(replace(make_edit(other), reference=case_with_two_services.reference), note_vue="oui")
    edit = make_edit(case_with_two_services)
    rotate_access_by_declarant(access_uid=edit.visitor.access_uid)
    with pytest.raises(Http404):
        answer(edit, note_vue="oui")
    assert not AnswerSheet.objects.filter(section="precisions").exists()


BAD = {
    "choice": ("rancon", "note_vue", "peut-être"),
    "several": ("boite", "envois_vers", ["agents", "martiens"]),
    "text": ("rancon", "extension", "x" * 201),
    "long": ("rancon", "note_texte", "x" * 3001),
    "moment": ("admin", "premiere_connexion", datetime(2031, 1, 1, tzinfo=UTC)),
    "amount": ("virement", "montant", -1),
    "iban": ("virement", "iban", "FR76 3000 6000 0112 3456 7890 188"),
    "url": ("fuite", "annonce", "ce n’est pas une adresse"),
    "mail": ("boite", "boite", "accueil chez plouexemple"),
    "count": ("boite", "envois", 10**9),
}
GOOD = {
    "choice": ("rancon", "note_vue", "oui", "oui"),
    "several": ("boite", "envois_vers", ["habitants", "agents"], ["agents", "habitants"]),
    "text": ("rancon", "extension", "  .abcd ", ".abcd"),
    "long": ("rancon", "note_texte", "Payez\r\nvite", "Payez\nvite"),
    "moment": ("admin", "premiere_connexion", datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
    "amount": ("virement", "montant", 1234050, 1234050),
    "iban": ("virement", "iban", "fr76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"),
    "url": ("fuite", "annonce", "http://exemple.onion/annonce?id=1", "http://exemple.onion/annonce?id=1"),
    "mail": ("boite", "boite", "accueil@plouexemple.example", "accueil@plouexemple.example"),
    "count": ("boite", "envois", 0, 0),
}


@pytest.mark.parametrize(("kind", "code", "value"), BAD.values(), ids=BAD)
def test_each_kind_of_question_refuses_a_bad_value(kind, code, value):
    incident = declare(type=kind)
    with pytest.raises(ValidationError) as refused:
        answer(make_edit(incident), **{code: value})
    assert list(refused.value.message_dict) == [code]
    assert not AnswerSheet.objects.filter(section="precisions").exists()


@pytest.mark.parametrize(("kind", "code", "value", "stored"), GOOD.values(), ids=GOOD)
def test_each_kind_of_question_takes_a_good_value(kind, code, value, stored):
    incident = declare(type=kind)
    assert answer(make_edit(incident), **{code: value}).sheet.values == {code: stored}


def test_implausible_values_are_kept_when_the_declarant_insists():
    incident = declare(type="virement")
    values = {"iban": BAD["iban"][2], "demande_de": "faux fournisseur"}
    edit, version = make_edit(incident), get_current_version().code
    sheet = answer_section(
        edit=edit, section="precisions", version=version, values=values, keep=["iban", "demande_de"]
    ).sheet
    assert sheet.values == {"iban": "FR7630006000011234567890188", "demande_de": "faux fournisseur"}


def test_a_question_of_another_type_is_not_stored(case_with_two_services):
    assert answer(make_edit(case_with_two_services), iban="FR76", note_vue="oui").sheet.values == {"note_vue": "oui"}


def test_an_unknown_section_is_refused(case_with_two_services):
    with pytest.raises(ValidationError):
        answer(make_edit(case_with_two_services), section="secrets", note_vue="oui")
