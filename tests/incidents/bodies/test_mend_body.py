"""A responder corrects a declared body, withdraws a confirmation and merges a body into another."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.enums import EmergencyContactKind, LinkPurpose, MailKind, Role
from accounts.models import AccessLink, EmergencyContact, Membership, PendingMail
from accounts.services.links import make_link
from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.search import find_collectivities
from collectivities.services import correct_region
from csirts.models import Coverage, Csirt
from csirts.territories import watch_territories
from incidents.enums import EventKind, Rerouting, Verification
from incidents.models import Incident
from incidents.services.declaring.bodies import BodyCorrection, confirm_body, correct_body, merge_body
from incidents.services.handling.verify import verify_incident
from incidents.services.transfer import reroute
from notifications.dispatch import announce_all_events
from notifications.models import Delivery
from stats.models import CaseFact
from stats.services import fold_new_events
from tests.cast import a_lead, a_person, a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.added_bodies import a_ccas
from tests.incidents.transferring import create_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

WRONG_NAME = "C.C.A.S de Plouexample"
CORRECTION = {"name": "CCAS de Plouexemple", "kind": Kind.CCAS, "seat": "29999"}
SEAT_ELSEWHERE = "75056"  # Paris


@pytest.fixture
def body(db: None) -> Collectivity:
    breizh_cyber()
    return a_ccas(name=WRONG_NAME, kind=Kind.OTHER)


@pytest.fixture
def case_of_misnamed_body(body: Collectivity) -> Incident:
    return declare(collectivity=body)


def post_correction(client, incident, **fields):
    return client.post(case_url(incident, "corriger"), CORRECTION | fields, follow=True)


def withdraw_confirmation(client, incident, reason="slip"):
    return client.post(case_url(incident, "retirer-confirmation"), {"raison": reason}, follow=True)


def test_a_responder_corrects_name_kind_and_seat(client, responder, case_of_misnamed_body, body):
    quimper = Collectivity.objects.get(insee_code="29232")
    after = read_markup(post_correction(client, case_of_misnamed_body, seat="Quimper"))
    body.refresh_from_db()
    assert (body.name, body.kind, body.seat) == (CORRECTION["name"], Kind.CCAS, quimper)
    assert "Collectivité corrigée" in after
    assert "<b>Collectivité corrigée</b> (nature, nom, siège)" in after
    [event] = case_of_misnamed_body.events.filter(kind=EventKind.BODY_CORRECTED)
    before = {"kind": "other", "seat": str(plouexemple().uid)}
    assert event.actor == responder
    assert event.data == {"body": str(body.uid), "fields": ["kind", "name", "seat"], "before": before}
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    assert body in find_collectivities("CCAS de Plouexemple")


def test_figures_count_the_cases_of_a_body_in_its_corrected_region(client, responder, case_of_misnamed_body, body):
    """The body is corrected to another region, then merged into a body of the first. Only its own cases follow, and
    they keep their centre.
    """
    town = Collectivity.objects.filter(kind=Kind.COMMUNE).exclude(region=case_of_misnamed_body.region).first()
    other, stranger = declare(collectivity=body), declare()
    post_correction(client, case_of_misnamed_body, seat=town.insee_code)
    fold_new_events()
    regions = dict(CaseFact.objects.values_list("incident", "region"))
    assert regions == {
        case_of_misnamed_body.pk: town.region_id,
        other.pk: town.region_id,
        stranger.pk: stranger.region_id,
    }
    merge_body(reference=case_of_misnamed_body.reference, into=plouexemple().uid, actor=responder)
    fold_new_events()
    assert set(CaseFact.objects.values_list("region", flat=True)) == {plouexemple().region_id}
    case_of_misnamed_body.refresh_from_db()
    assert case_of_misnamed_body.csirt == stranger.csirt


def test_cases_are_rerouted_after_a_correction_of_their_body(
    client, responder, case_of_misnamed_body, body, monkeypatch
):
    """The directory does not change: the body turns out to lie in another region, then to be another body."""
    monkeypatch.setattr(reroute, "CASES_FOLLOW_AFTER", timedelta())
    town = Collectivity.objects.filter(kind=Kind.COMMUNE).exclude(region=case_of_misnamed_body.region).first()
    elsewhere = create_other_centre()
    Coverage.objects.filter(region=town.region).delete()
    Coverage.objects.create(csirt=elsewhere, region=town.region, valid=DateRange(None, None), source="essai")
    reroute.reroute_cases()
    post_correction(client, case_of_misnamed_body, seat=town.insee_code)
    assert reroute.reroute_cases() == 1
    case_of_misnamed_body.refresh_from_db()
    assert case_of_misnamed_body.csirt == elsewhere
    assert case_of_misnamed_body.events.latest("id").data["why"] == Rerouting.CORRECTED

    merge_body(reference=case_of_misnamed_body.reference, into=plouexemple().uid, actor=a_responder(elsewhere))
    assert reroute.reroute_cases() == 1
    case_of_misnamed_body.refresh_from_db()
    assert case_of_misnamed_body.csirt == breizh_cyber()
    assert case_of_misnamed_body.events.latest("id").data["why"] == Rerouting.CORRECTED


@pytest.fixture
def centre_elsewhere(case_of_misnamed_body: Incident, monkeypatch: pytest.MonkeyPatch) -> Csirt:
    """Return the centre of the commune `SEAT_ELSEWHERE`. The directory was compared with the cases before."""
    monkeypatch.setattr(reroute, "CASES_FOLLOW_AFTER", timedelta())
    region = Collectivity.objects.get(insee_code=SEAT_ELSEWHERE).region
    centre = create_other_centre()
    Coverage.objects.filter(region=region).delete()
    Coverage.objects.create(csirt=centre, region=region, valid=DateRange(None, None), source="essai")
    reroute.reroute_cases()
    return centre


def list_counted_cases() -> set[str]:
    return set(PendingMail.objects.filter(kind=MailKind.CASES_MOVED).values_list("detail", flat=True))


def test_nobody_is_warned_of_a_case_that_leaves_after_a_correction_of_its_body(
    client, responder, case_of_misnamed_body, centre_elsewhere
):
    post_correction(client, case_of_misnamed_body, seat=SEAT_ELSEWHERE)
    assert reroute.reroute_cases() == 1
    merge_body(reference=case_of_misnamed_body.reference, into=plouexemple().uid, actor=a_responder(centre_elsewhere))
    assert reroute.reroute_cases() == 1
    assert list_counted_cases() == set()


def test_the_centre_reads_how_many_cases_leave_after_a_correction_of_the_region(
    client, responder, case_of_misnamed_body, body, centre_elsewhere, time_machine
):
    """The administrator corrects it, and a responder had corrected the body before."""
    post_correction(client, case_of_misnamed_body)
    region = Collectivity.objects.get(insee_code=SEAT_ELSEWHERE).region
    correct_region(collectivity=body, region=region, note="arrêté", by=None)
    assert reroute.reroute_cases() == 0
    time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
    assert reroute.reroute_cases() == 1
    assert list_counted_cases() == {"1"}


def test_the_centre_reads_how_many_cases_leave_after_a_merge_by_another_centre(
    responder, case_of_misnamed_body, body, centre_elsewhere
):
    """A responder there has a case of the same body and reads no other one. A role in this centre has ended, another
    has not been confirmed.
    """
    other_case, stranger = declare(collectivity=body), a_responder(centre_elsewhere)
    Incident.objects.filter(pk=other_case.pk).update(csirt=centre_elsewhere)
    roles = {"user": stranger, "role": Role.RESPONDER, "csirt": breizh_cyber()}
    yesterday = timezone.localdate() - timedelta(days=1)
    Membership.objects.create(**roles, since_on=yesterday, ended_on=yesterday)
    Membership.objects.create(**roles, since_on=yesterday, awaits_confirmation=True)
    town = Collectivity.objects.get(insee_code=SEAT_ELSEWHERE)
    merge_body(reference=other_case.reference, into=town.uid, actor=stranger)
    assert reroute.reroute_cases() == 1
    case_of_misnamed_body.refresh_from_db()
    assert case_of_misnamed_body.csirt == centre_elsewhere
    assert list_counted_cases() == {"1"}


def test_a_correction_by_its_own_people_hides_no_change_by_another_centre(
    client, responder, case_of_misnamed_body, body, centre_elsewhere
):
    other_case = declare(collectivity=body)
    Incident.objects.filter(pk=other_case.pk).update(csirt=centre_elsewhere)
    seat = Collectivity.objects.get(insee_code=SEAT_ELSEWHERE)
    correction = BodyCorrection(kind=body.kind, name=body.name, seat=seat.insee_code)
    correct_body(reference=other_case.reference, correction=correction, actor=a_responder(centre_elsewhere))
    post_correction(client, case_of_misnamed_body, name="Syndicat corrigé", kind="regie", seat=seat.insee_code)
    assert case_of_misnamed_body.events.filter(kind=EventKind.BODY_CORRECTED).count() == 2
    assert reroute.reroute_cases() == 1
    assert list_counted_cases() == {"1"}


def test_the_centre_reads_how_many_corrected_cases_leave_with_their_territory(
    client, responder, case_of_misnamed_body, centre_elsewhere, time_machine
):
    post_correction(client, case_of_misnamed_body)
    with watch_territories(None):
        Coverage.objects.filter(csirt=breizh_cyber()).update(csirt=centre_elsewhere)
    time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
    assert reroute.reroute_cases() == 1
    assert list_counted_cases() == {"1"}


def test_the_same_correction_twice_records_one_event(client, responder, case_of_misnamed_body):
    for _ in range(2):
        post_correction(client, case_of_misnamed_body)
    assert case_of_misnamed_body.events.filter(kind=EventKind.BODY_CORRECTED).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
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
def test_a_wrong_correction_is_refused_and_shown_again(
    client, responder, case_of_misnamed_body, body, field, value, message
):
    answer = client.post(
        case_url(case_of_misnamed_body, "corriger"), CORRECTION | {"name": "Mon nom"} | {field: value}
    )
    assert answer.status_code == 422
    assert message in read_markup(answer)
    assert f'value="{"Mon nom" if field != "name" else value}"' in answer.content.decode()
    body.refresh_from_db()
    assert body.name == WRONG_NAME
    assert not case_of_misnamed_body.events.filter(kind=EventKind.BODY_CORRECTED).exists()


def test_a_confirmed_body_cannot_be_corrected(client, responder, case_of_misnamed_body, body):
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    assert "retirez d’abord la confirmation" in read_markup(post_correction(client, case_of_misnamed_body))
    body.refresh_from_db()
    assert body.name == WRONG_NAME


def test_a_confirmation_is_withdrawn_with_a_reason(client, responder, case_of_misnamed_body, body):
    other = declare(collectivity=body)
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    verify_incident(reference=case_of_misnamed_body.reference, actor=responder)
    fold_new_events()
    assert CaseFact.objects.get(incident_id=case_of_misnamed_body.pk).is_verified
    assert "Retirer la confirmation" in read_markup(client.get(case_url(case_of_misnamed_body)))

    after = read_markup(withdraw_confirmation(client, case_of_misnamed_body))

    body.refresh_from_db()
    assert body.is_unconfirmed
    assert body not in find_collectivities(WRONG_NAME)
    assert "Collectivité à confirmer" in after
    assert "<b>Confirmation de la collectivité retirée</b> (confirmée par erreur)" in after
    for case in (case_of_misnamed_body, other):
        case.refresh_from_db()
        assert (case.verification, case.verified_at) == (Verification.UNVERIFIED, None)
        [event] = case.events.filter(kind=EventKind.BODY_UNCONFIRMED)
        assert (event.actor, event.data) == (responder, {"body": str(body.uid), "reason": "slip"})
    fold_new_events()
    assert not CaseFact.objects.get(incident_id=case_of_misnamed_body.pk).is_verified


def test_a_withdrawn_confirmation_is_one_event_and_may_be_given_again(client, responder, case_of_misnamed_body, body):
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    for _ in range(2):
        withdraw_confirmation(client, case_of_misnamed_body)
    assert case_of_misnamed_body.events.filter(kind=EventKind.BODY_UNCONFIRMED).count() == 1
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    body.refresh_from_db()
    assert body.confirmed_at


@pytest.mark.parametrize("reason", ["", "resolved", "<script>"])
def test_withdrawing_a_confirmation_needs_a_reason(client, responder, case_of_misnamed_body, body, reason):
    confirm_body(reference=case_of_misnamed_body.reference, actor=responder)
    assert "Choisissez pourquoi" in read_markup(withdraw_confirmation(client, case_of_misnamed_body, reason))
    body.refresh_from_db()
    assert body.confirmed_at


def test_a_body_of_the_official_list_stays_confirmed(client, responder, case_of_misnamed_body):
    listed = declare(collectivity=Collectivity.objects.get(insee_code="29232"))
    assert "Retirer la confirmation" not in read_markup(client.get(case_url(listed)))
    assert "La liste officielle porte cette collectivité" in read_markup(withdraw_confirmation(client, listed))
    assert not listed.events.filter(kind=EventKind.BODY_UNCONFIRMED).exists()


def test_a_case_of_another_centre_is_not_found(client, case_of_misnamed_body, body):
    confirm_body(reference=case_of_misnamed_body.reference, actor=a_responder())
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.post(case_url(case_of_misnamed_body, "retirer-confirmation"), {"raison": "slip"}).status_code == 404
    assert client.post(case_url(case_of_misnamed_body, "corriger"), CORRECTION).status_code == 404
    body.refresh_from_db()
    assert body.confirmed_at


def create_contact(body, kind, **fields):
    return EmergencyContact.objects.create(
        collectivity=body, kind=kind, updated_by=a_person(Role.AGENT, collectivity=body), **fields
    )


def test_a_merge_adds_emergency_contacts_and_overwrites_none(responder, case_of_misnamed_body, body):
    target = plouexemple()
    create_contact(body, EmergencyContactKind.DPO, name="Du CCAS")
    create_contact(body, EmergencyContactKind.SUPPLIER, name="Du CCAS")
    create_contact(body, EmergencyContactKind.INSURER, name="Du CCAS")
    create_contact(target, EmergencyContactKind.DPO, name="De la commune")
    create_contact(target, EmergencyContactKind.INSURER)
    for _ in range(2):
        merge_body(reference=case_of_misnamed_body.reference, into=target.uid, actor=responder)
    names = dict(EmergencyContact.objects.values_list("kind", "name"))
    assert names == {
        EmergencyContactKind.DPO: "De la commune",
        EmergencyContactKind.SUPPLIER: "Du CCAS",
        EmergencyContactKind.INSURER: "Du CCAS",
    }
    assert set(EmergencyContact.objects.values_list("collectivity", flat=True)) == {target.pk}


def invite(person, body):
    return make_link(LinkPurpose.INVITATION, user=person, made_by=None, collectivity=body)


def test_a_merge_moves_each_invitation_once(responder, case_of_misnamed_body, body):
    target, other_body = plouexemple(), plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    new, invited_twice, member = (a_person(Role.AGENT, collectivity=other_body) for _ in range(3))
    for person in (new, invited_twice, member):
        invite(person, body)
    invite(invited_twice, target)
    member.membership_set.create(role=Role.AGENT, collectivity=body)
    merge_body(reference=case_of_misnamed_body.reference, into=target.uid, actor=responder)
    live = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, revoked_at=None)
    assert sorted(live.values_list("user", flat=True)) == sorted([new.pk, invited_twice.pk])
    assert set(live.values_list("collectivity", flat=True)) == {target.pk}


def count_deliveries(person):
    return Delivery.objects.filter(person=person).count()


@pytest.mark.parametrize("is_announced_before", [False, True])
def test_a_member_of_both_bodies_is_notified_of_a_case_once(
    responder, case_of_misnamed_body, body, is_announced_before
):
    target = plouexemple()
    twofold, single = a_person(Role.AGENT, collectivity=body), a_person(Role.AGENT, collectivity=target)
    since = timezone.localdate() - timedelta(days=9)
    twofold.membership_set.create(role=Role.AGENT, collectivity=target, since_on=since)
    if is_announced_before:
        announce_all_events()
    merge_body(reference=case_of_misnamed_body.reference, into=target.uid, actor=responder)
    announce_all_events()
    assert (count_deliveries(twofold), count_deliveries(single)) == (1, 1)


def test_the_second_writer_of_a_correction_sees_both_texts(client, responder, case_of_misnamed_body, body):
    version = client.get(case_url(case_of_misnamed_body)).context["proposed"].form["seen"].value()
    post_correction(client, case_of_misnamed_body, name="CCAS de Plou-Exemple", seen=version)

    late = CORRECTION | {"name": "CCAS de Plouexemple-Bourg", "seen": version}
    answer = client.post(case_url(case_of_misnamed_body, "corriger"), late)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert "Quelqu’un a corrigé autre chose" in page
    assert "CCAS de Plou-Exemple" in page
    assert 'value="CCAS de Plouexemple-Bourg"' in page
    body.refresh_from_db()
    assert body.name == "CCAS de Plou-Exemple"
    resubmitted = late | {"seen": answer.context["correction"]["seen"].value()}
    assert client.post(case_url(case_of_misnamed_body, "corriger"), resubmitted).status_code == 302
    body.refresh_from_db()
    assert body.name == "CCAS de Plouexemple-Bourg"
