"""Each saved view of the queue lists and counts its cases, explains itself when empty, and costs few queries."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import User
from csirts.models import Csirt
from incidents.enums import TYPE_TERMS, Burst, ClosingReason, IncidentType, Nature
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.notes import write_note
from incidents.services.handling.tasks import NewTask, add_task
from incidents.services.handling.verify import verify_incident
from incidents.triage.queue import saved_views
from tests.cast import a_person, a_responder, declare, plouexemple
from tests.reading import read_markup

URL = "/admin/incidents/incident/"
VIEWS = [
    "a-prendre",
    "ouverts",
    "miens",
    "sans-responsable",
    "a-reprendre",
    "non-verifies",
    "a-repondre",
    "attente",
    "retard",
    "clos",
    "tous",
]
pytestmark = pytest.mark.django_db


def list_references(client, view, **more):
    return {line.incident.reference for line in client.get(URL, {"etat": view} | more).context["rows"]}


def get_counts(response):
    return {view["view"].code: view["count"] for view in response.context["views"]}


@pytest.fixture
def cases_by_view(responder: User) -> dict[str, Incident]:
    """Return one case for each kind of view, by name."""
    cases_by_name = {name: declare() for name in ("free", "mine", "theirs", "asked", "late", "closed")}
    colleague = a_responder(cases_by_name["free"].csirt)
    for name, actor in [("mine", responder), ("theirs", colleague), ("asked", colleague), ("closed", responder)]:
        acknowledge_incident(reference=cases_by_name[name].reference, actor=actor)
    verify_incident(reference=cases_by_name["theirs"].reference, actor=responder)
    question = Letter(text="Quand vos fichiers se sont-ils fermés ?", key="1", asks_answer=True)
    write_to_declarant(reference=cases_by_name["asked"].reference, actor=colleague, letter=question)
    Incident.objects.filter(pk=cases_by_name["late"].pk).update(due_at=timezone.now() - timedelta(hours=3))
    close_incident(
        reference=cases_by_name["closed"].reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder
    )
    return cases_by_name


def test_each_saved_view_lists_and_counts_its_cases(client, cases_by_view):
    expected = {
        "ouverts": {"free", "mine", "theirs", "asked", "late"},
        "a-prendre": {"free", "late"},
        "miens": {"mine"},
        "sans-responsable": {"free", "late"},
        "a-reprendre": set(),
        "non-verifies": {"free", "mine", "asked", "late"},
        "a-repondre": {"free", "mine", "theirs", "late"},
        "attente": {"asked"},
        "retard": {"late"},
        "clos": {"closed"},
        "tous": set(cases_by_view),
    }
    for view, names in expected.items():
        assert list_references(client, view) == {cases_by_view[name].reference for name in names}, view

    page = client.get(URL)
    counts = {view: str(len(names)) for view, names in expected.items()} | {"clos": "", "tous": ""}
    assert get_counts(page) == counts
    assert '<a href="?etat=ouverts" aria-current="page">Tout' in read_markup(page)
    assert '<a href="?etat=retard" aria-current="page">En retard' in read_markup(client.get(URL, {"etat": "retard"}))


def test_an_unanswered_declarant_is_listed_whatever_else_is_due(client, responder, time_machine):
    """A task due sooner does not hide the case; neither a note nor a new assignee is an answer."""
    time_machine.move_to(timezone.now(), tick=False)
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    add_task(reference=incident.reference, actor=responder, new_task=build_errand("Rappeler l’hébergeur", hours=1))
    write_note(reference=incident.reference, actor=responder, kind="note", text="Vu.", key="k")

    line = client.get(URL, {"etat": "a-repondre"}).context["rows"][0]
    assert (line.incident, line.incident.due_for) == (incident, "task")
    assert line.clock_below.startswith("répondre avant ")
    assert line.clock_below in client.get(URL).content.decode()
    assign_incident(reference=incident.reference, actor=responder, assignee=a_responder(incident.csirt))
    time_machine.shift(timedelta(days=2))
    client.force_login(responder)
    assert '<b class="late">réponse en retard</b>' in read_markup(client.get(URL, {"etat": "a-repondre"}))

    answer = Letter(text="Nous arrivons.", key="1")
    write_to_declarant(reference=incident.reference, actor=responder, letter=answer)
    assert list_references(client, "a-repondre") == set()
    rows = read_markup(client.get(URL)).partition('<ol class="rows"')[2]
    assert "répondre avant" not in rows
    assert "réponse en retard" not in rows


def build_errand(title, hours):
    return NewTask(title=title, due_at=timezone.now() + timedelta(hours=hours))


def test_a_view_keeps_the_type_filter_and_an_unknown_view_shows_the_first_one(client, cases_by_view):
    outage = declare(type=IncidentType.OUTAGE)

    assert list_references(client, "sans-responsable", type="panne") == {outage.reference}
    page = client.get(URL, {"type": "panne"}).content.decode()
    assert 'href="?etat=miens&amp;type=panne"' in page
    assert f"<summary>Type&nbsp;: <b>{TYPE_TERMS[IncidentType.OUTAGE]}</b></summary>" in page
    assert list_references(client, "inconnue") == list_references(client, "ouverts")


def test_a_filtered_list_shows_no_counts_beside_the_views(client, cases_by_view):
    Incident.objects.update(burst=Burst.BODY)
    (wave,) = client.get(URL).context["rows"]
    for parameters in ({"type": "panne"}, {"dans": wave.key}):
        assert set(get_counts(client.get(URL, parameters)).values()) == {""}, parameters


def test_a_count_of_one_is_in_the_singular(client, cases_by_view):
    page = client.get(URL).content.decode()
    assert '1<span class="visually-hidden"> dossier</span>' in page
    assert '2<span class="visually-hidden"> dossiers</span>' in page


def test_the_queue_lists_the_cases_of_one_colleague(client, cases_by_view, responder):
    """The team's page links here with the public id of a colleague, to assign their cases to others."""
    colleague = Incident.objects.get(pk=cases_by_view["theirs"].pk).assignee
    references = {cases_by_view["theirs"].reference, cases_by_view["asked"].reference}
    response = client.get(URL, {"de": str(colleague.uid)})
    assert {line.incident.reference for line in response.context["rows"]} == references
    page = response.content.decode()
    assert f"Dossiers de <b>{colleague}</b>" in page
    everybody = unescape(re.search(r'<a href="([^"]*)">ceux de tous</a>', page)[1])
    assert len(client.get(urljoin(URL, everybody)).context["rows"]) == len(list_references(client, "ouverts"))
    assert "Attribuer…" in page
    assert set(get_counts(response).values()) == {""}
    assert list_references(client, "attente", de=str(colleague.uid)) == {cases_by_view["asked"].reference}
    assert list_references(client, "clos", de=str(responder.uid)) == {cases_by_view["closed"].reference}
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    for altered in ("", "x", str(stranger.uid), str(colleague.pk)):
        assert len(list_references(client, "ouverts", de=altered)) == 5


def test_no_view_lists_or_counts_cases_of_another_centre(client, cases_by_view):
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Incident.objects.update(csirt=other)

    page = client.get(URL)

    assert [list_references(client, view) for view in VIEWS] == [set()] * len(VIEWS)
    assert set(get_counts(page).values()) == {"0", ""} or set(get_counts(page).values()) == {""}
    client.force_login(a_person(Role.RESPONDER, csirt=other))
    assert len(list_references(client, "tous")) == 6
    assert list_references(client, "miens") == set()


def test_a_count_beyond_the_limit_is_not_exact(client, responder, monkeypatch):
    monkeypatch.setattr(saved_views, "COUNT_LIMIT", 3)
    for _ in range(2):
        declare()
    assert get_counts(client.get(URL))["ouverts"] == "2"
    declare()
    declare()
    with CaptureQueriesContext(connection) as queries:
        assert get_counts(client.get(URL))["ouverts"] == "2+"
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_view_explains_itself(client, responder, view):
    page = read_markup(client.get(URL, {"etat": view}))

    assert " ".join(str(saved_views.VIEWS_BY_CODE[view].empty).split()) in page
    assert ("Voir tous les dossiers" if view == "ouverts" else "Voir les dossiers à traiter") in page


def test_an_empty_view_of_own_cases_does_not_offer_to_take_a_first_case(client, responder):
    page = read_markup(client.get(URL, {"etat": "miens"}))
    assert "Vous n’avez aucun dossier ouvert. Ceux que vous prenez apparaissent ici." in page
    assert "Prenez le premier" not in page


def make_view_values(view):
    """Return the columns that put a case into this view."""
    if view == "attente":
        return {"awaited_since": timezone.now()}
    if view == "a-reprendre":
        return {"assignee": a_person(Role.AGENT, collectivity=plouexemple())}
    return {"due_at": timezone.now() - timedelta(days=1)} if view == "retard" else {}


def test_a_view_costs_the_same_at_two_and_at_fifty_rows(client, responder):
    client.get(URL)
    costs = []
    for number in (2, 50):
        while Incident.objects.count() < number:
            declare()
        costs.append({view: count_queries_of_view(client, responder, view, rows=number) for view in VIEWS})
    assert costs[0] == costs[1]
    assert max(costs[1].values()) <= 10, costs


def count_queries_of_view(client, responder, view, *, rows):
    """Return how many queries the view takes while it shows all cases, and undo what makes it show them."""
    with transaction.atomic():
        incidents = list(Incident.objects.all())
        if view == "miens":
            for incident in incidents:
                acknowledge_incident(reference=incident.reference, actor=responder)
        Incident.objects.update(**make_view_values(view))
        if view == "clos":
            for incident in incidents:
                close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(URL, {"etat": view})
        assert len(page.context["rows"]) == rows, view
        transaction.set_rollback(True)
    return len(queries)


def test_pages_of_each_view_follow_each_other(client, responder, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES_PER_PAGE", 2)
    cases = [declare() for _ in range(5)]
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=responder)
    for number, case in enumerate(cases):
        due_at = timezone.now() - timedelta(days=1, minutes=-number)
        Incident.objects.filter(pk=case.pk).update(awaited_since=timezone.now(), due_at=due_at)
    for view in ("miens", "non-verifies", "attente", "retard", "tous"):
        page, listed = client.get(URL, {"etat": view}), []
        for _ in range(3):
            listed += [line.incident.reference for line in page.context["rows"]]
            page = client.get(URL + (page.context["page"].next or "?q=zzz"))
        in_order = [case.reference for case in (reversed(cases) if view == "tous" else cases)]
        assert listed == in_order, view


def test_a_row_says_what_matters(client, responder, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    case = declare(collectivity=plouexemple())
    free = get_text(client.get(URL))
    take = f'<button class="act" form="en-nombre" name="prendre" value="{case.reference}">Prendre<span'
    for words in (take, "9 h 00</time> · à qualifier", 'class="row__clock">prendre avant 13 h 00 <small>il reste 4 h'):
        assert words in free, words

    acknowledge_incident(reference=case.reference, actor=responder)
    Incident.objects.filter(pk=case.pk).update(nature=Nature.INCIDENT, awaited_since=timezone.now())
    row = get_text(client.get(URL))
    assert f">{responder}</span></p>" in row
    assert 'class="row__clock">répondre avant 17 h 00 <small class="row__next">attend le déclarant</small>' in row
    assert "<b>Élevée</b>" in row
    assert "</time> · incident" in row

    Incident.objects.filter(pk=case.pk).update(awaited_since=None, assignee=None)
    time_machine.move_to("2026-11-24 20:00+01:00", tick=False)
    late = get_text(client.get(URL))
    assert 'class="row__clock late">en retard de 3 h <small>répondre avant 17 h 00</small>' in late
    assert take.replace(">Prendre<", ">Reprendre<") in late, "somebody had taken it, and nobody has it now"
    Incident.objects.filter(pk=case.pk).update(awaited_since=timezone.now())
    assert "attend le déclarant" not in get_text(client.get(URL)), "a late case is due by the centre"
    Incident.objects.filter(pk=case.pk).update(awaited_since=None)

    time_machine.move_to("2026-11-23 20:00+01:00", tick=False)
    assert "répondre avant le 24 nov. <small>17 h 00, il reste 21 h" in get_text(client.get(URL))


def get_text(response):
    return read_markup(response).replace("\u00a0", " ")


def test_a_closed_case_waits_for_no_declarant(client, responder):
    Incident.objects.filter(pk=declare().pk).update(awaited_since=timezone.now())
    assert "attend le déclarant</small>" in read_markup(client.get(URL))
    close_incident(
        reference=Incident.objects.get().reference,
        reason=ClosingReason.HANDED_OVER,
        handed_to="la DSI",
        actor=responder,
    )
    page = read_markup(client.get(URL, {"etat": "clos"}))
    assert page.count("data-reference") == 1
    assert "attend le déclarant</small>" not in page


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Camille Fictif", "Camille F."),
        ("Jean-Exemple de la Tour", "Jean-Exemple T."),
        ("lou (l’autre) élan", "lou É."),
        ("Camille", "Camille"),
        ("Camille 9e14", "Camille"),
        ("", "responder@csirt.example"),
    ],
)
def test_a_row_shows_the_assignee_short_with_the_full_name_as_title(client, responder, name, short):
    case = declare()
    acknowledge_incident(reference=case.reference, actor=responder)
    User.objects.filter(pk=responder.pk).update(display_name=name, email="responder@csirt.example")
    whole = name or short
    owner = (
        f'<i title="{whole}" aria-hidden="true" class="own">{short}</i><span class="visually-hidden">{whole}</span>'
    )
    assert owner in read_markup(client.get(URL)).replace("\u00a0", " ")


def test_a_blank_name_is_replaced_by_the_mail_address():
    assert User(display_name=" ", email="c@exemple.example").name_with_initial == "c@exemple.example"
