"""Cases that the purge leaves although they were closed long ago, and what people do while it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from time import sleep

from django.db import connection, transaction
from django.utils import timezone

from incidents.models import CaseGroup, Incident, LegalHold, Story
from incidents.services.duplicates.merge import unmerge_incident
from incidents.services.groups.group import add_to_group
from incidents.services.handling.expire import lock_erasable_cases
from incidents.services.handling.hold import place_hold
from retention.enums import DataKind
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.incidents.grouping import a_group
from tests.incidents.merging import merge
from tests.retention.purging import FIVE_YEARS, close, close_at, count_due, purge_now, run_night

LONG_AGO = datetime(2015, 3, 1, tzinfo=timezone.get_default_timezone())
A_DAY = timedelta(days=1)


def has_words(incident: Incident) -> bool:
    return Story.objects.get(incident=incident).contact_name != ""


def make_old_duplicate() -> tuple[Incident, Incident]:
    """Return a main case and its duplicate, both closed long ago."""
    breizh_cyber()
    main, double = declare(), declare(description="Tout est bloqué.")
    close_at([main, double], LONG_AGO)
    Incident.objects.filter(pk=double.pk).update(merged_into=main, closing_reason="duplicate")
    return main, double


def test_a_duplicate_waits_for_what_the_declarant_adds_to_its_main_case(db):
    main, double = make_old_duplicate()
    Incident.objects.filter(pk=main.pk).update(declarant_wrote_at=timezone.now())
    run_night(after=FIVE_YEARS - 4 * A_DAY)
    assert has_words(double)
    run_night(after=FIVE_YEARS + A_DAY)
    assert not has_words(double)


def test_the_term_of_a_case_begins_anew_when_its_merge_is_undone(db):
    """The undoing restores the old date of the closing, which must not end the case the same night."""
    responder = a_responder()
    breizh_cyber()
    main, double = declare(), close(declare())
    close_at([double], LONG_AGO)
    merge(double, main, responder)
    unmerge_incident(reference=double.reference, actor=responder)
    double.refresh_from_db()
    assert double.closed_at == LONG_AGO
    assert count_due(DataKind.CASES) == 0
    run_night(after=FIVE_YEARS - 4 * A_DAY)
    assert has_words(double)
    run_night(after=FIVE_YEARS + A_DAY)
    assert not has_words(double)


@contextmanager
def transaction_elsewhere(begin: Callable[[], object], finish: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Run `begin` in a transaction of another connection, then what is inside, then `finish`. Yield the function that
    lets it go on and waits for its end, as the end of the block does too.
    """
    has_begun, may_finish, errors = Event(), Event(), list[Exception]()

    def run() -> None:
        try:
            with transaction.atomic():
                begin()
                has_begun.set()
                may_finish.wait(60)
                finish()
        except Exception as error:  # noqa: BLE001  (the test raises it)
            errors.append(error)
        connection.close()

    thread = Thread(target=run)
    thread.start()
    assert has_begun.wait(60)

    def end() -> None:
        may_finish.set()
        thread.join()

    yield end
    end()
    assert errors == []


def test_a_double_stays_if_its_main_case_is_being_held(transactional_db):
    main, double = make_old_duplicate()
    lead = a_lead()

    def hold() -> None:
        place_hold(reference=main.reference, motive="Plainte", actor=lead)

    with transaction_elsewhere(hold, lambda: None):
        assert purge_now(DataKind.CASES) == 0
    assert purge_now(DataKind.CASES) == 0
    assert has_words(double)
    LegalHold.objects.update(ended_at=timezone.now() - 31 * A_DAY, ended_by=lead)
    assert purge_now(DataKind.CASES) == 2


def test_a_case_that_was_held_since_the_purge_selected_it_is_left_out(db):
    main, double = make_old_duplicate()
    other = declare()
    close_at([other], LONG_AGO)
    ids = [main.pk, double.pk, other.pk]
    assert lock_erasable_cases(ids) == set(ids)
    place_hold(reference=main.reference, motive="Plainte", actor=a_lead())
    assert lock_erasable_cases(ids) == {other.pk}


def wait_until_somebody_waits() -> None:
    """Return once a connection waits for a lock of another one."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        sleep(0.05)
    raise AssertionError


def test_the_purge_and_a_person_do_not_wait_for_each_other_at_groups(transactional_db):
    """The first case was in the second group. Somebody locks the groups in their order, as an erasure does."""
    responder = a_responder()
    groups = [a_group(responder, f"Panne {number}") for number in (1, 2)]
    CaseGroup.objects.update(sheet="Ce que nous savons.")
    for group in reversed(groups):
        incident = declare()
        add_to_group(reference=incident.reference, group=group.uid, actor=responder)
        close_at([incident], LONG_AGO)

    def lock(group: CaseGroup) -> None:
        CaseGroup.objects.select_for_update(no_key=True).get(pk=group.pk)

    def lock_second() -> None:
        wait_until_somebody_waits()
        lock(groups[1])

    purged: list[int] = []

    def purge() -> None:
        purged.append(purge_now(DataKind.CASES))
        connection.close()

    with transaction_elsewhere(lambda: lock(groups[0]), lock_second) as end:
        thread = Thread(target=purge)
        thread.start()
        end()
        thread.join()
    assert purged == [2]
