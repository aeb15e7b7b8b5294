from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, connections, transaction

from collectivities.models import Region
from collectivities.search import find_body_by_code
from csirts.enums import ContactKind, Level
from csirts.models import BackupCentre, Contact, Coverage, Csirt
from csirts.routing import find_route, load_directory
from tests.conftest import use_clone
from tests.factories.csirts import BackupCentreFactory, CoverageFactory, CsirtFactory
from tests.superuser import act_as_superuser

TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)
QUIMPER = "29232"
NEW_PHONE = "02 99 11 22 33"


def route(on=TODAY):
    return find_route(find_body_by_code(QUIMPER), on)


def breizh():
    return Csirt.objects.get(slug="breizh-cyber")


def change_phone():
    Contact.objects.filter(csirt=breizh(), kind=ContactKind.PHONE).update(value=NEW_PHONE)


def list_version_tokens():
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM csirts_directoryversion")
        return [token for (token,) in cursor.fetchall()]


def test_the_directory_of_a_day_is_read_once(db, django_assert_num_queries):
    first = load_directory(TODAY)

    with django_assert_num_queries(1):
        assert load_directory(TODAY) is first
    with django_assert_num_queries(3):
        assert load_directory(date(2001, 1, 1)).grounds != first.grounds


CHANGES = {
    "a centre is opened": CsirtFactory,
    "a centre is renamed": lambda: Csirt.objects.filter(slug="breizh-cyber").update(name="Breizh Secours"),
    "a telephone changes": change_phone,
    "a telephone goes": lambda: Contact.objects.filter(kind=ContactKind.PHONE).delete(),
    "a ground is given": lambda: CoverageFactory(region=Region.objects.get(code="06")),
    "a ground is taken": lambda: Coverage.objects.filter(region__code="53").delete(),
    "a backup is named": lambda: BackupCentreFactory(csirt=breizh(), backup=CsirtFactory()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_reloads_the_directory(db, change):
    before = load_directory(TODAY)
    change()

    after = load_directory(TODAY)

    assert after is not before
    assert load_directory(TODAY) is after


def test_a_removed_backup_is_forgotten(db):
    BackupCentreFactory(csirt=breizh(), backup=CsirtFactory())
    assert len(route().fallbacks) == 3

    BackupCentre.objects.all().delete()

    assert len(route().fallbacks) == 2


def test_an_emptied_table_is_forgotten(db):
    assert route().csirt
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE csirts_coverage")

    assert route().csirt is None


def test_a_change_that_is_rolled_back_is_forgotten(db):
    before, tokens = route(), list_version_tokens()
    with transaction.atomic():
        change_phone()
        assert route().csirt.phone == NEW_PHONE
        transaction.set_rollback(True)

    assert list_version_tokens() == tokens
    assert route().csirt.phone == before.csirt.phone == "0 800 200 008"


def test_an_edit_is_seen_by_other_connections_once_committed(transactional_db):
    """One process, two connections: nobody routes by a change that may still be rolled back."""
    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            change_phone()
            assert route().csirt.phone == NEW_PHONE
            assert another.submit(read_phone).result() == "0 800 200 008"
        assert another.submit(read_phone).result() == NEW_PHONE


def read_phone():
    try:
        return route().csirt.phone
    finally:
        connections.close_all()


def test_two_databases_do_not_share_a_directory(transactional_db, backend):
    assert route().csirt.phone == "0 800 200 008"
    change_phone()
    assert route().csirt.phone == NEW_PHONE
    with use_clone(backend):
        assert route().csirt.phone == "0 800 200 008"
        Csirt.objects.filter(level=Level.NATIONAL).update(name="Centre national")
        assert route().fallbacks[0].name == "Centre national"
    assert (route().csirt.phone, route().fallbacks[0].name) == (NEW_PHONE, "CERT-FR")


def test_without_a_version_row_the_directory_is_read_each_time(db):
    """After somebody emptied the table: slower, never wrong, until the next change makes the row again."""
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM csirts_directoryversion")
    assert route().csirt.phone == "0 800 200 008"

    change_phone()

    assert route().csirt.phone == NEW_PHONE
    assert len(list_version_tokens()) == 1


def test_two_editors_wait_for_each_other_without_deadlock(transactional_db):
    """They rename the same two centres in opposite orders."""
    atlantic = Csirt.objects.get(slug="csirt-atlantic")
    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            rename(breizh().pk, "premier")
            second = another.submit(rename_both, atlantic.pk, breizh().pk)
            while not somebody_waits():
                assert not second.done()
            rename(atlantic.pk, "premier")
        second.result()

    names = Csirt.objects.filter(pk__in=[atlantic.pk, breizh().pk]).values_list("name", flat=True)
    assert set(names) == {f"second {atlantic.pk}", f"second {breizh().pk}"}


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def rename(pk, name):
    Csirt.objects.filter(pk=pk).update(name=f"{name} {pk}")


def rename_both(*pks):
    try:
        with transaction.atomic():
            for pk in pks:
                rename(pk, "second")
    finally:
        connections.close_all()
