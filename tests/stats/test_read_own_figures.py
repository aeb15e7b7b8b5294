"""Exact figures: for a lead, of its own centre, and for nobody else."""

import pytest
import time_machine

from accounts.enums import Role
from collectivities.models import Region
from csirts.models import Csirt
from stats.services import fold_new_events
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber
from tests.stats.cases import Case, bodies, one_each, paris_time, store
from tests.stats.rows import format_two_years

PAGE = "/statistiques/mon-centre/"


@time_machine.travel(paris_time(2026, 3, 20))
def test_a_lead_reads_the_exact_figures_of_the_centre(client, db):
    csirt, other_csirt = breizh_cyber(), Csirt.objects.create(slug="autre", name="Autre", level="territorial")
    first, second, third = bodies("53", 3)
    store(
        [
            Case(body=first, at=paris_time(2026, 1, 5), csirt=csirt, hours=(2, None), leaks=(("confirmed", "6-50"),)),
            Case(body=second, at=paris_time(2026, 3, 5), csirt=csirt, verified=False, hours=(2,)),
            Case(body=second, at=paris_time(2026, 3, 6), csirt=csirt, leaks=(("unfounded", "0-5"),)),
            Case(body=third, at=paris_time(2026, 3, 7), csirt=csirt, closing_reason="duplicate"),
            Case(body=third, at=paris_time(2026, 3, 8), csirt=csirt, nature="report", hours=(2,)),
            Case(body=third, at=paris_time(2026, 3, 7), csirt=other_csirt),
            Case(body=third, at=paris_time(2025, 3, 7), csirt=csirt),
        ]
    )
    fold_new_events()
    client.force_login(a_lead(csirt))
    page = client.get(PAGE)
    html = page.content.decode()
    for line in (
        format_two_years("Janvier", (1, "–"), (1, "–"), (0, "–"), (2, "–"), (1, "–")),
        format_two_years("Février", *[(0, "–")] * 5),
        format_two_years("Mars", (3, 1), (1, 1), (1, 0), (0, 0), (0, 0)),
        format_two_years("Ensemble", (4, 1), (2, 1), (1, 0), (2, 0), (1, 0)),
        format_two_years("Moins de 4 heures", (1, 0)),
        format_two_years("Confirmée", (1, 0)),
        format_two_years("Sans fondement", (1, 0)),
        format_two_years("De 6 à 50 personnes", (1, 0)),
    ):
        assert line in html, line
    assert "Avril" not in html
    assert "no-store" in page["Cache-Control"]


def test_nobody_but_a_lead_finds_the_page(client, db):
    csirt = breizh_cyber()
    region = Region.objects.get(code="53")
    people = [
        a_responder(csirt),
        an_agent(),
        a_person(Role.ANALYST, region=region),
        a_person(Role.NATIONAL),
        a_person(Role.ADMINISTRATOR),
    ]
    for person in people:
        client.force_login(person)
        assert client.get(PAGE).status_code == 404


def test_a_lead_whose_role_has_ended_no_longer_finds_the_page(client, db):
    lead = a_lead()
    lead.membership_set.update(since_on="2025-01-01", ended_on="2025-06-01")
    client.force_login(lead)
    assert client.get(PAGE).status_code == 404


def test_a_visitor_without_an_account_is_asked_to_sign_in(client, db):
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize("number", [2, 50])
def test_the_page_costs_the_same_whatever_the_number_of_cases(client, db, django_assert_max_num_queries, number):
    csirt = breizh_cyber()
    store(one_each(bodies("53", number), paris_time(2026, 1, 5), csirt=csirt))
    fold_new_events()
    client.force_login(a_lead(csirt))
    with django_assert_max_num_queries(20):
        assert client.get(PAGE).status_code == 200
