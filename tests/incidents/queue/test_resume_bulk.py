"""An act on more cases than a request can wait for: a task does it, a page follows it, no dead worker loses it."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import BulkAct, BulkOutcome, BulkState, EventKind, Status
from incidents.models import BulkItem, BulkJob, Incident, IncidentEvent, Message
from incidents.reference import hyphenate
from incidents.services.bulk import jobs
from incidents.services.bulk.jobs import run_due_jobs
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.cast import a_person, a_responder, declare, plouexemple
from tests.incidents.many_cases import URL, list_messages, list_outcomes, move_to_another_centre, send, start_job
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


@pytest.fixture
def long_job(client: Client, monkeypatch: pytest.MonkeyPatch, cases: list[Incident]) -> BulkJob:
    monkeypatch.setattr("incidents.triage.bulk.pages.MAX_CASES_IN_REQUEST", 2)
    answer = send(client, "prendre", cases)
    job = BulkJob.objects.get()
    assert answer.redirect_chain == [(f"{URL}{job.uid}/", 302)]
    return job


def test_a_task_carries_out_a_long_job_and_its_page_follows_it(client, long_job):
    page = client.get(f"{URL}{long_job.uid}/")
    assert "En cours : 0 sur 3" in read_markup(page)
    assert "data-waits" in page.content.decode()
    assert '<progress class="bulk__bar" max="3" value="0"' in page.content.decode()

    run_due_jobs()

    page = client.get(f"{URL}{long_job.uid}/")
    assert "Terminé" in read_markup(page)
    assert "data-waits" not in page.content.decode()
    assert "<dt>Faits</dt><dd>3</dd>" in read_markup(page)
    assert Incident.objects.filter(status=Status.ACKNOWLEDGED).count() == 3
    run_due_jobs()
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 3


def test_a_long_job_can_be_stopped(client, long_job):
    answer = client.post(f"{URL}{long_job.uid}/arreter/", follow=True)

    assert list_messages(answer) == ["Interrompu. Ce qui est fait reste fait."]
    assert "<dt>Laissés</dt><dd>3</dd>" in read_markup(answer)
    run_due_jobs()
    assert not Incident.objects.filter(status=Status.ACKNOWLEDGED).exists()
    assert client.post(f"{URL}{long_job.uid}/arreter/").status_code == 302


def test_a_job_is_seen_by_its_centre_alone(client, long_job):
    client.force_login(a_responder())
    assert client.get(f"{URL}{long_job.uid}/").status_code == 200
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    for person in (stranger, a_person(Role.ADMINISTRATOR)):
        client.force_login(person)
        assert client.get(f"{URL}{long_job.uid}/").status_code == 404
        assert client.post(f"{URL}{long_job.uid}/arreter/").status_code == 404
    assert BulkJob.objects.get().state == BulkState.RUNNING
    with pytest.raises(Http404):
        jobs.stop_bulk_job(uid=UUID(int=0), actor=stranger)


def test_a_case_that_left_the_centre_is_refused_and_not_named(client, long_job, cases):
    move_to_another_centre(cases[1])
    body = plouexemple(insee_code="29998", name="Saint-Exemple")
    Incident.objects.filter(pk=cases[1].pk).update(collectivity=body)

    run_due_jobs()

    page = read_markup(client.get(f"{URL}{long_job.uid}/"))
    assert list_outcomes(long_job) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    assert "<dt>Refusés</dt><dd>1</dd>" in page
    assert "Saint-Exemple" not in page
    assert cases[1].reference not in page
    assert "<b>Un dossier</b> : Ce dossier a été transféré à un autre centre." in page


def test_a_case_that_went_to_another_centre_of_mine_is_not_acted_on(client, responder, long_job, cases):
    move_to_another_centre(cases[1])
    responder.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.get(slug="ailleurs"))

    run_due_jobs()

    assert list_outcomes(long_job) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    cases[1].refresh_from_db()
    assert (cases[1].status, cases[1].events.count()) == (Status.DECLARED, 1)
    page = read_markup(client.get(f"{URL}{long_job.uid}/"))
    assert f"({hyphenate(cases[1].reference)})</b> : Ce dossier a été transféré à un autre centre." in page


@pytest.mark.parametrize("number", [2, 12, pytest.param(50, marks=pytest.mark.proof)])
def test_the_page_costs_the_same_whatever_its_length(client, responder, number):
    colleague = a_responder()
    cases = [declare() for _ in range(number)]
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=colleague)
    job = start_job(responder, cases=cases)
    while run_due_jobs():  # a round is two seconds
        pass
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{URL}{job.uid}/")
    assert read_markup(page).count("l’a pris") == number
    assert len(queries) <= 8, [query["sql"][:90] for query in queries]


# Whatever happens to the worker


class Killed(BaseException):
    """An exception that no handler of errors may swallow."""


def test_a_worker_killed_in_the_middle_is_followed_by_another(responder, cases, monkeypatch, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    job = start_job(responder, cases=cases)
    honest = jobs.ACTS[BulkAct.TAKE]

    def die_at_the_second(reference, job):
        honest(reference, job)
        if reference == cases[1].reference:
            raise Killed

    monkeypatch.setitem(jobs.ACTS, BulkAct.TAKE, die_at_the_second)
    with pytest.raises(Killed):
        run_due_jobs()
    assert list_outcomes(job) == [BulkOutcome.DONE, BulkOutcome.WAITING, BulkOutcome.WAITING]
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 1

    monkeypatch.setitem(jobs.ACTS, BulkAct.TAKE, honest)
    run_due_jobs()
    assert list_outcomes(job).count(BulkOutcome.WAITING) == 2, "it is claimed for a minute"
    time_machine.shift(jobs.LEASE + timedelta(seconds=1))
    run_due_jobs()

    job.refresh_from_db()
    assert (job.state, list_outcomes(job)) == (BulkState.DONE, [BulkOutcome.DONE] * 3)
    assert IncidentEvent.objects.filter(kind=EventKind.ACKNOWLEDGED).count() == 3


def test_a_job_that_waits_while_the_time_is_set_back_is_done(responder, cases, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    job = start_job(responder, cases=cases)
    time_machine.shift(-timedelta(hours=2))
    run_due_jobs()
    assert list_outcomes(job) == [BulkOutcome.DONE] * 3


def test_a_request_that_dies_is_followed_by_a_worker(client, responder, cases, monkeypatch, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    monkeypatch.setattr("incidents.triage.bulk.pages.run_job_in_request", lambda job: None)
    send(client, "prendre", cases)
    run_due_jobs()
    assert list_outcomes(BulkJob.objects.get()) == [BulkOutcome.DONE] * 3


def test_one_case_that_fails_does_not_delay_the_others(responder, cases, monkeypatch):
    job = start_job(responder, cases=cases)
    honest = jobs.ACTS[BulkAct.TAKE]

    def fail_at_the_second(reference, job):
        honest(reference, job)
        if reference == cases[1].reference:
            raise ZeroDivisionError

    monkeypatch.setitem(jobs.ACTS, BulkAct.TAKE, fail_at_the_second)
    run_due_jobs()

    assert list_outcomes(job) == [BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.DONE]
    assert Incident.objects.get(pk=cases[1].pk).status == Status.DECLARED
    assert "Une erreur" in BulkItem.objects.get(outcome=BulkOutcome.REFUSED).why


def test_a_lost_database_refuses_no_case(responder, cases, monkeypatch):
    job = start_job(responder, cases=cases)

    def lose_the_connection(reference, job):
        raise OperationalError

    monkeypatch.setitem(jobs.ACTS, BulkAct.TAKE, lose_the_connection)
    with pytest.raises(OperationalError):
        run_due_jobs()
    assert list_outcomes(job) == [BulkOutcome.WAITING] * 3


def test_a_task_out_of_time_leaves_the_rest_of_the_job_to_the_next_task(responder, cases, monkeypatch):
    job = start_job(responder, cases=cases)
    jobs.claim_job(timezone.now())
    assert jobs.run_job(job, until=timezone.now() - timedelta(seconds=1)) == 0
    assert run_due_jobs() == 3
    assert list_outcomes(job) == [BulkOutcome.DONE] * 3


def test_the_acts_of_one_person_are_done_one_after_the_other(responder, cases):
    """A colleague's job gets as many turns, however many were started before it."""
    first = start_job(responder, cases=cases)
    start_job(responder, BulkAct.MESSAGE, cases, key="k2", text="Un message.")
    colleagues = start_job(a_responder(), BulkAct.MESSAGE, cases, text="Un autre.")
    assert [jobs.claim_job(timezone.now()), jobs.claim_job(timezone.now()), jobs.claim_job(timezone.now())] == [
        *[first, colleagues, None]
    ]
    assert run_due_jobs() == 0


def test_a_job_does_nothing_once_its_author_has_left_the_centre(responder, cases):
    job = start_job(responder, cases=cases)
    Membership.objects.filter(user=responder).update(ended_on="2026-01-01")

    run_due_jobs()

    assert list_outcomes(job) == [BulkOutcome.REFUSED] * 3
    assert not Incident.objects.filter(status=Status.ACKNOWLEDGED).exists()


def test_each_declarant_gets_the_message_once_and_the_job_forgets_its_text(responder, cases):
    for _double_click in range(2):
        job = start_job(responder, BulkAct.MESSAGE, cases, text="Votre prestataire remet ses serveurs en route.")
    run_due_jobs()
    run_due_jobs()

    job.refresh_from_db()
    assert (job.state, job.text) == (BulkState.DONE, "")
    assert sorted(Message.objects.values_list("incident_id", flat=True)) == [case.pk for case in cases]
    assert set(Message.objects.values_list("text", flat=True)) == {"Votre prestataire remet ses serveurs en route."}


def test_a_person_who_loses_the_role_meanwhile_acts_on_no_other_case(responder, cases):
    start_job(responder, cases=cases)
    job = jobs.claim_job(timezone.now())
    assert jobs.act_on_next_case(job)

    Membership.objects.filter(user=responder).update(ended_on=timezone.localdate())
    jobs.run_job(job, until=timezone.now() + timedelta(minutes=1))

    assert Incident.objects.filter(status=Status.ACKNOWLEDGED).count() == 1
    assert BulkItem.objects.filter(outcome=BulkOutcome.REFUSED).count() == 2
