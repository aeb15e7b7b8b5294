"""Making reports in a task. A report is stored as a row first, is made once and never changes.

There is one row a yearly release and place, however often it is asked for. A worker claims a report by postponing its
next try; if it dies, another one takes over within a minute. Two workers that make the same report write the same
content, and the first to save it wins.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from collectivities.models import Region
from core.locks import Lock, hold_lock
from core.typeset import typeset
from incidents.enums import PaperState
from stats.pages.page import UnknownSelectionError
from stats.releases.rows import Figure, Release
from stats.reports.address import parse_place
from stats.reports.content import TEMPLATE, describe_report
from stats.reports.rows import PATIENCE, Report

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
MAX_TRIES = 3
# Reports are made one at a time and for a short while, so that other work on the same worker gets its turn.
LONGEST_ROUND = timedelta(seconds=2)


# Asking


def request_report(number: int, place: str) -> Report:
    """Return the row of a report, created on first request. Raise UnknownSelectionError.

    One query if the row exists.
    """
    region = parse_place(place)
    rows = filter_reports(number, region)
    report = rows.first()
    if report is None:
        save_report(number, region)
        report = rows.get()
    return report


def filter_reports(number: int, region: str) -> QuerySet[Report]:
    rows = Report.objects.defer("content").select_related("release", "region").filter(release__number=number)
    return rows.filter(region__code=region) if region else rows.filter(region=None)


def save_report(number: int, region: str) -> None:
    """Create the row, unless it exists. Raise UnknownSelectionError if no yearly release has that number."""
    release = Release.objects.filter(number=number, quarter=0).first()
    if release is None:
        raise UnknownSelectionError(number)
    place = Region.objects.get(code=region) if region else None
    Report.objects.bulk_create([Report(release=release, region=place)], ignore_conflicts=True)


def retry_report(report: Report) -> None:
    """Ask again for a report that failed or that no worker makes. It keeps its place in the queue."""
    now, rows = timezone.now(), Report.objects.filter(pk=report.pk)
    late = {"state": PaperState.ASKED, "asked_at__lt": now - PATIENCE, "due_at__lt": now - PATIENCE}
    for chosen in (rows.filter(state=PaperState.FAILED), rows.filter(**late)):
        chosen.update(state=PaperState.ASKED, asked_at=now, tries=0)


def prepare_reports(release: Release) -> None:
    """Create the reports of a yearly release: for the nation, and for each région with a printed figure."""
    if release.quarter:
        return
    printed = Figure.objects.filter(release=release, table="incidents_by_region", value__isnull=False)
    regions = Region.objects.filter(code__in=printed.values("first"))
    rows = [Report(release=release, region=region) for region in (None, *regions)]
    Report.objects.bulk_create(rows, ignore_conflicts=True)


def read_content(report: Report) -> bytes:
    """Return the PDF of a report that was made."""
    return bytes(Report.objects.values_list("content", flat=True).get(pk=report.pk, state=PaperState.MADE) or b"")


# Making


def make_due_reports() -> int:
    """Make the reports that are due, until none is left or the round is over. Return the number made.

    Nothing is made while another worker makes reports.
    """
    count, deadline = 0, timezone.now() + LONGEST_ROUND
    with hold_lock(Lock.MAKE_REPORTS, waits=False) as is_free:
        while is_free and timezone.now() < deadline and (report := claim_report(timezone.now())):
            count += try_report(report)
    return count


@transaction.atomic
def claim_report(now: datetime) -> Report | None:
    """Lock and return one due row, or None. The try is counted and the next one scheduled.

    The newest release comes first, even if a robot asks for all old reports.
    """
    due = Report.objects.filter(state=PaperState.ASKED, due_at__lte=now)
    due.filter(tries__gte=MAX_TRIES).update(state=PaperState.FAILED)
    rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("release", "region").defer("content")
    report = rows.order_by("-release__number", "due_at", "id").first()
    if report is not None:
        report.tries, report.due_at = report.tries + 1, now + LEASE
        report.save(update_fields=["tries", "due_at"])
    return report


def try_report(report: Report) -> bool:
    """Make one report, and tell whether it was saved. An error is logged and must not hold up the others."""
    try:
        content = make_pdf(report)
    except Exception as error:
        logger.exception("a report cannot be made", report=report.pk, error=type(error).__name__)
        return False
    rows = Report.objects.filter(pk=report.pk, state=PaperState.ASKED)
    return bool(rows.update(state=PaperState.MADE, content=content, made_at=timezone.now()))


def make_pdf(report: Report) -> bytes:
    content = describe_report(report.release, report.region.code if report.region else "")
    return typeset(TEMPLATE, content)
