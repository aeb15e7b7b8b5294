"""The confirmation of a body that somebody added, or its merging into another body, by a responder."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, connections
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.installation import is_demonstration
from accounts.models import ApiToken, Membership, User
from accounts.services.roles import annotate_authors
from accounts.tokens import find_live_token, hash_token
from collectivities.models import Collectivity
from collectivities.search import find_collectivities
from csirts.models import Csirt
from incidents.enums import EventKind, Origin, Verification
from incidents.models import Draft, Incident, IncidentEvent
from incidents.services.declaring.bodies import confirm_body, merge_body
from incidents.services.handling.verify import verify_incident
from stats.models import CaseFact
from stats.services import fold_new_events
from tests import harmless
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.factories.accounts import make_api_token
from tests.hostile import TRICK
from tests.incidents.added_bodies import SIREN, a_ccas
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup


@pytest.fixture
def body(db: None) -> Collectivity:
    breizh_cyber()
    return a_ccas()


@pytest.fixture
def case_of_added_body(body: Collectivity) -> Incident:
    return declare(collectivity=body)


def test_a_responder_confirms_an_added_body(client, responder, case_of_added_body, body):
    page = read_markup(client.get(case_url(case_of_added_body)))
    for words in ["Collectivité à confirmer", "CCAS de Plouexemple", SIREN, "Plouexemple (Finistère)"]:
        assert words in page
    assert re.search(r"<dt>Ajoutée</dt><dd>\d", page)
    assert "Marquer vérifiée par rappel" not in page

    after = read_markup(client.post(case_url(case_of_added_body, "confirmer"), follow=True))
    body.refresh_from_db()
    assert body.confirmed_at
    assert body in find_collectivities("CCAS de Plouexemple")
    assert "Collectivité à confirmer" not in after
    assert "Marquer vérifiée par rappel" in after
    [event] = case_of_added_body.events.filter(kind=EventKind.BODY_CONFIRMED)
    assert (event.actor, event.data) == (responder, {"body": str(body.uid)})


def test_confirming_twice_changes_nothing(responder, case_of_added_body, body):
    confirm_body(reference=case_of_added_body.reference, actor=responder)
    first = Collectivity.objects.get(pk=body.pk).confirmed_at
    confirm_body(reference=case_of_added_body.reference, actor=responder)
    assert Collectivity.objects.get(pk=body.pk).confirmed_at == first
    assert case_of_added_body.events.filter(kind=EventKind.BODY_CONFIRMED).count() == 1


def test_an_added_body_is_merged_into_a_known_one(client, responder, case_of_added_body, body):
    other = declare(collectivity=body)
    draft = Draft.objects.create(nonce="x", code_hash="x", collectivity=body, expires_at="2027-01-01T00:00Z")
    target = plouexemple()

    page = client.post(case_url(case_of_added_body, "rattacher"), {"collectivite": target.uid}, follow=True)

    assert "Dossier rattaché à Plouexemple (Finistère)." in read_markup(page)
    body.refresh_from_db()
    assert (body.merged_into, body.vanished_on is None) == (target, False)
    for case in (case_of_added_body, other):
        case.refresh_from_db()
        assert (case.collectivity, case.csirt.slug) == (target, "breizh-cyber")
        [event] = case.events.filter(kind=EventKind.BODY_MERGED)
        assert event.data == {"from": str(body.uid), "to": str(target.uid)}
    draft.refresh_from_db()
    assert draft.collectivity == target


def test_merging_twice_merges_once(responder, case_of_added_body):
    target = plouexemple()
    for _ in range(2):
        merge_body(reference=case_of_added_body.reference, into=target.uid, actor=responder)
    assert case_of_added_body.events.filter(kind=EventKind.BODY_MERGED).count() == 1


def test_likely_duplicates_are_shown_with_their_reasons(client, responder, case_of_added_body, body):
    duplicate = a_ccas(siren=None, name="C.C.A.S. Plouexemple")
    page = client.get(case_url(case_of_added_body))
    [likely] = page.context["proposed"].duplicates
    assert likely.body == duplicate
    assert "même commune du siège" in read_markup(page)
    assert "à confirmer elle aussi" in read_markup(page)


def test_another_body_can_be_searched_for(client, responder, case_of_added_body):
    page = client.get(case_url(case_of_added_body), {"corps": "quimper"})
    assert str(Collectivity.objects.get(insee_code="29232").uid) in page.content.decode()
    assert "n’existe pas" in read_markup(client.get(case_url(case_of_added_body), {"corps": "123456789"}))
    assert "Rien ne répond à « zzqxkjw »" in read_markup(
        client.get(case_url(case_of_added_body), {"corps": "zzqxkjw"})
    )


@pytest.mark.parametrize("chosen", ["", "x", "6f7b1c5e-55a2-4d0c-9a43-0b1d2f7c8e11"])
def test_an_unknown_choice_merges_nothing(client, responder, case_of_added_body, body, chosen):
    page = client.post(case_url(case_of_added_body, "rattacher"), {"collectivite": chosen}, follow=True)
    assert "Choisissez" in read_markup(page)
    body.refresh_from_db()
    assert body.merged_into is None


def test_a_body_of_the_list_is_never_merged_away(responder, case_of_added_body):
    of_list = declare(collectivity=Collectivity.objects.get(insee_code="29232"))
    with pytest.raises(ValidationError, match="confirmée"):
        merge_body(reference=of_list.reference, into=plouexemple().uid, actor=responder)
    confirm_body(reference=case_of_added_body.reference, actor=responder)
    with pytest.raises(ValidationError, match="confirmée"):
        merge_body(reference=case_of_added_body.reference, into=plouexemple().uid, actor=responder)


def test_a_vanished_body_takes_in_no_other(responder, case_of_added_body):
    gone = plouexemple(insee_code="29997", vanished_on="2026-01-01")
    with pytest.raises(ValidationError, match="plus là"):
        merge_body(reference=case_of_added_body.reference, into=gone.uid, actor=responder)


def test_the_case_of_another_centre_is_not_found(client, case_of_added_body, body):
    client.force_login(stranger := a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    for act in ("confirmer", "rattacher"):
        assert client.post(case_url(case_of_added_body, act), {"collectivite": plouexemple().uid}).status_code == 404
    with pytest.raises(Http404):
        merge_body(reference=case_of_added_body.reference, into=plouexemple().uid, actor=stranger)
    body.refresh_from_db()
    assert body.is_unconfirmed
    assert IncidentEvent.objects.count() == 1


def test_agents_of_an_added_body_cannot_confirm_it(client, case_of_added_body, body):
    agent = a_person(Role.AGENT, collectivity=body)
    client.force_login(agent)
    with pytest.raises(Exception) as refused:  # noqa: PT011  the two refusals look different on purpose
        confirm_body(reference=case_of_added_body.reference, actor=agent)
    assert type(refused.value).__name__ == "PermissionDenied"


def test_a_body_is_confirmed_before_its_case_is_verified(client, responder, case_of_added_body):
    page = client.post(case_url(case_of_added_body, "verifier"), {"verifier-source": "known"}, follow=True)
    assert "Confirmez d’abord la collectivité" in read_markup(page)
    assert Incident.objects.get().verification == Verification.UNVERIFIED
    confirm_body(reference=case_of_added_body.reference, actor=responder)
    verify_incident(reference=case_of_added_body.reference, actor=responder)
    assert Incident.objects.get().is_verified


def test_a_declaration_by_a_member_of_an_added_body_is_not_verified(body):
    case = declare(collectivity=body, actor=a_person(Role.AGENT, collectivity=body), origin=Origin.ACCOUNT)
    assert case.verification == Verification.UNVERIFIED


def test_the_figures_follow_a_merge(responder, case_of_added_body, body):
    fold_new_events()
    assert CaseFact.objects.get().collectivity == body
    merge_body(reference=case_of_added_body.reference, into=plouexemple().uid, actor=responder)
    fold_new_events()
    assert CaseFact.objects.get().collectivity == plouexemple()
    call_command("verify_stats")


def test_roles_follow_a_merge_once(responder, case_of_added_body, body):
    target = plouexemple()
    member_of_both, member_of_one = a_person(Role.AGENT, collectivity=body), a_person(Role.MANAGER, collectivity=body)
    Membership.objects.create(user=member_of_both, role=Role.AGENT, collectivity=target)
    merge_body(reference=case_of_added_body.reference, into=target.uid, actor=responder)
    for person in (member_of_both, member_of_one):
        assert User.objects.get(pk=person.pk).get_collectivity_ids() == {target.pk}
    assert Membership.objects.filter(collectivity=body, ended_on=None).count() == 0
    assert Membership.objects.filter(collectivity=body).count() == 2


def test_a_merge_revokes_the_tokens_of_the_people_who_move(responder, case_of_added_body, body):
    """Their programs would act for another body."""
    mover, neighbour = make_api_token(an_agent(body)), make_api_token(an_agent(plouexemple()))
    merge_body(reference=case_of_added_body.reference, into=plouexemple().uid, actor=responder)
    assert ApiToken.objects.exclude(revoked_at=None).get().token_hash == hash_token(mover)
    assert find_live_token(neighbour)


def test_roles_keep_their_days_in_a_merge(responder, case_of_added_body, body):
    target, today, later = plouexemple(), timezone.localdate(), timezone.localdate() + timedelta(days=30)
    leaving, coming = an_agent(body), an_agent(body)
    Membership.objects.filter(user=leaving).update(since_on=today - timedelta(days=9), ended_on=later)
    Membership.objects.filter(user=coming).update(since_on=later)
    merge_body(reference=case_of_added_body.reference, into=target.uid, actor=responder)
    days = Membership.objects.order_by("pk").values_list("since_on", "ended_on")
    assert list(days.filter(collectivity=target)) == [(today, later), (later, None)]
    assert list(days.filter(collectivity=body)) == [(today - timedelta(days=9), today), (later, later)]
    moved = annotate_authors(Membership.objects.filter(collectivity=target)).values_list("given_by", flat=True)
    former = annotate_authors(Membership.objects.filter(collectivity=body)).values_list("ended_by", flat=True)
    assert list(moved) == list(former) == [str(responder)] * 2


def test_a_moved_role_adds_only_the_days_that_are_missing(responder, case_of_added_body, body):
    target, today, later = plouexemple(), timezone.localdate(), timezone.localdate() + timedelta(days=30)
    agent, other_agent = an_agent(body), an_agent(body)
    Membership.objects.filter(user=other_agent).update(ended_on=later)
    for person, since_on, ended_on in ((agent, later, None), (other_agent, today, later + timedelta(days=1))):
        Membership.objects.create(
            user=person, role=Role.AGENT, collectivity=target, since_on=since_on, ended_on=ended_on
        )
    merge_body(reference=case_of_added_body.reference, into=target.uid, actor=responder)
    days = Membership.objects.filter(collectivity=target).order_by("pk").values_list("user", "since_on", "ended_on")
    assert list(days) == [
        (agent.pk, later, None), (other_agent.pk, today, later + timedelta(days=1)), (agent.pk, today, later),
    ]  # fmt: skip


def test_a_declaration_sent_meanwhile_goes_to_the_target_body(responder, case_of_added_body, body):
    stale = Collectivity.objects.get(pk=body.pk)
    merge_body(reference=case_of_added_body.reference, into=plouexemple().uid, actor=responder)
    assert declare(collectivity=stale).collectivity == plouexemple()


def test_two_merges_at_once_leave_no_case_behind(transactional_db):
    breizh_cyber()
    first, second = a_ccas(), a_ccas(siren=None, name="Centre communal d’action sociale")
    cases = {declare(collectivity=first).reference: second, declare(collectivity=second).reference: first}
    responder = a_responder()

    def merge(pair):
        try:
            merge_body(reference=pair[0], into=pair[1].uid, actor=responder)
        except ValidationError:
            return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(merge, cases.items()))
    assert Incident.objects.values("collectivity").distinct().count() == 1
    assert Incident.objects.filter(collectivity__vanished_on=None).count() == 2


def test_a_hostile_name_is_escaped_on_every_page(client, responder):
    body = a_ccas(siren=None, name=TRICK)
    case = declare(collectivity=body)
    client.force_login(responder)
    pages = [
        client.get(case_url(case)),
        client.get("/admin/incidents/incident/"),
        client.get(f"/triage/{case.reference}/"),
    ]
    client.force_login(a_person(Role.ADMINISTRATOR))
    pages += [client.get("/admin/collectivities/collectivity/?confirmation=non")]
    pages += [client.get(f"/admin/collectivities/collectivity/{body.pk}/change/")]
    for page in pages:
        assert page.status_code == 200
        harmless.check_response(page)
        assert "{{ settings.SECRET_KEY }}" in page.content.decode()


def test_the_administrator_sees_the_bodies_to_confirm(client, body):
    client.force_login(a_person(Role.ADMINISTRATOR))
    page = read_markup(client.get("/admin/collectivities/collectivity/?confirmation=non"))
    assert "CCAS de Plouexemple" in page
    assert "à confirmer" in page
    results = read_markup(client.get("/admin/collectivities/collectivity/", {"q": "ccas de plouexemple"}))
    assert "CCAS de Plouexemple" in results


def test_the_search_finds_a_case_by_its_added_body(client, responder, case_of_added_body):
    page = read_markup(client.get("/admin/incidents/incident/recherche/", {"q": "CCAS de Plouexemple"}))
    assert case_of_added_body.reference[:4] in page


@pytest.mark.parametrize("number", [2, 50])
def test_the_page_costs_at_most_thirty_five_queries(client, responder, case_of_added_body, number):
    for index in range(number):
        declare(collectivity=a_ccas(siren=None, name=f"CCAS de Plouexemple {index}"))
    is_demonstration()  # asked of the database once a minute, whatever the page
    with CaptureQueriesContext(connection) as queries:
        page = client.get(case_url(case_of_added_body))
    assert page.context["proposed"].duplicates
    assert len(queries) <= 35, [query["sql"][:90] for query in queries]
