"""A country is built so that a known share of its bodies is hit; what is published must say that share."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.installation import forget_demonstration
from collectivities.models import Collectivity
from incidents.models import Incident
from incidents.simulation.country import groups_of
from incidents.simulation.draw import Body
from stats import disclosure
from stats.family import BY_MEASURE
from stats.services import publish_release
from stats.strata import stratum_of

PERCENT, WITHIN = 17, 0.1
RATES = ("bodies", "bodies_hit", "strata", "strata_hit")
# Written again, in SQL, on purpose: nothing of `stats` is believed here.
STRATUM = """
    CASE WHEN body.kind IN ('cc', 'ca', 'cu', 'metropole', 'metropole_lyon', 'ept') THEN 'grouping'
         WHEN body.kind IN ('departement', 'region', 'special', 'overseas') THEN 'large'
         WHEN body.kind <> 'commune' OR body.population IS NULL THEN NULL
         WHEN body.population < 500 THEN 'commune/0-499'
         WHEN body.population < 2000 THEN 'commune/500-1999'
         WHEN body.population < 10000 THEN 'commune/2000-9999'
         ELSE 'commune/10000+' END
"""
HIT = f"""
    SELECT {STRATUM} AS stratum, count(DISTINCT body.id)
    FROM collectivities_collectivity body JOIN incidents_incident incident ON incident.collectivity_id = body.id
    WHERE body.is_listed AND extract(year FROM incident.received_at) = %s
      AND incident.verification <> 'unverified' AND incident.nature <> 'report'
      AND incident.closing_reason NOT IN ('not_an_incident', 'duplicate', 'withdrawn')
      AND (EXISTS (SELECT FROM incidents_serviceinterruption stopped WHERE stopped.incident_id = incident.id)
           OR EXISTS (SELECT FROM incidents_dataleak leak
                      WHERE leak.incident_id = incident.id AND leak.status <> 'unfounded'))
    GROUP BY 1
"""  # noqa: S608 (no value is put in)
EXISTING = f"""
    SELECT {STRATUM} AS stratum, count(*) FROM collectivities_collectivity body
    WHERE body.is_listed AND (body.vanished_on IS NULL OR body.vanished_on > make_date(%s, 12, 31)) GROUP BY 1
"""  # noqa: S608 (no value is put in)


@pytest.fixture(autouse=True)
def _forget():
    forget_demonstration()
    yield
    forget_demonstration()


def counted(statement, year):
    with connection.cursor() as cursor:
        cursor.execute(statement, [year])
        return {stratum: number for stratum, number in cursor.fetchall() if stratum}


def percent(part, whole):
    return 100 * part / whole


def test_it_works(db, monkeypatch):
    """Of the family, the tables that rates are made of: the others say nothing of bodies and take their time."""
    monkeypatch.setattr(disclosure, "FAMILY", [BY_MEASURE[measure] for measure in RATES])
    year = timezone.now().year - 1
    call_command("simulate_incidents", rate=PERCENT, figures_only=True)
    release = publish_release(now=datetime(year + 1, 2, 15, tzinfo=UTC))

    hit, existing = counted(HIT, year), counted(EXISTING, year)
    assert hit == {stratum: round(number * PERCENT / 100) for stratum, number in existing.items()}
    assert abs(percent(sum(hit.values()), sum(existing.values())) - PERCENT) < WITHIN
    # There is enough that must not be counted for a mistake to show.
    assert Incident.objects.count() > sum(hit.values()) * 1.2

    shown = release.blocks.filter(starts_on__year=year)
    bodies = {one.stratum: one.bodies for one in release.denominators.filter(year=year, region=None)}
    published = sum(block.value for block in shown.filter(measure="bodies_hit"))
    assert abs(percent(published, bodies[""]) - PERCENT) < WITHIN
    by_stratum = {block.band: block.value for block in shown.filter(measure="strata_hit") if block.band}
    assert by_stratum == {stratum: hit[stratum] for stratum in by_stratum}
    assert all(bodies[stratum] == existing[stratum] for stratum in by_stratum)
    assert sum(block.value for block in shown.filter(measure="strata_hit")) == sum(hit.values())


def test_the_strata_of_the_simulation_are_those_of_the_figures(db):
    rows = list(Collectivity.objects.filter(is_listed=True).values_list("pk", "population", "kind"))
    strata = {pk: stratum_of(kind, population) for pk, population, kind in rows}
    groups = [{strata[body.pk] for body in group} for group in groups_of([Body(*row) for row in rows])]
    assert all(len(group) == 1 for group in groups)
    assert sorted(str(stratum) for group in groups for stratum in group) == sorted(
        {str(stratum) for stratum in strata.values() if stratum}
    )
    assert sum(map(len, groups_of([Body(*row) for row in rows]))) == sum(1 for stratum in strata.values() if stratum)
