"""The making of PDF reports by a task. A report is first stored as a row without content. It is made once and never
changes.

Each yearly release has one row for each place, however often a report is requested. A worker claims a report by
postponing its next try. If the worker dies, another worker makes the report about a minute later. Two workers that
make the same report write the same content, and the first that saves it wins.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from collectivities.models import Region
from core.locks import Lock, hold_lock, make_due_condition
from core.typeset import typeset
from incidents.enums import PaperState
from stats.pages.page import UnknownSelection
from stats.releases.rows import Figure, Release
from stats.reports.address import parse_place
from stats.reports.content import TEMPLATE, describe_report
from stats.reports.rows import PATIENCE, Report

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
MAX_TRIES = 3
# Reports are made one at a time, and only for this time in one task, so that the worker also runs other tasks.
PASS_TIME_LIMIT = timedelta(seconds=2)


# Requesting


def request_report(number: int, place: str) -> Report:
    """Return the row of a report, and create it on the first request. Runs one query if the row exists.

    Raises UnknownSelection if the place or the yearly release does not exist.
    """
    region = parse_place(place)
    rows = filter_reports(number, region)
    report = rows.first()
    if report is None:
        create_report_row(number, region)
        report = rows.get()
    return report


def filter_reports(number: int, region: str) -> QuerySet[Report]:
    """Return the report of a release on a région (a code, or "" for the nation) as a queryset."""
    rows = Report.objects.defer("content").select_related("release", "region").filter(release__number=number)
    return rows.filter(region__code=region) if region else rows.filter(region=None)


def create_report_row(number: int, region: str) -> None:
    """Create the row of a report if it does not exist. Raises UnknownSelection if no yearly release has that
    number.
    """
    release = Release.objects.filter(number=number, quarter=0).first()
    if release is None:
        raise UnknownSelection(number)
    place = Region.objects.get(code=region) if region else None
    Report.objects.bulk_create([Report(release=release, region=place)], ignore_conflicts=True)


def retry_report(report: Report) -> None:
    """Request a report again if it failed, or if no worker has made it in time.

    Its `due_at`, which decides its place in the queue, does not change.
    """
    now, rows = timezone.now(), Report.objects.filter(pk=report.pk)
    late = {"state": PaperState.ASKED, "asked_at__lt": now - PATIENCE, "due_at__lt": now - PATIENCE}
    for chosen in (rows.filter(state=PaperState.FAILED), rows.filter(**late)):
        chosen.update(state=PaperState.ASKED, asked_at=now, tries=0)


def create_report_rows(release: Release) -> None:
    """Create the rows of the reports of a yearly release: for the nation, and for each région with a printed total."""
    if release.quarter:
        return
    printed = Figure.objects.filter(release=release, table="incidents_by_region", value__isnull=False)
    regions = Region.objects.filter(code__in=printed.values("first"))
    rows = [Report(release=release, region=region) for region in (None, *regions)]
    Report.objects.bulk_create(rows, ignore_conflicts=True)


def read_report_pdf(report: Report) -> bytes:
    """Return the PDF of a report that is made."""
    return bytes(Report.objects.values_list("content", flat=True).get(pk=report.pk, state=PaperState.MADE) or b"")


# Making


def make_due_reports() -> int:
    """Make the reports that are due, until none is left or PASS_TIME_LIMIT has passed. Return how many were made.

    Do nothing while another worker makes reports.
    """
    count, deadline = 0, timezone.now() + PASS_TIME_LIMIT
    with hold_lock(Lock.MAKE_REPORTS, waits=False) as is_free:
        while is_free and timezone.now() < deadline and (report := claim_report(timezone.now())):
            count += make_report(report)
    return count


@transaction.atomic
def claim_report(now: datetime) -> Report | None:
    """Lock one due row, count the try and postpone the next try. Return the row, or None if no report is due.

    The newest release comes first, even if a robot requests all old reports. Due reports without a try left are marked
    as failed.
    """
    due = Report.objects.filter(make_due_condition(now, longest=LEASE), state=PaperState.ASKED)
    due.filter(tries__gte=MAX_TRIES).update(state=PaperState.FAILED)
    rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("release", "region").defer("content")
    report = rows.order_by("-release__number", "due_at", "id").first()
    if report is not None:
        report.tries, report.due_at = report.tries + 1, now + LEASE
        report.save(update_fields=["tries", "due_at"])
    return report


def make_report(report: Report) -> bool:
    """Make one report. Return True if the report was saved.

    An error is logged and not raised, so that the next reports are still made.
    """
    try:
        content = make_pdf(report)
    except Exception as error:
        logger.exception("a report cannot be made", report=report.pk, error=type(error).__name__)
        return False
    rows = Report.objects.filter(pk=report.pk, state=PaperState.ASKED)
    return bool(rows.update(state=PaperState.MADE, content=content, made_at=timezone.now()))


def make_pdf(report: Report) -> bytes:
    """Return the PDF of a report."""
    content = describe_report(report.release, report.region.code if report.region else "")
    return typeset(TEMPLATE, content)
