"""« Que voit-on de moi ? » is a page for those who may follow a case, and tells nothing of other bodies."""

import re

import pytest
import time_machine
from django.urls import reverse

from accounts.enums import Role
from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.verify import verify_incident
from stats.case_visibility import describe_visibility
from stats.services import publish_due_periods
from tests import harmless
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare
from tests.stats.cases import bodies, change_cases, one_each, paris_time, store

FIRST_QUARTER = paris_time(2025, 4, 30)
YEAR = paris_time(2026, 4, 1)
NEXT_YEAR = paris_time(2027, 4, 1)
NOT_KNOWN = "pas connu, ou pas encore"
LATE_LINE = "la ligne « comptés plus tard » de l’année 2026 : à partir du 1er avril 2027"
BEFORE = "Elle n’était pas encore vérifiée, ou elle était close sans être comptée."


def open_page(client, incident):
    client.post(reverse("follow_up_access", args=[derive_secret(incident.accesses.get())]))
    return client.get(reverse("figures_of_case", args=[incident.reference]))


def unify_spaces(text):
    return text.replace("\xa0", " ").replace("\u202f", " ")


def list_places(incident, edition=-1):
    """Return what the last release that counted a case prints of it: title, place, number."""
    editions = describe_visibility(incident).releases
    return [
        tuple(map(unify_spaces, (cell.title, cell.place_and_period, cell.number))) for cell in editions[edition].cells
    ]


def read_reason_and_coming(incident):
    """Return why no release counts the case, and the lines on releases to come."""
    visibility = describe_visibility(incident)
    return unify_spaces(visibility.exclusion_reason), [unify_spaces(line) for line in visibility.coming_releases]


def store_late_cases(number):
    """Return cases of 2025 that are verified once that year is published. None is of Plouexemple."""
    cases = store(one_each(bodies("53", number), paris_time(2025, 2, 10), verified=False))
    publish_due_periods(now=YEAR)
    change_cases(cases, verification="call_back", verified_at=paris_time(2026, 5, 19))
    return cases


@pytest.fixture
def own_case(db: None) -> Incident:
    """Return a verified declaration of February 2025, made beside 49 of other bodies."""
    csirt = breizh_cyber()
    with time_machine.travel(paris_time(2025, 2, 10)):
        incident = declare()
        verify_incident(reference=incident.reference, actor=a_lead(csirt))
    store(one_each(bodies("53", 49), paris_time(2025, 2, 1)))
    incident.refresh_from_db()
    return incident


@time_machine.travel(FIRST_QUARTER)
def test_the_page_lists_the_numbers_that_count_the_case(client, own_case):
    publish_due_periods(now=FIRST_QUARTER)
    page = harmless.check_response(open_page(client, own_case))
    rows = [[unify_spaces(cell.text(strip=True)) for cell in row.css("th, td")] for row in page.css("tbody tr")]
    assert rows == [
        ["Incidents vérifiés", "France entière, 1er trimestre 2025", "50"],
        ["Incidents vérifiés", "France entière, février 2025", "50"],
    ]
    assert unify_spaces(page.css_first("h2").text()) == "Le 1er trimestre 2025 : publication no 1 du 30 avril 2025"
    assert [unify_spaces(item.text()) for item in page.css("main li")] == ["l’année 2025 : à partir du 1er avril 2026"]
    assert own_case.collectivity.label in page.html


def test_the_numbers_of_a_year_are_listed_with_the_totals_first(own_case):
    publish_due_periods(now=YEAR)
    few = "pas publié"
    assert list_places(own_case) == [
        ("Incidents vérifiés", "France entière, 2025", "50"),
        ("Incidents vérifiés", "Bretagne, 2025", "50"),
        ("Incidents vérifiés, par type : rançongiciel", "France entière, 2025", "50"),
        ("Incidents vérifiés, par cause : pas dite", "France entière, 2025", "50"),
        (
            "Incidents vérifiés, par délai entre la découverte et la déclaration : pas connu",
            "France entière, 2025",
            "50",
        ),
        (
            f"Incidents vérifiés, par délai entre la déclaration et la prise en charge : {NOT_KNOWN}",
            "France entière, 2025",
            "50",
        ),
        (
            f"Incidents vérifiés, par délai entre la déclaration et la clôture : {NOT_KNOWN}",
            "France entière, 2025",
            "50",
        ),
        ("Incidents vérifiés", "Bretagne, 1er trimestre 2025", few),
        ("Incidents vérifiés, par type : rançongiciel", "Bretagne, 2025", few),
        ("Incidents vérifiés, par cause : pas dite", "Bretagne, 2025", few),
    ]
    assert read_reason_and_coming(own_case) == ("", [])


def test_each_table_that_counts_a_case_is_listed_once(db):
    """Two interruptions of one family. They are too few for the long list of services, so they come by family."""
    parts = {"services": ("messagerie", "site"), "leaks": (("confirmed", "6-50"),)}
    [case, *_] = store(one_each(bodies("53", 40), paris_time(2025, 2, 1), **parts, categories=("etat_civil",)))
    publish_due_periods(now=YEAR)
    titles = [title for title, _where, _number in list_places(case) if not title.startswith("Incidents vérifiés, ")]
    assert titles == [
        "Incidents vérifiés",
        "Interruptions de service",
        "Fuites de données",
        "Incidents vérifiés",
        "Fuites de données, par nombre de personnes : de 6 à 50 personnes",
        "Fuites de données, par état : confirmée",
        "Fuites de données, par catégorie de données : état civil (nom, date de naissance…)",
        "Interruptions de service, par durée : moins de 4 heures",
        "Interruptions de service, par famille de services : site, messagerie et téléphone",
        "Collectivités ayant déclaré un incident vérifié, par nature et population : "
        "communes de 500 à 1 999 habitants",
        "Incidents vérifiés",
    ]


def test_a_dash_is_shown_as_fewer_than_five_bodies(db):
    [case, *_] = store(one_each(bodies("53", 3), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR)
    assert list_places(case, 0) == [("Incidents vérifiés", "France entière, 1er trimestre 2025", "pas publié")]
    assert ("Incidents vérifiés", "France entière, 2025", "moins de 5 collectivités") in list_places(case)


def test_a_month_that_the_year_printed_is_listed_with_the_year(db):
    """No quarter has forty incidents, the year has."""
    town_halls = bodies("53", 40)
    [case, *_] = store(
        [*one_each(town_halls[:20], paris_time(2025, 2, 1)), *one_each(town_halls[20:], paris_time(2025, 5, 1))]
    )
    publish_due_periods(now=YEAR)
    assert list_places(case, 0) == [("Incidents vérifiés", "France entière, 1er trimestre 2025", "pas publié")]
    assert ("Incidents vérifiés", "France entière, février 2025", "20") in list_places(case)


def test_a_later_correction_changes_nothing_on_the_page(own_case):
    publish_due_periods(now=YEAR)
    before = describe_visibility(own_case)
    change_cases([own_case], type="panne", cause="phishing", nature="report")
    own_case.refresh_from_db()
    publish_due_periods(now=paris_time(2026, 4, 30))
    assert describe_visibility(own_case) == before


@time_machine.travel(FIRST_QUARTER)
def test_the_page_does_not_say_how_often_other_bodies_declared(client, own_case):
    """The page of Plouexemple says 60 incidents, and not that 50 bodies made them."""
    store(one_each(bodies("53", 10), paris_time(2025, 2, 7)))
    publish_due_periods(now=FIRST_QUARTER)
    page = open_page(client, own_case).content.decode()
    assert '<td class="number">60</td>' in page
    assert not re.search("[0-9]+.{0,20}collectivités", page)


# What is not counted, or not yet


@time_machine.travel(paris_time(2025, 3, 1))
def test_a_period_that_is_not_over_is_listed_with_its_release_day(own_case):
    coming = ["le 1er trimestre 2025 : à partir du 30 avril 2025", "l’année 2025 : à partir du 1er avril 2026"]
    assert read_reason_and_coming(own_case) == ("", coming)
    assert describe_visibility(own_case).releases == []


@time_machine.travel(paris_time(2025, 6, 1))
def test_a_quarter_that_is_due_is_listed_as_not_yet_published(own_case):
    assert read_reason_and_coming(own_case)[1][0] == "le 1er trimestre 2025 : n’a pas encore paru"


@time_machine.travel(paris_time(2025, 5, 20))
def test_a_case_verified_after_its_quarter_was_published_waits_for_the_year(own_case):
    change_cases([own_case], verification="unverified", verified_at=None)
    publish_due_periods(now=FIRST_QUARTER)
    change_cases([own_case], verification="call_back", verified_at=paris_time(2025, 5, 19))
    own_case.refresh_from_db()
    coming = ["l’année 2025 : à partir du 1er avril 2026"]
    assert read_reason_and_coming(own_case) == (f"Son trimestre a été publié sans elle. {BEFORE}", coming)


@time_machine.travel(paris_time(2026, 5, 20))
def test_a_case_verified_after_its_year_was_published_is_a_late_case_of_the_next(db):
    [case, *_] = store_late_cases(5)
    case.refresh_from_db()
    assert read_reason_and_coming(case) == (f"Son année a été publiée sans elle. {BEFORE}", [LATE_LINE])
    publish_due_periods(now=NEXT_YEAR)
    visibility = describe_visibility(case)
    assert [edition.is_late for edition in visibility.releases] == [True]
    line = "Incidents d’années antérieures, comptés plus tard"
    assert (list_places(case), read_reason_and_coming(case)) == ([(line, "France entière, 2026", "5")], ("", []))


@time_machine.travel(paris_time(2026, 5, 20))
def test_a_late_signalement_is_counted_nowhere(db):
    [case] = store_late_cases(1)
    change_cases([case], nature="report")
    case.refresh_from_db()
    why = f"Son année a été publiée sans elle. {BEFORE} Un signalement n’est pas compté plus tard."
    assert read_reason_and_coming(case) == (why, [])


@time_machine.travel(paris_time(2026, 5, 20))
def test_a_signalement_that_became_an_incident_is_a_late_case(db):
    [case, *_] = store(one_each(bodies("53", 5), paris_time(2025, 2, 1), nature="report"))
    publish_due_periods(now=YEAR)
    assert (list_places(case), read_reason_and_coming(case)) == (
        [("Signalements vérifiés", "France entière, 2025", "5")],
        ("", []),
    )
    change_cases([case], nature="incident")
    case.refresh_from_db()
    why = "Son année l’a comptée comme signalement ; c’est devenu un incident."
    assert read_reason_and_coming(case) == (why, [LATE_LINE])
    assert list_places(case) == [("Signalements vérifiés", "France entière, 2025", "5")]


def test_the_page_says_why_a_case_is_counted_nowhere(own_case):
    change_cases([own_case], verification="unverified", verified_at=None)
    own_case.refresh_from_db()
    why = "Elle n’est comptée nulle part : seules les déclarations vérifiées par un centre sont comptées."
    assert read_reason_and_coming(own_case) == (why, [])
    change_cases([own_case], status="closed", closed_at=paris_time(2025, 3, 1), closing_reason="duplicate")
    own_case.refresh_from_db()
    reason = "elle est close comme doublon, comme retirée, ou sans incident."
    assert read_reason_and_coming(own_case) == (f"Elle n’est comptée nulle part : {reason}", [])


def test_a_case_discarded_between_quarter_and_year_stays_in_the_quarter_alone(own_case):
    publish_due_periods(now=FIRST_QUARTER)
    change_cases([own_case], status="closed", closed_at=paris_time(2025, 5, 1), closing_reason="withdrawn")
    own_case.refresh_from_db()
    publish_due_periods(now=YEAR)
    assert list_places(own_case)[0] == ("Incidents vérifiés", "France entière, 1er trimestre 2025", "50")
    assert read_reason_and_coming(own_case)[0].startswith("Elle n’entre plus dans ce qui paraîtra : elle est close")


# Who reads it


def test_the_page_is_not_found_for_strangers_and_administrators(client, own_case):
    page = reverse("figures_of_case", args=[own_case.reference])
    assert client.get(page).status_code == 404
    opens_to = {an_agent(): 200, a_responder(breizh_cyber()): 200, a_person(Role.ADMINISTRATOR): 404}
    for person, code in opens_to.items():
        client.force_login(person)
        assert client.get(page).status_code == code


def test_the_page_costs_few_queries(own_case, django_assert_max_num_queries):
    publish_due_periods(now=YEAR)
    with django_assert_max_num_queries(6):
        describe_visibility(own_case)
