"""The page of one case and its buttons."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from csirts.models import Csirt
from incidents.enums import ActorKind, Answer, EventKind, PublicService, Status, Verification
from incidents.facts.shapes import Caller, Interruption, Leak
from incidents.models import Incident, IncidentEvent, Story
from incidents.reference import compact_code
from incidents.services.declarant.access import SECRET_LENGTH, find_access
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.verify import verify_incident
from incidents.triage import acts
from incidents.triage.case.context import MAX_EVENTS_SHOWN
from incidents.triage.routes import CASE_ROUTES
from tests import harmless
from tests.cast import CALLER, a_lead, a_person, a_responder, an_agent, declare
from tests.hostile import MARKUP, TRICK
from tests.incidents.triage_pages import case_url
from tests.mornings import make_next_morning
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


ORDER = [
    *("taches", "recit", "services", "donnees", "collectivite", "rappeler"),
    *("reponses", "pieces", "echanges", "notes", "delais", "histoire"),
]


@pytest.fixture
def detailed_case() -> Incident:
    """Return a case with a stopped service, a leak and a supplier."""
    stopped = Interruption(service=PublicService.CIVIL, extent="stopped", people_affected=1200)
    leak = Leak(status="confirmed", categories=("nir", "sante"), persons_band="51-300")
    return declare(supplier="Exemple Informatique", service_stopped=Answer.YES, interruptions=(stopped,), leak=leak)


def test_the_page_of_a_case_shows_what_a_responder_needs(client, responder, detailed_case):
    page = client.get(case_url(detailed_case))

    assert page.status_code == 200
    text = read_markup(page)
    for words in [
        "Les fichiers de l’accueil ne s’ouvrent plus",
        "commune de Plouexemple (Finistère)",
        "TLP:AMBER+STRICT",
        "gravité critique",
        "non vérifiée",
        "État civil",
        "1 200",
        "Données de santé",
        "de 51 à 300 personnes",
        "Exemple Informatique",
        "Dominique Exemple",
        "secrétaire de mairie",
        'href="tel:0299000000"',
        detailed_case.route_reason,
        "29999",
        "Déclaré</b> par le déclarant",
        "Prendre en charge",
        "Marquer vérifiée par rappel",
        "Nouveau code de suivi",
    ]:
        assert words in text, words
    assert "Effacer les données" not in text


def test_the_page_lists_its_sections_by_importance(client, responder, detailed_case):
    """The number to call and the next task come first, then the facts, the files and the messages."""
    page = client.get(case_url(detailed_case)).content.decode()
    marks = ['class="casebar__call"', 'id="maintenant"', *(f'id="{section}"' for section in ORDER)]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "<dt>Pas dit</dt>" not in page  # the label stands first, as in every other line
    assert "<dt>Survenu</dt><dd>pas dit</dd>" in page


def test_the_heading_links_to_the_queue_and_the_account(client, responder, detailed_case):
    text = read_markup(client.get(case_url(detailed_case)))
    assert '<a href="/admin/incidents/incident/" aria-current="true">Dossiers</a>' in text
    assert '<a href="/compte/">Mon compte</a>' in text


def test_opening_a_case_changes_nothing(client, responder, detailed_case):
    events = IncidentEvent.objects.count()
    client.get(case_url(detailed_case))
    assert IncidentEvent.objects.count() == events
    assert Incident.objects.get().status == Status.DECLARED


def test_a_responder_takes_a_case(client, responder, detailed_case):
    page = client.post(case_url(detailed_case, "prendre"), follow=True)

    detailed_case.refresh_from_db()
    assert (detailed_case.status, detailed_case.acknowledged_by) == (Status.ACKNOWLEDGED, responder)
    assert "Vous avez pris ce dossier en charge." in read_markup(page)
    assert "Prendre en charge</button>" not in read_markup(page)


def test_a_case_that_a_colleague_took_is_not_taken_again(client, detailed_case, time_machine):
    time_machine.move_to(make_next_morning(), tick=False)
    camille = a_responder()
    acknowledge_incident(reference=detailed_case.reference, actor=camille)
    client.force_login(a_responder())

    page = client.post(case_url(detailed_case, "prendre"), follow=True)

    assert f"{camille} l’a pris à 9 h 51." in read_markup(page)
    assert Incident.objects.get().acknowledged_by == camille
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 1


def test_a_call_back_verifies_the_case(client, responder, detailed_case):
    client.post(case_url(detailed_case, "verifier"), {"verifier-source": "known"})
    assert Incident.objects.get().verification == Verification.CALL_BACK


def test_a_case_is_closed_once_with_a_reason(client, responder, detailed_case, time_machine):
    time_machine.move_to(make_next_morning(), tick=False)
    client.post(case_url(detailed_case, "clore"), {"raison": "not_an_incident"})
    assert Incident.objects.get().closing_reason == "not_an_incident"

    again = client.post(case_url(detailed_case, "clore"), {"raison": "duplicate"}, follow=True)
    assert "Ce dossier a été clos à 9 h 51 : pas un incident." in read_markup(again)
    assert Incident.objects.get().closing_reason == "not_an_incident"


@pytest.mark.parametrize("reason", ["", "because"])
def test_a_case_is_not_closed_without_a_reason(client, responder, detailed_case, reason):
    page = client.post(case_url(detailed_case, "clore"), {"raison": reason}, follow=True)
    assert "Choisissez pourquoi le dossier est clos." in read_markup(page)
    assert Incident.objects.get().status == Status.DECLARED


def test_a_new_code_is_shown_once_and_opens_the_case(client, responder, detailed_case):
    old = detailed_case.accesses.get()

    page = client.post(case_url(detailed_case, "code"))

    code_text = read_markup(page).partition("Code secret de suivi")[2]
    secret = "".join(re.findall(r'<span class="hash">(\w{4})<', code_text))
    assert len(secret) == SECRET_LENGTH
    assert find_access(secret).incident == detailed_case
    old.refresh_from_db()
    assert old.revoked_at
    assert "no-store" in page.headers["Cache-Control"]
    assert secret not in compact_code(client.get(case_url(detailed_case)).content.decode())


def test_a_new_code_must_be_confirmed(client, responder, detailed_case):
    """The button is among the rare acts; the confirmation page says what stops working and changes nothing."""
    page = client.get(case_url(detailed_case)).content.decode()
    assert page.index('class="casebar__call"') < page.index('id="rares"') < page.index(case_url(detailed_case, "code"))
    confirm_page = client.get(case_url(detailed_case, "code"))
    assert "L’ancien code et l’ancien lien s’arrêtent aussitôt" in read_markup(confirm_page)
    assert "Cette déclaration n’est pas vérifiée." in read_markup(confirm_page)
    assert detailed_case.accesses.get().revoked_at is None
    verify_incident(reference=detailed_case.reference, actor=responder)
    assert "n’est pas vérifiée" not in read_markup(client.get(case_url(detailed_case, "code")))
    assert detailed_case.accesses.get().revoked_at is None


def test_only_the_lead_erases_a_case_after_a_confirmation(client, responder, detailed_case):
    assert client.get(case_url(detailed_case, "effacer", "demande")).status_code == 403
    assert client.post(case_url(detailed_case, "effacer")).status_code == 403
    assert Story.objects.get().contact_phone

    client.force_login(a_lead())
    confirm_page = client.get(case_url(detailed_case, "effacer", "demande"))
    assert "Rien de cela ne revient." in read_markup(confirm_page)
    assert Story.objects.get().contact_phone

    page = client.post(case_url(detailed_case, "effacer"), follow=True)
    assert not Story.objects.get().contact_phone
    assert "Récit et coordonnées effacés" in read_markup(page)


ACTS = ["prendre", "verifier", "clore", "code", "effacer"]


@pytest.mark.parametrize("act", [act for act in ACTS if act != "code"])
def test_a_link_followed_by_a_scanner_does_nothing(client, responder, detailed_case, act):
    assert client.get(case_url(detailed_case, act)).status_code == 405
    assert IncidentEvent.objects.count() == 1


@pytest.mark.parametrize("act", ACTS)
def test_a_forged_post_is_refused(detailed_case, act):
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_lead())
    assert client.post(case_url(detailed_case, act), {"raison": "resolved"}).status_code == 403
    assert IncidentEvent.objects.count() == 1


@pytest.mark.parametrize("act", [*ACTS, "inconnu"])
def test_the_case_of_another_centre_is_not_found(client, detailed_case, act):
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    client.force_login(a_lead(other))

    absent = client.get("/admin/incidents/incident/ZZZZZZZZ/")
    assert client.get(case_url(detailed_case)).status_code == absent.status_code == 404
    assert client.post(case_url(detailed_case, act), {"raison": "resolved"}).status_code == 404
    assert client.get(case_url(detailed_case, "effacer", "demande")).status_code == 404
    assert IncidentEvent.objects.count() == 1


EVERY_POST = [*acts.ACTS, *(route.path for route in CASE_ROUTES)]


@pytest.mark.parametrize("where", EVERY_POST)
def test_permission_is_checked_before_the_form(detailed_case, where):
    address = case_url(detailed_case, where.replace("<uuid:uid>", str(uuid4())))
    outsider_client, agent_client = Client(), Client()
    outsider_client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    agent = an_agent(detailed_case.collectivity)
    agent.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.get(slug="ailleurs"))
    agent_client.force_login(agent)

    assert outsider_client.post(address).status_code in {404, 405}
    assert agent_client.post(address).status_code in {403, 404, 405}
    assert IncidentEvent.objects.count() == 1


def test_other_cases_of_the_body_are_those_of_the_same_centre(client, responder, detailed_case):
    same_centre, other_centre = declare(), declare()
    Incident.objects.filter(pk=other_centre.pk).update(csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))

    page = client.get(case_url(detailed_case))

    assert [other.reference for other in page.context["others"]] == [same_centre.reference]


def test_hostile_text_is_escaped_on_the_case_page(client, responder):
    caller = Caller(name=TRICK[:60], role=MARKUP[8], phone=f"02 99 00 00 12 {MARKUP[0]}")
    incident = declare(description=TRICK, supplier=MARKUP[0], caller=caller)

    page = client.get(case_url(incident))

    harmless.check_response(page)
    assert "{{ settings.SECRET_KEY }}" in read_markup(page)


@pytest.mark.parametrize("number", [2, 50])
def test_a_case_costs_at_most_thirty_five_queries_whatever_its_history(client, responder, detailed_case, number):
    for _ in range(number):
        IncidentEvent.objects.create(
            incident=detailed_case, kind=EventKind.LINK_ROTATED, actor=a_responder(), actor_kind=ActorKind.USER
        )
        declare()
    with CaptureQueriesContext(connection) as queries:
        page = client.get(case_url(detailed_case))

    assert len(page.context["moments"]) == min(number + 1, MAX_EVENTS_SHOWN)
    # Several plain queries cost less than one that joins them.
    assert len(queries) <= 35, [query["sql"][:90] for query in queries]


def test_an_agent_reads_the_case_on_the_follow_up_page_only(client, detailed_case):
    """The responders' page holds notes that the centre writes for itself alone."""
    user = an_agent(detailed_case.collectivity)
    user.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    client.force_login(user)

    assert client.get(f"/suivi/{detailed_case.reference}/").status_code == 200
    assert client.get(case_url(detailed_case)).status_code == 403
    assert client.post(case_url(detailed_case, "prendre")).status_code == 403


@pytest.mark.parametrize("role", [Role.NATIONAL, Role.ADMINISTRATOR])
def test_platform_roles_see_no_case(client, detailed_case, role):
    client.force_login(a_person(role))
    assert client.get(case_url(detailed_case)).status_code in {302, 403, 404}
    assert client.get("/admin/incidents/incident/").status_code in {302, 403}


@pytest.mark.parametrize("path", ["add/", "1/change/", "1/delete/", "1/history/"])
def test_the_default_admin_pages_are_not_found(client, responder, detailed_case, path):
    path = path.replace("1", str(detailed_case.pk))
    assert client.get(f"/admin/incidents/incident/{path}").status_code in {404, 405}
    assert client.post(f"/admin/incidents/incident/{path}").status_code in {404, 405}
    assert IncidentEvent.objects.count() == 1
    assert CALLER.phone == Story.objects.get().contact_phone


def test_workarounds_and_categories_of_persons_are_shown(client, responder):
    stopped = Interruption(service="civil", extent="stopped", workaround="Registre <papier>.")
    leak = Leak(status="confirmed", categories=("sante",), person_categories=("mineurs",))
    incident = declare(service_stopped="yes", interruptions=(stopped,), data_concerned="yes", leak=leak)
    page = client.get(case_url(incident)).content.decode()
    assert "Registre &lt;papier&gt;." in page
    assert "Enfants et mineurs" in page


def test_what_the_declarant_answered_about_personal_data_is_shown_with_the_leak(client, responder):
    case = declare(data_concerned="yes", leak=Leak(status="suspected", categories=("nir",)))
    page = read_markup(client.get(case_url(case)))
    assert "<h2>Données personnelles</h2> <span>concernées, fuite soupçonnée</span>" in page
    assert "<dt>Concernées</dt><dd>oui</dd>" in page
    unsaid = declare(data_concerned="yes", leak=Leak(categories=("nir",)))
    page = read_markup(client.get(case_url(unsaid)))
    assert "<h2>Données personnelles</h2> <span>concernées</span>" in page
    assert "<dt>Concernées</dt><dd>oui</dd>" in page
