"""Invented cases: believable, the same for the same seed, and never among real ones."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.installation import forget_demonstration, is_demonstration
from accounts.models import Installation
from incidents.enums import IncidentType, Origin, Severity, Status
from incidents.models import Incident, IncidentEvent, PendingEvent
from incidents.reference import is_reference
from incidents.simulation.draw import Body, draw_cases

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    forget_demonstration()
    yield
    forget_demonstration()


def simulate(**options):
    call_command("simulate_incidents", **{"count": 400, "months": 24, "seed": 7} | options)


def test_it_works():
    simulate()

    incidents = list(Incident.objects.all())
    assert len(incidents) == 400
    assert is_demonstration()
    assert all(is_reference(incident.reference) for incident in incidents)
    assert {incident.origin for incident in incidents} == {Origin.SIMULATION}
    assert PendingEvent.objects.filter(consumer="stats").count() == 400
    assert not PendingEvent.objects.filter(consumer="notifications").exists()


def test_same_seed_same_cases():
    bodies = [Body(pk, population) for pk, population in enumerate((90, 450, 2_300, 61_000))]

    def drawn(seed):
        until = datetime(2026, 11, 24, 12, tzinfo=UTC)
        return list(draw_cases(random.Random(seed), bodies, count=300, months=24, until=until))

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_history_follows_the_workflow():
    simulate()

    for incident in Incident.objects.prefetch_related("events"):
        kinds = [event.kind for event in sorted(incident.events.all(), key=lambda event: event.at)]
        assert kinds == [k for k in ("declared", "acknowledged", "verified", "closed") if k in kinds]
        assert ("closed" in kinds) == (incident.status == Status.CLOSED)
        assert ("verified" in kinds) == incident.is_verified


def test_figures_are_near_the_priors():
    simulate(count=3_000)

    types = Counter(Incident.objects.values_list("type", flat=True))
    severities = Counter(Incident.objects.values_list("severity", flat=True))
    assert 0.18 < types[IncidentType.MAILBOX] / 3_000 < 0.36
    assert 0.05 < types[IncidentType.RANSOMWARE] / 3_000 < 0.16
    assert 0.04 < severities[Severity.CRITICAL] / 3_000 < 0.16


def test_campaign_names_one_supplier_in_one_region():
    simulate(count=0, region="53", campaign=12)

    campaign = Incident.objects.all()
    assert campaign.count() == 12
    assert len(set(campaign.values_list("supplier_key", flat=True)) - {""}) == 1
    assert set(campaign.values_list("region__code", flat=True)) == {"53"}


def test_campaigns_are_added_to_what_is_there():
    """However few cases were drawn before: the same draws again would be the same references."""
    simulate(count=20)
    simulate(region="53", campaign=30)
    simulate(region="32", campaign=30)

    assert Incident.objects.count() == 80


def test_real_database_is_refused():
    simulate(count=1)
    Incident.objects.update(origin=Origin.WEB)
    Installation.objects.all().delete()
    forget_demonstration()

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
