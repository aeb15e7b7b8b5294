"""What centres hear when a territory goes from one to another, and how long their cases wait for them to read it.

Who administers the platform reads no case, but says which centre covers a territory. A centre of an accomplice could
otherwise get the cases of another one within minutes, unseen.
"""

from datetime import datetime, timedelta
from itertools import chain

from django.db.models import CharField, IntegerField, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.enums import MailKind, MailStatus, SecurityEventKind
from accounts.messages import clean_name
from accounts.models import Membership, PendingMail, User
from accounts.models.access import MAX_DETAIL
from accounts.security.record import record_security_event
from accounts.services.mails import queue_mails_to_centre
from core.french import NBSP, choose_plural
from csirts.models import Csirt
from csirts.territories import TerritoryChange

# How long after the mail the open cases of a centre in service stay there.
CASES_WAIT = timedelta(days=1)
# If a second change follows the first of a day within this time, the cases that came between the two do not wait.
REPAIRED_WITHIN = timedelta(hours=1)
# The cases that leave a centre within this time are counted in one mail.
COUNTED_WITHIN = timedelta(minutes=10)
# The detail of the security event, and what the mail says before the sentence, by the centres of a `TerritoryChange`
# that it is about. Two centres may have names that look alike, so that the sentence alone could hide a loss.
DETAIL_CODES = {"lost": "territory_lost", "gained": "territory_gained", "unchanged": "", "others": ""}
INTRODUCTIONS = {
    "lost": "Perdu par votre centre – ",
    "gained": "Gagné par votre centre – ",
    "unchanged": "Toujours à votre centre – ",
    "others": "À côté ou en partie – ",
}


def report_changed_territories(changes: list[TerritoryChange], by: User | None) -> None:
    """Tell the leads and the mailbox of each centre that a change concerns who covers the territories now, in one
    mail, and record a security event for what it lost, one for what it gained and one for the rest. `by` is None for
    a command of the server.

    A centre without account and mailbox gets no mail and no event, so that one added by mistake may be deleted.
    """
    for csirt, sentences in sorted(group_by_centre(changes).items(), key=lambda pair: pair[0].pk):
        if not csirt.notification_email and not Membership.objects.filter(csirt=csirt).exists():
            continue
        for code in sentences:
            record_security_event(SecurityEventKind.TERRITORY_CHANGED, actor=by, csirt_id=csirt.pk, detail=code)
        detail = format_territories([*chain.from_iterable(sentences.values())])
        queue_mails_to_centre(MailKind.TERRITORY_CHANGED, csirt=csirt, by=by, detail=detail)


def group_by_centre(changes: list[TerritoryChange]) -> dict[Csirt, dict[str, list[str]]]:
    """Return, for each centre, the sentences about the territories that it lost, then those that it gained, the bodies
    that it kept and the others that concern it, by the code of the security event.
    """
    grouped: dict[Csirt, dict[str, list[str]]] = {}
    for name, code in DETAIL_CODES.items():
        for change in changes:
            for csirt in getattr(change, name):
                sentences = grouped.setdefault(csirt, {}).setdefault(code, [])
                sentences.append(f"{INTRODUCTIONS[name]}{change.sentence}")
    return grouped


def format_territories(sentences: list[str]) -> str:
    """Return the sentences on lines of their own. Those for which there is no room are counted at the end."""
    lines = [clean_name(sentence) for sentence in sentences]
    number = len(lines)
    while number > 1 and len(list_first_territories(lines, number)) > MAX_DETAIL:
        number -= 1
    return list_first_territories(lines, number)[:MAX_DETAIL]


def list_first_territories(lines: list[str], number: int) -> str:
    """Return the first `number` lines, and how many territories the others are about."""
    left = len(lines) - number
    rest = [f"et {left} {choose_plural('autre territoire', 'autres territoires', left)}"] if left else []
    return f"{NBSP};\n".join(lines[:number] + rest)


def list_reports() -> QuerySet[PendingMail]:
    return PendingMail.objects.filter(kind=MailKind.TERRITORY_CHANGED)


def has_report_since(csirt: Csirt, since: datetime) -> bool:
    """Tell whether a mail about its territories was written to this centre after `since`. Runs one query."""
    return list_reports().filter(csirt=csirt, created_at__gt=since).exists()


def keeps_case_after_report(csirt: Csirt, received_at: datetime, now: datetime) -> bool:
    """Tell whether this centre is in service and got, less than a day ago, a mail about its territories. Its open
    cases wait for its leads to read it. Runs one query at most.

    A case that came between a first mail and a second one does not wait if they are less than an hour apart: a
    territory that was given away by mistake is repaired so, and what was declared meanwhile goes back at once. This
    time is short, and a mail is a first one only if no other came in the day before it, because two changes in a row
    may also be meant to get the cases that came between them.
    """
    if not csirt.is_active:
        return False
    written = list_reports().filter(csirt=csirt, created_at__gt=now - 2 * CASES_WAIT).order_by("created_at")
    times = list(written.values_list("created_at", flat=True))
    recent = [at for at in times if at > now - CASES_WAIT]
    if not recent:
        return False
    first = recent[0]
    if any(first - CASES_WAIT < at < first for at in times):
        return True
    last = max(at for at in recent if at < first + REPAIRED_WITHIN)
    return not first < received_at < last


def has_any_wait_ended(since: datetime, now: datetime) -> bool:
    """Tell whether a mail about territories became a day old after `since`, so that the cases of its centre no longer
    wait. Runs one query, on a few rows.
    """
    return list_reports().filter(created_at__gt=since - CASES_WAIT, created_at__lte=now - CASES_WAIT).exists()


def count_moved_case(former: Csirt) -> None:
    """Count a case that has left this centre in the mails that tell its leads and its mailbox how many did. They leave
    together, ten minutes after the first case. From then on the next cases are counted in new mails for all of them,
    even if one of the former mails could not be sent yet.
    """
    mails = PendingMail.objects.filter(kind=MailKind.CASES_MOVED, csirt=former, status=MailStatus.DUE, attempts=0)
    waiting = mails.filter(due_at__gt=timezone.now())
    if not waiting.update(detail=Cast(Cast("detail", IntegerField()) + 1, CharField())):
        queue_mails_to_centre(MailKind.CASES_MOVED, csirt=former, by=None, detail="1", delay=COUNTED_WITHIN)
