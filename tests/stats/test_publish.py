"""Each period is published once, on its day, whole or not at all, and never changes."""

import os
import threading
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from collectivities.models import Collectivity, Region
from core.locks import Lock, hold_lock
from core.secrets import KeyUse
from incidents.enums import PaperState
from stats.disclosure.draw import UnsafeRelease
from stats.disclosure.tables import CATEGORIES, Period
from stats.models import Attempt, CountedCase, Denominator, Figure, Release, Report
from stats.periods import find_month, find_month_end, find_quarter
from stats.releases import publish
from stats.releases.seal import load_printed
from stats.services import publish_due_periods
from stats.tasks import publish_releases
from tests.stats.cases import bodies, change_cases, one_each, paris_time, store
from tests.stats.printed import list_periods, read_printed_numbers, read_table
from tests.stats.releases import is_intact
from tests.superuser import act_as_superuser, switch_triggers_off

Q1_DUE, Q2_DUE, YEAR_DUE = paris_time(2025, 4, 30), paris_time(2025, 7, 30), paris_time(2026, 4, 1)
QUARTERS_OF_2025 = ["2025-T1", "2025-T2", "2025-T3", "2025-T4"]


@pytest.fixture(autouse=True)
def next_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Run at once the task that each release sends for the next, and return the arguments of each."""
    sent_tasks: list[tuple[int, ...]] = []

    def run_next_task(arguments: tuple[int, ...], **_options: object) -> None:
        sent_tasks.append(arguments)
        publish_releases(*arguments)

    monkeypatch.setattr(publish_releases, "apply_async", run_next_task)
    return sent_tasks


def test_a_quarter_and_then_its_year_are_published(db):
    """Fifty bodies in a quarter: its totals and its months are printed, and in time the year."""
    store(one_each(bodies("53", 50), paris_time(2025, 2, 1), leaks=(("confirmed", "6-50"),)))
    with time_machine.travel(Q1_DUE, tick=False):
        publish_releases()
    assert list_periods() == ["2025-T1"]
    assert read_table("incidents", quarter=1) == {"": 50}
    assert read_table("incidents_by_month", quarter=1) == {"01": None, "02": 50, "03": None}
    assert read_table("reports", quarter=1) == {}
    with time_machine.travel(YEAR_DUE, tick=False):
        publish_releases()
    assert list_periods() == [*QUARTERS_OF_2025, "2025"]
    assert read_printed_numbers("incidents_by_region") == {"53": 50}
    assert read_printed_numbers("incidents_by_type") == {"rancon": 50}
    assert read_printed_numbers("leaks_by_persons") == {"6-50": 50}
    assert all(is_intact(release) for release in Release.objects.all())


# When


@pytest.mark.parametrize(
    ("period", "now"),
    [
        (Period(2025, 1), paris_time(2025, 4, 30, 0)),
        (Period(2025, 4), datetime(2026, 1, 29, 23, 30, tzinfo=UTC)),
        (Period(2025), paris_time(2026, 4, 1, 0)),
    ],
)
def test_a_period_is_due_on_its_day_in_paris_time(db, period, now):
    store(one_each(bodies("53", 5), paris_time(2025, 2, 1)))
    publish_due_periods(now=paris_time(2025, 2, 2))
    assert publish.find_due_day(period) == timezone.localtime(now).date()
    assert period in publish.list_due_periods(now)
    assert period not in publish.list_due_periods(
        now.replace(day=now.day - 1) if now.day > 1 else paris_time(2026, 3, 31)
    )


def test_the_due_day_of_a_year_is_a_setting_but_never_before_that_of_its_last_quarter(settings):
    settings.STATS_YEAR_PUBLISHED_ON = (5, 15)
    assert publish.find_due_day(Period(2025)) == date(2026, 5, 15)
    settings.STATS_YEAR_PUBLISHED_ON = (1, 1)
    assert publish.find_due_day(Period(2025)) == publish.find_due_day(Period(2025, 4)) == date(2026, 1, 30)


def test_a_month_begins_and_ends_at_the_local_time_of_the_territory():
    assert find_month(datetime(2025, 3, 31, 21, 59, tzinfo=UTC), "Europe/Paris") == date(2025, 3, 1)
    assert find_month(datetime(2025, 3, 31, 22, 0, tzinfo=UTC), "Europe/Paris") == date(2025, 4, 1)
    assert find_month(datetime(2025, 3, 31, 22, 0, tzinfo=UTC), "America/Cayenne") == date(2025, 3, 1)
    assert find_month(datetime(2025, 3, 31, 13, 0, tzinfo=UTC), "Pacific/Noumea") == date(2025, 4, 1)
    assert find_month_end(date(2024, 2, 1)) == date(2024, 2, 29)
    assert find_quarter(date(2025, 12, 31)) == date(2025, 10, 1)


def test_without_a_declaration_nothing_is_published(db, capsys):
    call_command("publish_releases")
    assert capsys.readouterr().out == "Rien de nouveau à publier.\n"
    assert (Release.objects.count(), Attempt.objects.count()) == (0, 0)


def test_a_period_with_few_or_no_cases_is_published_like_any_other(db):
    """The day of a release tells nothing, and a dash is zero or few."""
    store(one_each(bodies("53", 4), paris_time(2025, 2, 1)))
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert list_periods() == [*QUARTERS_OF_2025, "2025", *(q.replace("5", "6", 1) for q in QUARTERS_OF_2025), "2026"]
    for year in (2025, 2026):
        assert read_table("incidents", year=year) == {"": None}
        assert read_table("incidents", year=year, quarter=1) == {}
        assert read_table("incidents_by_region", year=year) == {}
    assert not Figure.objects.exclude(value=None).exists()


def test_a_period_is_published_once(db, capsys):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    with time_machine.travel(Q1_DUE, tick=False):
        call_command("publish_releases")
        call_command("publish_releases")
    assert capsys.readouterr().out == "Publication no 1 : 2025-T1.\nRien de nouveau à publier.\n"
    with pytest.raises(IntegrityError, match="release_once_a_period"), transaction.atomic():
        publish.make_release(Period(2025, 1), now=Q2_DUE)
    assert Release.objects.count() == 1


def test_a_year_that_is_published_late_comes_before_the_next_quarter(db, settings):
    settings.STATS_YEAR_PUBLISHED_ON = (5, 15)
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=paris_time(2026, 5, 14))
    assert list_periods() == QUARTERS_OF_2025
    publish_due_periods(now=paris_time(2026, 5, 15))
    assert list_periods() == [*QUARTERS_OF_2025, "2025", "2026-T1"]


def test_one_night_publishes_one_year_at_most(db, next_tasks):
    """A clock that is wrong for a night does not publish thirty years of the future. Other work has its turn between
    two releases.
    """
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    with time_machine.travel(paris_time(2055, 5, 1), tick=False):
        publish_releases()
    assert list_periods() == [*QUARTERS_OF_2025, "2025"]
    assert next_tasks == [(4,), (3,), (2,), (1,)]


def test_a_clock_that_went_back_publishes_nothing(db):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR_DUE)
    assert publish_due_periods(now=Q1_DUE) == publish_due_periods(now=YEAR_DUE) == []


def test_an_earlier_period_is_not_published_after_a_later_one(db):
    """A case of 2024 that comes after 2025 began to be published is late, as any other."""
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=Q1_DUE)
    store(one_each(bodies("53", 30)[6:], paris_time(2024, 5, 1)))
    publish_due_periods(now=YEAR_DUE)
    assert list_periods() == [*QUARTERS_OF_2025, "2025"]
    assert read_table("late")[""] in (20, 25)  # 24 bodies


# What


def test_only_verified_cases_that_count_are_published(db):
    town_halls = bodies("53", 100)
    store(one_each(town_halls[:40], paris_time(2025, 2, 1)))
    store(one_each(town_halls[40:60], paris_time(2025, 2, 1), verified=False))
    store(one_each(town_halls[60:70], paris_time(2025, 2, 1), closing_reason="duplicate"))
    store(one_each(town_halls[70:80], paris_time(2025, 2, 1), closing_reason="not_an_incident"))
    store(one_each(town_halls[80:], paris_time(2025, 2, 1), nature="report", hours=(2,), leaks=(("claimed", "6-50"),)))
    publish_due_periods(now=YEAR_DUE)
    assert read_table("incidents") == {"": 40}
    assert read_table("reports") == {"": 20}
    assert read_table("interruptions") == read_table("leaks") == {"": None}


def test_months_printed_with_a_quarter_are_not_printed_again(db):
    """The months of a quarter that opened are those of its release; the year prints the others."""
    town_halls = bodies("53", 80)
    store(one_each(town_halls[:60], paris_time(2025, 2, 1)) + one_each(town_halls[60:], paris_time(2025, 5, 1)))
    publish_due_periods(now=YEAR_DUE)
    assert read_printed_numbers("incidents_by_month", quarter=1) == {"02": 60}
    assert read_table("incidents_by_month", quarter=2) == {}
    assert sorted(read_table("incidents_by_month")) == [f"{month:02}" for month in range(4, 13)]
    assert read_printed_numbers("incidents_by_month") == {"05": 20}


def test_cases_that_missed_their_year_are_a_line_of_the_next_year(db):
    """Verified after their year was printed: under the same threshold, and once."""
    town_halls = bodies("53", 100)
    store(one_each(town_halls[:50], paris_time(2025, 2, 1)))
    late = store(one_each(town_halls[50:60], paris_time(2025, 2, 1), verified=False))
    few = store(one_each(town_halls[60:64], paris_time(2025, 3, 1), verified=False))
    publish_due_periods(now=YEAR_DUE)
    change_cases(late, verified_at=paris_time(2026, 5, 1), verification="call_back")
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert (read_table("late"), read_table("late", year=2026)) == ({"": None}, {"": 10})
    change_cases(few, verified_at=paris_time(2027, 5, 1), verification="call_back")
    publish_due_periods(now=paris_time(2028, 4, 1))
    assert read_table("late", year=2027) == {"": None}
    assert read_table("incidents") == {"": 50}
    assert CountedCase.objects.filter(is_late=True).values_list("release__year", "fact").count() == 14


def test_a_quarter_that_changed_since_it_was_printed_stays_and_the_year_counts_anew(db):
    incidents = store(one_each(bodies("53", 60), paris_time(2025, 2, 1)))
    publish_due_periods(now=Q1_DUE)
    change_cases(incidents[:10], status="closed", closed_at=paris_time(2025, 5, 1), closing_reason="duplicate")
    change_cases(incidents[10:20], nature="report")
    publish_due_periods(now=YEAR_DUE)
    assert read_table("incidents", quarter=1) == {"": 60}
    assert (read_table("incidents"), read_table("reports")) == ({"": 40}, {"": 10})


def test_a_change_to_a_case_after_its_year_was_printed_changes_no_release(db):
    """Judged unfounded, reopened, merged, sent to another centre: the printed numbers and their seal stay."""
    incidents = store(one_each(bodies("53", 60), paris_time(2025, 2, 1), leaks=(("confirmed", "6-50"),)))
    publish_due_periods(now=YEAR_DUE)
    before = list(Figure.objects.order_by("pk").values())
    for incident in incidents[:20]:
        incident.leaks.update(status="unfounded")
    change_cases(incidents[:20], closing_reason="duplicate", status="closed", closed_at=paris_time(2026, 5, 1))
    change_cases(incidents[20:30], region=Region.objects.get(code="94"))
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert list(Figure.objects.filter(release__year=2025).order_by("pk").values()) == before
    assert read_table("late", year=2026) == read_table("incidents", year=2026) == {"": None}
    assert all(is_intact(release) for release in Release.objects.all())


def test_a_case_that_moves_to_another_year_is_counted_once(db):
    incidents = store(one_each(bodies("53", 50), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR_DUE)
    change_cases(incidents[:20], received_at=paris_time(2026, 2, 1))
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert (list_periods()[-1], read_table("incidents", year=2026)) == ("2026", {"": None})


def test_a_signalement_that_moves_to_another_year_is_counted_once(db):
    reports = store(one_each(bodies("53", 50), paris_time(2025, 2, 1), nature="report"))
    publish_due_periods(now=YEAR_DUE)
    change_cases(reports[:20], received_at=paris_time(2026, 2, 1))
    change_cases(reports[20:40], nature="incident")
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert (read_table("reports", year=2026), read_table("late", year=2026)) == ({"": None}, {"": 20})


def test_merged_bodies_are_one_body(db):
    town_halls = bodies("53", 5)
    store(one_each(town_halls, paris_time(2025, 2, 1)))
    Collectivity.objects.filter(pk=town_halls[0].pk).update(merged_into=town_halls[1].pk, vanished_on=date(2025, 3, 1))
    publish_due_periods(now=YEAR_DUE)
    assert read_table("incidents") == {"": None}


def test_the_denominators_of_a_year_are_frozen_with_it(db):
    store(one_each(bodies("53", 12), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR_DUE)
    before = dict(Denominator.objects.filter(release__year=2025).values_list("stratum", "bodies"))
    gone = Collectivity.objects.filter(kind="commune", population__lt=500, is_listed=True).first()
    Collectivity.objects.filter(pk=gone.pk).update(vanished_on=date(2026, 1, 1))
    publish_due_periods(now=paris_time(2027, 4, 1))
    assert dict(Denominator.objects.filter(release__year=2025).values_list("stratum", "bodies")) == before
    after = Denominator.objects.get(release__year=2026, stratum="commune/0-499").bodies
    assert after == before["commune/0-499"] - 1


# Whole, once, for ever


def test_a_release_that_fails_half_way_leaves_nothing_but_the_attempt(transactional_db, monkeypatch):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    monkeypatch.setattr(publish, "save_cases", lambda _release: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish_due_periods(now=Q1_DUE)
    assert (Release.objects.count(), Figure.objects.count(), CountedCase.objects.count()) == (0, 0, 0)
    assert Attempt.objects.values_list("outcome", "period", "release").get() == ("failed", "2025-T1", None)
    monkeypatch.undo()
    assert [release.number for release in publish_due_periods(now=Q1_DUE)] == [1]


def test_a_release_that_cannot_be_made_safe_is_not_published(db, monkeypatch):
    store(one_each(bodies("53", 50), paris_time(2025, 2, 1)))
    monkeypatch.setattr("stats.disclosure.draw.find_failing_tables", lambda printed, _earlier: {"incidents"})
    monkeypatch.setattr("stats.disclosure.draw.MAX_DRAWS", 2)
    with pytest.raises(UnsafeRelease):
        publish_due_periods(now=Q1_DUE)
    assert Release.objects.count() == 0
    assert Attempt.objects.get().outcome == "failed"


@time_machine.travel(Q1_DUE, tick=False)
def test_while_another_publishes_the_command_waits_and_the_task_does_nothing(transactional_db, capsys):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    is_locked, over = threading.Event(), threading.Event()

    def hold_the_lock():
        with hold_lock(Lock.PUBLISH, waits=True):
            is_locked.set()
            over.wait(60)
        connection.close()

    other = threading.Thread(target=hold_the_lock)
    other.start()
    is_locked.wait(60)
    publish_releases()
    assert Release.objects.count() == 0
    threading.Timer(0.5, over.set).start()
    call_command("publish_releases")
    other.join()
    assert capsys.readouterr().out == "Publication no 1 : 2025-T1.\n"


@pytest.mark.parametrize("model", [Release, Figure, Denominator, CountedCase])
def test_rows_of_a_release_are_never_changed(db, model):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR_DUE)
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
                cursor.execute(statement.format(model._meta.db_table))


def test_a_release_is_filled_once(transactional_db):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    [release] = publish_due_periods(now=Q1_DUE)
    with pytest.raises(ProgrammingError, match="never changed"):
        Figure.objects.create(release=release, table="unfounded", value=5)


@pytest.mark.parametrize("value", [0, 3, 7, 12])
def test_the_database_refuses_a_number_that_is_not_rounded(db, value):
    release = Release.objects.create(number=1, year=2025)
    with pytest.raises(IntegrityError, match="figure_is_rounded"), transaction.atomic():
        Figure.objects.create(release=release, table="incidents", value=value)


def test_a_new_secret_is_used_from_the_next_release_on_and_its_keys_differ(db, settings):
    store(one_each(bodies("53", 52), paris_time(2025, 2, 1)))
    publish_due_periods(now=Q1_DUE)
    settings.SECRET_KEY = "another secret that is long enough for a test"
    publish_due_periods(now=Q2_DUE)
    keys = list(Release.objects.order_by("number").values_list("rounding_key", "verify_key"))
    assert len({rounding for rounding, _verify in keys}) == len({verify for _rounding, verify in keys}) == 2
    assert all(is_intact(release) for release in Release.objects.all())


def test_a_new_key_changes_no_number_that_was_printed(db, settings):
    store(one_each(bodies("53", 52), paris_time(2025, 2, 1)))
    [quarter] = publish_due_periods(now=Q1_DUE)
    printed, signature = bytes(quarter.printed), quarter.signature
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.RELEASE: [os.urandom(32)]}
    publish_due_periods(now=YEAR_DUE)
    quarter, year = Release.objects.get(pk=quarter.pk), Release.objects.get(year=2025, quarter=0)
    assert (bytes(quarter.printed), quarter.signature) == (printed, signature)
    assert is_intact(quarter)
    assert is_intact(year)
    assert load_printed(year)["earlier"]["1"] == quarter.digest
    assert year.rounding_key != quarter.rounding_key


def test_a_quarter_has_no_report_and_a_year_has_one_for_each_territory(db):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=Q1_DUE)
    assert Report.objects.count() == 0
    publish_due_periods(now=YEAR_DUE)
    reports = Report.objects.filter(release__year=2025, release__quarter=0, state=PaperState.ASKED)
    assert reports.count() == Report.objects.count() >= 1


def test_the_attempts_are_listed_for_the_administrator(db):
    store(one_each(bodies("53", 6), paris_time(2025, 2, 1)))
    publish_due_periods(now=Q1_DUE)
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.period, attempt.closed) == ("published", "2025-T1", [])
    assert attempt.draws >= 1
    assert attempt.seconds > 0


def test_a_seal_stays_valid_when_the_tables_change_later(db, monkeypatch):
    """The tables and their categories may change with the software: old releases stay as they were signed."""
    store(one_each(bodies("53", 50), paris_time(2025, 2, 1)))
    publish_due_periods(now=YEAR_DUE)
    monkeypatch.setitem(CATEGORIES, "region", ("53", "94"))
    assert all(is_intact(release) for release in Release.objects.all())
    assert len(load_printed(Release.objects.get(quarter=0))["tables"]) == 23


def test_a_row_changed_without_its_trigger_breaks_the_seal(db):
    store(one_each(bodies("53", 50), paris_time(2025, 2, 1)))
    [release] = publish_due_periods(now=Q1_DUE)
    with switch_triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE stats_figure SET value = 55 WHERE \"table\" = 'incidents'")
    assert not is_intact(release)
