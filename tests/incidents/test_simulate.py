"""Invented cases are believable, the same for the same seed, and never mixed with real ones."""

import random
from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.factors import list_people_with_labels
from accounts.installation import clear_installation_cache, is_demonstration
from accounts.models import Installation
from collectivities.enums import Kind
from config.demo.management.commands import simulate_incidents
from config.demo.simulation import priors, store
from config.demo.simulation.country import TooFewBodies, draw_cases_at_rate
from config.demo.simulation.draw import DrawnBody, draw_cases
from incidents.enums import Cause, EventKind, IncidentType, Nature, Origin, Severity, Status
from incidents.models import Incident, IncidentEvent, PendingEvent, SearchDocument, Story
from incidents.reference import is_reference
from incidents.services.handling.assign import list_centre_responders
from incidents.services.handling.due import ANSWERS
from incidents.services.handling.severity import assess_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unread_demonstration_answer")]


def simulate(**options):
    """Simulate in one region by default, since reading the bodies of the whole country takes two seconds."""
    call_command("simulate_incidents", **{"count": 400, "months": 24, "seed": 7, "region": "53"} | options)


def test_a_simulation_makes_a_demonstration_of_invented_cases():
    simulate(region=None)

    incidents = list(Incident.objects.all())
    assert len(incidents) == 400
    assert is_demonstration()
    assert all(is_reference(incident.reference) for incident in incidents)
    assert {incident.origin for incident in incidents} == {Origin.SIMULATION}
    assert PendingEvent.objects.filter(consumer="stats").count() == 400
    assert not PendingEvent.objects.filter(consumer="notifications").exists()


def test_the_same_seed_draws_the_same_cases():
    bodies = [DrawnBody(pk, population) for pk, population in enumerate((90, 450, 2_300, 61_000))]

    def draw(seed):
        since, until = datetime(2024, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)
        return list(draw_cases(random.Random(seed), bodies, count=300, since=since, until=until))

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


@pytest.mark.proof
def test_the_same_seed_writes_the_same_rows():
    """Keys are left out since the database gives them, and references since they are made from keys."""

    def list_rows():
        with transaction.atomic():
            simulate(count=300, region=None)
            columns = ("collectivity", "type", "nature", "cause", "received_at", "closed_at", "submission_key")
            rows = sorted(Incident.objects.values_list(*columns))
            transaction.set_rollback(True)
        return rows

    assert list_rows() == list_rows()


def test_references_are_never_drawn_twice():
    """Ten million references drawn at random would hold about 1 500 pairs."""
    keys = [*range(1, 100_000), *range(10_000_000, 10_100_000)]
    references = {store.make_invented_reference(key) for key in keys}
    assert len(references) == len(keys)
    assert all(is_reference(reference) for reference in list(references)[:1000])


def test_history_follows_the_workflow():
    simulate()

    for incident in Incident.objects.prefetch_related("events"):
        kinds = [event.kind for event in sorted(incident.events.all(), key=lambda event: (event.at, event.pk))]
        assert kinds == [k for k in ("declared", "acknowledged", "noted", "verified", "closed") if k in kinds]
        call = incident.events.filter(ANSWERS).first()
        assert (call and call.at) == incident.answered_at, "a first answer is a call of the history"
        assert ("closed" in kinds) == (incident.status == Status.CLOSED)
        assert ("verified" in kinds) == incident.is_verified


def test_the_person_who_took_the_invented_cases_is_not_marked_as_new():
    simulate()

    csirt = Incident.objects.exclude(assignee=None).values_list("csirt", flat=True)[0]
    assert [name for _person, name in list_people_with_labels(list_centre_responders(csirt))] == ["Camille"]


def test_the_severity_of_an_invented_case_is_that_of_its_facts():
    simulate(count=150)

    for incident in Incident.objects.filter(interruptions=None):
        assert assess_case(incident, incident.received_at).severity == incident.severity


@pytest.mark.proof
def test_simulated_cases_are_near_their_expected_shares():
    simulate(count=3_000, region=None)
    assert_shares_of_types_and_severities(3_000)
    assert_shares_of_natures_and_causes()


def assert_shares_of_types_and_severities(count):
    types = Counter(Incident.objects.values_list("type", flat=True))
    severities = Counter(Incident.objects.values_list("severity", flat=True))
    assert 0.18 < types[IncidentType.MAILBOX] / count < 0.36
    assert 0.05 < types[IncidentType.RANSOMWARE] / count < 0.16
    assert 0.04 < severities[Severity.CRITICAL] / count < 0.16


def assert_shares_of_natures_and_causes():
    verified = Incident.objects.exclude(verification="unverified")
    natures = Counter(verified.values_list("nature", flat=True))
    assert abs(natures[Nature.REPORT] / natures.total() - priors.REPORTS) < 0.05
    assert 0 < natures[Nature.UNQUALIFIED] < natures[Nature.INCIDENT] / 10
    mailboxes = verified.filter(nature=Nature.INCIDENT, type=IncidentType.MAILBOX)
    causes = Counter(mailboxes.values_list("cause", flat=True))
    not_known = causes[""] + causes[Cause.NOT_FOUND]
    assert abs(not_known / causes.total() - priors.CAUSE_NOT_KNOWN) < 0.1
    assert causes[Cause.PHISHING] > causes[Cause.FLAW] > 0


@pytest.mark.proof
def test_whole_years_have_the_requested_number_of_cases():
    simulate(per_year=640, years=2, region=None)

    last = timezone.now().year - 1
    years = Counter(at.year for at in Incident.objects.values_list("received_at", flat=True))
    assert years == {last: 640, last - 1: 640}
    natures = Counter(Incident.objects.exclude(verification="unverified").values_list("nature", flat=True))
    assert abs(natures[Nature.REPORT] / natures.total() - 434 / 640) < 0.05


def test_texts_and_contacts_can_be_left_out(capsys):
    simulate(count=300, figures_only=True)

    assert Incident.objects.count() == Story.objects.filter(description="", contact_phone="").count() == 300
    assert not SearchDocument.objects.exists()
    assert set(IncidentEvent.objects.values_list("kind", flat=True)) == {EventKind.DECLARED}
    assert PendingEvent.objects.filter(consumer="stats").count() == 300
    assert Incident.objects.filter(status=Status.CLOSED, verified_at__isnull=False).count() > 100
    assert "Sans récits ni contacts" in capsys.readouterr().out


def test_a_full_disk_is_refused(monkeypatch):
    monkeypatch.setattr(simulate_incidents, "count_free_bytes", lambda: 30_000_000_000)

    with pytest.raises(CommandError, match=r"10000000 incidents demandent 61\.0 Go .* il en reste 30\.0"):
        simulate(count=10_000_000)
    assert not Incident.objects.exists()
    assert not is_demonstration()

    simulate(count=10)
    assert Incident.objects.count() == 10


def test_a_disk_of_unknown_size_is_not_refused(monkeypatch):
    monkeypatch.setattr(simulate_incidents, "count_free_bytes", lambda: None)
    simulate(count=10)
    assert Incident.objects.count() == 10


def test_an_interrupted_simulation_keeps_whole_batches(monkeypatch, capsys):
    monkeypatch.setattr(store, "BATCH", 50)
    really = store.copy_rows

    def interrupted(rows):
        if isinstance(rows[0], IncidentEvent) and Incident.objects.count() > 100:
            raise KeyboardInterrupt
        really(rows)

    monkeypatch.setattr(store, "copy_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate(count=400)

    assert Incident.objects.count() == 100
    assert Story.objects.count() == PendingEvent.objects.filter(consumer="stats").count() == 100
    assert "100 incidents inventés sont gardés" in capsys.readouterr().out


def test_a_rate_needs_enough_bodies_with_a_centre():
    bodies = [DrawnBody(pk, 300, Kind.COMMUNE, is_served=pk < 2) for pk in range(4)]
    with pytest.raises(TooFewBodies):
        list(draw_cases_at_rate(Random(1), bodies, percent=75, year=2025))


@pytest.mark.proof
def test_a_rate_too_high_for_the_number_of_bodies_is_refused():
    with pytest.raises(CommandError, match="Trop peu de collectivités"):
        simulate(rate=100, region=None)
    assert not Incident.objects.exists()


def test_campaign_names_one_supplier_in_one_region():
    simulate(count=0, region="53", campaign=12)

    campaign = Incident.objects.all()
    assert campaign.count() == 12
    assert len(set(campaign.values_list("supplier_key", flat=True)) - {""}) == 1
    assert set(campaign.values_list("region__code", flat=True)) == {"53"}


@pytest.mark.proof
def test_campaigns_are_added_to_existing_cases():
    """Even after a few cases: repeating their draws would repeat their references."""
    simulate(count=20, region=None)
    simulate(region="53", campaign=30)
    simulate(region="32", campaign=30)

    assert Incident.objects.count() == 80


def test_real_database_is_refused():
    simulate(count=1)
    Incident.objects.update(origin=Origin.WEB)
    Installation.objects.all().delete()
    clear_installation_cache()

    with pytest.raises(CommandError):
        simulate()

    assert Incident.objects.count() == 1
    assert IncidentEvent.objects.exists()


def test_production_never_becomes_a_demonstration(settings):
    settings.REFUSES_DEMONSTRATION = True

    with pytest.raises(CommandError):
        simulate()

    assert not is_demonstration()
    assert not Incident.objects.exists()


def test_unknown_region_is_refused():
    with pytest.raises(CommandError):
        simulate(region="00")
