"""A responder mends what was said of a body, takes a confirmation back; a merge leaves nothing behind."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.enums import Helper, LinkPurpose, Role
from accounts.models import AccessLink, EmergencyContact
from accounts.services.links import make_link
from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.search import find_collectivities
from csirts.models import Coverage, Csirt
from incidents.enums import EventKind, Rerouting, Verification
from incidents.services.declaring.bodies import confirm_body, merge_body
from incidents.services.handling.triage import verify_incident
from incidents.services.transfer import reroute
from notifications.dispatch import announce_all_events
from notifications.models import Delivery
from stats.models import CaseFact
from stats.services import fold_new_events
from tests.cast import a_lead, a_person, a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.added_bodies import a_ccas
from tests.incidents.transferring import another_centre
from tests.incidents.triage_pages import url
from tests.reading import text_of

WRONG_NAME = "C.C.A.S de Plouexample"
GIVEN = {"name": "CCAS de Plouexemple", "kind": Kind.CCAS, "seat": "29999"}


@pytest.fixture
def body(db):
    breizh_cyber()
    return a_ccas(name=WRONG_NAME, kind=Kind.OTHER)


@pytest.fixture
def incident(body):
    return declare(collectivity=body)


@pytest.fixture
def responder(client, incident):
    responder = a_responder()
    client.force_login(responder)
    return responder


def correct(client, incident, **said):
    return client.post(url(incident, "corriger"), GIVEN | said, follow=True)


def doubt(client, incident, reason="slip"):
    return client.post(url(incident, "retirer-confirmation"), {"raison": reason}, follow=True)


def test_it_works(client, responder, incident, body):
    quimper = Collectivity.objects.get(insee_code="29232")
    after = text_of(correct(client, incident, seat="Quimper"))
    body.refresh_from_db()
    assert (body.name, body.kind, body.seat) == (GIVEN["name"], Kind.CCAS, quimper)
    assert "Collectivité corrigée" in after
    assert "<b>Collectivité corrigée</b> (nature, nom, siège)" in after
    [event] = incident.events.filter(kind=EventKind.BODY_CORRECTED)
    before = {"kind": "other", "seat": str(plouexemple().uid)}
    assert event.actor == responder
    assert event.data == {"body": str(body.uid), "fields": ["kind", "name", "seat"], "before": before}
    confirm_body(reference=incident.reference, actor=responder)
    assert body in find_collectivities("CCAS de Plouexemple")


def test_figures_count_its_cases_where_it_is(client, responder, incident, body):
    """Corrected to another region, then merged into a body of the first: each of its cases follows, that of nobody
    else. The centre stays.
    """
    town = Collectivity.objects.filter(kind=Kind.COMMUNE).exclude(region=incident.region).first()
    other, stranger = declare(collectivity=body), declare()
    correct(client, incident, seat=town.insee_code)
    fold_new_events()
    there = dict(CaseFact.objects.values_list("incident", "region"))
    assert there == {incident.pk: town.region_id, other.pk: town.region_id, stranger.pk: stranger.region_id}
    merge_body(reference=incident.reference, into=plouexemple().uid, actor=responder)
    fold_new_events()
    assert set(CaseFact.objects.values_list("region", flat=True)) == {plouexemple().region_id}
    incident.refresh_from_db()
    assert incident.csirt == stranger.csirt


def test_its_cases_follow_it_and_say_so(client, responder, incident, body, monkeypatch):
    """No ground of the directory moved: the body turned out to lie elsewhere, then to be another one."""
    monkeypatch.setattr(reroute, "FOLLOWED_AFTER", timedelta())
    town = Collectivity.objects.filter(kind=Kind.COMMUNE).exclude(region=incident.region).first()
    elsewhere = another_centre()
    Coverage.objects.filter(region=town.region).delete()
    Coverage.objects.create(csirt=elsewhere, region=town.region, valid=DateRange(None, None), source="essai")
    reroute.reroute_cases()
    correct(client, incident, seat=town.insee_code)
    assert reroute.reroute_cases() == 1
    incident.refresh_from_db()
    assert incident.csirt == elsewhere
    assert incident.events.latest("id").data["why"] == Rerouting.CORRECTED

    merge_body(reference=incident.reference, into=plouexemple().uid, actor=a_responder(elsewhere))
    assert reroute.reroute_cases() == 1
    incident.refresh_from_db()
    assert incident.csirt == breizh_cyber()
    assert incident.events.latest("id").data["why"] == Rerouting.CORRECTED


def test_the_same_again_changes_nothing(client, responder, incident):
    for _ in range(2):
        correct(client, incident)
    assert incident.events.filter(kind=EventKind.BODY_CORRECTED).count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Écrivez son nom"),
        ("name", "12345", "Écrivez son nom"),
        ("kind", "commune", "Choisissez dans la liste"),
        ("kind", "", "Choisissez dans la liste"),
        ("seat", "zzqxkjw", "pas trouvé cette commune"),
        ("seat", "", "pas trouvé cette commune"),
        ("seat", "123456789", "pas trouvé cette commune"),
        ("seat", "Saint-Denis", "Écrivez son code INSEE"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, responder, incident, body, field, typed, said):
    answer = client.post(url(incident, "corriger"), GIVEN | {"name": "Mon nom"} | {field: typed})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'value="{"Mon nom" if field != "name" else typed}"' in answer.content.decode()
    body.refresh_from_db()
    assert body.name == WRONG_NAME
    assert not incident.events.filter(kind=EventKind.BODY_CORRECTED).exists()


def test_a_confirmed_one_is_not_mended_any_more(client, responder, incident, body):
    confirm_body(reference=incident.reference, actor=responder)
    assert "retirez d’abord la confirmation" in text_of(correct(client, incident))
    body.refresh_from_db()
    assert body.name == WRONG_NAME


def test_a_confirmation_is_taken_back_with_its_reason(client, responder, incident, body):
    other = declare(collectivity=body)
    confirm_body(reference=incident.reference, actor=responder)
    verify_incident(reference=incident.reference, actor=responder)
    fold_new_events()
    assert CaseFact.objects.get(incident_id=incident.pk).is_verified
    assert "Retirer la confirmation" in text_of(client.get(url(incident)))

    after = text_of(doubt(client, incident))

    body.refresh_from_db()
    assert body.is_unconfirmed
    assert body not in find_collectivities(WRONG_NAME)
    assert "Collectivité à confirmer" in after
    assert "<b>Confirmation de la collectivité retirée</b> (confirmée par erreur)" in after
    for case in (incident, other):
        case.refresh_from_db()
        assert (case.verification, case.verified_at) == (Verification.UNVERIFIED, None)
        [event] = case.events.filter(kind=EventKind.BODY_UNCONFIRMED)
        assert (event.actor, event.data) == (responder, {"body": str(body.uid), "reason": "slip"})
    fold_new_events()
    assert not CaseFact.objects.get(incident_id=incident.pk).is_verified


def test_taken_back_twice_is_taken_back_once_and_it_can_be_confirmed_again(client, responder, incident, body):
    confirm_body(reference=incident.reference, actor=responder)
    for _ in range(2):
        doubt(client, incident)
    assert incident.events.filter(kind=EventKind.BODY_UNCONFIRMED).count() == 1
    confirm_body(reference=incident.reference, actor=responder)
    body.refresh_from_db()
    assert body.confirmed_at


@pytest.mark.parametrize("reason", ["", "resolved", "<script>"])
def test_a_reason_is_asked(client, responder, incident, body, reason):
    confirm_body(reference=incident.reference, actor=responder)
    assert "Choisissez pourquoi" in text_of(doubt(client, incident, reason))
    body.refresh_from_db()
    assert body.confirmed_at


def test_what_a_list_carries_stays_confirmed(client, responder, incident):
    of_list = declare(collectivity=Collectivity.objects.get(insee_code="29232"))
    assert "Retirer la confirmation" not in text_of(client.get(url(of_list)))
    assert "La liste officielle porte cette collectivité" in text_of(doubt(client, of_list))
    assert not of_list.events.filter(kind=EventKind.BODY_UNCONFIRMED).exists()


def test_the_case_of_another_centre_is_not_there(client, incident, body):
    confirm_body(reference=incident.reference, actor=a_responder())
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.post(url(incident, "retirer-confirmation"), {"raison": "slip"}).status_code == 404
    assert client.post(url(incident, "corriger"), GIVEN).status_code == 404
    body.refresh_from_db()
    assert body.confirmed_at


def contact(body, kind, **said):
    return EmergencyContact.objects.create(
        collectivity=body, kind=kind, updated_by=a_person(Role.AGENT, collectivity=body), **said
    )


def test_emergency_contacts_follow_and_what_was_there_stays(responder, incident, body):
    kept = plouexemple()
    contact(body, Helper.DPO, name="Du CCAS")
    contact(body, Helper.SUPPLIER, name="Du CCAS")
    contact(body, Helper.INSURER, name="Du CCAS")
    contact(kept, Helper.DPO, name="De la commune")
    contact(kept, Helper.INSURER)
    for _ in range(2):
        merge_body(reference=incident.reference, into=kept.uid, actor=responder)
    names = dict(EmergencyContact.objects.values_list("kind", "name"))
    assert names == {Helper.DPO: "De la commune", Helper.SUPPLIER: "Du CCAS", Helper.INSURER: "Du CCAS"}
    assert set(EmergencyContact.objects.values_list("collectivity", flat=True)) == {kept.pk}


def invitation(person, body):
    return make_link(LinkPurpose.INVITATION, user=person, made_by=None, collectivity=body)


def test_invitations_follow_once(responder, incident, body):
    kept, elsewhere = plouexemple(), plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    new, both, member = (a_person(Role.AGENT, collectivity=elsewhere) for _ in range(3))
    for person in (new, both, member):
        invitation(person, body)
    invitation(both, kept)
    a_member = member.membership_set.create(role=Role.AGENT, collectivity=kept)
    merge_body(reference=incident.reference, into=kept.uid, actor=responder)
    live = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, revoked_at=None)
    assert a_member
    assert sorted(live.values_list("user", flat=True)) == sorted([new.pk, both.pk])
    assert set(live.values_list("collectivity", flat=True)) == {kept.pk}


def told(person):
    return Delivery.objects.filter(person=person).count()


@pytest.mark.parametrize("is_announced_before", [False, True])
def test_a_person_of_both_hears_of_a_case_once(responder, incident, body, is_announced_before):
    kept = plouexemple()
    both, one = a_person(Role.AGENT, collectivity=body), a_person(Role.AGENT, collectivity=kept)
    both.membership_set.create(role=Role.AGENT, collectivity=kept, since_on=timezone.localdate() - timedelta(days=9))
    if is_announced_before:
        announce_all_events()
    merge_body(reference=incident.reference, into=kept.uid, actor=responder)
    announce_all_events()
    assert (told(both), told(one)) == (1, 1)


def test_the_second_writer_is_told_and_loses_nothing(client, responder, incident, body):
    seen = client.get(url(incident)).context["proposed"].form["seen"].value()
    correct(client, incident, name="CCAS de Plou-Exemple", seen=seen)

    late = GIVEN | {"name": "CCAS de Plouexemple-Bourg", "seen": seen}
    answer = client.post(url(incident, "corriger"), late)

    assert answer.status_code == 409
    page = text_of(answer)
    assert "Quelqu’un a corrigé autre chose" in page
    assert "CCAS de Plou-Exemple" in page
    assert 'value="CCAS de Plouexemple-Bourg"' in page
    body.refresh_from_db()
    assert body.name == "CCAS de Plou-Exemple"
    again = late | {"seen": answer.context["correction"]["seen"].value()}
    assert client.post(url(incident, "corriger"), again).status_code == 302
    body.refresh_from_db()
    assert body.name == "CCAS de Plouexemple-Bourg"
