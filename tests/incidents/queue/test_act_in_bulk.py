"""One act on many cases, from the queue: it is done case by case, once, and names each refusal and its reason."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import BulkOutcome, BulkState, EventKind, GroupKind, Nature, Status
from incidents.models import BulkJob, CaseGroup, Incident, IncidentEvent
from incidents.services.bulk import jobs
from incidents.services.groups.group import open_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.qualify import classify_incident
from tests import harmless
from tests.cast import a_person, a_responder, breizh_cyber, declare
from tests.hostile import MARKUP
from tests.incidents.devices import QUEUE
from tests.incidents.many_cases import (
    URL,
    list_messages,
    list_outcomes,
    list_references,
    move_to_another_centre,
    send,
    start_job,
)
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def test_taking_cases_in_bulk_says_how_many_were_taken(client, responder, cases):
    answer = send(client, "prendre", cases[:2], retour="etat=sans-responsable")

    assert answer.redirect_chain == [(f"{QUEUE}?etat=sans-responsable", 302)]
    assert list_messages(answer) == ["2 dossiers pris en charge."]
    assert [case.acknowledged_by for case in Incident.objects.order_by("id")] == [responder, responder, None]
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 2
    job = BulkJob.objects.get()
    assert (job.state, job.total, list_outcomes(job)) == (BulkState.DONE, 2, [BulkOutcome.DONE] * 2)


def test_the_queue_offers_the_acts_on_the_ticked_cases(client, cases):
    tree = harmless.check_response(client.get(QUEUE))

    boxes = tree.css('input[type=checkbox][name=dossier][form="en-nombre"]')
    assert {box.attributes["value"] for box in boxes} == set(list_references(cases))
    form = tree.css_first("form#en-nombre")
    assert form.attributes["action"] == URL
    assert [button.attributes["value"] for button in form.css("button")] == [
        *("prendre", "attribuer", "qualifier", "grouper", "clore")
    ]


def test_a_case_that_a_colleague_took_is_refused_with_the_name(client, responder, cases, time_machine):
    time_machine.move_to("2026-11-24 09:51+01:00", tick=False)
    colleague = a_responder()
    cases = [declare(), declare(), declare()]
    acknowledge_incident(reference=cases[0].reference, actor=colleague)
    acknowledge_incident(reference=cases[1].reference, actor=responder)

    answer = send(client, "prendre", cases)

    assert list_messages(answer) == [
        "1 dossier pris en charge.",
        "1 dossier l’était déjà : rien n’a changé.",
        f"Plouexemple (Finistère) ({cases[0].reference[:4]}-{cases[0].reference[4:]}) : "
        f"{colleague} l’a pris à 9 h 51.",
    ]
    assert list_outcomes(BulkJob.objects.get()) == [BulkOutcome.REFUSED, BulkOutcome.NOTHING, BulkOutcome.DONE]


def test_cases_are_assigned_to_a_colleague_or_to_nobody(client, responder, cases):
    colleague = a_responder()
    page = send(client, "attribuer", cases[:2], confirme=[], follow=False)
    assert page.status_code == 200
    assert f'<option value="{colleague.uid}">' in read_markup(page)
    assert f", à {responder}</li>" not in read_markup(page)
    assert read_markup(page).count(", à personne</li>") == 2
    assert IncidentEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 0

    answer = send(client, "attribuer", cases[:2], assignee=str(colleague.uid))

    assert list_messages(answer) == [f"2 dossiers attribués à {colleague}."]
    again = send(client, "attribuer", cases[:2], confirme=[], follow=False)
    assert read_markup(again).count(f", à {colleague}</li>") == 2, "the page before says who has each now"
    assert [case.assignee for case in Incident.objects.order_by("id")] == [colleague, colleague, None]
    assert list_messages(send(client, "attribuer", cases[:2], assignee="personne", cle="k2")) == [
        "2 dossiers remis : plus personne n’en est chargé."
    ]
    assert Incident.objects.filter(assignee=None).count() == 3


def test_taking_cases_of_a_colleague_names_that_colleague(client, responder, cases):
    colleague = a_responder()
    assign_incident(reference=cases[0].reference, actor=responder, assignee=colleague)
    assert f"Il est attribué à {colleague}." in read_markup(client.get(case_url(cases[0])))

    answer = send(client, "prendre", cases)

    warning = f"Était attribué : 1 à {colleague}. Prévenez cette personne."
    assert list_messages(answer) == ["3 dossiers pris en charge.", warning]
    assert set(Incident.objects.values_list("assignee", flat=True)) == {responder.pk}


@pytest.mark.parametrize(("people", "request_to_warn"), [(1, "Prévenez cette personne."), (2, "Prévenez-les.")])
def test_taking_two_cases_asks_to_warn_as_many_people_as_had_them(client, responder, cases, people, request_to_warn):
    colleagues = [a_responder() for _ in range(people)]
    for number, case in enumerate(cases[:2]):
        assign_incident(reference=case.reference, actor=responder, assignee=colleagues[number % people])

    _taken, warning = list_messages(send(client, "prendre", cases))

    assert warning.startswith(f"Étaient attribués : {2 // people} à ")
    assert warning.endswith(f". {request_to_warn}")


def test_nobody_of_another_centre_can_be_chosen(client, cases):
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    former = a_responder()
    Membership.objects.filter(user=former).update(ended_on="2026-01-01")
    for chosen in (stranger.uid, former.uid, uuid4(), "x", ""):
        answer = send(client, "attribuer", cases, assignee=str(chosen))
        assert answer.status_code == 422
    assert "Choisissez une personne de votre centre." in read_markup(answer)
    assert not BulkJob.objects.exists()


def test_cases_are_qualified_in_bulk(client, cases):
    answer = send(client, "qualifier", cases, nature="incident", type="boite")

    assert list_messages(answer) == ["3 dossiers qualifiés."]
    assert set(Incident.objects.values_list("nature", "type")) == {(Nature.INCIDENT, "boite")}


def test_qualifying_in_bulk_changes_only_what_is_set(client, responder, cases):
    """Type, RSIT, cause and TLP are set one by one; a field that is left alone stays as each case has it."""
    classify_incident(reference=cases[0].reference, actor=responder, nature="report", type="boite", cause="theft")
    before = dict(Incident.objects.values_list("pk", "type"))

    answer = send(client, "qualifier", cases, nature="", type="", rsit="availability/ddos", cause="", tlp="green")

    assert list_messages(answer) == ["3 dossiers changés : 2 restent à qualifier, car leur nature n’est pas dite."]
    assert set(Incident.objects.values_list("rsit_class", "rsit_type", "tlp")) == {("availability", "ddos", "green")}
    assert dict(Incident.objects.values_list("pk", "type")) == before
    assert set(Incident.objects.values_list("nature", "cause")) == {("report", "theft"), ("unqualified", "")}
    send(client, "qualifier", cases, cle="k2", type="saturation", cause="flaw")
    assert set(Incident.objects.values_list("type", "cause", "tlp")) == {("saturation", "flaw", "green")}


def test_qualifying_in_bulk_asks_for_one_change_at_least(client, cases):
    page = client.post(URL, {"acte": "qualifier", "dossier": list_references(cases), "cle": "k"})
    assert "Laisser tel quel" in read_markup(page)
    tree = harmless.check_response(page)
    assert "novalidate" in tree.css_first("form.judge").attributes
    assert not tree.css("form.judge [required]")

    answer = send(client, "qualifier", cases)

    assert answer.status_code == 422
    assert "Choisissez au moins une chose à changer." in read_markup(answer)
    assert not BulkJob.objects.exists()


def test_cases_are_grouped_in_a_known_or_a_new_group(client, responder, cases):
    existing = open_group(csirt=breizh_cyber(), kind=GroupKind.CAMPAIGN, title="Faux avis", actor=responder)
    foreign = CaseGroup.objects.create(
        csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"), kind="other", title="Secret", author=responder
    )
    page = send(client, "grouper", cases, confirme=[], follow=False)
    assert "Faux avis" in read_markup(page)
    assert "Secret" not in read_markup(page)
    assert send(client, "grouper", cases, group=str(foreign.uid)).status_code == 422
    assert send(client, "grouper", cases, group="", title="  ").status_code == 422

    assert list_messages(send(client, "grouper", cases[:1], group=str(existing.uid), cle="k0")) == [
        "1 dossier groupé."
    ]
    for _double_click in range(2):
        send(client, "grouper", cases[1:], group="", title="Infogérance Exemple", kind="supplier")

    new = CaseGroup.objects.get(title="Infogérance Exemple")
    assert [case.group_id for case in Incident.objects.order_by("id")] == [existing.pk, new.pk, new.pk]
    assert IncidentEvent.objects.filter(kind=EventKind.GROUPED).count() == 3


@pytest.mark.parametrize("words", MARKUP)
def test_hostile_titles_are_escaped(client, cases, words):
    harmless.check_response(send(client, "grouper", cases, group="", title=words, kind="supplier"))
    harmless.check_response(send(client, "grouper", cases, confirme=[], follow=False))
    harmless.check_response(send(client, "grouper", cases, group="x", title=words))
    harmless.check_response(send(client, words, cases, cle=words, retour=words))


@pytest.mark.parametrize(
    "fields", [{"dossier": []}, {"acte": "effacer"}, {"acte": ""}, {"dossier": ["ZZZZZZZZ", "\x00"]}]
)
def test_a_request_that_cannot_be_done_gets_an_alert_and_changes_nothing(client, cases, fields):
    answer = client.post(URL, {"acte": "prendre", "dossier": list_references(cases), "cle": "k"} | fields)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not BulkJob.objects.exists()
    assert IncidentEvent.objects.count() == 3


def test_the_return_query_leads_to_no_other_site(client, cases):
    for hostile in ("https://ailleurs.example", "//ailleurs.example", "\r\nX: 1", "?q=1"):
        answer = send(client, "prendre", cases, retour=hostile, follow=False)
        assert answer["Location"].startswith(f"{QUEUE}?")
        assert "\n" not in answer["Location"]


def test_cases_of_another_centre_are_left_out(client, responder, cases):
    foreign = move_to_another_centre(cases[0])

    gone = "1 dossier coché n’est plus à votre centre : rien n’y a été fait."
    for _ in range(2):
        assert list_messages(send(client, "prendre", cases)) == [gone, "2 dossiers pris en charge."]
    page = send(client, "clore", cases, cle="k3", confirme=[])
    assert list_messages(page) == [gone]
    assert foreign.reference not in page.content.decode()
    move_to_another_centre(cases[1])
    assert list_messages(send(client, "prendre", cases))[0] == gone, "the first time, it was there"
    assert send(client, "prendre", [foreign], cle="k2").status_code == 422
    foreign.refresh_from_db()
    assert foreign.status == Status.DECLARED
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert send(client, "prendre", cases).status_code == 404


def test_cases_of_two_of_my_centres_are_acted_on_apart(client, responder, cases):
    foreign = move_to_another_centre(cases[0])
    responder.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.get(slug="ailleurs"))

    answer = send(client, "prendre", cases)

    assert answer.status_code == 422
    assert "plusieurs centres" in read_markup(answer)
    answer = send(client, "grouper", cases, group="", title="Panne de juin", kind="other")
    assert answer.status_code == 422
    assert "plusieurs centres" in read_markup(answer)
    assert not CaseGroup.objects.exists(), "none is opened for what is refused"
    assert list_messages(send(client, "prendre", [foreign])) == ["1 dossier pris en charge."]


def test_a_form_sent_twice_starts_one_job(client, responder, cases):
    for _double_click in range(2):
        send(client, "clore", cases, reason="not_an_incident")
    assert BulkJob.objects.count() == 1
    assert IncidentEvent.objects.filter(kind=EventKind.CLOSED).count() == 3


def test_a_changed_form_sent_again_does_nothing_and_shows_the_first_job(client, responder, cases):
    colleague = a_responder()
    send(client, "attribuer", cases[:2], assignee=str(responder.uid))
    job, events = BulkJob.objects.get(), IncidentEvent.objects.count()

    for act, chosen, fields in (
        ("attribuer", cases[:2], {"assignee": str(colleague.uid)}),
        ("attribuer", cases, {"assignee": str(responder.uid)}),
        ("prendre", cases[:2], {}),
        ("grouper", cases[:2], {"group": "", "title": "Jamais ouvert", "kind": "other"}),
    ):
        answer = send(client, act, chosen, **fields)
        assert answer.redirect_chain == [(f"{URL}{job.uid}/", 302)], act
        assert list_messages(answer) == [
            "Ce formulaire avait déjà servi : rien de plus n’a été fait. Voici ce qu’il avait demandé."
        ]
        assert "Attribuer : 2 dossiers" in read_markup(answer)
        assert "<dt>Faits</dt><dd>2</dd>" in read_markup(answer)

    assert (BulkJob.objects.count(), IncidentEvent.objects.count()) == (1, events)
    assert not CaseGroup.objects.exists()
    assert [case.assignee for case in Incident.objects.order_by("id")] == [responder, responder, None]
    same = send(client, "attribuer", cases[:2], assignee=str(responder.uid))
    assert list_messages(same) == [f"2 dossiers attribués à {responder}."]


def test_each_form_without_a_key_is_a_job_of_its_own(client, responder, cases):
    for _ in range(2):
        send(client, "prendre", cases, cle="")
    assert BulkJob.objects.count() == 2


def test_the_key_of_one_person_is_not_the_key_of_another(client, responder, cases):
    send(client, "prendre", cases[:1])
    client.force_login(a_responder())

    assert list_messages(send(client, "prendre", cases[1:])) == ["2 dossiers pris en charge."]


def test_requesting_more_cases_costs_no_query(responder, cases, django_assert_num_queries):
    with CaptureQueriesContext(connection) as queries:
        start_job(responder, cases=cases[:2], key="two")
    more = [*cases, *(declare() for _ in range(4))]
    with django_assert_num_queries(len(queries)):
        start_job(responder, cases=more, key="more")


def test_too_many_cases_are_refused(responder, cases, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_CASES", 2)
    with pytest.raises(ValidationError):
        start_job(responder, cases=cases)
    assert not BulkJob.objects.exists()
