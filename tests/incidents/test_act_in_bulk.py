"""One act on many cases, from the queue: chosen, done case by case, once, and told with what was refused and why."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import BulkAct, BulkOutcome, BulkState, ClosingReason, EventKind, GroupKind, Nature, Status
from incidents.models import BulkItem, BulkJob, CaseGroup, Incident, IncidentEvent, Message
from incidents.reference import spaced
from incidents.services import bulk
from incidents.services.groups import open_group
from incidents.services.triage import acknowledge_incident, close_incident
from incidents.tasks import carry_on_bulk
from tests import harmless
from tests.cast import a_person, a_responder, breizh_cyber, declare, plouexemple
from tests.hostile import MARKUP

QUEUE = "/admin/incidents/incident/"
URL = f"{QUEUE}actes/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(client):
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def cases(responder):
    return [declare() for _ in range(3)]


def text_of(response):
    return " ".join(response.content.decode().replace("&nbsp;", " ").replace("\u00a0", " ").split())


def references(cases):
    return [case.reference for case in cases]


def send(client, act, cases, *, follow=True, **said):
    data = {"acte": act, "dossier": references(cases), "cle": "k1", "confirme": "oui"} | said
    return client.post(URL, data, follow=follow)


def told(response):
    return [str(message).replace("\u00a0", " ") for message in response.context["messages"]]


def ask(actor, act=BulkAct.TAKE, cases=(), *, choices=None, key="k", text=""):
    return bulk.start_bulk(
        actor=actor, act=act, references=references(cases), choices=choices or {}, key=key, text=text
    )


def elsewhere(case):
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.get_or_create(slug="ailleurs", name="Ailleurs")[0])
    return case


def outcomes(job):
    return list(job.items.order_by("id").values_list("outcome", flat=True))


def test_it_works(client, responder, cases):
    answer = send(client, "prendre", cases[:2], retour="etat=sans-responsable")

    assert answer.redirect_chain == [(f"{QUEUE}?etat=sans-responsable", 302)]
    assert told(answer) == ["2 dossiers pris en charge."]
    assert [case.acknowledged_by for case in Incident.objects.order_by("id")] == [responder, responder, None]
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 2
    job = BulkJob.objects.get()
    assert (job.state, job.total, outcomes(job)) == (BulkState.DONE, 2, [BulkOutcome.DONE] * 2)


def test_the_page_offers_the_acts_on_what_is_ticked(client, cases):
    tree = harmless.answer(client.get(QUEUE))

    boxes = tree.css('input[type=checkbox][name=dossier][form="en-nombre"]')
    assert {box.attributes["value"] for box in boxes} == set(references(cases))
    form = tree.css_first("form#en-nombre")
    assert form.attributes["action"] == URL
    assert [one.attributes["value"] for one in form.css("button")] == [
        *("prendre", "attribuer", "qualifier", "grouper", "clore")
    ]


def test_what_somebody_else_took_is_refused_and_said(client, responder, cases, time_machine):
    time_machine.move_to("2026-11-24 09:51+01:00", tick=False)
    colleague = a_responder()
    cases = [declare(), declare(), declare()]
    acknowledge_incident(reference=cases[0].reference, actor=colleague)
    acknowledge_incident(reference=cases[1].reference, actor=responder)

    answer = send(client, "prendre", cases)

    assert told(answer) == [
        "1 dossier pris en charge.",
        "1 dossier l’était déjà : rien n’a changé.",
        f"Plouexemple (Finistère) ({cases[0].reference[:4]}-{cases[0].reference[4:]}) : "
        f"{colleague} l’a pris à 9 h 51.",
    ]
    assert outcomes(BulkJob.objects.get()) == [BulkOutcome.REFUSED, BulkOutcome.NOTHING, BulkOutcome.DONE]


def test_to_assign(client, responder, cases):
    colleague = a_responder()
    page = send(client, "attribuer", cases[:2], confirme=[], follow=False)
    assert page.status_code == 200
    assert f'<option value="{colleague.uid}">' in text_of(page)
    assert IncidentEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 0

    answer = send(client, "attribuer", cases[:2], assignee=str(colleague.uid))

    assert told(answer) == ["2 dossiers attribués."]
    assert [case.assignee for case in Incident.objects.order_by("id")] == [colleague, colleague, None]
    assert told(send(client, "attribuer", cases[:2], assignee="personne", cle="k2")) == ["2 dossiers attribués."]
    assert Incident.objects.filter(assignee=None).count() == 3


def test_nobody_of_another_centre_can_be_chosen(client, cases):
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    former = a_responder()
    Membership.objects.filter(user=former).update(ended_on="2026-01-01")
    for chosen in (stranger.uid, former.uid, uuid4(), "x", ""):
        answer = send(client, "attribuer", cases, assignee=str(chosen))
        assert answer.status_code == 422
    assert "Choisissez une personne de votre centre." in text_of(answer)
    assert not BulkJob.objects.exists()


def test_to_classify(client, cases):
    assert send(client, "qualifier", cases, nature="incident", type="").status_code == 422

    answer = send(client, "qualifier", cases, nature="incident", type="boite")

    assert told(answer) == ["3 dossiers qualifiés."]
    assert set(Incident.objects.values_list("nature", "type")) == {(Nature.INCIDENT, "boite")}


def test_to_close_asks_why(client, responder, cases):
    close_incident(reference=cases[0].reference, reason=ClosingReason.RESOLVED, actor=responder)
    page = send(client, "clore", cases, reason="")
    assert page.status_code == 422
    assert "Choisissez pourquoi les dossiers sont clos." in text_of(page)
    assert Incident.objects.filter(status=Status.CLOSED).count() == 1

    answer = send(client, "clore", cases, reason="duplicate")

    assert told(answer)[0] == "2 dossiers clos."
    assert "Ce dossier a été clos" in told(answer)[1]
    assert "résolu" in told(answer)[1]


def test_nobody_withdraws_for_declarants_in_bulk(client, responder, cases):
    asked = text_of(send(client, "clore", cases, confirme=[], follow=False))
    assert "déjà déclaré" in asked
    assert "retiré par le déclarant" not in asked

    assert send(client, "clore", cases, reason="withdrawn").status_code == 422
    assert not BulkJob.objects.exists()
    job = ask(responder, BulkAct.CLOSE, cases, choices={"reason": "withdrawn"})
    carry_on_bulk()
    assert outcomes(job) == [BulkOutcome.REFUSED] * 3
    assert not Incident.objects.filter(status=Status.CLOSED).exists()


def test_to_group_in_a_known_or_a_new_one(client, responder, cases):
    known = open_group(csirt=breizh_cyber(), kind=GroupKind.CAMPAIGN, title="Faux avis", actor=responder)
    foreign = CaseGroup.objects.create(
        csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"), kind="other", title="Secret", author=responder
    )
    page = send(client, "grouper", cases, confirme=[], follow=False)
    assert "Faux avis" in text_of(page)
    assert "Secret" not in text_of(page)
    assert send(client, "grouper", cases, group=str(foreign.uid)).status_code == 422
    assert send(client, "grouper", cases, group="", title="  ").status_code == 422

    assert told(send(client, "grouper", cases[:1], group=str(known.uid), cle="k0")) == ["1 dossier groupé."]
    for _double_click in range(2):
        send(client, "grouper", cases[1:], group="", title="Infogérance Exemple", kind="supplier")

    new = CaseGroup.objects.get(title="Infogérance Exemple")
    assert [case.group_id for case in Incident.objects.order_by("id")] == [known.pk, new.pk, new.pk]
    assert IncidentEvent.objects.filter(kind=EventKind.GROUPED).count() == 3


@pytest.mark.parametrize("words", MARKUP)
def test_hostile_titles_are_never_markup(client, cases, words):
    harmless.answer(send(client, "grouper", cases, group="", title=words, kind="supplier"))
    harmless.answer(send(client, "grouper", cases, confirme=[], follow=False))
    harmless.answer(send(client, "grouper", cases, group="x", title=words))
    harmless.answer(send(client, words, cases, cle=words, retour=words))


@pytest.mark.parametrize(
    "said", [{"dossier": []}, {"acte": "effacer"}, {"acte": ""}, {"dossier": ["ZZZZZZZZ", "\x00"]}]
)
def test_what_cannot_be_done_is_said_and_changes_nothing(client, cases, said):
    answer = client.post(URL, {"acte": "prendre", "dossier": references(cases), "cle": "k"} | said)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not BulkJob.objects.exists()
    assert IncidentEvent.objects.count() == 3


def test_a_query_to_come_back_to_leads_nowhere_else(client, cases):
    for hostile in ("https://ailleurs.example", "//ailleurs.example", "\r\nX: 1", "?q=1"):
        answer = send(client, "prendre", cases, retour=hostile, follow=False)
        assert answer["Location"].startswith(f"{QUEUE}?")
        assert "\n" not in answer["Location"]


def test_another_centres_cases_are_not_there(client, responder, cases):
    theirs = elsewhere(cases[0])

    assert told(send(client, "prendre", cases)) == ["2 dossiers pris en charge."]
    assert send(client, "prendre", [theirs], cle="k2").status_code == 422
    theirs.refresh_from_db()
    assert theirs.status == Status.DECLARED
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert send(client, "prendre", cases).status_code == 404


def test_cases_of_two_of_my_centres_are_acted_on_apart(client, responder, cases):
    theirs = elsewhere(cases[0])
    responder.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.get(slug="ailleurs"))

    answer = send(client, "prendre", cases)

    assert answer.status_code == 422
    assert "plusieurs centres" in text_of(answer)
    answer = send(client, "grouper", cases, group="", title="Panne de juin", kind="other")
    assert answer.status_code == 422
    assert "plusieurs centres" in text_of(answer)
    assert not CaseGroup.objects.exists(), "none is opened for what is refused"
    assert told(send(client, "prendre", [theirs])) == ["1 dossier pris en charge."]


def test_sent_twice_it_is_one_job(client, responder, cases):
    for _double_click in range(2):
        send(client, "clore", cases, reason="resolved")
    assert BulkJob.objects.count() == 1
    assert IncidentEvent.objects.filter(kind=EventKind.CLOSED).count() == 3


def test_sent_again_changed_it_says_so_shows_what_it_did_and_does_nothing(client, responder, cases):
    colleague = a_responder()
    send(client, "attribuer", cases[:2], assignee=str(responder.uid))
    job, events = BulkJob.objects.get(), IncidentEvent.objects.count()

    for act, wanted, said in (
        ("attribuer", cases[:2], {"assignee": str(colleague.uid)}),
        ("attribuer", cases, {"assignee": str(responder.uid)}),
        ("prendre", cases[:2], {}),
        ("grouper", cases[:2], {"group": "", "title": "Jamais ouvert", "kind": "other"}),
    ):
        answer = send(client, act, wanted, **said)
        assert answer.redirect_chain == [(f"{URL}{job.uid}/", 302)], act
        assert told(answer) == [
            "Ce formulaire avait déjà servi : rien de plus n’a été fait. Voici ce qu’il avait demandé."
        ]
        assert "Attribuer : 2 dossiers" in text_of(answer)
        assert "<dt>Faits</dt><dd>2</dd>" in text_of(answer)

    assert (BulkJob.objects.count(), IncidentEvent.objects.count()) == (1, events)
    assert not CaseGroup.objects.exists()
    assert [case.assignee for case in Incident.objects.order_by("id")] == [responder, responder, None]
    same = send(client, "attribuer", cases[:2], assignee=str(responder.uid))
    assert told(same) == ["2 dossiers attribués."]


def test_forms_without_a_key_are_each_their_own(client, responder, cases):
    for _ in range(2):
        send(client, "prendre", cases, cle="")
    assert BulkJob.objects.count() == 2


def test_the_key_of_one_person_is_not_the_key_of_another(client, responder, cases):
    send(client, "prendre", cases[:1])
    client.force_login(a_responder())

    assert told(send(client, "prendre", cases[1:])) == ["2 dossiers pris en charge."]


def test_too_many_cases_are_refused(responder, cases, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_CASES", 2)
    with pytest.raises(ValidationError):
        ask(responder, cases=cases)
    assert not BulkJob.objects.exists()


# A long one


@pytest.fixture
def long_one(client, monkeypatch, cases):
    monkeypatch.setattr("incidents.triage.in_bulk.AT_ONCE", 2)
    answer = send(client, "prendre", cases)
    job = BulkJob.objects.get()
    assert answer.redirect_chain == [(f"{URL}{job.uid}/", 302)]
    return job


def test_many_cases_are_done_by_the_task_and_followed(client, long_one):
    page = client.get(f"{URL}{long_one.uid}/")
    assert "En cours : 0 sur 3" in text_of(page)
    assert "data-waits" in page.content.decode()
    assert '<progress class="bulk__bar" max="3" value="0"' in page.content.decode()

    carry_on_bulk()

    page = client.get(f"{URL}{long_one.uid}/")
    assert "Terminé" in text_of(page)
    assert "data-waits" not in page.content.decode()
    assert "<dt>Faits</dt><dd>3</dd>" in text_of(page)
    assert Incident.objects.filter(status=Status.ACKNOWLEDGED).count() == 3
    carry_on_bulk()
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 3


def test_it_can_be_stopped(client, long_one):
    answer = client.post(f"{URL}{long_one.uid}/arreter/", follow=True)

    assert told(answer) == ["Interrompu. Ce qui est fait reste fait."]
    assert "<dt>Laissés</dt><dd>3</dd>" in text_of(answer)
    carry_on_bulk()
    assert not Incident.objects.filter(status=Status.ACKNOWLEDGED).exists()
    assert client.post(f"{URL}{long_one.uid}/arreter/").status_code == 302


def test_it_is_seen_by_its_centre_alone(client, long_one):
    client.force_login(a_responder())
    assert client.get(f"{URL}{long_one.uid}/").status_code == 200
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    for person in (stranger, a_person(Role.ADMINISTRATOR)):
        client.force_login(person)
        assert client.get(f"{URL}{long_one.uid}/").status_code == 404
        assert client.post(f"{URL}{long_one.uid}/arreter/").status_code == 404
    assert BulkJob.objects.get().state == BulkState.RUNNING
    with pytest.raises(Http404):
        bulk.stop_bulk(uid=UUID(int=0), actor=stranger)


def test_a_case_that_left_the_centre_is_refused_and_not_named(client, long_one, cases):
    elsewhere(cases[1])
    body = plouexemple(insee_code="29998", name="Saint-Exemple")
    Incident.objects.filter(pk=cases[1].pk).update(collectivity=body)

    carry_on_bulk()

    page = text_of(client.get(f"{URL}{long_one.uid}/"))
    assert outcomes(long_one) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    assert "<dt>Refusés</dt><dd>1</dd>" in page
    assert "Saint-Exemple" not in page
    assert cases[1].reference not in page
    assert "<b>Un dossier</b> : Ce dossier a été transféré à un autre centre." in page


def test_a_case_that_went_to_another_centre_of_mine_is_not_acted_on(client, responder, long_one, cases):
    elsewhere(cases[1])
    responder.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.get(slug="ailleurs"))

    carry_on_bulk()

    assert outcomes(long_one) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    cases[1].refresh_from_db()
    assert (cases[1].status, cases[1].events.count()) == (Status.DECLARED, 1)
    page = text_of(client.get(f"{URL}{long_one.uid}/"))
    assert f"({spaced(cases[1].reference)})</b> : Ce dossier a été transféré à un autre centre." in page


@pytest.mark.parametrize("number", [2, 50])
def test_the_page_costs_the_same_whatever_its_length(client, responder, number):
    colleague = a_responder()
    cases = [declare() for _ in range(number)]
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=colleague)
    job = ask(responder, cases=cases)
    carry_on_bulk()
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{URL}{job.uid}/")
    assert text_of(page).count("l’a pris") == number
    assert len(queries) <= 8, [query["sql"][:90] for query in queries]


# Whatever happens to the worker


class Killed(BaseException):
    """What no handler of errors may swallow."""


def test_a_worker_killed_in_the_middle_is_followed_by_another(responder, cases, monkeypatch, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    job = ask(responder, cases=cases)
    honest = bulk.ACTS[BulkAct.TAKE]

    def die_at_the_second(reference, job):
        honest(reference, job)
        if reference == cases[1].reference:
            raise Killed

    monkeypatch.setitem(bulk.ACTS, BulkAct.TAKE, die_at_the_second)
    with pytest.raises(Killed):
        carry_on_bulk()
    assert outcomes(job) == [BulkOutcome.DONE, BulkOutcome.WAITING, BulkOutcome.WAITING]
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 1

    monkeypatch.setitem(bulk.ACTS, BulkAct.TAKE, honest)
    carry_on_bulk()
    assert outcomes(job).count(BulkOutcome.WAITING) == 2, "it is claimed for a minute"
    time_machine.shift(bulk.LEASE + timedelta(seconds=1))
    carry_on_bulk()

    job.refresh_from_db()
    assert (job.state, outcomes(job)) == (BulkState.DONE, [BulkOutcome.DONE] * 3)
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 3


def test_a_request_that_dies_is_followed_by_a_worker(client, responder, cases, monkeypatch, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    monkeypatch.setattr("incidents.triage.in_bulk.do_at_once", lambda job: None)
    send(client, "prendre", cases)
    carry_on_bulk()
    assert outcomes(BulkJob.objects.get()) == [BulkOutcome.DONE] * 3


def test_one_case_that_cannot_be_done_does_not_hold_up_the_others(responder, cases, monkeypatch):
    job = ask(responder, cases=cases)
    honest = bulk.ACTS[BulkAct.TAKE]

    def stumble(reference, job):
        honest(reference, job)
        if reference == cases[1].reference:
            raise ZeroDivisionError

    monkeypatch.setitem(bulk.ACTS, BulkAct.TAKE, stumble)
    carry_on_bulk()

    assert outcomes(job) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    assert Incident.objects.get(pk=cases[1].pk).status == Status.DECLARED
    assert "Une erreur" in BulkItem.objects.get(outcome=BulkOutcome.REFUSED).why


def test_without_the_database_nothing_is_said_refused(responder, cases, monkeypatch):
    job = ask(responder, cases=cases)

    def lose_the_line(reference, job):
        raise OperationalError

    monkeypatch.setitem(bulk.ACTS, BulkAct.TAKE, lose_the_line)
    with pytest.raises(OperationalError):
        carry_on_bulk()
    assert outcomes(job) == [BulkOutcome.WAITING] * 3


def test_a_round_that_lasts_leaves_the_rest_to_the_next(responder, cases, monkeypatch):
    job = ask(responder, cases=cases)
    bulk.claim(timezone.now())
    assert bulk.work_off(job, until=timezone.now() - timedelta(seconds=1)) == 0
    assert carry_on_bulk() is None
    assert outcomes(job) == [BulkOutcome.DONE] * 3


def test_somebody_who_left_the_centre_acts_no_more(responder, cases):
    job = ask(responder, cases=cases)
    Membership.objects.filter(user=responder).update(ended_on="2026-01-01")

    carry_on_bulk()

    assert outcomes(job) == [BulkOutcome.REFUSED] * 3
    assert not Incident.objects.filter(status=Status.ACKNOWLEDGED).exists()


def test_each_declarant_gets_the_message_once_and_its_words_are_forgotten(responder, cases):
    for _double_click in range(2):
        job = ask(responder, BulkAct.MESSAGE, cases, text="Votre prestataire remet ses serveurs en route.")
    carry_on_bulk()
    carry_on_bulk()

    job.refresh_from_db()
    assert (job.state, job.text) == (BulkState.DONE, "")
    assert sorted(Message.objects.values_list("incident_id", flat=True)) == [case.pk for case in cases]
    assert set(Message.objects.values_list("text", flat=True)) == {"Votre prestataire remet ses serveurs en route."}


def test_whoever_loses_the_role_meanwhile_acts_on_no_other_case(responder, cases):
    ask(responder, cases=cases)
    job = bulk.claim(timezone.now())
    assert bulk.do_one(job)

    Membership.objects.filter(user=responder).delete()
    bulk.work_off(job, until=timezone.now() + timedelta(minutes=1))

    assert Incident.objects.filter(status=Status.ACKNOWLEDGED).count() == 1
    assert BulkItem.objects.filter(outcome=BulkOutcome.REFUSED).count() == 2
