"""The constraints and triggers by which PostgreSQL refuses a change, whatever code or person asks for it."""

from datetime import date
from importlib import import_module

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from collectivities.enums import Kind
from collectivities.models import Departement, Region
from csirts.models import Contact, Csirt, get_version_manager
from tests.factories.csirts import BackupCentreFactory, ContactFactory, CoverageFactory, CsirtFactory
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db

OVERLAP = "coverage_one_csirt_a_ground_and_day"


@pytest.fixture
def mayotte() -> Region:
    """Return a région that no centre covers yet."""
    return Region.objects.get(code="06")


def test_the_database_refuses_two_centres_on_one_territory_and_day(mayotte):
    first = CoverageFactory(region=mayotte, valid=DateRange(None, date(2026, 1, 1)))
    CoverageFactory(region=mayotte, valid=DateRange(date(2026, 1, 1), None))
    CoverageFactory(region=mayotte, kind=Kind.COMMUNE)
    CoverageFactory(region=mayotte, departement=Departement.objects.get(code="976"))
    with pytest.raises(IntegrityError, match=OVERLAP):
        CoverageFactory(region=mayotte, csirt=first.csirt, valid=DateRange(date(2025, 12, 31), date(2026, 1, 1)))


@pytest.mark.parametrize("departement", [None, "976"])
@pytest.mark.parametrize("kind", ["", Kind.COMMUNE])
def test_the_database_refuses_the_same_coverage_twice(mayotte, departement, kind):
    ground = {"region": mayotte, "kind": kind}
    ground["departement"] = Departement.objects.get(code=departement) if departement else None
    CoverageFactory(**ground)
    with pytest.raises(IntegrityError, match=OVERLAP):
        CoverageFactory(**ground)


def test_the_database_refuses_an_empty_period(mayotte):
    with pytest.raises(IntegrityError, match="coverage_period_not_empty"):
        CoverageFactory(region=mayotte, valid=DateRange(date(2026, 1, 1), date(2026, 1, 1)))


def test_the_database_refuses_a_departement_of_another_region(mayotte):
    with pytest.raises(IntegrityError, match="not in the region"):
        CoverageFactory(region=mayotte, departement=Departement.objects.get(code="29"))


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (lambda: CsirtFactory(level="municipal"), "csirt_level__in"),
        (lambda: [CsirtFactory(name=name) for name in ("Île", "île")], "csirt_one_name"),
        (
            lambda: [CsirtFactory(notification_email=mailbox) for mailbox in ("x@x.example", "X@x.example")],
            "csirt_one_mailbox",
        ),
        (lambda: ContactFactory(kind="fax"), "contact_kind__in"),
        (lambda: ContactFactory(value=""), "contact_value_given"),
        (lambda: CoverageFactory(region=Region.objects.get(code="06"), kind="club"), "coverage_kind__in"),
        (lambda: ContactFactory(csirt=CsirtFactory()), "contact_one_of_a_kind"),
        (lambda: BackupCentreFactory(csirt=(csirt := CsirtFactory()), backup=csirt), "backup_is_another"),
        (lambda: BackupCentreFactory(csirt=BackupCentreFactory().csirt), "backup_one_a_rank"),
    ],
    ids=[
        "level",
        "name of another",
        "mailbox of another",
        "contact kind",
        "contact value",
        "body kind",
        "one of a kind",
        "its own backup",
        "two of a rank",
    ],
)
def test_the_database_refuses_wrong_values(make, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        make()


def test_the_upgrade_names_the_centres_that_share_a_mailbox():
    migration = import_module("csirts.migrations.0005_one_mailbox")
    migration.check_mailboxes(apps, None)
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX csirt_one_mailbox")
    CsirtFactory(name="Premier", notification_email="garde@essai.example")
    CsirtFactory(name="Second", notification_email="Garde@essai.example")
    with pytest.raises(ValueError, match="Premier et Second"):
        migration.check_mailboxes(apps, None)


def test_the_upgrade_names_the_centres_that_have_the_same_name():
    migration = import_module("csirts.migrations.0008_one_name")
    migration.check_names(apps, None)
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX csirt_one_name")
    CsirtFactory(name="Centre des Îles", slug="premier")
    CsirtFactory(name="Centre des îles", slug="second")
    with pytest.raises(ValueError, match=r"Centre des Îles \(premier\) et Centre des îles \(second\)\."):
        migration.check_names(apps, None)


@pytest.mark.parametrize(
    "statement", ["UPDATE csirts_contactevent SET value = 'x'", "DELETE FROM csirts_contactevent"]
)
def test_the_history_is_never_rewritten(statement):
    assert get_version_manager(Contact).exists()
    refused = pytest.raises(DatabaseError, match="Cannot update or delete rows")
    with act_as_superuser(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_raw_sql_is_recorded_in_the_history():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE csirts_csirt SET notification_email = 'x@x.example' WHERE slug = 'breizh-cyber'")

    last = get_version_manager(Csirt).filter(slug="breizh-cyber").latest("pgh_id")
    assert (last.pgh_label, last.notification_email, last.pgh_context) == ("update", "x@x.example", None)
