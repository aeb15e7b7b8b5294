"""One act on many cases, from the queue: chosen, done case by case, once, and told with what was refused and why."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.access import Guest
from incidents.enums import BulkAct, BulkOutcome, BulkState, ClosingReason, EventKind, GroupKind, Nature, Status
from incidents.models import BulkJob, CaseGroup, Incident, IncidentEvent
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.groups import bulk
from incidents.services.groups.bulk import carry_on_bulk
from incidents.services.groups.group import open_group
from incidents.services.handling.qualify import classify_incident
from incidents.services.handling.triage import acknowledge_incident, close_incident, verify_incident
from tests import harmless
from tests.cast import a_person, a_responder, breizh_cyber, declare
from tests.hostile import MARKUP
from tests.incidents.many_cases import QUEUE, URL, ask, elsewhere, list_messages, outcomes, references, send
from tests.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases(responder):
    return [declare() for _ in range(3)]


def test_it_works(client, responder, cases):
    answer = send(client, "prendre", cases[:2], retour="etat=sans-responsable")

    assert answer.redirect_chain == [(f"{QUEUE}?etat=sans-responsable", 302)]
    assert list_messages(answer) == ["2 dossiers pris en charge."]
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

    assert list_messages(answer) == [
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
    assert f", à {responder}</li>" not in text_of(page)
    assert text_of(page).count(", à personne</li>") == 2
    assert IncidentEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 0

    answer = send(client, "attribuer", cases[:2], assignee=str(colleague.uid))

    assert list_messages(answer) == [f"2 dossiers attribués à {colleague}."]
    again = send(client, "attribuer", cases[:2], confirme=[], follow=False)
    assert text_of(again).count(f", à {colleague}</li>") == 2, "the page before says who has each now"
    assert [case.assignee for case in Incident.objects.order_by("id")] == [colleague, colleague, None]
    assert list_messages(send(client, "attribuer", cases[:2], assignee="personne", cle="k2")) == [
        "2 dossiers attribués à personne."
    ]
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
    answer = send(client, "qualifier", cases, nature="incident", type="boite")

    assert list_messages(answer) == ["3 dossiers qualifiés."]
    assert set(Incident.objects.values_list("nature", "type")) == {(Nature.INCIDENT, "boite")}


def test_to_classify_changes_only_what_is_set(client, responder, cases):
    """One of several judgements: type, RSIT, cause or TLP; what is left alone stays as each case has it."""
    classify_incident(reference=cases[0].reference, actor=responder, nature="report", type="boite", cause="theft")
    before = dict(Incident.objects.values_list("pk", "type"))

    answer = send(client, "qualifier", cases, nature="", type="", rsit="availability/ddos", cause="", tlp="green")

    assert list_messages(answer) == ["3 dossiers qualifiés."]
    assert set(Incident.objects.values_list("rsit_class", "rsit_type", "tlp")) == {("availability", "ddos", "green")}
    assert dict(Incident.objects.values_list("pk", "type")) == before
    assert set(Incident.objects.values_list("nature", "cause")) == {("report", "theft"), ("unqualified", "")}
    send(client, "qualifier", cases, cle="k2", type="saturation", cause="flaw")
    assert set(Incident.objects.values_list("type", "cause", "tlp")) == {("saturation", "flaw", "green")}


def test_to_classify_asks_for_one_thing_at_least_in_our_words(client, cases):
    shown = client.post(URL, {"acte": "qualifier", "dossier": references(cases), "cle": "k"})
    assert "Laisser tel quel" in text_of(shown)
    tree = harmless.answer(shown)
    assert "novalidate" in tree.css_first("form.judge").attributes
    assert not tree.css("form.judge [required]")

    answer = send(client, "qualifier", cases)

    assert answer.status_code == 422
    assert "Choisissez au moins une chose à changer." in text_of(answer)
    assert not BulkJob.objects.exists()


def test_to_close_asks_why(client, responder, cases):
    close_incident(reference=cases[0].reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    page = send(client, "clore", cases, reason="")
    assert page.status_code == 422
    assert "Choisissez pourquoi les dossiers sont clos." in text_of(page)
    assert Incident.objects.filter(status=Status.CLOSED).count() == 1

    answer = send(client, "clore", cases, reason="duplicate")

    assert list_messages(answer)[0] == "2 dossiers clos."
    assert "Ce dossier a été clos" in list_messages(answer)[1]
    assert "résolu" in list_messages(answer)[1]


def test_closing_says_first_what_nobody_did_and_asks_why_it_is_resolved(client, responder, cases):
    """Qualified in bulk, they are not untouched: each would be closed without a word."""
    Incident.objects.update(nature=Nature.INCIDENT)
    verify_incident(reference=cases[0].reference, actor=responder)
    guest = Guest(access_uid=cases[1].accesses.get().uid)
    write_to_csirt(reference=cases[1].reference, guest=guest, letter=Letter(text="Alors ?", key="w"))
    warning = "2 non vérifiés, 3 sans aucune réponse, 1 message sans réponse"
    assert warning in text_of(send(client, "clore", cases, confirme=[], follow=False))

    refused = send(client, "clore", cases, reason="resolved")
    assert refused.status_code == 422
    assert f"{warning} : dites pourquoi ces dossiers sont résolus." in text_of(refused)
    assert not Incident.objects.filter(status=Status.CLOSED).exists()

    answer = send(client, "clore", cases, reason="resolved", why="Essais de notre centre.")
    assert list_messages(answer) == ["3 dossiers clos."]
    assert [case.notes.get().text for case in cases[1:]] == ["Essais de notre centre."] * 2
    assert BulkJob.objects.get().text == ""


def test_the_words_typed_with_another_reason_are_kept(client, responder, cases):
    """As the closing of one case keeps them."""
    answer = send(client, "clore", cases, reason="not_an_incident", why="Essais de notre centre.")
    assert list_messages(answer) == ["3 dossiers clos."]
    assert [case.notes.get().text for case in cases] == ["Essais de notre centre."] * 3


def test_a_word_that_came_after_the_list_was_read_is_not_closed_over(client, responder, cases, time_machine):
    time_machine.move_to("2026-11-24 09:51+01:00", tick=False)
    listed = harmless.answer(client.get(QUEUE))
    read_at = listed.css_first("form#en-nombre input[name=read_at]").attributes["value"]
    time_machine.shift(60)
    guest = Guest(access_uid=cases[0].accesses.get().uid)
    write_to_csirt(reference=cases[0].reference, guest=guest, letter=Letter(text="Attendez !", key="w"))
    asked = harmless.answer(send(client, "clore", cases, read_at=read_at))
    assert asked.css_first("input[name=read_at]").attributes["value"] == read_at
    sent = {"reason": ClosingReason.NOT_AN_INCIDENT, "confirme": "oui"}
    answer = send(client, "clore", cases, **sent, read_at=read_at)
    assert "Le déclarant a ajouté quelque chose" in text_of(answer)
    assert [one.status for one in Incident.objects.order_by("id")] == [Status.DECLARED, Status.CLOSED, Status.CLOSED]
    assert send(client, "clore", cases, **sent, read_at="hier").status_code == 422


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

    assert list_messages(send(client, "grouper", cases[:1], group=str(known.uid), cle="k0")) == ["1 dossier groupé."]
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

    gone = "1 dossier coché n’est plus à votre centre : rien n’y a été fait."
    for _ in range(2):
        assert list_messages(send(client, "prendre", cases)) == [gone, "2 dossiers pris en charge."]
    shown = send(client, "clore", cases, cle="k3", confirme=[])
    assert list_messages(shown) == [gone]
    assert theirs.reference not in shown.content.decode()
    elsewhere(cases[1])
    assert list_messages(send(client, "prendre", cases))[0] == gone, "the first time, it was there"
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
    assert list_messages(send(client, "prendre", [theirs])) == ["1 dossier pris en charge."]


def test_sent_twice_it_is_one_job(client, responder, cases):
    for _double_click in range(2):
        send(client, "clore", cases, reason="not_an_incident")
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
        assert list_messages(answer) == [
            "Ce formulaire avait déjà servi : rien de plus n’a été fait. Voici ce qu’il avait demandé."
        ]
        assert "Attribuer : 2 dossiers" in text_of(answer)
        assert "<dt>Faits</dt><dd>2</dd>" in text_of(answer)

    assert (BulkJob.objects.count(), IncidentEvent.objects.count()) == (1, events)
    assert not CaseGroup.objects.exists()
    assert [case.assignee for case in Incident.objects.order_by("id")] == [responder, responder, None]
    same = send(client, "attribuer", cases[:2], assignee=str(responder.uid))
    assert list_messages(same) == [f"2 dossiers attribués à {responder}."]


def test_forms_without_a_key_are_each_their_own(client, responder, cases):
    for _ in range(2):
        send(client, "prendre", cases, cle="")
    assert BulkJob.objects.count() == 2


def test_the_key_of_one_person_is_not_the_key_of_another(client, responder, cases):
    send(client, "prendre", cases[:1])
    client.force_login(a_responder())

    assert list_messages(send(client, "prendre", cases[1:])) == ["2 dossiers pris en charge."]


def test_too_many_cases_are_refused(responder, cases, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_CASES", 2)
    with pytest.raises(ValidationError):
        ask(responder, cases=cases)
    assert not BulkJob.objects.exists()
