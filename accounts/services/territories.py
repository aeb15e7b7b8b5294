"""What centres hear when a territory goes from one to another, and how long their cases wait for them to read it.

Who administers the platform reads no case, but says which centre covers a territory. A centre of an accomplice could
otherwise get the cases of another one within minutes, unseen.
"""

from datetime import datetime, timedelta

from django.db.models import CharField, IntegerField, QuerySet
from django.db.models.functions import Cast

from accounts.enums import MailKind, MailStatus, SecurityEventKind
from accounts.messages import clean_name
from accounts.models import PendingMail, User
from accounts.models.access import MAX_DETAIL
from accounts.security.record import record_security_event
from accounts.services.mails import queue_mails_to_centre
from csirts.models import Csirt
from csirts.territories import TerritoryChange

# How long after the mail the open cases of a centre in service stay there.
CASES_WAIT = timedelta(days=1)
# The cases that leave a centre within this time are counted in one mail.
COUNTED_WITHIN = timedelta(minutes=10)


def report_changed_territories(changes: list[TerritoryChange], by: User | None) -> None:
    """Tell the leads and the mailbox of each centre that a change concerns who covers the territory now, and record a
    security event for each. `by` is None for a command of the server.
    """
    for change in changes:
        codes = dict.fromkeys(change.others, "")
        codes |= dict.fromkeys(change.lost, "territory_lost") | dict.fromkeys(change.gained, "territory_gained")
        for csirt, code in sorted(codes.items(), key=lambda pair: pair[0].pk):
            record_security_event(SecurityEventKind.TERRITORY_CHANGED, actor=by, csirt_id=csirt.pk, detail=code)
            detail = clean_name(change.sentence)[:MAX_DETAIL]
            queue_mails_to_centre(MailKind.TERRITORY_CHANGED, csirt=csirt, by=by, detail=detail)


def list_reports() -> QuerySet[PendingMail]:
    return PendingMail.objects.filter(kind=MailKind.TERRITORY_CHANGED)


def may_still_read_report(csirt: Csirt, now: datetime) -> bool:
    """Tell whether this centre is in service and got, less than a day ago, a mail about its territories. Its open
    cases wait for its leads to read it. Runs one query at most.
    """
    return csirt.is_active and list_reports().filter(csirt=csirt, created_at__gt=now - CASES_WAIT).exists()


def has_report_come_of_age(since: datetime, now: datetime) -> bool:
    """Tell whether a mail about territories became a day old after `since`. Runs one query, on a few rows."""
    return list_reports().filter(created_at__gt=since - CASES_WAIT, created_at__lte=now - CASES_WAIT).exists()


def count_moved_case(former: Csirt) -> None:
    """Count a case that has left this centre in the mail that tells its leads and its mailbox how many did. The mail
    leaves ten minutes after the first one.
    """
    waiting = PendingMail.objects.filter(kind=MailKind.CASES_MOVED, csirt=former, status=MailStatus.DUE, attempts=0)
    if not waiting.update(detail=Cast(Cast("detail", IntegerField()) + 1, CharField())):
        queue_mails_to_centre(MailKind.CASES_MOVED, csirt=former, by=None, detail="1", delay=COUNTED_WITHIN)
