"""Pending events become exact sums, once each."""

import os
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum

from incidents.models import Incident, PendingEvent
from incidents.services.handling.close import close_incident
from incidents.services.handling.verify import verify_incident
from stats.counting import rollups
from stats.enums import Measure
from stats.models import CaseFact, Presence, Rollup
from stats.services import fold_new_events
from stats.tasks import fold_events as task
from tests.after_kill import wait_for_rollback
from tests.cast import a_lead, breizh_cyber, declare
from tests.stats.cases import Case, bodies, change_cases, one_each, paris_time, record_events, store

RANSOMWARE = ("incidents", "information-content-security/rancon")
MAIN = ("declared", "incidents", "reports", "interruptions", "leaks", "unfounded")


def read_sums(*measures):
    """Return (measure, band) → value over all months and places, without zeros; the main measures by default."""
    rows = Rollup.objects.filter(measure__in=measures or MAIN).values_list("measure", "band").annotate(Sum("value"))
    return {(measure, band): value for measure, band, value in rows if value}


def count_pending():
    return PendingEvent.objects.filter(consumer="stats").count()


def test_a_case_is_counted_when_declared_and_when_verified(db):
    csirt = breizh_cyber()
    incident = declare()
    task()
    assert read_sums() == {("declared", ""): 1}
    verify_incident(reference=incident.reference, actor=a_lead(csirt))
    task()
    assert read_sums() == {("declared", ""): 1, RANSOMWARE: 1}
    assert Rollup.objects.get(measure="incidents").csirt == csirt
    assert count_pending() == 0


def test_folding_leaves_the_events_of_other_consumers(db):
    breizh_cyber()
    declare()
    fold_new_events()
    assert PendingEvent.objects.filter(consumer="notifications").count() == 1


def test_bands_are_counted_for_verified_cases_only(db):
    first, second = bodies("53", 2)
    facts = {"hours": (3.9, 4, 24, 71, 167, 168, None), "leaks": (("confirmed", "6-50"), ("unfounded", "0-5"))}
    store(
        [
            Case(body=first, at=paris_time(2025, 2, 1), **facts),
            Case(body=second, at=paris_time(2025, 2, 1), verified=False, **facts),
        ]
    )
    fold_new_events()
    assert read_sums() == {
        ("declared", ""): 2,
        RANSOMWARE: 1,
        ("interruptions", "0-4h"): 1,
        ("interruptions", "4-24h"): 1,
        ("interruptions", "1-3d"): 2,
        ("interruptions", "3-7d"): 1,
        ("interruptions", "7d+"): 1,
        ("interruptions", "unknown"): 1,
        ("leaks", "6-50/confirmed"): 1,
        ("unfounded", ""): 1,
    }


@pytest.mark.parametrize("reason", ["not_an_incident", "duplicate"])
def test_a_case_closed_as_no_incident_is_counted_nowhere(db, reason):
    csirt = breizh_cyber()
    incident = declare()
    fold_new_events()
    close_incident(reference=incident.reference, reason=reason, actor=a_lead(csirt))
    fold_new_events()
    assert read_sums() == {}
    assert not CaseFact.objects.get().is_counted


def test_a_case_counts_in_the_month_of_the_local_time_of_its_town_hall(db):
    (body,) = bodies("53", 1)
    (overseas,) = bodies("03", 1)  # Cayenne, four hours behind Paris in winter
    store([Case(body=body, at=paris_time(2025, 1, 1, 0)), Case(body=body, at=paris_time(2024, 12, 31, 23))])
    store([Case(body=overseas, at=paris_time(2025, 1, 1, 3)), Case(body=overseas, at=paris_time(2025, 1, 1, 4))])
    fold_new_events()
    months = Rollup.objects.filter(measure="incidents").values_list("region__code", "month")
    assert sorted((region, f"{month:%Y-%m-%d}") for region, month in months) == [
        ("03", "2024-12-01"),
        ("03", "2025-01-01"),
        ("53", "2024-12-01"),
        ("53", "2025-01-01"),
    ]


def test_a_signalement_is_counted_apart_and_adds_nothing_to_other_measures(db):
    incidents = store(one_each(bodies("53", 2), paris_time(2025, 2, 1), hours=(2,), leaks=(("confirmed", "6-50"),)))
    fold_new_events()
    change_cases(incidents[:1], nature="report")
    fold_new_events()
    assert read_sums() == {
        ("declared", ""): 2,
        RANSOMWARE: 1,
        ("reports", ""): 1,
        ("interruptions", "0-4h"): 1,
        ("leaks", "6-50/confirmed"): 1,
    }
    assert list(Presence.objects.values_list("collectivity", "year", "incidents", "hits").order_by("incidents")) == [
        (incidents[0].collectivity_id, 2025, 0, 0),
        (incidents[1].collectivity_id, 2025, 1, 1),
    ]


def test_services_categories_causes_and_delays_are_counted(db):
    (incident,) = store(
        one_each(bodies("53", 1), paris_time(2025, 2, 1), hours=(2, None), leaks=(("claimed", "0-5"),))
    )
    incident.interruptions.filter(ended_at=None).update(service="eau")
    incident.interruptions.exclude(ended_at=None).update(service="paie")
    incident.leaks.update(categories=["nir", "sante"])
    change_cases(
        [incident],
        cause="supplier",
        detected_at=paris_time(2025, 1, 31, 10),
        detected_certainty="exact",
        first_acknowledged_at=paris_time(2025, 2, 1, 13),
        status="closed",
        closed_at=paris_time(2025, 3, 20),
        closing_reason="resolved",
    )
    fold_new_events()
    assert read_sums("services", "categories", "causes", "discovery", "help", "closing") == {
        ("services", "eau"): 1,
        ("services", "paie"): 1,
        ("categories", "nir"): 1,
        ("categories", "sante"): 1,
        ("causes", "supplier"): 1,
        ("discovery", "1-3d"): 1,
        ("help", "1-4h"): 1,
        ("closing", "30d+"): 1,
    }
    incident.leaks.update(status="unfounded")
    record_events([incident])
    fold_new_events()
    assert read_sums("categories") == {}
    assert read_sums("unfounded") == {("unfounded", ""): 1}


def test_a_leak_without_a_category_counts_under_the_unknown_category(db):
    """The audit of published figures, and its readers, know that a leak has a category at least."""
    store(one_each(bodies("53", 1), paris_time(2025, 2, 1), leaks=(("claimed", "0-5"),)))
    fold_new_events()
    assert read_sums("categories") == {("categories", "inconnues"): 1}


def test_a_number_of_persons_wins_over_a_band(db):
    incidents = store(one_each(bodies("53", 5), paris_time(2025, 2, 1), leaks=(("claimed", "unknown"),)))
    for incident, persons in zip(incidents, (5, 6, 300, 5000, 5001), strict=True):
        incident.leaks.update(persons=persons)
    fold_new_events()
    bands = ("0-5", "6-50", "51-300", "301-5000", "5000+")
    assert {key: value for key, value in read_sums().items() if key[0] == "leaks"} == {
        ("leaks", f"{band}/claimed"): 1 for band in bands
    }


def test_an_event_that_comes_twice_counts_once(db):
    incidents = store(one_each(bodies("53", 3), paris_time(2025, 2, 1)))
    fold_new_events()
    record_events(incidents)
    record_events(incidents)
    fold_new_events()
    assert read_sums() == {("declared", ""): 3, RANSOMWARE: 3}


def test_a_batch_costs_the_same_whatever_its_size(db, django_assert_num_queries):
    few = bodies("53", 40)
    for number in (2, 40):
        store(one_each(few[:number], paris_time(2025, 2, 1), hours=(2,)))
        with django_assert_num_queries(12):
            rollups.fold_batch()


def test_two_processes_that_fold_at_once_count_each_event_once(transactional_db, monkeypatch):
    monkeypatch.setattr(rollups, "BATCH", 7)
    store(one_each(bodies("53", 60), paris_time(2025, 2, 1), hours=(2,)))
    barrier = Barrier(3)

    def fold():
        barrier.wait()
        for _ in range(30):
            rollups.fold_batch()
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(fold) for _ in range(3)]:
            done.result()
    fold_new_events()
    assert read_sums() == {("declared", ""): 60, RANSOMWARE: 60, ("interruptions", "0-4h"): 60}
    assert count_pending() == 0


KILLED = """
import os, signal
import django
django.setup()
from stats.counting import rollups
add = rollups.add_sums
def add_and_die(differences):
    add(differences)
    os.kill(os.getpid(), signal.SIGKILL)
rollups.add_sums = add_and_die
rollups.fold_batch()
"""


def test_a_process_killed_before_its_commit_counts_nothing_twice(transactional_db):
    store(one_each(bodies("53", 20), paris_time(2025, 2, 1)))
    environment = os.environ | {"DATABASE_URL": transactional_db, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert done.returncode == -9
    wait_for_rollback()
    assert (read_sums(), count_pending()) == ({}, 20)
    fold_new_events()
    assert (read_sums(), count_pending()) == ({("declared", ""): 20, RANSOMWARE: 20}, 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_random_history_agrees_with_a_recount(db, seed):
    rng = random.Random(seed)
    town_halls = bodies("53", 10) + bodies("11", 10)
    incidents = []
    for _ in range(12):
        incidents += store(
            Case(
                body=rng.choice(town_halls),
                at=paris_time(2025, rng.randint(1, 12), rng.randint(1, 28)),
                verified=rng.random() < 0.5,
                hours=tuple(rng.choice((1, 30, None)) for _ in range(rng.randint(0, 2))),
                leaks=tuple(("claimed", "0-5") for _ in range(rng.randint(0, 1))),
            )
            for _ in range(rng.randint(0, 8))
        )
        if incidents:
            change_at_random(rng, rng.sample(incidents, min(3, len(incidents))))
        if rng.random() < 0.5:
            rollups.fold_batch()
    fold_new_events()
    call_command("verify_stats")
    verified = Incident.objects.exclude(verification="unverified").exclude(
        closing_reason__in=["not_an_incident", "duplicate"]
    )
    assert sum(read_sums("incidents").values()) == verified.count()


def change_at_random(rng, incidents):
    kind = rng.choice(("verified", "closed", "reopened"))
    if kind == "verified":
        change_cases(incidents, verification="call_back", verified_at=paris_time(2026, 1, 1))
    elif kind == "closed":
        reason = rng.choice(("resolved", "duplicate", "not_an_incident"))
        change_cases(
            incidents, status="closed", due_for="nothing", closed_at=paris_time(2026, 1, 1), closing_reason=reason
        )
    else:
        change_cases(incidents, status="declared", due_for="acknowledge", closed_at=None, closing_reason="")


def test_all_that_is_counted_of_a_case_is_compared_and_saved():
    columns = {field.attname for field in CaseFact._meta.local_concrete_fields}
    assert set(rollups.COUNTED_FIELDS) == columns - {"incident_id"}


def test_verify_stats_finds_what_is_wrong(db):
    first, *_ = store(one_each(bodies("53", 3), paris_time(2025, 2, 1)))
    fold_new_events()
    call_command("verify_stats")
    Rollup.objects.filter(measure="incidents").update(value=2)
    with pytest.raises(CommandError, match=r"rollup .*incidents.*: \+1\nPour corriger : manage.py rebuild_stats"):
        call_command("verify_stats")
    Rollup.objects.filter(measure="incidents").update(value=3)
    Incident.objects.filter(pk=first.pk).update(type="fuite")
    with pytest.raises(CommandError, match=f"incident {first.pk}"):
        call_command("verify_stats")


def test_verify_stats_excuses_what_is_still_pending(db):
    incidents = store(one_each(bodies("53", 3), paris_time(2025, 2, 1)))
    call_command("verify_stats")
    fold_new_events()
    change_cases(incidents[:1], type="fuite")
    call_command("verify_stats")


def test_the_sums_computed_from_the_facts_equal_the_stored_sums(db):
    store(one_each(bodies("53", 4), paris_time(2025, 2, 1)))
    fold_new_events()
    assert Counter(rollups.sum_facts(CaseFact.objects.all())).total() == sum(read_sums(*Measure).values())
