"""A closed case whose time has come loses all that leads to a person, and is counted as before, to the unit."""

from collections import Counter
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from core.locks import Lock, hold_lock
from incidents.access import CaseVisitor
from incidents.enums import ActorKind, EventKind
from incidents.models import (
    Draft,
    FollowUpAccess,
    Incident,
    IncidentEvent,
    Observable,
    PendingEvent,
    Reading,
    SearchDocument,
    Story,
)
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.declarant.access import derive_secret
from incidents.services.handling import expire
from incidents.services.search.index import index_pending_events
from notifications.queries import report_unannounced_events
from retention import services, tasks
from retention.enums import DataKind, RequestKind, RequestOutcome
from retention.models import DataRequest, Destruction, PurgeState
from retention.table import KINDS, RetainedKind
from stats.disclosure.tables import Period
from stats.models import CountedCase, Figure
from stats.services import fold_new_events, verify_figures
from tests.after_kill import wait_for_rollback
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.incidents.observing import an_observable
from tests.reading import read_text
from tests.retention.purging import FIVE_YEARS, close, close_at, continue_purge, count_due, purge_now, run_night
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.printing import print_release, spread_tables
from tests.stats.recount import read_stored_figures, recount_figures

WORDS = ("Dominique", "mairie@plouexemple.example", "02 99 00 00 00", "Exemple SAS", "Mireille")


@pytest.fixture
def old_case(db: None) -> Incident:
    """Return a closed case with words in every place where people write."""
    breizh_cyber()
    incident = declare(supplier="Exemple SAS", description="Mireille a ouvert le message.")
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Mireille attend.", key="k"))
    an_observable(incident, actor=a_responder())
    index_pending_events()
    return close(incident)


def read_all_texts() -> str:
    """Return every text of the database, but those of the people and of the official lists."""
    texts = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = "
            "'BASE TABLE' AND table_name ~ '^(incidents|notifications|stats|retention)_'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (ours)
            texts.append(str(cursor.fetchall()))
    return "\n".join(texts)


def test_words_of_a_closed_case_are_erased_after_five_years_and_its_facts_stay(old_case):
    assert all(word in read_all_texts() for word in WORDS)
    run_night(after=FIVE_YEARS)
    assert [word for word in WORDS if word in read_all_texts()] == []
    old_case.refresh_from_db()
    assert old_case.erased_at
    assert (old_case.type, old_case.collectivity.name) == ("rancon", "Plouexemple")
    assert (old_case.claimed_by, old_case.submission_digest, old_case.supplier_key) == (None, "", "")
    for model in (FollowUpAccess, SearchDocument, Observable, Reading, Draft):
        assert not model.objects.exists()
    event = old_case.events.latest("id")
    assert (event.kind, event.actor_kind, event.data) == (EventKind.ERASED, ActorKind.SYSTEM, {"expired": True})


def test_no_text_of_the_story_stays(old_case):
    fields = Story._meta.local_concrete_fields
    texts = [field.name for field in fields if isinstance(field, models.CharField | models.TextField)]
    Story.objects.filter(incident=old_case).update(**dict.fromkeys(texts, "mairie@plouexemple.example"))
    run_night(after=FIVE_YEARS)
    assert set(Story.objects.values_list(*texts).get(incident=old_case)) == {""}


def test_a_case_stays_until_its_time(old_case):
    run_night(after=FIVE_YEARS - timedelta(days=4))
    assert "Mireille" in read_all_texts()


def test_an_open_case_stays_for_ever(db):
    breizh_cyber()
    declare(description="Mireille a ouvert le message.")
    run_night(after=4 * FIVE_YEARS)
    assert "Mireille" in read_all_texts()


def test_an_addition_of_the_declarant_prolongs_a_closed_case(old_case):
    Incident.objects.update(declarant_wrote_at=timezone.now() + timedelta(days=400))
    run_night(after=FIVE_YEARS)
    assert "Mireille" in read_all_texts()
    run_night(after=FIVE_YEARS + timedelta(days=401))
    assert "Mireille" not in read_all_texts()


def test_a_duplicate_waits_for_its_main_case(db):
    breizh_cyber()
    main, double = declare(), declare(description="Mireille a tout vu.")
    now = timezone.now()
    close_at([double], now)
    Incident.objects.filter(pk=double.pk).update(merged_into=main, closing_reason="duplicate")
    run_night(after=FIVE_YEARS)
    assert "Mireille" in read_all_texts()
    close_at([main], now)
    run_night(after=FIVE_YEARS)
    assert "Mireille" not in read_all_texts()


def test_the_pages_of_a_purged_case_say_what_happened(old_case):
    """Its declarant has no link any more; an account of the body and the centre read that its time had passed."""
    code, member, lead = derive_secret(old_case.accesses.get()), an_agent(), a_lead()
    link = {"reference": old_case.reference, "code": code}
    assert Client().post("/suivi/", link).status_code == 302
    run_night(after=FIVE_YEARS)
    stranger, colleague, centre = Client(), Client(), Client()
    assert stranger.post("/suivi/", link).status_code == 422
    colleague.force_login(member)
    page = read_text(colleague.get(f"/suivi/{old_case.reference}/"))
    assert "Les données personnelles ont été effacées, leur durée étant passée" in page
    centre.force_login(lead)
    page = read_text(centre.get(f"/admin/incidents/incident/{old_case.reference}/histoire/"))
    assert "leur durée était passée" in page
    assert "la plateforme" in page


def test_nobody_is_mailed_and_nothing_waits_for_it(old_case, post):
    run_night(after=FIVE_YEARS)
    assert set(PendingEvent.objects.filter(event__kind=EventKind.ERASED).values_list("consumer", flat=True)) == {
        "search"
    }
    with time_machine.travel(timezone.now() + FIVE_YEARS + timedelta(hours=1)):
        assert PendingEvent.objects.exclude(event__kind=EventKind.ERASED).delete()
        unheard = IncidentEvent.objects.exclude(kind=EventKind.ERASED)
        assert report_unannounced_events() == unheard.count()


def store_old_cases(number: int) -> list[Incident]:
    cases = one_each(bodies("53", number), paris_time(2020, 2, 1), hours=(2, None), leaks=(("confirmed", "51-300"),))
    incidents = store(cases)
    Story.objects.bulk_create(Story(incident=incident, contact_name="Mireille") for incident in incidents)
    close_at(incidents, paris_time(2020, 3, 1))
    fold_new_events()
    return incidents


def test_exact_figures_and_releases_are_the_same_to_the_unit(db, monkeypatch):
    monkeypatch.setattr(services, "SLICE", 7)
    store_old_cases(30)
    print_release(Period(2025), spread_tables(Period(2025), 90))
    before, printed = read_stored_figures(), list(Figure.objects.order_by("id").values())
    assert before == recount_figures()
    assert count_due(DataKind.CASES) == purge_now(DataKind.CASES) == 30
    assert not Story.objects.filter(contact_name="Mireille").exists()
    fold_new_events()
    assert read_stored_figures() == before == recount_figures()
    assert verify_figures().mistakes == 0
    assert list(Figure.objects.order_by("id").values()) == printed
    assert CountedCase.objects.count() == 0


def test_a_dry_run_counts_what_the_purge_then_destroys(db, capsys):
    store_old_cases(3)
    call_command("purge", "--dry-run")
    assert "3 dossiers clos (5 ans après la clôture" in capsys.readouterr().out
    assert Story.objects.filter(contact_name="Mireille").count() == 3
    continue_purge()
    call_command("purge")
    assert Destruction.objects.get(kind=DataKind.CASES).count == 3
    call_command("purge", "--dry-run")
    assert "0 dossiers clos" in capsys.readouterr().out


def test_a_purge_that_is_killed_counts_what_it_destroyed_and_goes_on(transactional_db, monkeypatch):
    """The third slice is undone as a whole; the next night destroys it and the others, and one certificate has all."""
    monkeypatch.setattr(services, "SLICE", 7)
    store_old_cases(30)
    whole, number = services.count_slice, 0

    def stop(*arguments: object) -> None:
        nonlocal number
        number += 1
        if number == 3:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(services, "count_slice", stop)
    with pytest.raises(KeyboardInterrupt):
        purge_now(DataKind.CASES)
    wait_for_rollback()
    erased = Incident.objects.filter(erased_at__isnull=False)
    row = Destruction.objects.get()
    assert (erased.count(), row.count, row.number) == (14, 14, None)
    assert Story.objects.filter(contact_name="Mireille").count() == 16
    monkeypatch.setattr(services, "count_slice", whole)
    continue_purge()
    call_command("purge")
    row = Destruction.objects.get(kind=DataKind.CASES)
    assert (erased.count(), row.count, row.number) == (30, 30, 1)
    assert IncidentEvent.objects.filter(kind=EventKind.ERASED).count() == 30


def test_a_case_on_which_somebody_acts_waits_for_the_next_night(transactional_db):
    incidents = store_old_cases(3)
    is_locked, over = Event(), Event()

    def act() -> None:
        with transaction.atomic():
            Incident.objects.select_for_update(no_key=True).get(pk=incidents[0].pk)
            is_locked.set()
            over.wait(60)
        connection.close()

    thread = Thread(target=act)
    thread.start()
    assert is_locked.wait(60)
    assert purge_now(DataKind.CASES) == 2
    over.set()
    thread.join()
    assert purge_now(DataKind.CASES) == 1


def test_a_night_goes_on_from_task_to_task_until_nothing_is_left(db, monkeypatch):
    monkeypatch.setattr(services, "SLICE", 7)
    monkeypatch.setattr(tasks, "PURGE_TIME_LIMIT_SECONDS", 0)
    queued: list[object] = []
    monkeypatch.setattr(tasks.purge_by_night, "apply_async", lambda **options: queued.append(options))
    store_old_cases(20)
    continue_purge()
    tasks.purge_by_night()
    assert (Incident.objects.filter(erased_at__isnull=False).count(), len(queued)) == (7, 1)
    assert not Destruction.objects.filter(number__isnull=False).exists()
    monkeypatch.setattr(tasks, "PURGE_TIME_LIMIT_SECONDS", 60)
    tasks.purge_by_night()
    row = Destruction.objects.get()
    assert (row.count, row.number, len(queued)) == (20, 1, 1)


def test_a_kind_that_fails_is_logged_without_words_and_stops_no_other(db, monkeypatch, caplog):
    store_old_cases(3)
    Client().force_login(a_responder())
    whole = services.purge_kind

    def fail(kind: RetainedKind, limit: datetime, **run: Any) -> services.Purged:
        if kind.code == DataKind.CASES:
            raise TypeError("Mireille")
        return whole(kind, limit, **run)

    monkeypatch.setattr(services, "purge_kind", fail)
    run_night(after=timedelta(days=15))
    assert Destruction.objects.get().kind == DataKind.SESSIONS
    assert "not purged" in caplog.text
    assert "Mireille" not in caplog.text


@pytest.mark.parametrize("size", [1, 2, 200])
def test_a_case_that_fails_stops_no_other_case(db, monkeypatch, client, caplog, size):
    """Even if the oldest slices hold nothing else."""
    monkeypatch.setattr(services, "SLICE", size)
    cases = store_old_cases(4)
    end, bad = expire.erase_cases, {cases[0].pk, cases[1].pk}

    def fail(ids: list[int], *, at: datetime) -> Counter[str]:
        if bad & {*ids}:
            raise ValueError("Mireille")
        return end(ids, at=at)

    monkeypatch.setattr(expire, "erase_cases", fail)
    run_night(after=timedelta(0))
    assert {*Incident.objects.filter(erased_at=None).values_list("pk", flat=True)} == bad
    assert PurgeState.objects.get().problems == {DataKind.CASES: "failed"}
    assert client.get("/sante/").json()["purge"] is False
    assert "Mireille" not in caplog.text
    monkeypatch.setattr(expire, "erase_cases", end)
    run_night(after=timedelta(0))
    assert not Incident.objects.filter(erased_at=None).exists()
    assert PurgeState.objects.get().problems == {}


def test_a_kind_that_always_fails_does_not_take_the_time_of_the_others(db, monkeypatch):
    """It comes last in the next run, and a run that ends nothing is not repeated at once."""
    store_old_cases(3)
    Client().force_login(a_responder())
    monkeypatch.setattr(tasks, "PURGE_TIME_LIMIT_SECONDS", 0)
    monkeypatch.setattr(expire, "erase_cases", Mock(side_effect=ValueError))
    queued: list[object] = []
    monkeypatch.setattr(tasks.purge_by_night, "apply_async", lambda **options: queued.append(options))
    run_night(after=timedelta(days=15))
    assert (queued, Destruction.objects.count()) == ([], 0)
    kinds = sorted(KINDS, key=lambda kind: kind.code != DataKind.SESSIONS)
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        assert services.purge(kinds, seconds=0) == services.PurgeEnd.OUT_OF_TIME
    assert Destruction.objects.get().kind == DataKind.SESSIONS


def test_a_case_waits_for_the_answer_to_a_request_about_it(old_case):
    request = DataRequest.objects.create(
        csirt=old_case.csirt,
        kind=RequestKind.ACCESS,
        answer_by=timezone.localdate(),
        reference=old_case.reference,
        asker="Nour Exemple",
        proof="Vue au guichet",
        taken_by=a_lead(),
    )
    run_night(after=FIVE_YEARS)
    assert not old_case.events.filter(kind="erased").exists()
    request.outcome, request.answer = RequestOutcome.DONE, "Remis"
    request.answered_by, request.answered_at = request.taken_by, timezone.now()
    request.save()
    run_night(after=FIVE_YEARS)
    assert old_case.events.filter(kind="erased").exists()


def test_two_purges_do_not_run_at_once(transactional_db):
    store_old_cases(3)
    is_locked, over = Event(), Event()

    def hold() -> None:
        with hold_lock(Lock.PURGE, waits=True):
            is_locked.set()
            over.wait(60)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    assert is_locked.wait(60)
    tasks.purge_by_night()
    assert not Destruction.objects.exists()
    over.set()
    thread.join()
    run_night(after=timedelta(0))
    assert Destruction.objects.get().count == 3
