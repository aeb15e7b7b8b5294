"""Reports that a task makes: each is a row before it is work, made once, kept for ever.

There are as many as releases, places and periods that exist, whoever asks and how often. A worker claims one by
pushing forward the instant of the next try; one that dies is followed by another within a minute. Two that make the
same write the same words: the first to record wins.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from collectivities.models import Region
from incidents.enums import PaperState
from incidents.typeset import typeset
from stats.locks import REPORTS_LOCK, alone
from stats.models import Release
from stats.published import Asked, UnknownSelectionError, read_page
from stats.published.reading import best_year, years_of
from stats.reports.content import FOLDER, said_of
from stats.reports.rows import PATIENCE, Report

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
MOST_TRIES = 3
# One at a time, and not for long: the same workers send the mails of an emergency.
LONGEST_ROUND = timedelta(seconds=5)


# Asking


def ask_report(asked: Asked) -> Report:
    """The one row of that report, made now if nobody has asked before. Raises UnknownSelectionError.

    `asked` names a release and a year. Nothing is read but that row when it is there.
    """
    return find_report(asked) or first_asked(asked)


def find_report(asked: Asked) -> Report | None:
    rows = Report.objects.defer("content").select_related("region")
    place = {"region__code": asked.region} if asked.region else {"region": None}
    return rows.filter(release__number=asked.release, year=asked.year, quarter=asked.quarter or 0, **place).first()


def first_asked(asked: Asked) -> Report:
    source = read_page(asked).source
    if source.release is None:
        raise UnknownSelectionError
    row = Report(release=source.release, region=source.region, year=source.year, quarter=source.quarter)
    Report.objects.bulk_create([row], ignore_conflicts=True)
    return Report.objects.defer("content").get(
        release=source.release, region=source.region, year=source.year, quarter=source.quarter
    )


def ask_again(report: Report) -> None:
    """One that failed, or that nobody makes, counts as asked now; it keeps its place in the queue. Else nothing."""
    now, mine = timezone.now(), Report.objects.filter(pk=report.pk)
    late = {"state": PaperState.ASKED, "asked_at__lt": now - PATIENCE, "due_at__lt": now - PATIENCE}
    for rows in (mine.filter(state=PaperState.FAILED), mine.filter(**late)):
        rows.update(state=PaperState.ASKED, asked_at=now, tries=0)


def prepare(release: Release) -> None:
    """Ask for what the newest pages lead to: the nation and each region, in the year that is shown first."""
    years = years_of(release)
    places = [None, *Region.objects.all()] if years else []
    rows = [Report(release=release, region=place, year=best_year(release, place, years)) for place in places]
    Report.objects.bulk_create(rows, ignore_conflicts=True)


def content_of(report: Report) -> bytes:
    """The bytes of one that was made."""
    return bytes(Report.objects.values_list("content", flat=True).get(pk=report.pk, state=PaperState.MADE) or b"")


# Making


def make_due() -> int:
    """Make what is due, until nothing is left or the round is over; nothing while another worker is at it. Gives the
    number of reports made.
    """
    made, until = 0, timezone.now() + LONGEST_ROUND
    with alone(REPORTS_LOCK, waits=False) as is_free:
        while is_free and timezone.now() < until and (report := claim(timezone.now())):
            made += attempt(report)
    return made


@transaction.atomic
def claim(now: datetime) -> Report | None:
    """Take one due row from the other workers; it is put off and counted before it is tried. The newest release comes
    first, whatever a robot asks of the old ones.
    """
    due = Report.objects.filter(state=PaperState.ASKED, due_at__lte=now)
    due.filter(tries__gte=MOST_TRIES).update(state=PaperState.FAILED)
    rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("release", "region").defer("content")
    report = rows.order_by("-release__number", "due_at", "id").first()
    if report is not None:
        report.tries, report.due_at = report.tries + 1, now + LEASE
        report.save(update_fields=["tries", "due_at"])
    return report


def attempt(report: Report) -> bool:
    """Whatever is wrong with one report must not hold up the others: it is tried again, then said impossible."""
    try:
        content = pdf_of(report)
    except Exception as error:
        logger.exception("a report cannot be made", report=report.pk, error=type(error).__name__)
        return False
    rows = Report.objects.filter(pk=report.pk, state=PaperState.ASKED)
    return bool(rows.update(state=PaperState.MADE, content=content, made_at=timezone.now()))


def pdf_of(report: Report) -> bytes:
    """Read from the release alone."""
    return typeset("report", said_of(asked_of(report)), folder=FOLDER)


def asked_of(report: Report) -> Asked:
    return Asked(
        region=report.region.code if report.region else "",
        year=str(report.year),
        quarter=str(report.quarter or ""),
        release=str(report.release.number),
    )
