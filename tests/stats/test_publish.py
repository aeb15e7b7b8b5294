"""Closed periods become numbered releases, which never change."""

import threading
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from collectivities.models import Collectivity, Region
from incidents.enums import PaperState
from stats.locks import PUBLISHING_LOCK, alone
from stats.models import Attempt, Block, BlockMember, Denominator, Release, ReleaseBlock, Report
from stats.periods import last_closed_day, last_day_of_month, last_day_of_quarter, month_of, quarter_of
from stats.services import publish_release
from stats.tasks import publish_release as task
from tests.stats.cases import Case, bodies, change, on, one_each, store

Q1_CLOSED, Q2_CLOSED, YEAR_CLOSED = on(2025, 4, 30), on(2025, 7, 30), on(2026, 1, 30)


def published(release=None):
    """The incidents' blocks of a release (the last one by default): region, first day, last day, value."""
    release = release or Release.objects.latest("number")
    blocks = release.blocks.filter(measure="incidents").order_by("starts_on", "ends_on", "region__code", "value")
    return [(b.region and b.region.code, f"{b.starts_on:%m-%d}", f"{b.ends_on:%m-%d}", b.value) for b in blocks]


def test_it_works(db):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    with time_machine.travel(Q1_CLOSED, tick=False):
        task()
    release = Release.objects.get()
    assert (release.number, release.covers_until, release.published_at) == (1, date(2025, 3, 31), Q1_CLOSED)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_the_reports_of_a_release_are_prepared(db):
    """Of the nation and of each region, for the year that is shown first; a task makes them."""
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    release = publish_release(now=Q1_CLOSED)
    asked = Report.objects.filter(release=release, year=2025, quarter=0, state=PaperState.ASKED)
    assert asked.count() == Report.objects.count() == Region.objects.count() + 1


def test_a_quarter_is_closed_thirty_days_after_its_end(db):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    assert publish_release(now=on(2025, 4, 29, 23)) is None
    assert publish_release(now=on(2025, 4, 30, 0)).number == 1


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        (on(2025, 1, 29, 23), date(2024, 9, 30)),
        (on(2025, 1, 30, 0), date(2024, 12, 31)),
        (datetime(2025, 1, 29, 23, 30, tzinfo=UTC), date(2024, 12, 31)),
        (on(2025, 10, 29), date(2025, 6, 30)),
        (on(2025, 10, 30), date(2025, 9, 30)),
    ],
)
def test_the_last_closed_day(now, closed):
    assert last_closed_day(now) == closed


def test_the_edges_of_a_month_are_those_of_the_territory():
    assert month_of(datetime(2025, 3, 31, 21, 59, tzinfo=UTC), "Europe/Paris") == date(2025, 3, 1)
    assert month_of(datetime(2025, 3, 31, 22, 0, tzinfo=UTC), "Europe/Paris") == date(2025, 4, 1)
    assert month_of(datetime(2025, 3, 31, 22, 0, tzinfo=UTC), "America/Cayenne") == date(2025, 3, 1)
    assert month_of(datetime(2025, 3, 31, 12, 59, tzinfo=UTC), "Pacific/Noumea") == date(2025, 3, 1)
    assert month_of(datetime(2025, 3, 31, 13, 0, tzinfo=UTC), "Pacific/Noumea") == date(2025, 4, 1)
    assert last_day_of_month(date(2024, 2, 1)) == date(2024, 2, 29)
    assert last_day_of_month(date(2024, 12, 1)) == date(2024, 12, 31)
    assert quarter_of(date(2025, 12, 31)) == date(2025, 10, 1)
    assert last_day_of_quarter(date(2024, 1, 1)) == date(2024, 3, 31)
    assert last_day_of_quarter(date(2025, 10, 1)) == date(2025, 12, 31)


def test_nothing_new_makes_no_release(db, capsys):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    with time_machine.travel(Q1_CLOSED, tick=False):
        call_command("publish_release")
        call_command("publish_release")
    assert capsys.readouterr().out == "Publication no 1, jusqu’au 31/03/2025.\nRien de nouveau à publier.\n"
    assert Release.objects.count() == 1


@time_machine.travel(Q1_CLOSED, tick=False)
def test_beside_another_the_command_waits_for_its_turn_and_the_task_does_nothing(transactional_db, capsys):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    held, over = threading.Event(), threading.Event()

    def publishes():
        with alone(PUBLISHING_LOCK, waits=True):
            held.set()
            over.wait(60)
        connection.close()

    other = threading.Thread(target=publishes)
    other.start()
    held.wait(60)
    task()
    assert Release.objects.count() == 0
    threading.Timer(0.5, over.set).start()
    call_command("publish_release")
    other.join()
    assert capsys.readouterr().out == "Publication no 1, jusqu’au 31/03/2025.\n"


def test_nothing_to_show_makes_no_release(db):
    store(one_each(bodies("53", 4), on(2025, 2, 1)))
    assert publish_release(now=YEAR_CLOSED) is None
    assert Release.objects.count() == 0


def test_the_night_on_which_figures_appear_tells_nobody_who_came_last(db):
    """Four bodies on the set day, and a fifth a week later: all wait for the next quarter's day."""
    some = bodies("53", 6)
    store(one_each(some[:4], on(2025, 2, 1)))
    with time_machine.travel(Q1_CLOSED, tick=False):
        task()
    store(one_each(some[4:], on(2025, 2, 1)))
    for day in (on(2025, 5, 7), on(2025, 7, 29)):
        with time_machine.travel(day, tick=False):
            task()
    assert Release.objects.count() == 0
    assert Attempt.objects.count() == 1
    with time_machine.travel(Q2_CLOSED, tick=False):
        task()
    assert published() == [("53", "02-01", "02-28", 6)]


def test_what_is_not_verified_is_not_published(db):
    some = bodies("53", 12)
    store(one_each(some[:6], on(2025, 2, 1)) + one_each(some[6:], on(2025, 2, 1), verified=False))
    publish_release(now=Q1_CLOSED)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_what_was_no_incident_is_not_published(db):
    some = bodies("53", 12)
    store(one_each(some[:6], on(2025, 2, 1)))
    store(one_each(some[6:9], on(2025, 2, 1), closing_reason="duplicate"))
    store(one_each(some[9:], on(2025, 2, 1), closing_reason="not_an_incident"))
    publish_release(now=Q1_CLOSED)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_each_table_has_its_own_blocks(db):
    said = {"hours": (2, 30), "leaks": (("confirmed", "6-50"),)}
    store(one_each(bodies("53", 6), on(2025, 2, 1), **said))
    publish_release(now=Q1_CLOSED)
    found = sorted(Block.objects.values_list("measure", "band", "value"))
    assert found == [
        ("incidents", "information-content-security/rancon", 6),
        ("interruptions", "0-4h", 6),
        ("interruptions", "1-3d", 6),
        ("leaks", "6-50/confirmed", 6),
        ("quarters", "", 6),
    ]


def test_a_small_quarter_waits_for_its_year(db):
    some = bodies("53", 9)
    store(one_each(some[:3], on(2025, 2, 1)) + one_each(some[3:6], on(2025, 5, 1)))
    assert publish_release(now=Q2_CLOSED) is None
    publish_release(now=YEAR_CLOSED)
    assert published() == [("53", "01-01", "12-31", 6)]


def test_a_published_quarter_is_not_absorbed_at_the_end_of_the_year(db):
    some = bodies("53", 20)
    store(one_each(some[:6], on(2025, 2, 1)))
    publish_release(now=Q1_CLOSED)
    store(one_each(some[6:9], on(2025, 5, 1)))
    publish_release(now=YEAR_CLOSED)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_late_cases_make_a_block_of_their_own(db):
    some = bodies("53", 20)
    store(one_each(some[:6], on(2025, 2, 1)))
    first = publish_release(now=Q1_CLOSED)
    store(one_each(some[6:11], on(2025, 2, 20)))
    publish_release(now=Q2_CLOSED)
    assert published() == [("53", "02-01", "02-28", 5), ("53", "02-01", "02-28", 6)]
    assert published(first) == [("53", "02-01", "02-28", 6)]


def test_few_late_cases_stay_out(db):
    some = bodies("53", 20)
    store(one_each(some[:6], on(2025, 2, 1)))
    publish_release(now=Q1_CLOSED)
    store(one_each(some[6:10], on(2025, 3, 1)))
    publish_release(now=Q2_CLOSED)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_a_block_stays_whatever_becomes_of_its_cases(db):
    incidents = store(one_each(bodies("53", 12), on(2025, 2, 1)))
    first = publish_release(now=Q1_CLOSED)
    change(incidents[:10], status="closed", closed_at=on(2025, 5, 1), closing_reason="duplicate")
    second = publish_release(now=Q2_CLOSED)
    assert published(second) == [("53", "02-01", "02-28", 12)]
    assert list(second.blocks.all()) == list(first.blocks.all())


def test_a_rate_stays_whatever_becomes_of_the_list(db):
    """Next year's list has other populations, and lacks a body that it should not have had."""
    store(one_each(bodies("53", 12), on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    gone, grown = Collectivity.objects.filter(region__code="53", kind="commune", population__lt=500)[:2]
    Collectivity.objects.filter(pk=gone.pk).update(vanished_on=date(2025, 1, 1))
    Collectivity.objects.filter(pk=grown.pk).update(population=20_000)
    store(one_each(bodies("53", 12), on(2026, 2, 1)))
    publish_release(now=on(2027, 1, 30))
    told = [
        set(Denominator.objects.filter(release__number=number, year=2025).values_list("region", "stratum", "bodies"))
        for number in (1, 2)
    ]
    assert told[0] == told[1] != set()
    [before, after] = (
        Denominator.objects.get(release__number=2, year=year, region=None, stratum="").bodies for year in (2025, 2026)
    )
    assert after == before - 1


def test_an_incident_that_turns_out_to_be_a_signalement_is_not_counted_twice(db):
    """A case that nobody has qualified yet counts as an incident; of its leak, nobody knew that there was none."""
    claimed = {"leaks": (("claimed", "6-50"),)}
    incidents = store(one_each(bodies("53", 24), on(2025, 2, 1), **claimed))
    publish_release(now=Q1_CLOSED)
    change(incidents[:8], nature="report")
    for incident in incidents[8:]:
        incident.leaks.update(status="unfounded")
    change(incidents[8:16], severity=3)
    others = bodies("53", 44)[24:]
    store(one_each(others[:6], on(2025, 2, 1), nature="report") + one_each(others, on(2025, 2, 1), **claimed))
    publish_release(now=YEAR_CLOSED)
    last = Release.objects.latest("number").blocks
    told = {one: sum(block.value for block in last.filter(measure=one)) for one in ("incidents", "reports")}
    assert told == {"incidents": 44, "reports": 6}
    assert sum(block.value for block in last.filter(measure="leaks")) == 44
    assert not last.filter(measure="unfounded").exists()


def test_a_case_that_changes_band_is_not_counted_twice(db):
    incidents = store(one_each(bodies("53", 8), on(2025, 2, 1), hours=(None,)))
    publish_release(now=Q1_CLOSED)
    for incident in incidents[:6]:
        incident.interruptions.update(ended_at=on(2025, 2, 2))
    change(incidents[:6], type="panne")
    second = publish_release(now=Q2_CLOSED)
    assert second.blocks.filter(measure="interruptions").values_list("band", "value").get() == ("unknown", 8)


def test_a_late_case_is_not_told_by_what_others_become(db):
    """Six get a duration, and one body declares late: of its quarter's interruptions there are no more than before."""
    incidents = store(one_each(bodies("53", 14), on(2025, 2, 1), hours=(None,)))
    publish_release(now=Q1_CLOSED)
    for incident in incidents[:6]:
        incident.interruptions.update(ended_at=on(2025, 2, 2))
    change(incidents[:6], severity=3)
    store(one_each(bodies("53", 15)[14:], on(2025, 2, 1), hours=(10,)))
    second = publish_release(now=Q2_CLOSED)
    assert sum(block.value for block in second.blocks.filter(measure="interruptions")) == 14


def test_what_changed_in_other_blocks_makes_no_block_again(db):
    """Of twelve short interruptions one became longer. Four bodies have another that changed, elsewhere."""
    some, others = bodies("53", 12), bodies("53", 30)[12:]
    cases = [Case(body=body, at=on(2025, 2, 1), hours=(2, 10) if 0 < n < 5 else (2,)) for n, body in enumerate(some)]
    incidents = store(
        cases + one_each(others, on(2025, 2, 1), hours=(10,)) + one_each(others, on(2025, 2, 2), hours=(30,))
    )
    publish_release(now=Q1_CLOSED)
    for incident in incidents[:5]:
        incident.interruptions.filter(pk=incident.interruptions.latest("pk").pk).update(ended_at=on(2025, 2, 2, 18))
    change(incidents[:5], severity=3)
    store(one_each(bodies("94", 6), on(2025, 5, 1)))
    publish_release(now=Q2_CLOSED)
    short = Release.objects.latest("number").blocks.filter(measure="interruptions", band="0-4h")
    assert [block.value for block in short] == [12]


@pytest.mark.parametrize("moved", [4, 8])
def test_a_case_that_moves_to_another_year_is_counted_once(db, moved):
    """It stays where it was published."""
    incidents = store(one_each(bodies("53", 12), on(2024, 2, 1)))
    publish_release(now=on(2024, 4, 30))
    change(incidents[:moved], received_at=on(2025, 2, 1))
    store(one_each(bodies("94", 6), on(2025, 2, 1)))
    last = publish_release(now=Q1_CLOSED)
    years = last.blocks.filter(measure="incidents").values_list("starts_on", "value")
    assert dict(years) == {date(2024, 2, 1): 12, date(2025, 2, 1): 6}


@pytest.mark.parametrize("model", [Release, Block, ReleaseBlock, BlockMember])
def test_what_was_published_is_never_changed(db, model):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    publish_release(now=Q1_CLOSED)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
                cursor.execute(statement.format(model._meta.db_table))
    assert published() == [("53", "02-01", "02-28", 6)]


def test_a_release_is_filled_once(transactional_db):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    release = publish_release(now=Q1_CLOSED)
    another = Block.objects.create(measure="incidents", starts_on=date(2025, 1, 1), ends_on=date(2025, 3, 31), value=3)
    with pytest.raises(ProgrammingError, match="never changed"):
        ReleaseBlock.objects.create(release=release, block=another)
    assert published() == [("53", "02-01", "02-28", 6)]


def test_a_release_that_fails_half_way_leaves_nothing(transactional_db, monkeypatch):
    store(one_each(bodies("53", 6), on(2025, 2, 1)))
    monkeypatch.setattr(ReleaseBlock.objects, "bulk_create", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish_release(now=Q1_CLOSED)
    assert (Release.objects.count(), Block.objects.count(), BlockMember.objects.count()) == (0, 0, 0)
    monkeypatch.undo()
    assert publish_release(now=Q1_CLOSED).number == 1
