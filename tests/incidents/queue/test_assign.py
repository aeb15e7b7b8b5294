"""A case is given to a colleague of its centre, taken for oneself, or put back; the second writer gets a conflict."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from core.stale import Stale
from csirts.models import Csirt
from incidents.enums import ClosingReason, DueFor, EventKind, NoteKind, Severity, Status
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.groups.group import add_to_group
from incidents.services.handling.assign import NOBODY, assign_incident, format_person_tag
from incidents.services.handling.close import close_incident
from incidents.services.handling.notes import write_note
from incidents.services.handling.severity import set_severity
from incidents.services.handling.tasks import NewTask, TaskState, add_task, set_task_state
from incidents.severity import ACKNOWLEDGE_WITHIN
from incidents.triage.wording import NBSP
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare
from tests.incidents.desk import acknowledge_as, reload
from tests.incidents.devices import QUEUE, open_by_link
from tests.incidents.grouping import a_group
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def test_the_page_names_who_has_the_case_and_who_took_it(client, responder, colleague):
    incident = acknowledge_as(responder, declare())
    assert f"<b>{responder}</b> s’en occupe depuis" in read_markup(client.get(case_url(incident)))
    assign_incident(
        reference=incident.reference, actor=responder, assignee=colleague, seen=format_person_tag(responder)
    )
    assert f"<b>{colleague}</b> s’en occupe, pris en charge par {responder}," in read_markup(
        client.get(case_url(incident))
    )
    assign_incident(reference=incident.reference, actor=responder, assignee=None, seen=format_person_tag(colleague))
    page = read_markup(client.get(case_url(incident)))
    assert "À prendre</span> reçu il y a" in page
    assert "s’en occupe" not in page


def assign(incident, actor, assignee, seen=""):
    return assign_incident(reference=incident.reference, actor=actor, assignee=assignee, seen=seen)


def list_events(incident):
    return list(incident.events.order_by("id").values_list("kind", flat=True))[1:]


def test_a_case_is_assigned_to_a_colleague_on_its_page(client, responder, colleague, incident):
    acknowledge_as(responder, incident)
    form = client.get(case_url(incident), {"ouvrir": "attribution"}).context["assigned"]["form"]
    assert [value for value, _name in form.fields["assignee"].choices] == [
        NOBODY,
        *(format_person_tag(person) for person in sorted([responder, colleague], key=str)),
    ]

    answer = client.post(
        case_url(incident, "attribuer"), {"assignee": format_person_tag(colleague), "seen": form["seen"].value()}
    )

    assert (answer.status_code, answer["Location"]) == (302, f"{case_url(incident)}#attribution")
    after = reload(incident)
    assert (after.assignee, after.acknowledged_by) == (colleague, responder)
    event = incident.events.get(kind=EventKind.ASSIGNED)
    assert (event.actor, event.data) == (responder, {"to": str(colleague.uid)})
    assert after.worked_at < event.at, "to give a case is no work on it"
    assert f'<option value="{colleague.uid}" selected>' in read_markup(
        client.get(case_url(incident), {"ouvrir": "attribution"})
    )


def test_each_list_of_colleagues_marks_those_who_cannot_work_yet(client, responder, colleague, incident):
    invited, without_factor = (
        a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False, email=f"{name}@demo.example")
        for name in ("invitee", "sans-facteur")
    )
    invited.set_unusable_password()
    invited.save()
    acknowledge_as(responder, incident)
    pages = [
        client.get(case_url(incident), {"ouvrir": "attribution"}),
        client.post(f"{QUEUE}actes/", {"acte": "attribuer", "dossier": incident.reference}),
        client.get(f"{QUEUE}relais/"),
    ]
    for page in pages:
        content = read_markup(page)
        assert f">{invited} (n’a pas encore ouvert son compte)</option>" in content
        assert f">{without_factor} (pas encore de second facteur)</option>" in content
        assert f">{colleague}</option>" in content


def test_a_closed_case_offers_no_assignment(client, responder, incident):
    assert "Me l’attribuer" in read_markup(client.get(case_url(incident)))
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    page = read_markup(client.get(case_url(incident)))
    assert "Me l’attribuer" not in page
    assert 'id="attribution"' not in page


def test_assigning_twice_changes_nothing(responder, colleague, incident):
    acknowledge_as(responder, incident)
    for _ in range(2):
        assign(incident, responder, colleague, seen=format_person_tag(responder))
    assert list_events(incident) == [EventKind.ACKNOWLEDGED, EventKind.ASSIGNED]


def test_assigning_oneself_a_free_case_takes_it(client, responder, incident):
    client.post(case_url(incident, "attribuer"), {"assignee": format_person_tag(responder), "seen": NOBODY})

    after = reload(incident)
    assert (after.status, after.acknowledged_by, after.assignee) == (Status.ACKNOWLEDGED, responder, responder)
    assert list_events(incident) == [EventKind.ACKNOWLEDGED]


def test_a_free_case_given_to_somebody_else_stays_to_be_taken(responder, colleague, incident):
    assign(incident, responder, colleague)

    after = reload(incident)
    assert (after.status, after.assignee, after.acknowledged_at) == (Status.DECLARED, colleague, None)
    assign(incident, colleague, colleague)
    assert reload(incident).acknowledged_by == colleague


def test_a_case_that_is_put_back_has_no_assignee(client, responder, incident):
    acknowledge_as(responder, incident)
    client.post(case_url(incident, "attribuer"), {"assignee": NOBODY, "seen": format_person_tag(responder)})

    assert reload(incident).assignee is None
    assert incident.events.get(kind=EventKind.ASSIGNED).data == {"to": None, "put_back": True}


def test_a_case_that_is_put_back_is_to_be_taken_everywhere(client, responder, incident, time_machine):
    """The queue, the deadline and the page of the declarant say so; the next person to take it is its assignee."""
    time_machine.move_to(timezone.now(), tick=False)
    acknowledge_as(responder, incident)
    time_machine.shift(timedelta(days=3))
    assign(incident, responder, None)
    client.force_login(responder)

    after = reload(incident)
    assert (after.status, after.is_taken, after.due_for) == (Status.DECLARED, False, DueFor.ACKNOWLEDGE)
    assert (after.acknowledged_at, after.acknowledged_by) == (None, None)
    put_back_at = incident.events.get(kind=EventKind.ASSIGNED).at
    assert after.acknowledge_by == put_back_at + ACKNOWLEDGE_WITHIN[after.severity]
    assert after.due_at == after.answer_by, "the declarant, whom nobody ever answered, waits longer than that"
    line = client.get(QUEUE).context["rows"][0]
    assert (line.incident, line.must_be_taken) == (incident, True)
    page = read_markup(client.get(case_url(incident)))
    assert "s’en occupe" not in page
    assert "à prendre avant le" in page or "En retard de" in page
    follow_up = read_markup(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert "a pris votre dossier en charge" in follow_up, "what was is still told"
    assert (
        f"{responder.display_name} (Breizh Cyber) n’a plus votre dossier : il attend que le centre le reprenne"
        in follow_up
    )
    assert "s’occupe de votre incident" not in follow_up
    assert "Personne ne s’en occupe pour le moment." in follow_up

    acknowledge_as(lead := a_lead(), incident)
    assert (reload(incident).status, reload(incident).assignee) == (Status.ACKNOWLEDGED, lead)


@pytest.mark.parametrize("days", [24, 31])
def test_a_late_case_stays_late_after_each_assignment(responder, colleague, incident, time_machine, days):
    """The case is assigned, put back and taken again: only work on it is a review."""
    time_machine.move_to(timezone.now(), tick=False)
    acknowledge_as(responder, incident)
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Bonjour.", key="k"))
    late_since = reload(incident).due_at
    time_machine.shift(timedelta(days=days))

    for giver, to in [(responder, colleague), (colleague, responder), (responder, None), (colleague, colleague)]:
        assign(incident, giver, to)
        assert reload(incident).due_at == late_since
    assert (reload(incident).status, reload(incident).due_for) == (Status.ACKNOWLEDGED, DueFor.REVIEW)
    add_to_group(reference=incident.reference, group=a_group(colleague).uid, actor=colleague)
    assert reload(incident).due_at == late_since, "nor is to put it in a group"
    write_note(reference=incident.reference, actor=colleague, kind=NoteKind.NOTE, text="Revu.", key="n")
    assert reload(incident).due_at > timezone.now()


def test_a_late_task_keeps_the_case_late_when_nobody_has_it(client, responder, incident, time_machine):
    """The queue, its view of late cases and the page of the case name the task, until somebody does it."""
    time_machine.move_to(timezone.now(), tick=False)
    Incident.objects.filter(pk=incident.pk).update(answer_by=None)
    acknowledge_as(responder, incident)
    new_task = NewTask(title="Couper l’accès", due_at=timezone.now() + timedelta(minutes=30))
    task = add_task(reference=incident.reference, actor=responder, new_task=new_task)
    time_machine.shift(timedelta(hours=4))
    client.force_login(responder)
    for assignee in (None, responder):
        if assignee:
            acknowledge_as(assignee, incident)
        else:
            assign(incident, responder, None)
        assert (reload(incident).due_at, reload(incident).due_for) == (task.due_at, DueFor.TASK)
        (line,) = client.get(QUEUE, {"etat": "retard"}).context["rows"]
        assert line.clock == f"en retard de 3{NBSP}h"
        assert line.clock_below.startswith("faire avant ")
        assert client.get(case_url(incident)).context["clocks"][0][:2] == ("tâche", task.due_at)

    assign(incident, responder, None)
    set_task_state(reference=incident.reference, actor=responder, uid=task.uid, state=TaskState.DONE)
    assert reload(incident).due_for == DueFor.ACKNOWLEDGE
    assert client.get(QUEUE, {"etat": "retard"}).context["rows"] == []


@pytest.mark.parametrize("days", [0, 46])
@pytest.mark.parametrize("is_put_back", [False, True])
def test_the_page_of_a_case_names_the_deadline_of_the_queue_first(
    client, responder, incident, time_machine, days, is_put_back
):
    """That is so for a review too, whether the case was put back or not."""
    time_machine.move_to(timezone.now(), tick=False)
    acknowledge_as(responder, incident)
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Bonjour.", key="k"))
    new_task = NewTask(title="Rappeler", due_at=timezone.now() + timedelta(days=60))
    add_task(reference=incident.reference, actor=responder, new_task=new_task)
    time_machine.shift(timedelta(days=days))
    if is_put_back:
        assign(incident, responder, None)
    client.force_login(responder)

    page = client.get(case_url(incident))
    clock = page.context["clocks"][0]
    assert (clock.words, clock.at) == ("prendre" if is_put_back else "revoir", reload(incident).due_at)
    assert clock.is_late == bool(days)
    assert bool(page.context["late"]) == (is_put_back and bool(days))


def test_a_late_case_that_is_assigned_in_bulk_stays_late(client, responder, colleague, incident, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    acknowledge_as(responder, incident)
    Incident.objects.filter(pk=incident.pk).update(answer_by=None)
    time_machine.shift(timedelta(days=31))
    client.force_login(responder)
    fields = {
        "acte": "attribuer",
        "dossier": incident.reference,
        "assignee": format_person_tag(colleague),
        "confirme": "1",
    }
    client.post(f"{QUEUE}actes/", fields | {"cle": "k"})
    assert reload(incident).assignee == colleague
    assert reload(incident).due_at < timezone.now() - timedelta(days=20)


def test_a_free_case_names_whom_it_was_given_to(client, responder, colleague, incident):
    assign(incident, responder, colleague)
    client.force_login(responder)
    assert f"attribué à {colleague}" in read_markup(client.get(QUEUE))
    client.force_login(colleague)
    page = read_markup(client.get(QUEUE))
    assert "attribué à vous" in page
    assert f'name="prendre" value="{incident.reference}"' in page


def test_a_change_of_severity_does_not_make_a_case_late_at_once(responder, incident, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    acknowledge_as(responder, incident)
    time_machine.shift(timedelta(days=10))
    assign(incident, responder, None)
    set_severity(reference=incident.reference, severity=Severity.LOW, motive="Vu.", actor=responder)
    assert reload(incident).acknowledge_by > timezone.now()


def test_the_second_writer_sees_who_has_the_case_and_keeps_the_choice(client, responder, colleague, incident):
    acknowledge_as(responder, incident)
    lead = a_lead()
    assign(incident, lead, lead)

    late = {"assignee": format_person_tag(colleague), "seen": format_person_tag(responder)}
    answer = client.post(case_url(incident, "attribuer"), late)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert f"{lead} a ce dossier maintenant." in page
    assert f'<option value="{colleague.uid}" selected>' in page
    assert reload(incident).assignee == lead
    fresh = answer.context["assigned"]["form"]["seen"].value()
    assert client.post(case_url(incident, "attribuer"), late | {"seen": fresh}).status_code == 302
    assert reload(incident).assignee == colleague


def test_a_stale_page_is_refused_with_the_current_assignee(responder, colleague, incident):
    acknowledge_as(colleague, incident)
    with pytest.raises(Stale) as stale:
        assign(incident, responder, responder, seen=NOBODY)
    assert stale.value.current == colleague


@pytest.mark.parametrize("who", ["agent", "elsewhere", "left", "closed account"])
def test_only_people_of_the_centre_may_have_the_case(client, responder, colleague, incident, who):
    acknowledge_as(responder, incident)
    if who == "agent":
        colleague = an_agent(incident.collectivity)
    if who == "elsewhere":
        colleague = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    if who == "left":
        Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))
    if who == "closed account":
        colleague.is_active = False
        colleague.save()

    with pytest.raises(ValidationError) as refusal:
        assign(incident, responder, colleague)
    assert list(refusal.value.message_dict) == ["assignee"]
    answer = client.post(case_url(incident, "attribuer"), {"assignee": format_person_tag(colleague)}, follow=True)
    assert "Choisissez une personne du centre" in read_markup(answer)
    assert reload(incident).assignee == responder
    assert list_events(incident) == [EventKind.ACKNOWLEDGED]


@pytest.mark.parametrize("odd", ["", "x", "\0", "0" * 500])
def test_a_choice_that_is_no_person_of_the_centre_is_refused(client, responder, incident, odd):
    answer = client.post(case_url(incident, "attribuer"), {"assignee": odd}, follow=True)
    assert "Choisissez une personne du centre" in read_markup(answer)
    assert list_events(incident) == []


def test_a_closed_case_is_given_to_nobody(responder, colleague, incident):
    close_incident(reference=incident.reference, reason="resolved", why="Vu.", actor=responder)
    with pytest.raises(ValidationError):
        assign(incident, responder, colleague)


def test_a_case_of_another_centre_is_not_found(colleague, incident):
    elsewhere = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        assign(incident, elsewhere, colleague)


def test_the_page_says_that_the_assignee_has_left(client, responder, colleague, incident):
    acknowledge_as(colleague, incident)
    Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))

    page = client.get(case_url(incident))
    assert f"{colleague} a ce dossier et ne travaille plus au centre." in read_markup(page)
    tag = page.context["assigned"]["seen"]
    client.post(case_url(incident, "attribuer"), {"assignee": format_person_tag(responder), "seen": tag})
    assert reload(incident).assignee == responder
