"""The steps of a guide become the tasks of a case, once; they are done, undone, and say what is due next."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from csirts.models import Csirt
from incidents.catalogues.playbooks import PLAYBOOKS, Step
from incidents.enums import DueFor, EventKind, IncidentType
from incidents.models import Incident, Playbook, Task
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.tasks import apply_playbook
from incidents.services.library.playbooks import NATIONAL_STEPS, clean_steps, get_applied_playbook, publish_playbook
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.incidents.desk import CASE, acknowledge_as, reload
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
PAGE = f"{CASE}/guides/breizh-cyber/rancon/"
TYPED = "Couper le VPN\nC’est par là qu’ils entrent.\nSource : chez nous\nAvant : 2 h\n\nRappeler le soir"


def post_task_state(client, incident, task, state):
    return client.post(case_url(incident, "taches", str(task.uid)), {"etat": state})


def post_task(client, incident, **fields):
    return client.post(
        case_url(incident, "taches"), {"title": "Rappeler le maire", "due": "", "due_time": ""} | fields
    )


def test_the_steps_of_the_guide_become_tasks(client, responder, case):
    steps = PLAYBOOKS["rancon"]
    assert "Ajouter les étapes du guide « rançongiciel »" in read_markup(client.get(case_url(case)))

    answer = client.post(case_url(case, "guide"), follow=True)

    assert f"Étapes du guide ajoutées : {len(steps)}." in read_markup(answer)
    event = case.events.get(kind=EventKind.TASKS_ADDED)
    assert event.data == {"playbook": "rancon", "version": 1, "own": False, "added": len(steps)}
    tasks = list(case.tasks.order_by("id"))
    assert [task.title for task in tasks] == [step.title for step in steps]
    assert {task.due_at for task in tasks if task.step == "rappeler"} == {event.at + timedelta(hours=1)}
    after = reload(case)
    assert (after.due_at, after.due_for) == (event.at + timedelta(hours=1), DueFor.TASK)

    first = answer.context["tasks"]["open"][0].task
    assert post_task_state(client, case, first, "done").status_code == 302

    first.refresh_from_db()
    assert (first.done_by, first.is_moot) == (responder, False)
    assert case.events.get(kind=EventKind.TASK_DONE).data == {"task": str(first.uid), "state": "done"}
    page = read_markup(client.get(case_url(case)))
    assert f"{len(steps) - 1} sur {len(steps)}" in page
    assert "<b>Tâche faite</b> par" in page
    assert f"<b>Tâches ajoutées</b> ({len(steps)})" in page


def test_adding_the_guide_twice_adds_nothing(client, responder, case):
    for _ in range(2):
        answer = client.post(case_url(case, "guide"), follow=True)
    assert "déjà dans le dossier" in read_markup(answer)
    assert Task.objects.count() == len(PLAYBOOKS["rancon"])
    assert case.events.filter(kind=EventKind.TASKS_ADDED).count() == 1
    assert "Ajouter les étapes" not in read_markup(answer)


def test_another_type_adds_only_its_new_steps(client, responder, case):
    apply_playbook(reference=case.reference, actor=responder)
    Incident.objects.filter(pk=case.pk).update(type=IncidentType.MAILBOX)
    first_steps = {step.step for step in PLAYBOOKS["rancon"]}
    new_steps = [step for step in PLAYBOOKS["boite"] if step.step not in first_steps]
    assert f"({len(new_steps)} de plus)" in read_markup(client.get(case_url(case)))

    assert apply_playbook(reference=case.reference, actor=responder) == len(new_steps)
    assert Task.objects.filter(step="rappeler").count() == 1


def test_a_task_is_set_aside_then_reopened_then_done(client, responder, case):
    post_task(client, case)
    task = Task.objects.get()
    for state, moot in (("moot", True), ("moot", True), ("open", False), ("done", False)):
        assert post_task_state(client, case, task, state).status_code == 302
        task.refresh_from_db()
        assert (task.done_at is None, task.is_moot) == (state == "open", moot)
    states = [event.data["state"] for event in case.events.filter(kind=EventKind.TASK_DONE).order_by("id")]
    assert states == ["moot", "open", "done"]


def test_an_unknown_state_or_task_changes_nothing(client, responder, case):
    post_task(client, case)
    task = Task.objects.get()
    post_task_state(client, case, task, "x")
    assert client.post(case_url(case, "taches", str(uuid4())), {"etat": "done"}).status_code == 404
    other = acknowledge_as(responder, declare())
    assert client.post(case_url(other, "taches", str(task.uid)), {"etat": "done"}).status_code == 404
    task.refresh_from_db()
    assert task.done_at is None


def test_the_due_time_of_an_added_task_is_in_the_time_zone_of_the_body(client, responder, case):
    with time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Paris"))):
        assert post_task(client, case, due="2026-11-26", due_time="14:30").status_code == 302
        post_task(client, case, title="Autre", due="2026-11-27")
    task, whole_day = Task.objects.order_by("id")
    assert task.due_at == datetime(2026, 11, 26, 14, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert whole_day.due_at == datetime(2026, 11, 27, 23, 59, tzinfo=ZoneInfo("Europe/Paris"))
    assert (task.author, task.step) == (responder, "")


def test_a_late_task_is_marked_and_comes_first(client, responder, case):
    post_task(client, case, title="Sans date")
    post_task(client, case, due=str(timezone.localdate() + timedelta(days=1)))
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        client.force_login(responder)
        page = client.get(case_url(case))
    assert [(line.task.title, line.is_late) for line in page.context["tasks"]["open"]] == [
        ("Rappeler le maire", True),
        ("Sans date", False),
    ]
    assert "En retard" in read_markup(page)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"due": "2020-01-01"}, "due"),
        ({"due": "28/11"}, "due"),
        ({"due": "2099-01-01"}, "due"),
        ({"due": "9999-12-31"}, "due"),
        ({"due": "31/02/2027"}, "due"),
        ({"due_time": "10:00"}, "due"),
        ({"due": "2026-12-01", "due_time": "25:99"}, "due_time"),
    ],
)
def test_a_refused_task_names_the_field_and_keeps_its_text(client, responder, case, fields, field):
    answer = post_task(client, case, **fields)
    assert answer.status_code == 422
    form = answer.context["tasks"]["form"]
    assert list(form.errors) == [field]
    assert form["title"].value() == fields.get("title", "Rappeler le maire")
    assert "<details open>" in read_markup(answer)
    assert not Task.objects.exists()


def test_a_double_click_is_one_task(client, responder, case):
    for _ in range(2):
        post_task(client, case)
    assert Task.objects.count() == 1


def test_no_task_is_added_to_a_closed_or_an_erased_case(client, responder, case):
    close_incident(reference=case.reference, reason="resolved", why="Vu.", actor=responder)
    with pytest.raises(ValidationError):
        apply_playbook(reference=case.reference, actor=responder)
    assert "Ce dossier est clos" in read_markup(client.post(case_url(case, "taches"), {"title": "x"}, follow=True))
    erased = acknowledge_as(responder, declare())
    apply_playbook(reference=erased.reference, actor=responder)
    erase_personal_data(reference=erased.reference, actor=a_lead())
    assert set(erased.tasks.values_list("title", "why", "source")) == {("", "", "")}
    assert client.get(case_url(erased)).status_code == 200
    with pytest.raises(ValidationError):
        apply_playbook(reference=erased.reference, actor=responder)


def test_a_case_of_another_centre_is_not_found(case):
    elsewhere = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        apply_playbook(reference=case.reference, actor=elsewhere)


@pytest.mark.parametrize("number", [2, 50])
def test_the_tasks_cost_one_query(client, responder, case, number):
    row = {"incident": case, "author": responder, "done_by": responder, "done_at": timezone.now()}
    Task.objects.bulk_create(Task(title=f"Tâche {index}", **row) for index in range(number))
    with CaptureQueriesContext(connection) as queries:
        client.get(case_url(case))
    assert len([query for query in queries if 'FROM "incidents_task"' in query["sql"]]) == 1


@pytest.mark.parametrize("kind", IncidentType.values)
def test_each_type_has_a_national_guide_that_fits_its_rows(kind):
    steps = PLAYBOOKS[kind]
    assert len(steps) >= 8
    assert steps[0].step == "rappeler"
    assert len({step.step for step in steps}) == len(steps)
    assert [clean.step for clean in clean_steps([step._asdict() for step in steps])] == [step.step for step in steps]
    assert all(step.title and step.why and step.source for step in steps)
    assert not any("NIS" in f"{step.title} {step.why}" for step in steps)


# The guide of a centre


def post_playbook(client, based_on=0, text=TYPED, **buttons):
    return client.post(PAGE, {"steps": text, "based_on": based_on} | (buttons or {"publier": "1"}))


def test_a_lead_publishes_a_guide_and_cases_follow_it(client, lead):
    assert PLAYBOOKS["rancon"][0].title in client.get(PAGE).context["form"]["steps"].value()
    preview = post_playbook(client, voir="1")
    assert "Aperçu" in read_markup(preview)
    assert not Playbook.objects.exists()

    assert post_playbook(client)["Location"] == PAGE

    steps = get_applied_playbook("rancon", breizh_cyber()).steps
    assert steps == (
        Step("couper-le-vpn", "Couper le VPN", "C’est par là qu’ils entrent.", "chez nous", 2),
        Step("rappeler-le-soir", "Rappeler le soir", "", "", None),
    )
    assert "le vôtre , version 1" in read_markup(client.get(f"{CASE}/guides/")).replace("</b>,", " ,").replace(
        "<b>", ""
    )
    incident = acknowledge_as(lead, declare())
    assert apply_playbook(reference=incident.reference, actor=lead) == 2
    assert incident.events.get(kind=EventKind.TASKS_ADDED).data["own"] is True
    assert "Ajouter les étapes" not in read_markup(client.get(case_url(incident)))


def test_a_step_that_keeps_its_title_keeps_its_code(client, lead):
    steps_text = client.get(PAGE).context["form"]["steps"].value()
    post_playbook(client, text=steps_text.replace("\n\n", "\n\nUne étape à nous\n\n", 1))
    steps = get_applied_playbook("rancon", breizh_cyber()).steps
    assert [step.step for step in steps if step.step != "une-etape-a-nous"] == [
        step.step for step in PLAYBOOKS["rancon"]
    ]


def test_publishing_twice_is_one_version_and_the_national_guide_comes_back(client, lead):
    for _ in range(2):
        post_playbook(client)
    assert Playbook.objects.count() == 1
    for _ in range(2):
        client.post(PAGE, {"national": "1", "based_on": "1"})
    assert get_applied_playbook("rancon", breizh_cyber()).csirt is None
    assert Playbook.objects.count() == 2
    assert "retour au guide national" in read_markup(client.get(PAGE))
    assert "Couper le VPN" in client.get(PAGE, {"version": "1"}).context["form"]["steps"].value()


def test_the_second_writer_gets_a_conflict_and_loses_nothing(client, lead):
    post_playbook(client)
    late = post_playbook(client, based_on=0, text="Une autre étape")
    assert late.status_code == 409
    assert "Quelqu’un a publié une autre version" in read_markup(late)
    assert late.context["form"]["steps"].value() == "Une autre étape"
    assert (
        post_playbook(client, based_on=late.context["form"]["based_on"].value(), text="Une autre étape").status_code
        == 302
    )
    client.post(PAGE, {"national": "1", "based_on": "1"})
    assert get_applied_playbook("rancon", breizh_cyber()).version == 2, "a stale page goes back to nothing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "obligatoire"),
        ("Une étape\n\n" + "x" * 161, "Étape 2"),
        ("Une étape\nAvant : demain", "Étape 1"),
        ("Une étape\nAvant : 9999 h", "Étape 1"),
        ("Source : quelqu’un\n\n" * 31, "30 étapes"),
    ],
)
def test_a_wrong_step_has_its_message_and_the_text_is_kept(client, lead, text, message):
    answer = post_playbook(client, text=text)
    assert answer.status_code == 422
    assert message in read_markup(answer)
    assert answer.context["form"]["steps"].value() == text
    assert not Playbook.objects.exists()


def test_a_guide_has_at_most_thirty_steps(client, lead):
    post_playbook(client, text="Une étape\n\n" * 30)
    assert len(Playbook.objects.get().steps) == 30


def test_only_a_refused_guide_says_that_nothing_is_published(client, lead):
    refusal = "Rien n’est publié. À corriger :"
    assert refusal in read_markup(post_playbook(client, text=""))
    assert refusal not in read_markup(client.get(PAGE))


def test_a_responder_reads_and_does_not_write(client, responder):
    assert 'name="steps"' not in client.get(PAGE).content.decode()
    assert PLAYBOOKS["rancon"][0].why in client.get(PAGE).content.decode()
    assert post_playbook(client).status_code == 404
    with pytest.raises(Http404):
        publish_playbook(kind="rancon", csirt_slug="breizh-cyber", steps=NATIONAL_STEPS, based_on=0, actor=responder)


@pytest.mark.parametrize(
    ("is_of_another_centre", "kind"), [(True, "rancon"), (False, "panne")], ids=["centre", "type"]
)
def test_an_earlier_version_is_of_this_centre_and_this_type(client, is_of_another_centre, kind):
    lead, centre = a_lead(), breizh_cyber()
    if is_of_another_centre:
        centre = Csirt.objects.create(name="Exemple CSIRT", slug="exemple-csirt")
    steps = [PLAYBOOKS["rancon"][0]._asdict() | {"title": "Étape d’ailleurs"}]
    Playbook.objects.create(type=kind, csirt=centre, version=7, steps=steps, author=lead)
    client.force_login(lead)

    assert "Étape d’ailleurs" not in client.get(f"{PAGE}?version=7").content.decode()
